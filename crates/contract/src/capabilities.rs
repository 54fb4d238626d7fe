//! What consumer versions in the field can take beyond the format itself.
//!
//! A value that the format allows and some version cannot take is one finding at the value's place,
//! with exactly those versions. This is the check that was missing in July 2024.

use crate::binary::{Layout, Met, Tree, Value};
use crate::checker::{FINDINGS_MAX, Facts};
use crate::codes;
use crate::json::{Kind, Node};
use crate::model::{Consumer, Contract, NumberOrFact, Takes};
use crate::rules::{Findings, finding, met_place};
use decide::finding::{Finding, Place};
use std::collections::BTreeMap;

/// The name under which a rule limits the number of records.
pub(crate) const RECORDS: &str = "records";
/// The name under which a rule limits the size.
pub(crate) const BYTES: &str = "bytes";

/// Findings by place and sentence, each with its versions.
type ByPlace = BTreeMap<(Option<u64>, String), Finding>;

/// Every rule of every consumer.
fn rules(contract: &Contract) -> impl Iterator<Item = (&Consumer, &Takes)> {
    contract.consumer.iter().flat_map(|consumer| consumer.takes.iter().map(move |t| (consumer, t)))
}

fn most(consumer: &Consumer, takes: &Takes) -> u64 {
    match &takes.max {
        NumberOrFact::Number(number) => *number,
        NumberOrFact::Fact(fact) => consumer.facts.get(fact).copied().unwrap_or(0),
    }
}

/// A value that was met in a file.
struct Over<'a> {
    place: Place,
    /// What the value is called in a sentence.
    name: &'a str,
    /// The value, as it is held against the limit.
    value: f64,
}

fn hold(by: &mut ByPlace, contract: &Contract, consumer: &Consumer, takes: &Takes, over: Over<'_>) {
    let most = most(consumer, takes);
    if over.value <= most as f64 {
        return;
    }
    let because = takes.because.as_deref().unwrap_or("the consumer takes at most {max}");
    let because = because.replace("{max}", &most.to_string());
    let (name, value) = (over.name, over.value);
    let message = match name {
        RECORDS | BYTES => format!("the file has {value} {name}, but {because}"),
        _ => format!("{name} {value} is used, but {because}"),
    };
    let key = (over.place.offset, message.clone());
    // Places beyond the list are dropped, versions of places in it are not.
    if by.len() > FINDINGS_MAX && !by.contains_key(&key) {
        return;
    }
    let entry = by.entry(key).or_insert_with(|| {
        let (measured, limit) = (value.to_string(), most.to_string());
        let mut fault = finding(codes::CONSUMER, over.place, message, measured, limit);
        fault.rule = contract.rule_place(&format!("version = \"{}\"", consumer.version));
        fault.help = match name {
            RECORDS | BYTES => "make the file smaller, or narrow who gets it".to_owned(),
            _ => format!(
                "do not use {name} {value} before every consumer in the field takes it, or narrow \
                 who gets the file"
            ),
        };
        fault
    });
    let version = consumer.version.to_string();
    if !entry.consumers.contains(&version) {
        entry.consumers.push(version);
    }
}

fn report(by: ByPlace, out: &mut Findings) {
    by.into_values().for_each(|finding| out.push(finding));
}

/// Rules about the whole file, for every format.
pub(crate) fn whole(contract: &Contract, file: &str, facts: Facts, out: &mut Findings) {
    let mut by = ByPlace::new();
    for (consumer, takes) in rules(contract) {
        let (name, value) = match takes.field.as_str() {
            RECORDS => (RECORDS, facts.records),
            BYTES => (BYTES, facts.bytes),
            _ => continue,
        };
        let place = Place { file: file.to_owned(), ..Place::default() };
        hold(&mut by, contract, consumer, takes, Over { place, name, value: value as f64 });
    }
    report(by, out);
}

/// Rules about fields of a binary layout.
pub(crate) fn binary(
    contract: &Contract,
    file: &str,
    layout: &Layout,
    tree: &Tree,
    out: &mut Findings,
) {
    if rules(contract).next().is_none() {
        return;
    }
    let mut by = ByPlace::new();
    tree.visit(layout, &mut |met| {
        for (consumer, takes) in rules(contract).filter(|(_, takes)| met.is(&takes.field)) {
            let value = match &met.placed.value {
                Value::Number(number) => *number as f64,
                Value::Bytes(bytes) => bytes.len() as f64,
            };
            // The place is written for values over the limit only.
            if value > most(consumer, takes) as f64 && !excepted(takes, met) {
                let place = met_place(file, met);
                let over = Over { place, name: &met.field.name, value };
                hold(&mut by, contract, consumer, takes, over);
            }
        }
    });
    report(by, out);
}

