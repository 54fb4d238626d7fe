//! Rules over a JSON document.

use super::{Kind, Member, Node};
use crate::codes;
use crate::model::{Contract, FieldRule};
use crate::rules::{Findings, finding};
use crate::text::line_column;
use decide::finding::Place;
use decide::reason::Code;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a value that a finding quotes.
const MEASURED_BYTES_MAX: usize = 240;

struct Walk<'a> {
    contract: &'a Contract,
    file: &'a str,
    text: &'a [u8],
    rule: &'a FieldRule,
    parts: Vec<&'a str>,
    pattern: Option<regex_lite::Regex>,
    /// Keys that other rules name below this path, for closed objects.
    known: BTreeSet<&'a str>,
    seen: BTreeMap<String, usize>,
}

/// Holds a document against the contract's rules.
pub(crate) fn check(contract: &Contract, file: &str, text: &[u8], root: &Node, out: &mut Findings) {
    for rule in &contract.field {
        let parts: Vec<&str> =
            rule.path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
        let prefix = format!("{}/", rule.path.trim_end_matches('/'));
        let below = contract.field.iter().filter_map(|other| other.path.strip_prefix(&prefix));
        let known = below.filter_map(|rest| rest.split('/').next()).collect();
        let pattern = rule
            .pattern
            .as_ref()
            .and_then(|pattern| regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok());
        let mut walk =
            Walk { contract, file, text, rule, parts, pattern, known, seen: BTreeMap::new() };
        walk.visit(root, 0, &mut String::new(), out);
    }
}

