//! Records of columns: CSV in its dialects.

use crate::capabilities;
use crate::codes;
use crate::lines;
use crate::model::{ColumnRule, Contract};
use crate::rules::{Findings, finding};
use decide::finding::{Finding, Place, Severity};
use decide::reason::Code;
use std::collections::HashMap;

/// What was counted.
pub(crate) struct Counted {
    pub records: u64,
    pub repeated: u64,
}

/// A place in a file of text; line and column are found from the offset later.
pub(crate) fn place(file: &str, start: usize, length: usize, record: u64, field: &str) -> Place {
    Place {
        file: file.to_owned(),
        offset: Some(start as u64),
        length: Some(length as u64),
        record: Some(record),
        field: (!field.is_empty()).then(|| field.to_owned()),
        ..Place::default()
    }
}

/// Records that are written out again count as repeated.
pub(crate) fn count_repeated(records: &[&[u8]]) -> u64 {
    let mut sorted = records.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
}

/// A rule with the column it is for.
struct Column<'a> {
    index: usize,
    rule: &'a ColumnRule,
    pattern: Option<regex_lite::Regex>,
    /// Values seen, with the first record of each; filled only for unique columns.
    seen: HashMap<String, u64>,
}

/// The reading of one file.
struct Table<'a> {
    contract: &'a Contract,
    file: &'a str,
    bytes: &'a [u8],
    header: Vec<String>,
    columns: Vec<Column<'a>>,
}

/// One record and where it stands.
struct Row<'a> {
    cells: &'a csv::ByteRecord,
    start: usize,
    number: u64,
}

/// Holds CSV records against the contract.
pub(crate) fn records(
    contract: &Contract,
    file: &str,
    bytes: &[u8],
    out: &mut Findings,
) -> Counted {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(contract))
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut table = Table { contract, file, bytes, header: Vec::new(), columns: Vec::new() };
    let mut count = 0;
    let mut rows: Vec<Vec<u8>> = Vec::new();
    let (mut first, mut last_start) = (true, 0);
    let mut cells = csv::ByteRecord::new();
    // Reading from memory into bytes has no way to fail; an error would end the file here.
    while reader.read_byte_record(&mut cells).unwrap_or(false) {
        let mut start = cells.position().map_or(0, |position| position.byte() as usize);
        // The reader passes over blank lines and counts them to the record that follows.
        while matches!(bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        last_start = start;
        if std::mem::take(&mut first) {
            table.begin(&cells, out);
            if contract.csv.header {
                continue;
            }
        }
        count += 1;
        table.row(&Row { cells: &cells, start, number: count }, out);
        let mut row = Vec::new();
        cells.iter().for_each(|cell| {
            row.extend(cell);
            row.push(0xff);
        });
        rows.push(row);
    }
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        let message = "a quote is opened and not closed".to_owned();
        let here = place(file, last_start, 1, count.max(1), "");
        let mut fault = finding(codes::MALFORMED, here, message, "1 quote".into(), "pairs".into());
        fault.help = "the last record may have swallowed all that follow the quote".into();
        out.first(fault);
    }
    let slices: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    Counted { records: count, repeated: count_repeated(&slices) }
}

/// The contract was refused if this is not one byte.
fn delimiter(contract: &Contract) -> u8 {
    u8::try_from(contract.csv.delimiter).unwrap_or(b',')
}

impl<'a> Table<'a> {
    /// Takes the first record: names of columns, or their number.
    fn begin(&mut self, first: &csv::ByteRecord, out: &mut Findings) {
        if self.bytes.starts_with(lines::MARK) {
            out.push(lines::mark(self.file));
        }
        let text = |cell: &[u8]| {
            String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_owned()
        };
        self.header = if self.contract.csv.header {
            first.iter().map(text).collect()
        } else {
            (1..=first.len()).map(|number| number.to_string()).collect()
        };
        for (index, name) in self.header.iter().enumerate() {
            if self.header[..index].contains(name) {
                let at = self.cell_start(0, index);
                let message = format!("column '{name}' occurs twice; readers keep different ones");
                let place = Place { record: None, ..place(self.file, at, name.len(), 1, name) };
                out.push(finding(codes::DUPLICATE, place, message, name.clone(), "once".into()));
            }
        }
        for rule in &self.contract.column {
            match self.header.iter().position(|name| *name == rule.name) {
                Some(index) => {
                    let whole = |p: &String| regex_lite::Regex::new(&format!("^(?:{p})$")).ok();
                    let pattern = rule.pattern.as_ref().and_then(whole);
                    self.columns.push(Column { index, rule, pattern, seen: HashMap::new() });
                }
                None if rule.required => out.push(self.missing(rule)),
                None => {}
            }
        }
    }

    fn missing(&self, rule: &ColumnRule) -> Finding {
        let place =
            Place { offset: Some(0), ..Place { file: self.file.into(), ..Place::default() } };
        let message = format!("column '{}' is missing", rule.name);
        let mut fault = Finding::new(codes::MISSING, Severity::Error, message, place);
        fault.measured = format!("columns: {}", self.header.join(", "));
        fault.limit = rule.name.clone();
        fault.rule = self.rule(rule);
        let known: Vec<&str> = self.header.iter().map(String::as_str).collect();
        if let Some(name) = crate::strict::suggestion(&rule.name, &known) {
            fault.help = format!("is '{name}' meant?");
        }
        fault
    }

