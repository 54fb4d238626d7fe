//! Rules over values that several formats share, and the rules of binary layouts.

use crate::binary::{Met, ReadFault, Tree, Value};
use crate::model::Contract;
use crate::text::{lines_columns, shown};
use crate::{capabilities, codes};
use decide::finding::{Finding, Place, Severity};
use decide::reason::Code;

/// Most characters of a message.
const MESSAGE_CHARS_MAX: usize = 400;
/// Most characters of a measured value.
const MEASURED_CHARS_MAX: usize = 80;

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
    /// Adds a finding while there is room. What it quotes of the file is made safe to print.
    pub(crate) fn push(&mut self, mut finding: Finding) {
        if self.full() {
            self.left_out += 1;
            return;
        }
        finding.message = shown(&finding.message, MESSAGE_CHARS_MAX);
        finding.measured = shown(&finding.measured, MEASURED_CHARS_MAX);
        finding.place.field = finding.place.field.map(|field| shown(&field, MESSAGE_CHARS_MAX));
        self.list.push(finding);
    }
    /// Adds a finding before all others: the cause of what was found already.
    pub(crate) fn first(&mut self, finding: Finding) {
        self.list.insert(0, finding);
        self.list.truncate(self.max);
    }
    /// True when further findings are only counted; then their text need not be made.
    pub(crate) fn full(&self) -> bool {
        self.list.len() >= self.max
    }
    /// The list. In a file of text, places get their line and column.
    pub(crate) fn finish(mut self, file: &str, text: Option<&[u8]>) -> Vec<Finding> {
        if let Some(text) = text {
            let has = |finding: &&mut Finding| {
                finding.place.offset.is_some() && finding.place.line.is_none()
            };
            let mut placed: Vec<&mut Finding> = self.list.iter_mut().filter(has).collect();
            let offset = |finding: &&mut Finding| finding.place.offset.unwrap_or(0) as usize;
            let offsets: Vec<usize> = placed.iter().map(offset).collect();
            for (finding, (line, column)) in placed.iter_mut().zip(lines_columns(text, &offsets)) {
                (finding.place.line, finding.place.column) = (Some(line), Some(column));
            }
        }
        if self.left_out > 0 {
            let place = Place { file: file.to_owned(), ..Place::default() };
            let message = format!("and at least {} more, which are not listed", self.left_out);
            let mut more = Finding::new(codes::MORE, Severity::Error, message, place);
            more.folded = self.left_out;
            more.help = "fix the first ones and check again; they often have one cause".into();
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

/// The place of a value.
pub(crate) fn met_place(file: &str, met: &Met<'_>) -> Place {
    Place {
        file: file.to_owned(),
        offset: Some(met.placed.offset as u64),
        length: Some(met.placed.length as u64),
        record: (met.record() > 0).then(|| met.record()),
        field: Some(met.path()),
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
    tree.visit(layout, &mut |met| {
        if let Some(mut fault) = value_fault(met, file) {
            fault.rule = contract.rule_place(&format!("name = \"{}\"", met.field.name));
            out.push(fault);
        }
    });
    let rewritten = crate::binary::write(layout, tree);
    if rewritten.len() == bytes.len() && rewritten != bytes {
        tree.visit(layout, &mut |met| {
            if met.field.derived() {
                derived_fault(contract, file, bytes, &rewritten, met, out);
            }
        });
    }
    capabilities::binary(contract, file, layout, tree, out);
}

fn derived_fault(
    contract: &Contract,
    file: &str,
    bytes: &[u8],
    right: &[u8],
    met: &Met<'_>,
    out: &mut Findings,
) {
    let range = met.placed.offset..met.placed.offset + met.placed.length;
    if bytes[range.clone()] == right[range.clone()] {
        return;
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let message = format!("{} does not say what the bytes say", met.field.name);
    let (measured, limit) = (hex(&bytes[range.clone()]), hex(&right[range]));
    let (measured, limit) = (format!("bytes {measured}"), format!("bytes {limit}"));
    let mut fault = finding(codes::DERIVED, met_place(file, met), message, measured, limit);
    fault.rule = contract.rule_place(&format!("name = \"{}\"", met.field.name));
    fault.help = "the file was changed after it was written, or is damaged".into();
    out.push(fault);
}

fn value_fault(met: &Met<'_>, file: &str) -> Option<Finding> {
    let field = met.field;
    let place = || met_place(file, met);
    let name = &field.name;
    let measured = || met.placed.value.words();
    match &met.placed.value {
        Value::Number(number) => {
            let (min, max) = (field.min.unwrap_or(0), field.max.unwrap_or(u64::MAX));
            if !(min..=max).contains(number) {
                let message = format!("{name} is {number}, allowed are {min} to {max}");
                return Some(finding(
                    codes::RANGE,
                    place(),
                    message,
                    measured(),
                    format!("{min} to {max}"),
                ));
            }
            if !field.names.is_empty() && field.value_name(*number).is_none() {
                let known: Vec<String> =
                    field.names.iter().map(|(name, value)| format!("{value} ({name})")).collect();
                let message = format!("{name} is {number}, which is none of its values");
                return Some(finding(
                    codes::ONE_OF,
                    place(),
                    message,
                    measured(),
                    known.join(", "),
                ));
            }
            None
        }
        Value::Bytes(content) => {
            if let Some(equals) = &field.equals
                && content != equals.as_bytes()
            {
                let message = format!("{name} is not '{equals}'");
                return Some(finding(
                    codes::MALFORMED,
                    place(),
                    message,
                    measured(),
                    equals.clone(),
                ));
            }
            if field.kind == crate::binary::Kind::Text && std::str::from_utf8(content).is_err() {
                let message = format!("{name} is not UTF-8");
                return Some(finding(
                    codes::MALFORMED,
                    place(),
                    message,
                    measured(),
                    "UTF-8".into(),
                ));
            }
            None
        }
    }
}
