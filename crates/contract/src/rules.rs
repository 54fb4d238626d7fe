//! Rules over values that several formats share, and the rules of binary layouts.

use crate::binary::{Leaf, ReadFault, Tree, Value};
use crate::codes;
use crate::model::{Consumer, Contract, NumberOrFact, Takes};
use decide::finding::{Finding, Place, Severity};
use decide::reason::Code;
use std::collections::BTreeMap;

/// Where findings about one file are collected, bounded.
pub(crate) struct Findings {
    pub(crate) list: Vec<Finding>,
    left_out: u64,
    max: usize,
}

impl Findings {
    pub(crate) fn new(max: usize) -> Findings {
        Findings { list: Vec::new(), left_out: 0, max }
    }
    pub(crate) fn push(&mut self, finding: Finding) {
        // One cause, many places: the same code and field pattern is folded after some.
        if self.list.len() < self.max {
            self.list.push(finding);
        } else {
            self.left_out += 1;
        }
    }
    pub(crate) fn finish(mut self, file: &str) -> Vec<Finding> {
        if self.left_out > 0 {
            let place = Place { file: file.to_owned(), ..Place::default() };
            let message = format!("and {} more findings that are not listed", self.left_out);
            let mut more = Finding::new(codes::MORE, Severity::Error, message, place);
            more.folded = self.left_out;
            self.list.push(more);
        }
        self.list
    }
}

/// A finding with measured value, limit and rule place.
pub(crate) fn finding(
    code: Code,
    place: Place,
    message: String,
    measured: String,
    limit: String,
) -> Finding {
    let mut finding = Finding::new(code, Severity::Error, message, place);
    finding.measured = measured;
    finding.limit = limit;
    finding
}

/// A fault of reading a binary file as a finding.
pub(crate) fn unreadable(file: &str, fault: &ReadFault) -> Finding {
    let place = Place {
        file: file.to_owned(),
        offset: Some(fault.offset as u64),
        length: Some(1),
        record: (fault.record > 0).then_some(fault.record),
        field: Some(fault.field.clone()),
        ..Place::default()
    };
    let message = format!("the bytes are not of this layout: {}", fault.why);
    let mut finding = Finding::new(codes::MALFORMED, Severity::Error, message, place);
    finding.help = "the file is cut off, or a count or length before this place is wrong".into();
    finding
}

fn leaf_place(file: &str, leaf: &Leaf<'_>) -> Place {
    Place {
        file: file.to_owned(),
        offset: Some(leaf.placed.offset as u64),
        length: Some(leaf.placed.length as u64),
        record: (leaf.record > 0).then_some(leaf.record),
        field: Some(leaf.path.clone()),
        ..Place::default()
    }
}

/// Everything that a layout's own declarations say about a file.
pub(crate) fn binary(
    contract: &Contract,
    file: &str,
    bytes: &[u8],
    tree: &Tree,
    out: &mut Findings,
) {
    let Some(layout) = &contract.layout else { return };
    let leaves = tree.leaves(layout);
    for leaf in &leaves {
        if let Some(mut fault) = value_fault(leaf, file) {
            fault.rule = contract.rule_place(&format!("name = \"{}\"", leaf.field.name));
            out.push(fault);
        }
    }
    let rewritten = crate::binary::write(layout, tree);
    if rewritten.len() == bytes.len() && rewritten != bytes {
        derived_faults(file, bytes, &rewritten, &leaves, out);
    }
    consumers(contract, file, &leaves, out);
}