    fn rule(&self, rule: &ColumnRule) -> Option<Place> {
        self.contract.rule_place(&format!("name = \"{}\"", rule.name))
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Findings) {
        let (cells, names) = (row.cells.len(), self.header.len());
        if cells != names {
            let message = format!("the record has {cells} cells, the header has {names}");
            let place = place(self.file, row.start, 1, row.number, "");
            let (measured, limit) = (cells.to_string(), names.to_string());
            out.push(finding(codes::MALFORMED, place, message, measured, limit));
        }
        for (index, cell) in row.cells.iter().enumerate() {
            let what = match cell {
                cell if cell.contains(&0) => "has a NUL byte",
                cell if std::str::from_utf8(cell).is_err() => "is not UTF-8",
                _ => continue,
            };
            let name = self.header.get(index).cloned().unwrap_or_default();
            let at = self.cell_start(row.start, index);
            let message = format!("the cell '{name}' {what}");
            let place = place(self.file, at, cell.len(), row.number, &name);
            out.push(finding(codes::MALFORMED, place, message, String::new(), "UTF-8".into()));
        }
        let mut columns = std::mem::take(&mut self.columns);
        for column in &mut columns {
            self.cell(column, row, out);
        }
        self.columns = columns;
        let named = |name: &str| {
            let index = self.header.iter().position(|known| known == name)?;
            let cell = row.cells.get(index)?;
            let at = self.cell_start(row.start, index);
            let text = String::from_utf8_lossy(cell).into_owned();
            Some((text, place(self.file, at, cell.len().max(1), row.number, name)))
        };
        if self.contract.consumer.iter().any(|consumer| !consumer.takes.is_empty()) {
            capabilities::row(self.contract, named, out);
        }
    }

    fn cell(&self, column: &mut Column<'_>, row: &Row<'_>, out: &mut Findings) {
        let Some(cell) = row.cells.get(column.index) else { return };
        let text = String::from_utf8_lossy(cell);
        let rule = column.rule;
        let mut fault = cell_fault(rule, column.pattern.as_ref(), &text);
        if fault.is_none() && rule.unique && !text.trim().is_empty() {
            let first = *column.seen.entry(text.to_string()).or_insert(row.number);
            fault = (first != row.number).then(|| {
                let message =
                    format!("'{text}' occurs twice in '{}', first in record {first}", rule.name);
                (codes::DUPLICATE, message, "once".to_owned())
            });
        }
        if let Some((code, message, limit)) = fault {
            let at = self.cell_start(row.start, column.index);
            let place = place(self.file, at, cell.len().max(1), row.number, &rule.name);
            let mut fault = finding(code, place, message, text.into_owned(), limit);
            fault.rule = self.rule(rule);
            out.push(fault);
        }
    }

    /// Where cell `index` starts: the delimiters before it outside quotes are counted.
    fn cell_start(&self, start: usize, index: usize) -> usize {
        let delimiter = delimiter(self.contract);
        let (mut at, mut cells, mut quoted) = (start, 0, false);
        while cells < index && at < self.bytes.len() {
            match self.bytes[at] {
                b'"' => quoted = !quoted,
                byte if byte == delimiter && !quoted => cells += 1,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

/// Code, message and limit of what is wrong with a cell.
type CellFault = (Code, String, String);

fn cell_fault(
    rule: &ColumnRule,
    pattern: Option<&regex_lite::Regex>,
    text: &str,
) -> Option<CellFault> {
    let name = &rule.name;
    if text.trim().is_empty() {
        let blank = || (codes::MISSING, format!("'{name}' is blank"), "not blank".to_owned());
        return rule.required.then(blank);
    }
    number_fault(rule, text).or_else(|| text_fault(rule, pattern, text))
}

fn number_fault(rule: &ColumnRule, text: &str) -> Option<CellFault> {
    let name = &rule.name;
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let wrong = match rule.kind.as_deref() {
        Some("integer") if text.trim().parse::<i128>().is_err() => Some("integer"),
        Some("number") if number.is_none() => Some("number"),
        _ => None,
    };
    if let Some(kind) = wrong {
        return Some((
            codes::TYPE,
            format!("'{name}' is '{text}', not of type {kind}"),
            kind.into(),
        ));
    }
    let limit = match (rule.min, rule.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => return None,
    };
    let (min, max) = (rule.min.unwrap_or(f64::MIN), rule.max.unwrap_or(f64::MAX));
    let outside = number.is_none_or(|number| number < min || number > max);
    outside.then(|| (codes::RANGE, format!("'{name}' is {text}, allowed is {limit}"), limit))
}

fn text_fault(
    rule: &ColumnRule,
    pattern: Option<&regex_lite::Regex>,
    text: &str,
) -> Option<CellFault> {
    let name = &rule.name;
    if let Some(allowed) = &rule.one_of
        && !allowed.iter().any(|value| value == text)
    {
        let words: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let hint = crate::strict::suggestion(text, &words)
            .map_or(String::new(), |word| format!(", did you mean '{word}'?"));
        let message = format!("'{name}' is none of its values{hint}");
        return Some((codes::ONE_OF, message, allowed.join(", ")));
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