fn excepted(takes: &Takes, met: &Met<'_>) -> bool {
    takes.unless.as_ref().is_some_and(|unless| {
        let (fields, values) = met.siblings;
        fields.iter().zip(values).any(|(field, placed)| {
            let Value::Number(value) = placed.value else { return false };
            field.name == unless.field
                && unless.one_of.iter().any(|allowed| {
                    field.names.get(allowed) == Some(&value) || allowed.parse() == Ok(value)
                })
        })
    })
}

/// Rules about values of a JSON document: numbers by value, texts, lists and objects by length.
pub(crate) fn json(contract: &Contract, file: &str, text: &[u8], root: &Node, out: &mut Findings) {
    let mut by = ByPlace::new();
    for (consumer, takes) in rules(contract).filter(|(_, takes)| takes.field.starts_with('/')) {
        let parts: Vec<&str> = takes.field.split('/').filter(|part| !part.is_empty()).collect();
        // Paths have as many parts as the contract says, so this is bounded by the file.
        let mut open: Vec<(&Node, Option<&Node>, usize, String)> =
            vec![(root, None, 0, String::new())];
        while let Some((node, parent, depth, path)) = open.pop() {
            match (parts.get(depth), &node.kind) {
                (None, _) => {
                    let exempt = parent.is_some_and(|parent| sibling(takes, parent, text));
                    let value = measure(node).filter(|_| !exempt);
                    let name = path.rsplit('/').next().unwrap_or_default();
                    let place = Place {
                        file: file.to_owned(),
                        offset: Some(node.start as u64),
                        length: Some((node.end - node.start) as u64),
                        field: Some(path.clone()),
                        ..Place::default()
                    };
                    if let Some(value) = value {
                        hold(&mut by, contract, consumer, takes, Over { place, name, value });
                    }
                }
                (Some(part), Kind::Object(members)) => {
                    let wanted = members.iter().filter(|m| *part == "*" || m.key == *part);
                    open.extend(
                        wanted.map(|m| {
                            (&m.value, Some(node), depth + 1, format!("{path}/{}", m.key))
                        }),
                    );
                }
                (Some(&"*"), Kind::Array(items)) => {
                    let step =
                        |(index, item)| (item, Some(node), depth + 1, format!("{path}/{index}"));
                    open.extend(items.iter().enumerate().map(step));
                }
                _ => {}
            }
        }
    }
    report(by, out);
}

fn measure(node: &Node) -> Option<f64> {
    match &node.kind {
        Kind::Number(number) => Some(*number),
        Kind::Text(text) => Some(text.chars().count() as f64),
        Kind::Array(items) => Some(items.len() as f64),
        Kind::Object(members) => Some(members.len() as f64),
        Kind::Null | Kind::Boolean(_) => None,
    }
}

/// Whether a sibling in the same object exempts the value.
fn sibling(takes: &Takes, parent: &Node, text: &[u8]) -> bool {
    takes.unless.as_ref().is_some_and(|unless| {
        parent.member(&unless.field).is_some_and(|node| match &node.kind {
            Kind::Text(value) => unless.one_of.contains(value),
            _ => {
                let written = &text[node.start..node.end];
                unless.one_of.iter().any(|allowed| allowed.as_bytes() == written)
            }
        })
    })
}

/// Rules about the cells of one CSV record. `column` gives a cell and its place by name.
pub(crate) fn row<'a>(
    contract: &Contract,
    column: impl Fn(&str) -> Option<(String, Place)> + 'a,
    out: &mut Findings,
) {
    let mut by = ByPlace::new();
    for (consumer, takes) in rules(contract) {
        let Some((cell, place)) = column(&takes.field) else { continue };
        let exempt = takes.unless.as_ref().is_some_and(|unless| {
            column(&unless.field).is_some_and(|(cell, _)| unless.one_of.contains(&cell))
        });
        if let (Ok(value), false) = (cell.trim().parse::<f64>(), exempt) {
            let over = Over { place, name: &takes.field, value };
            hold(&mut by, contract, consumer, takes, over);
        }
    }
    report(by, out);
}