fn derived_faults(
    file: &str,
    bytes: &[u8],
    rewritten: &[u8],
    leaves: &[Leaf<'_>],
    out: &mut Findings,
) {
    for leaf in leaves.iter().filter(|leaf| leaf.field.derived()) {
        let range = leaf.placed.offset..leaf.placed.offset + leaf.placed.length;
        if bytes[range.clone()] != rewritten[range.clone()] {
            let name = &leaf.field.name;
            let stated = leaf.placed.value.words();
            let message = format!("{name} does not say what the bytes say");
            let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
            let right = format!("bytes {}", hex(&rewritten[range]));
            let mut fault = finding(codes::DERIVED, leaf_place(file, leaf), message, stated, right);
            fault.help = "the file was changed after it was written, or is damaged".into();
            out.push(fault);
        }
    }
}

fn value_fault(leaf: &Leaf<'_>, file: &str) -> Option<Finding> {
    let field = leaf.field;
    let place = leaf_place(file, leaf);
    let name = &field.name;
    let measured = leaf.placed.value.words();
    match &leaf.placed.value {
        Value::Number(number) => {
            let (min, max) = (field.min.unwrap_or(0), field.max.unwrap_or(u64::MAX));
            if !(min..=max).contains(number) {
                let message = format!("{name} is {number}, allowed are {min} to {max}");
                return Some(finding(
                    codes::RANGE,
                    place,
                    message,
                    measured,
                    format!("{min} to {max}"),
                ));
            }
            if !field.names.is_empty() && field.value_name(*number).is_none() {
                let known: Vec<String> =
                    field.names.iter().map(|(name, value)| format!("{value} ({name})")).collect();
                let message = format!("{name} is {number}, which is none of its values");
                return Some(finding(codes::ONE_OF, place, message, measured, known.join(", ")));
            }
            None
        }
        Value::Bytes(content) => {
            if let Some(equals) = &field.equals
                && content != equals.as_bytes()
            {
                let message = format!("{name} is not '{equals}'");
                return Some(finding(codes::MALFORMED, place, message, measured, equals.clone()));
            }
            if field.kind == crate::binary::Kind::Text && std::str::from_utf8(content).is_err() {
                let message = format!("{name} is not UTF-8");
                return Some(finding(codes::MALFORMED, place, message, measured, "UTF-8".into()));
            }
            None
        }
    }
}

/// Capabilities: values that the format allows and a consumer version cannot take. One finding a
/// place, with all the versions.
fn consumers(contract: &Contract, file: &str, leaves: &[Leaf<'_>], out: &mut Findings) {
    let mut by_place: BTreeMap<usize, (Finding, Vec<String>)> = BTreeMap::new();
    for consumer in &contract.consumer {
        for takes in &consumer.takes {
            let max = match &takes.max {
                NumberOrFact::Number(number) => *number,
                NumberOrFact::Fact(fact) => consumer.facts.get(fact).copied().unwrap_or(0),
            };
            for leaf in leaves.iter().filter(|leaf| leaf.pattern == takes.field) {
                let Value::Number(value) = leaf.placed.value else { continue };
                if value > max && !excepted(takes, leaf) {
                    let entry = by_place.entry(leaf.placed.offset).or_insert_with(|| {
                        (cannot_take(contract, consumer, takes, leaf, file, value, max), Vec::new())
                    });
                    entry.1.push(consumer.version.to_string());
                }
            }
        }
    }
    for (_, (mut fault, versions)) in by_place {
        fault.consumers = versions;
        out.push(fault);
    }
}

fn excepted(takes: &Takes, leaf: &Leaf<'_>) -> bool {
    takes.unless.as_ref().is_some_and(|unless| {
        let (fields, values) = leaf.siblings;
        fields.iter().zip(values).any(|(field, placed)| {
            let Value::Number(value) = placed.value else { return false };
            field.name == unless.field
                && unless.one_of.iter().any(|allowed| {
                    field.names.get(allowed) == Some(&value) || allowed.parse() == Ok(value)
                })
        })
    })
}

fn cannot_take(
    contract: &Contract,
    consumer: &Consumer,
    takes: &Takes,
    leaf: &Leaf<'_>,
    file: &str,
    value: u64,
    max: u64,
) -> Finding {
    let because =
        takes.because.clone().unwrap_or_else(|| "the consumer takes at most {max}".into());
    let because = because.replace("{max}", &max.to_string());
    let name = &leaf.field.name;
    let message = format!("{name} {value} is used, but {because}");
    let mut fault = finding(
        codes::CONSUMER,
        leaf_place(file, leaf),
        message,
        value.to_string(),
        max.to_string(),
    );
    fault.rule = contract.rule_place(&format!("version = \"{}\"", consumer.version));
    fault.help = format!(
        "do not use {name} {value} before every consumer in the field takes it, or narrow who gets the file"
    );
    fault
}
