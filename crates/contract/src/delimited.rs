//! CSV records and lines of text.

use crate::codes;
use crate::model::{ColumnRule, Contract};
use crate::rules::{Findings, finding};
use crate::text::line_column;
use decide::finding::{Finding, Place, Severity};
use std::collections::BTreeMap;

/// What was counted.
pub(crate) struct Counted {
    pub records: u64,
    pub repeated: u64,
}

fn place(file: &str, bytes: &[u8], start: usize, length: usize, record: u64, field: &str) -> Place {
    let (line, column) = line_column(bytes, start);
    Place {
        file: file.to_owned(),
        offset: Some(start as u64),
        length: Some(length as u64),
        line: Some(line),
        column: Some(column),
        record: Some(record),
        field: (!field.is_empty()).then(|| field.to_owned()),
    }
}

/// Records that are written out again count as repeated.
fn count_repeated(records: &[&[u8]]) -> u64 {
    let mut sorted = records.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
}

/// Holds lines against the contract.
pub(crate) fn lines(contract: &Contract, file: &str, bytes: &[u8], out: &mut Findings) -> Counted {
    let rules = &contract.lines;
    let whole = |pattern: &String| regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok();
    let pattern = rules.pattern.as_ref().and_then(whole);
    let forbid: Vec<(&String, regex_lite::Regex)> = rules
        .forbid
        .iter()
        .filter_map(|p| regex_lite::Regex::new(p).ok().map(|regex| (p, regex)))
        .collect();
    let mut records: Vec<&[u8]> = Vec::new();
    let mut start = 0;
    for raw in bytes.split(|byte| *byte == b'\n') {
        let at = start;
        start += raw.len() + 1;
        let line = raw.strip_suffix(b"\r").unwrap_or(raw);
        let number = records.len() as u64 + 1;
        let Ok(text) = std::str::from_utf8(line) else {
            let message = "the line is not UTF-8".to_owned();
            let place = place(file, bytes, at, line.len(), number, "");
            out.push(finding(codes::MALFORMED, place, message, String::new(), "UTF-8".into()));
            continue;
        };
        let comment =
            rules.comment.as_ref().is_some_and(|mark| text.trim_start().starts_with(mark));
        if text.trim().is_empty() || comment {
            continue;
        }
        records.push(line);
        let here = || place(file, bytes, at, line.len(), number, "");
        if line.contains(&0) {
            let message = "the line has a NUL byte".to_owned();
            out.push(finding(codes::MALFORMED, here(), message, "NUL".into(), "text".into()));
        }
        let length = text.chars().count() as u64;
        if rules.length_max.is_some_and(|max| length > max) {
            let max = rules.length_max.unwrap_or_default();
            let message = format!("the line has {length} characters, at most {max}");
            out.push(finding(codes::LENGTH, here(), message, length.to_string(), max.to_string()));
        }
        if pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            let limit = rules.pattern.clone().unwrap_or_default();
            let message = format!("the line does not have the form {limit}");
            let mut fault = finding(codes::PATTERN, here(), message, text.to_owned(), limit);
            fault.rule = contract.rule_place("pattern");
            out.push(fault);
        }
        for (name, _) in forbid.iter().filter(|(_, regex)| regex.is_match(text)) {
            let message = format!("the line matches '{name}', which is forbidden");
            let mut fault =
                finding(codes::PATTERN, here(), message, text.to_owned(), "no match".into());
            fault.rule = contract.rule_place("forbid");
            out.push(fault);
        }
    }
    Counted { records: records.len() as u64, repeated: count_repeated(&records) }
}

/// Holds CSV records against the contract.
pub(crate) fn csv(contract: &Contract, file: &str, bytes: &[u8], out: &mut Findings) -> Counted {
    let delimiter = u8::try_from(contract.csv.delimiter).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut header: Vec<String> = Vec::new();
    let mut columns: Vec<(usize, &ColumnRule, Option<regex_lite::Regex>)> = Vec::new();
    let mut counted = Counted { records: 0, repeated: 0 };
    let mut seen: BTreeMap<(usize, String), u64> = BTreeMap::new();
    let mut rows: Vec<Vec<u8>> = Vec::new();
    let mut first = true;
    let mut record = csv::ByteRecord::new();
    loop {
        let position = reader.position().byte() as usize;
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let place = place(file, bytes, position, 1, counted.records + 1, "");
                out.push(finding(
                    codes::MALFORMED,
                    place,
                    error.to_string(),
                    String::new(),
                    String::new(),
                ));
                break;
            }
        }
        if first {
            first = false;
            header = names(contract, &record);
            columns = resolve(contract, &header, file, out);
            if contract.csv.header {
                continue;
            }
        }
        counted.records += 1;
        let start = record.position().map_or(position, |p| p.byte() as usize);
        row(
            contract,
            file,
            bytes,
            &record,
            start,
            counted.records,
            &header,
            &columns,
            &mut seen,
            out,
        );
        rows.push(record.as_slice().to_vec());
    }
    let slices: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    counted.repeated = count_repeated(&slices);
    counted
}

