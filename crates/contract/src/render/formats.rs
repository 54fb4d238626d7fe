//! Formats of other programs: SARIF 2.1.0, JUnit, GitHub annotations, GitLab code quality,
//! Markdown, HTML.

use super::{human, word};
use crate::checker::CheckReport;
use decide::finding::{Finding, Severity, catalogue};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Annotations of one kind that GitHub shows for a step; the rest would vanish silently.
const GITHUB_PER_KIND: usize = 10;

/// Where in the file, as far as it is known.
fn region(finding: &Finding) -> Option<Value> {
    let place = &finding.place;
    match (place.line, place.offset) {
        (Some(line), _) => {
            Some(json!({ "startLine": line, "startColumn": place.column.unwrap_or(1).max(1) }))
        }
        (None, Some(offset)) => {
            Some(json!({ "byteOffset": offset, "byteLength": place.length.unwrap_or(0) }))
        }
        (None, None) => None,
    }
}

fn location(finding: &Finding) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(&finding.place.file) } });
    if let Some(region) = region(finding) {
        physical["region"] = region;
    }
    json!({ "physicalLocation": physical })
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(byte as char);
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

fn all(reports: &[CheckReport]) -> impl Iterator<Item = &Finding> {
    reports.iter().flat_map(|report| &report.findings)
}

/// SARIF 2.1.0, one run.
pub fn sarif(reports: &[CheckReport]) -> String {
    let mut codes: Vec<_> = all(reports).map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            let entry = catalogue::entry(*code);
            let title = entry.map_or("finding", |entry| entry.title);
            let explanation = entry.map_or("", |entry| entry.explanation);
            json!({
                "id": code.to_string(),
                "shortDescription": { "text": title },
                "fullDescription": { "text": explanation },
                "help": { "text": explanation },
            })
        })
        .collect();
    let results: Vec<Value> = all(reports)
        .map(|finding| {
            let level =
                if finding.severity == Severity::Note { "note" } else { word(finding.severity) };
            let fingerprint = decide::id::Digest::of(
                format!(
                    "{}{}{:?}{}",
                    finding.code, finding.place.file, finding.place.field, finding.message
                )
                .as_bytes(),
            );
            json!({
                "ruleId": finding.code.to_string(),
                "level": level,
                "message": { "text": finding.message },
                "locations": [location(finding)],
                "partialFingerprints": { "ringfence/v1": fingerprint.short() },
            })
        })
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ringfence",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Not every character may stand in XML, not even as a reference.
    let allowed = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.replace('"', "&quot;").chars().filter(|c| *c == '\n' || allowed(c)).collect()
}

/// Text in Markdown that is neither markup, nor HTML, nor the end of a table cell.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            '\n' | '\r' => plain.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => plain.extend(['\\', c]),
            _ => plain.push(c),
        }
    }
    plain
}

/// JUnit XML: one test case a file.
pub fn junit(reports: &[CheckReport]) -> String {
    let failed = reports.iter().filter(|report| !report.verdict.opens_gate()).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ringfence check\" tests=\"{0}\" \
         failures=\"{failed}\" errors=\"0\">\n<testsuite name=\"ringfence check\" tests=\"{0}\" \
         failures=\"{failed}\" errors=\"0\">\n",
        reports.len()
    );
    for report in reports {
        let _ = writeln!(text, "<testcase classname=\"check\" name=\"{}\">", xml(&report.file));
        for finding in report.findings.iter().filter(|f| f.severity == Severity::Error) {
            let body = human(finding, &[]);
            let _ = writeln!(
                text,
                "<failure type=\"{}\" message=\"{}\">{}</failure>",
                finding.code,
                xml(&finding.message),
                xml(&body)
            );
        }
        text.push_str("</testcase>\n");
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

/// GitHub workflow commands, errors first, with our own count of what does not fit.
pub fn github(reports: &[CheckReport]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for (severity, kind) in
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "notice")]
    {
        let findings: Vec<&Finding> = all(reports).filter(|f| f.severity == severity).collect();
        let fit =
            if findings.len() > GITHUB_PER_KIND { GITHUB_PER_KIND - 1 } else { findings.len() };
        for finding in &findings[..fit] {
            let _ = writeln!(
                text,
                "::{kind} file={},line={},col={},title={}::{}",
                property(&finding.place.file),
                finding.place.line.unwrap_or(1),
                finding.place.column.unwrap_or(1),
                property(&finding.code.to_string()),
                data(&finding.message)
            );
        }
        if fit < findings.len() {
            let _ = writeln!(text, "::{kind}::and {} more, see the log", findings.len() - fit);
        }
    }
    text
}

/// GitLab code quality.
pub fn gitlab(reports: &[CheckReport]) -> String {
    let issues: Vec<Value> = all(reports)
        .map(|finding| {
            let severity = match finding.severity {
                Severity::Error => "critical",
                Severity::Warning => "minor",
                Severity::Note => "info",
            };
            let identity = format!("{}{:?}{}", finding.code, finding.place, finding.message);
            json!({
                "description": finding.message,
                "check_name": finding.code.to_string(),
                "fingerprint": decide::id::Digest::of(identity.as_bytes()).to_string(),
                "severity": severity,
                "location": {
                    "path": finding.place.file,
                    "lines": { "begin": finding.place.line.unwrap_or(1) },
                },
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(issues))
}

/// Markdown, for step summaries and comments.
pub fn markdown(reports: &[CheckReport]) -> String {
    let mut text = String::from("| file | verdict | findings |\n|---|---|---|\n");
    for report in reports {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            plain(&report.file),
            report.verdict,
            report.findings.len()
        );
    }
    for finding in all(reports) {
        let place = &finding.place;
        let at = place.line.map_or_else(
            || place.offset.map_or(String::new(), |offset| format!(" offset {offset}")),
            |line| format!(":{line}"),
        );
        let _ = writeln!(
            text,
            "\n- **{}** {}{at}: {}",
            finding.code,
            plain(&place.file),
            plain(&finding.message)
        );
    }
    text
}

/// One self-contained page.
pub fn html(reports: &[CheckReport]) -> String {
    let mut text = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>ringfence check</title>\
         <style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;\
         color-scheme:light dark}pre{overflow:auto;padding:1rem;border:1px solid}</style>\
         <h1>ringfence check</h1>\n",
    );
    for report in reports {
        let _ = writeln!(text, "<h2>{}: {}</h2>", xml(&report.file), report.verdict);
        for finding in &report.findings {
            let _ = writeln!(text, "<pre>{}</pre>", xml(&human(finding, &[])));
        }
    }
    text.push_str("</html>\n");
    text
}
