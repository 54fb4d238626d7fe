//! Whether a contract can hold at all. A limit that is written down and never looked at is worse
//! than none, so what does not fit the format is a fault and is not passed over.

use crate::capabilities::{BYTES, RECORDS};
use crate::codes;
use crate::model::{Consumer, Contract, Format, NumberOrFact, SCHEMA, Takes};
use crate::strict::suggestion;
use decide::finding::{Finding, Severity};
use decide::reason::Code;
use std::collections::BTreeSet;

/// Types of JSON values.
const JSON_TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];
/// Types of CSV cells.
const CSV_TYPES: [&str; 3] = ["integer", "number", "text"];

/// A fault, and the text of the contract near which it stands.
struct Faults<'a> {
    contract: &'a Contract,
    list: Vec<Finding>,
}

impl Faults<'_> {
    fn add(&mut self, code: Code, needle: &str, message: String) {
        let place = self.contract.value_place(needle).unwrap_or_else(|| decide::finding::Place {
            file: self.contract.path.display().to_string(),
            ..decide::finding::Place::default()
        });
        self.list.push(Finding::new(code, Severity::Error, message, place));
    }
    fn contradiction(&mut self, needle: &str, message: impl Into<String>) {
        self.add(codes::CONTRACT_FAULT, needle, message.into());
    }
}

/// Every contradiction in a contract.
pub(crate) fn faults(contract: &Contract) -> Vec<Finding> {
    let mut faults = Faults { contract, list: Vec::new() };
    if contract.schema != SCHEMA {
        let message = format!("schema is '{}', this version reads '{SCHEMA}'", contract.schema);
        faults.add(codes::CONFIG_SCHEMA, "schema", message);
    }
    limits(contract, &mut faults);
    sections(contract, &mut faults);
    types(contract, &mut faults);
    patterns(contract, &mut faults);
    if let Some(layout) = &contract.layout {
        for message in layout.faults() {
            faults.contradiction("layout", message);
        }
    }
    let mut versions = BTreeSet::new();
    for consumer in &contract.consumer {
        if !versions.insert(&consumer.version) {
            let message = format!("consumer {} is declared twice", consumer.version);
            faults.contradiction(consumer.version.as_str(), message);
        }
        consumer_faults(contract, consumer, &mut faults);
    }
    faults.list
}

fn limits(contract: &Contract, faults: &mut Faults<'_>) {
    let limits = &contract.limits;
    if limits.bytes_min == 0 || limits.bytes_min > limits.bytes_max {
        faults.contradiction("bytes_m", "bytes_min must be at least 1 and at most bytes_max");
    }
    if limits.records_min > limits.records_max {
        faults.contradiction("records_m", "records_min must be at most records_max");
    }
    if limits.repeated_permille_max.is_some_and(|most| most > 1_000) {
        faults.contradiction("repeated_permille_max", "repeated_permille_max is at most 1000");
    }
    let growth = &contract.growth;
    for (name, min, max) in [
        ("bytes_percent", growth.bytes_percent_min, growth.bytes_percent_max),
        ("records_percent", growth.records_percent_min, growth.records_percent_max),
    ] {
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            faults.contradiction(name, format!("{name}_min must be at most {name}_max"));
        }
    }
    if let Some(records) = limits.records.as_ref().filter(|path| !path.starts_with('/')) {
        faults.contradiction(
            records,
            format!("records is a path and begins with '/', not '{records}'"),
        );
    }
    if u8::try_from(contract.csv.delimiter).is_err() || "\"\n\r".contains(contract.csv.delimiter) {
        faults.contradiction("delimiter", "the delimiter must be one ASCII character, no quote");
    }
}

/// Sections that the format does not look at.
fn sections(contract: &Contract, faults: &mut Faults<'_>) {
    let format = contract.format;
    if (format == Format::Binary) != contract.layout.is_some() {
        let message = "format \"binary\" needs a [layout], other formats have none";
        faults.contradiction("format", message);
    }
    let lines = &contract.lines;
    let has_lines = lines.comment.is_some()
        || lines.length_max.is_some()
        || lines.pattern.is_some()
        || !lines.forbid.is_empty();
    let rows = [
        ("[[field]]", !contract.field.is_empty(), Format::Json, "json"),
        ("limits.records", contract.limits.records.is_some(), Format::Json, "json"),
        ("[[column]]", !contract.column.is_empty(), Format::Csv, "csv"),
        ("[lines]", has_lines, Format::Lines, "lines"),
    ];
    for (section, present, wanted, name) in rows {
        if present && format != wanted {
            let needle = section.trim_start_matches("limits.");
            faults.contradiction(needle, format!("{section} is for format \"{name}\" only"));
        }
    }
    for rule in contract.field.iter().filter(|rule| !rule.path.starts_with('/')) {
        let message = format!("path '{}' must begin with '/'", rule.path);
        faults.contradiction(&rule.path, message);
    }
}