fn names(contract: &Contract, record: &csv::ByteRecord) -> Vec<String> {
    let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim().to_owned();
    if contract.csv.header {
        record.iter().map(text).collect()
    } else {
        (1..=record.len()).map(|number| number.to_string()).collect()
    }
}

fn resolve<'a>(
    contract: &'a Contract,
    header: &[String],
    file: &str,
    out: &mut Findings,
) -> Vec<(usize, &'a ColumnRule, Option<regex_lite::Regex>)> {
    let mut columns = Vec::new();
    for rule in &contract.column {
        match header.iter().position(|name| *name == rule.name) {
            Some(index) => {
                let pattern = rule
                    .pattern
                    .as_ref()
                    .and_then(|pattern| regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok());
                columns.push((index, rule, pattern));
            }
            None if rule.required => {
                let place = Place { file: file.to_owned(), line: Some(1), ..Place::default() };
                let message = format!("column '{}' is missing", rule.name);
                let mut fault = Finding::new(codes::MISSING, Severity::Error, message, place);
                fault.limit = format!("columns: {}", header.join(", "));
                out.push(fault);
            }
            None => {}
        }
    }
    columns
}

#[allow(clippy::too_many_arguments)] // one row needs its place, its rules and what came before
fn row(
    contract: &Contract,
    file: &str,
    bytes: &[u8],
    record: &csv::ByteRecord,
    start: usize,
    number: u64,
    header: &[String],
    columns: &[(usize, &ColumnRule, Option<regex_lite::Regex>)],
    seen: &mut BTreeMap<(usize, String), u64>,
    out: &mut Findings,
) {
    if record.len() != header.len() {
        let message =
            format!("the record has {} cells, the header has {}", record.len(), header.len());
        let place = place(file, bytes, start, 1, number, "");
        out.push(finding(
            codes::MALFORMED,
            place,
            message,
            record.len().to_string(),
            header.len().to_string(),
        ));
    }
    for (index, rule, pattern) in columns {
        let Some(cell) = record.get(*index) else { continue };
        let text = String::from_utf8_lossy(cell);
        let fault = cell_fault(rule, pattern.as_ref(), &text).or_else(|| {
            let first = *seen.entry((*index, text.to_string())).or_insert(number);
            (rule.unique && first != number).then(|| {
                let message =
                    format!("'{text}' occurs twice in '{}', first in record {first}", rule.name);
                (codes::DUPLICATE, message, "once".to_owned())
            })
        });
        if let Some((code, message, limit)) = fault {
            let at = cell_start(bytes, start, *index, contract.csv.delimiter);
            let place = place(file, bytes, at, cell.len().max(1), number, &rule.name);
            let mut fault = finding(code, place, message, text.into_owned(), limit);
            fault.rule = contract.rule_place(&format!("name = \"{}\"", rule.name));
            out.push(fault);
        }
    }
}

fn cell_fault(
    rule: &ColumnRule,
    pattern: Option<&regex_lite::Regex>,
    text: &str,
) -> Option<(decide::reason::Code, String, String)> {
    let name = &rule.name;
    if text.trim().is_empty() {
        return rule
            .required
            .then(|| (codes::MISSING, format!("'{name}' is blank"), "not blank".to_owned()));
    }
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    match rule.kind.as_deref() {
        Some("integer") if text.trim().parse::<i128>().is_err() => {
            return Some((
                codes::TYPE,
                format!("'{name}' is '{text}', not an integer"),
                "integer".into(),
            ));
        }
        Some("number") if number.is_none() => {
            return Some((
                codes::TYPE,
                format!("'{name}' is '{text}', not a number"),
                "number".into(),
            ));
        }
        _ => {}
    }
    let (min, max) = (rule.min.unwrap_or(f64::MIN), rule.max.unwrap_or(f64::MAX));
    if (rule.min.is_some() || rule.max.is_some())
        && number.is_none_or(|number| number < min || number > max)
    {
        let limit = format!("{min} to {max}");
        return Some((codes::RANGE, format!("'{name}' is {text}, allowed is {limit}"), limit));
    }
    if let Some(allowed) = &rule.one_of
        && !allowed.iter().any(|value| value == text)
    {
        return Some((
            codes::ONE_OF,
            format!("'{name}' is none of its values"),
            allowed.join(", "),
        ));
    }
    if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
        let limit = rule.pattern.clone().unwrap_or_default();
        return Some((codes::PATTERN, format!("'{name}' does not have the form {limit}"), limit));
    }
    let length = text.chars().count() as u64;
    rule.length_max.filter(|max| length > *max).map(|max| {
        (codes::LENGTH, format!("'{name}' has {length} characters, at most {max}"), max.to_string())
    })
}

/// Where cell `index` starts: the delimiters before it outside quotes are counted.
fn cell_start(bytes: &[u8], start: usize, index: usize, delimiter: char) -> usize {
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    let (mut at, mut cells, mut quoted) = (start, 0, false);
    while cells < index && at < bytes.len() {
        match bytes[at] {
            b'"' => quoted = !quoted,
            byte if byte == delimiter && !quoted => cells += 1,
            _ => {}
        }
        at += 1;
    }
    at
}