impl Walk<'_> {
    fn place(&self, start: usize, end: usize, path: &str) -> Place {
        Place {
            file: self.file.to_owned(),
            offset: Some(start as u64),
            length: Some((end - start) as u64),
            field: Some(if path.is_empty() { "/".into() } else { path.to_owned() }),
            ..Place::default()
        }
    }

    fn fault(
        &self,
        out: &mut Findings,
        code: Code,
        node: &Node,
        path: &str,
        message: String,
        limit: String,
    ) {
        let end = node.end.min(node.start + MEASURED_BYTES_MAX);
        let measured = String::from_utf8_lossy(&self.text[node.start..end]).into_owned();
        let mut fault =
            finding(code, self.place(node.start, node.end, path), message, measured, limit);
        fault.rule = self.contract.rule_place(&format!("path = \"{}\"", self.rule.path));
        out.push(fault);
    }

    fn visit(&mut self, node: &Node, depth: usize, path: &mut String, out: &mut Findings) {
        let Some(part) = self.parts.get(depth).copied() else {
            return self.value(node, path, out);
        };
        let length = path.len();
        match &node.kind {
            Kind::Array(items) if part == "*" => {
                for (index, item) in items.iter().enumerate() {
                    path.push('/');
                    path.push_str(&index.to_string());
                    self.visit(item, depth + 1, path, out);
                    path.truncate(length);
                }
            }
            Kind::Object(members) => {
                let mut found = false;
                for Member { key, value, .. } in
                    members.iter().filter(|m| part == "*" || m.key == part)
                {
                    found = true;
                    path.push('/');
                    path.push_str(key);
                    self.visit(value, depth + 1, path, out);
                    path.truncate(length);
                }
                if !found && self.rule.required && part != "*" && depth + 1 == self.parts.len() {
                    let message = format!("required '{part}' is missing");
                    self.fault(out, codes::MISSING, node, path, message, "present".into());
                }
            }
            _ => {}
        }
    }

    fn value(&mut self, node: &Node, path: &str, out: &mut Findings) {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let name = if name.is_empty() { "the document".to_owned() } else { format!("'{name}'") };
        let blank = match &node.kind {
            Kind::Null => true,
            Kind::Text(text) => text.trim().is_empty(),
            _ => false,
        };
        if self.rule.required && blank {
            let message = format!("{name} is blank");
            return self.fault(out, codes::MISSING, node, path, message, "not blank".into());
        }
        if let Some(kind) = &self.rule.kind {
            let found = node.type_word(self.text);
            if found != kind && !(kind == "number" && found == "integer") {
                let message = format!("{name} is {found}, expected is {kind}");
                return self.fault(out, codes::TYPE, node, path, message, kind.clone());
            }
        }
        match &node.kind {
            Kind::Number(number) => self.number(*number, node, path, &name, out),
            Kind::Text(text) => self.string(text, node, path, &name, out),
            Kind::Array(items) => self.length(items.len(), "items", node, path, &name, out),
            Kind::Object(members) => {
                self.length(members.len(), "keys", node, path, &name, out);
                self.closed(members, path, out);
            }
            Kind::Null | Kind::Boolean(_) => {}
        }
        if self.rule.unique {
            self.unique(node, path, &name, out);
        }
    }

    fn number(&self, number: f64, node: &Node, path: &str, name: &str, out: &mut Findings) {
        let (min, max) = (self.rule.min.unwrap_or(f64::MIN), self.rule.max.unwrap_or(f64::MAX));
        if number < min || number > max {
            let limit = match (self.rule.min, self.rule.max) {
                (Some(min), Some(max)) => format!("{min} to {max}"),
                (Some(min), None) => format!("at least {min}"),
                (None, _) => format!("at most {max}"),
            };
            // As it is written: a float would show another number.
            let written = String::from_utf8_lossy(&self.text[node.start..node.end]);
            let message = format!("{name} is {written}, allowed is {limit}");
            self.fault(out, codes::RANGE, node, path, message, limit);
        }
    }

    fn string(&self, text: &str, node: &Node, path: &str, name: &str, out: &mut Findings) {
        if let Some(allowed) = &self.rule.one_of
            && !allowed.iter().any(|value| value == text)
        {
            let words: Vec<&str> = allowed.iter().map(String::as_str).collect();
            let hint = crate::strict::suggestion(text, &words)
                .map_or(String::new(), |word| format!(", did you mean '{word}'?"));
            let message = format!("{name} is none of its values{hint}");
            self.fault(out, codes::ONE_OF, node, path, message, allowed.join(", "));
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(text)
        {
            let limit = self.rule.pattern.clone().unwrap_or_default();
            let message = format!("{name} does not have the form {limit}");
            self.fault(out, codes::PATTERN, node, path, message, limit);
        }
        self.length(text.chars().count(), "characters", node, path, name, out);
    }

    fn length(
        &self,
        length: usize,
        unit: &str,
        node: &Node,
        path: &str,
        name: &str,
        out: &mut Findings,
    ) {
        let (min, max) =
            (self.rule.length_min.unwrap_or(0), self.rule.length_max.unwrap_or(u64::MAX));
        if !(min..=max).contains(&(length as u64)) {
            let limit = match (min, max) {
                (min, u64::MAX) => format!("at least {min}"),
                (0, max) => format!("at most {max}"),
                (min, max) => format!("{min} to {max}"),
            };
            let message = format!("{name} has {length} {unit}, allowed is {limit}");
            self.fault(out, codes::LENGTH, node, path, message, limit);
        }
    }

    fn closed(&self, members: &[Member], path: &str, out: &mut Findings) {
        if !self.rule.closed || self.known.contains("*") {
            return;
        }
        let known: Vec<&str> = self.known.iter().copied().collect();
        for member in members.iter().filter(|member| !self.known.contains(member.key.as_str())) {
            let place =
                self.place(member.key_start, member.value.start, &format!("{path}/{}", member.key));
            let message = format!("key '{}' is not in the contract", member.key);
            let mut fault =
                finding(codes::UNKNOWN_KEY, place, message, member.key.clone(), known.join(", "));
            if let Some(word) = crate::strict::suggestion(&member.key, &known) {
                fault.help = format!("did you mean '{word}'?");
            }
            fault.rule = self.contract.rule_place(&format!("path = \"{}\"", self.rule.path));
            out.push(fault);
        }
    }

    fn unique(&mut self, node: &Node, path: &str, name: &str, out: &mut Findings) {
        let value = String::from_utf8_lossy(&self.text[node.start..node.end]).into_owned();
        if let Some(first) = self.seen.get(&value) {
            // Where the first one stands is not looked for once nobody would read it.
            if out.full() {
                return self.fault(out, codes::DUPLICATE, node, path, String::new(), String::new());
            }
            let (line, _) = line_column(self.text, *first);
            let message = format!("{name} {value} occurs twice, first in line {line}");
            self.fault(out, codes::DUPLICATE, node, path, message, "once".into());
        } else {
            self.seen.insert(value, node.start);
        }
    }
}
