//! Findings as people and other programs read them. Text is drawn from findings, never parsed.

mod formats;

pub use formats::{github, gitlab, html, junit, markdown, sarif};

use crate::text::{line_around, shown};
use decide::finding::{Finding, Severity};
use std::fmt::Write as _;

/// Bytes of a hex view.
const HEX_BYTES: usize = 16;
/// Characters of a path.
const PATH_CHARS_MAX: usize = 4_096;
/// Characters of a source line shown around a fault.
const LINE_CHARS_MAX: usize = 100;

/// A report format that `--report FORMAT=PATH` knows.
pub const FORMATS: [&str; 7] = ["json", "sarif", "junit", "github", "gitlab", "markdown", "html"];

/// The word for a severity.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// One finding as text: message, place, the bytes concerned, rule, help.
pub fn human(finding: &Finding, bytes: &[u8]) -> String {
    let mut text = format!("{}[{}]: {}\n", word(finding.severity), finding.code, finding.message);
    let place = &finding.place;
    let _ = write!(text, "  --> {}", shown(&place.file, PATH_CHARS_MAX));
    match (place.line, place.column) {
        (Some(line), Some(column)) => {
            let _ = write!(text, ":{line}:{column}");
        }
        _ => {
            if let Some(offset) = place.offset {
                let _ = write!(text, " offset {offset} (0x{offset:x})");
            }
        }
    }
    if let Some(record) = place.record {
        let _ = write!(text, ", record {record}");
    }
    if let Some(field) = &place.field {
        let _ = write!(text, ", {field}");
    }
    text.push('\n');
    text.push_str(&excerpt(finding, bytes));
    let mut note = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "   = {name}: {value}");
        }
    };
    if !finding.measured.is_empty() {
        note("measured", &format!("{}, limit {}", finding.measured, finding.limit));
    }
    note("consumers", &finding.consumers.join(", "));
    if let Some(rule) = &finding.rule {
        note("contract", &format!("{}:{}", rule.file, rule.line.unwrap_or(1)));
    }
    note("help", &finding.help);
    note("more", &format!("ringfence explain {}", finding.code));
    text
}

fn excerpt(finding: &Finding, bytes: &[u8]) -> String {
    let Some(offset) = finding.place.offset.map(|offset| offset as usize) else {
        return String::new();
    };
    if bytes.is_empty() || offset > bytes.len() {
        return String::new();
    }
    let length = finding.place.length.unwrap_or(1).max(1) as usize;
    if finding.place.line.is_some() {
        line_excerpt(finding, bytes, offset, length)
    } else {
        hex_excerpt(bytes, offset, length)
    }
}

fn line_excerpt(finding: &Finding, bytes: &[u8], offset: usize, length: usize) -> String {
    let (start, line) = line_around(bytes, offset);
    let before = String::from_utf8_lossy(&line[..(offset - start).min(line.len())]);
    let before_chars = before.chars().count();
    let skip = before_chars.saturating_sub(LINE_CHARS_MAX / 2);
    let shown: String = String::from_utf8_lossy(line)
        .chars()
        .skip(skip)
        .take(LINE_CHARS_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let end = (offset + length).min(start + line.len()).max(offset);
    let marked = String::from_utf8_lossy(&bytes[offset..end]).chars().count().max(1);
    let marked = marked.min(LINE_CHARS_MAX - (before_chars - skip).min(LINE_CHARS_MAX - 1));
    let number = finding.place.line.unwrap_or(1).to_string();
    let gap = " ".repeat(number.len());
    let indent = " ".repeat(before_chars - skip);
    format!("{gap} |\n{number} | {shown}\n{gap} | {indent}{}\n", "^".repeat(marked))
}

fn hex_excerpt(bytes: &[u8], offset: usize, length: usize) -> String {
    let start = offset - offset % HEX_BYTES;
    let row = &bytes[start..(start + HEX_BYTES).min(bytes.len())];
    let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
    let text: String =
        row.iter().map(|b| if (0x20..0x7f).contains(b) { *b as char } else { '.' }).collect();
    let marks = length.min(HEX_BYTES - (offset - start)).max(1);
    let mark = format!("{}{}", "   ".repeat(offset - start), "^^ ".repeat(marks));
    format!(
        "         |\n{start:08x} | {:<47}  {text}\n         | {}\n",
        hex.join(" "),
        mark.trim_end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use decide::finding::Place;
    use decide::reason::Code;

    #[test]
    fn text_and_bytes_are_pointed_at() {
        let place = Place {
            file: "a.json".into(),
            offset: Some(7),
            length: Some(3),
            line: Some(2),
            column: Some(4),
            ..Place::default()
        };
        let mut finding = Finding::new(Code(106), Severity::Error, "too large", place);
        let text = human(&finding, b"{\n \"ab\": 999}\n");
        assert!(text.contains("error[RF0106]: too large\n  --> a.json:2:4\n"), "{text}");
        assert!(text.contains("2 |  \"ab\": 999}\n"), "{text}");
        finding.place.line = None;
        finding.place.column = None;
        let text = human(&finding, &[0x41; 20]);
        assert!(text.contains("offset 7 (0x7)"), "{text}");
        assert!(text.contains("00000000 | 41 41"), "{text}");
    }
}
