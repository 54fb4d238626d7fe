//! Lines of text.

use crate::codes;
use crate::delimited::{Counted, count_repeated, place};
use crate::model::Contract;
use crate::rules::{Findings, finding};

/// The byte order mark in UTF-8.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// What a contract says of lines, ready to be used.
struct Rules<'a> {
    contract: &'a Contract,
    pattern: Option<regex_lite::Regex>,
    forbid: Vec<(&'a str, regex_lite::Regex)>,
}

impl Rules<'_> {
    fn new(contract: &Contract) -> Rules<'_> {
        let whole = |pattern: &String| regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok();
        let lines = &contract.lines;
        let forbid = lines.forbid.iter().filter_map(|pattern| {
            regex_lite::Regex::new(pattern).ok().map(|regex| (pattern.as_str(), regex))
        });
        Rules {
            contract,
            pattern: lines.pattern.as_ref().and_then(whole),
            forbid: forbid.collect(),
        }
    }

    /// True for lines that are no records.
    fn skips(&self, text: &str) -> bool {
        let mark = self.contract.lines.comment.as_ref();
        text.trim().is_empty() || mark.is_some_and(|mark| text.trim_start().starts_with(mark))
    }
}

/// Holds lines against the contract.
pub(crate) fn lines(contract: &Contract, file: &str, bytes: &[u8], out: &mut Findings) -> Counted {
    let rules = Rules::new(contract);
    if bytes.starts_with(MARK) {
        out.push(mark(file));
    }
    let mut records: Vec<&[u8]> = Vec::new();
    let mut start = 0;
    for raw in bytes.split(|byte| *byte == b'\n') {
        let at = start;
        start += raw.len() + 1;
        let line = raw.strip_suffix(b"\r").unwrap_or(raw);
        let number = records.len() as u64 + 1;
        let Ok(text) = std::str::from_utf8(line) else {
            let message = "the line is not UTF-8".to_owned();
            let place = place(file, at, line.len(), number, "");
            out.push(finding(codes::MALFORMED, place, message, String::new(), "UTF-8".into()));
            continue;
        };
        if rules.skips(text) {
            continue;
        }
        records.push(line);
        record(&rules, file, at, text, number, out);
    }
    Counted { records: records.len() as u64, repeated: count_repeated(&records) }
}

/// A byte order mark: invisible, and part of the first name for most readers.
pub(crate) fn mark(file: &str) -> decide::finding::Finding {
    let message = "the file begins with a byte order mark".to_owned();
    let limit = "UTF-8 without a mark".to_owned();
    let mut fault = finding(
        codes::MALFORMED,
        place(file, 0, MARK.len(), 1, ""),
        message,
        "EF BB BF".into(),
        limit,
    );
    fault.help =
        "most readers take it for part of the first name; write the file without it".into();
    fault
}

fn record(rules: &Rules<'_>, file: &str, at: usize, text: &str, number: u64, out: &mut Findings) {
    let contract = rules.contract;
    let here = || place(file, at, text.len(), number, "");
    if text.contains('\0') {
        let message = "the line has a NUL byte".to_owned();
        out.push(finding(codes::MALFORMED, here(), message, "NUL".into(), "text".into()));
    }
    let length = text.chars().count() as u64;
    if let Some(max) = contract.lines.length_max.filter(|max| length > *max) {
        let message = format!("the line has {length} characters, at most {max}");
        let (measured, limit) = (length.to_string(), max.to_string());
        let mut fault = finding(codes::LENGTH, here(), message, measured, limit);
        fault.rule = contract.rule_place("length_max");
        out.push(fault);
    }
    if rules.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
        let limit = contract.lines.pattern.clone().unwrap_or_default();
        let message = format!("the line does not have the form {limit}");
        let mut fault = finding(codes::PATTERN, here(), message, text.to_owned(), limit);
        fault.rule = contract.rule_place("pattern");
        out.push(fault);
    }
    for (name, _) in rules.forbid.iter().filter(|(_, regex)| regex.is_match(text)) {
        let message = format!("the line matches '{name}', which is forbidden");
        let mut fault =
            finding(codes::PATTERN, here(), message, text.to_owned(), "no match".into());
        fault.rule = contract.rule_place("forbid");
        out.push(fault);
    }
}