fn types(contract: &Contract, faults: &mut Faults<'_>) {
    let fields =
        contract.field.iter().map(|rule| (&rule.kind, &JSON_TYPES[..], rule.min, rule.max));
    let columns =
        contract.column.iter().map(|rule| (&rule.kind, &CSV_TYPES[..], rule.min, rule.max));
    for (kind, known, min, max) in fields.chain(columns) {
        if let Some(kind) = kind.as_deref().filter(|kind| !known.contains(kind)) {
            let help = suggestion(kind, known)
                .map_or(format!("known are {}", known.join(", ")), |word| {
                    format!("did you mean '{word}'?")
                });
            faults.contradiction(kind, format!("type '{kind}' is unknown, {help}"));
        }
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            faults.contradiction("min", "a rule has a min above its max");
        }
    }
}

fn patterns(contract: &Contract, faults: &mut Faults<'_>) {
    let patterns = (contract.field.iter().filter_map(|rule| rule.pattern.as_ref()))
        .chain(contract.column.iter().filter_map(|rule| rule.pattern.as_ref()))
        .chain(&contract.lines.pattern)
        .chain(&contract.lines.forbid);
    for pattern in patterns {
        if let Err(error) = regex_lite::Regex::new(pattern) {
            faults.contradiction(pattern, format!("pattern '{pattern}': {error}"));
        }
    }
}

fn consumer_faults(contract: &Contract, consumer: &Consumer, faults: &mut Faults<'_>) {
    let version = &consumer.version;
    if consumer.load.is_empty() {
        faults.contradiction(version.as_str(), format!("consumer {version} has no load command"));
    }
    if let Some(code) = consumer.ok.iter().find(|code| consumer.refused.contains(code)) {
        let message = format!("consumer {version}: exit code {code} means both ok and refused");
        faults.contradiction(version.as_str(), message);
    }
    for takes in &consumer.takes {
        if let NumberOrFact::Fact(fact) = &takes.max
            && !consumer.facts.contains_key(fact)
        {
            let known: Vec<&str> = consumer.facts.keys().map(String::as_str).collect();
            let help = suggestion(fact, &known)
                .map_or(String::new(), |word| format!(", did you mean '{word}'?"));
            let message = format!("consumer {version} has no fact '{fact}'{help}");
            faults.contradiction(fact, message);
        }
        takes_faults(contract, takes, faults);
    }
}

fn takes_faults(contract: &Contract, takes: &Takes, faults: &mut Faults<'_>) {
    let field = takes.field.as_str();
    if [RECORDS, BYTES].contains(&field) {
        return;
    }
    let known: Vec<String> = match contract.format {
        Format::Json if field.starts_with('/') => return,
        // Columns need no rule to be limited by a consumer, but their names are not known here.
        Format::Csv => return,
        Format::Json | Format::Lines => Vec::new(),
        Format::Binary => contract.layout.as_ref().map(|l| l.patterns()).unwrap_or_default(),
    };
    if known.iter().any(|name| name == field) {
        return unless_faults(contract, takes, faults);
    }
    let known: Vec<&str> = known.iter().map(String::as_str).chain([RECORDS, BYTES]).collect();
    let help = suggestion(field, &known)
        .map_or(format!("known are {}", known.join(", ")), |word| {
            format!("did you mean '{word}'?")
        });
    faults.contradiction(field, format!("takes has no field '{field}', {help}"));
}

/// An exception must name a sibling, and values that the sibling can have.
fn unless_faults(contract: &Contract, takes: &Takes, faults: &mut Faults<'_>) {
    let (Some(unless), Some(layout)) = (&takes.unless, &contract.layout) else { return };
    let place = takes.field.rsplit_once('.').map_or("", |(place, _)| place);
    let sibling = layout.siblings(place).iter().find(|field| field.name == unless.field);
    let Some(sibling) = sibling else {
        let message = format!("unless has no field '{}' beside '{}'", unless.field, takes.field);
        return faults.contradiction(&unless.field, message);
    };
    for value in &unless.one_of {
        if !sibling.names.contains_key(value) && value.parse::<u64>().is_err() {
            let known: Vec<&str> = sibling.names.keys().map(String::as_str).collect();
            let help = suggestion(value, &known)
                .map_or(String::new(), |word| format!(", did you mean '{word}'?"));
            let message = format!("'{value}' is no value of '{}'{help}", unless.field);
            faults.contradiction(value, message);
        }
    }
}
