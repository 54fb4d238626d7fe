//! Reports for other programs: they parse, they carry every finding, and hostile text stays text.
#![allow(missing_docs)]

use ringfence_contract as contract;

use contract::{CheckReport, Contract, check, render};
use serde_json::Value;
use std::path::Path;

/// A name and a value that mean something in every format.
const NAME: &str = "dir/a&b <i>|`x`%\"'.json";

fn reports() -> Vec<CheckReport> {
    let load = |name: &str| {
        let path = Path::new("tests/golden").join(name).join("contract.toml");
        Contract::load(&path).unwrap_or_else(|faults| panic!("{faults:?}"))
    };
    let json = "{\"rules\": [{\"name\": \"]]>&<b>|::%\", \"level\": 9},\n {\"name\": \"ok\"}, 7]}";
    let binary = b"GOLD\x01\x00\0\0\0\0\x07\x09\x01x";
    vec![
        check(&load("RF0106-range"), NAME, json.as_bytes(), None),
        check(&load("RF0107-binary-consumer"), "b.bin", binary, None),
        check(&load("RF0106-range"), "good.json", b"{\"rules\": [{\"name\": \"ok\"}]}", None),
        check(&load("RF0106-range"), "empty.json", b"", None),
    ]
}

fn count(reports: &[CheckReport]) -> usize {
    reports.iter().map(|report| report.findings.len()).sum()
}

/// Names of the elements in a document that must be well-formed; `void` ones need no end.
fn elements(text: &str, void: &[&str]) -> Vec<String> {
    let (mut open, mut names): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (_, tail) = rest.split_at(at);
        if let Some(after) = tail.strip_prefix('&') {
            let known = ["lt;", "gt;", "amp;", "quot;"];
            assert!(known.iter().any(|entity| after.starts_with(entity)), "{tail:.20}");
            rest = after;
            continue;
        }
        let end = tail.find('>').expect("a tag ends");
        let tag = &tail[1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        let name = tag.trim_start_matches('/').split_whitespace().next().expect("a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes what is open");
        } else if !tag.starts_with(['?', '!']) {
            names.push(name.to_owned());
            if !void.contains(&name) {
                open.push(name);
            }
        }
        rest = &tail[end + 1..];
    }
    assert_eq!(open, [""; 0], "everything is closed");
    names
}

#[test]
fn json_is_one_document_a_file_and_names_its_schema() {
    for report in reports() {
        let text = serde_json::to_string(&report).expect("serialises");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["schema"], "ringfence/check-report/v1");
        assert_eq!(value["findings"].as_array().map(Vec::len), Some(report.findings.len()));
        for finding in value["findings"].as_array().expect("a list") {
            assert!(finding["code"].as_str().is_some_and(|code| code.starts_with("RF01")));
        }
    }
}

#[test]
fn sarif_has_a_rule_and_a_location_for_each_result() {
    let reports = reports();
    let value: Value = serde_json::from_str(&render::sarif(&reports)).expect("JSON");
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), count(&reports));
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(uri.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"`|".contains(&b)), "{uri}");
        if let Some(line) = place["region"]["startLine"].as_u64() {
            assert!(line >= 1 && place["region"]["startColumn"].as_u64() >= Some(1));
        }
    }
    let empty: Value = serde_json::from_str(&render::sarif(&[])).expect("JSON");
    assert_eq!(empty["runs"][0]["results"], serde_json::json!([]), "no findings is an empty list");
}

#[test]
fn junit_has_a_case_a_file_and_a_failure_a_finding() {
    let reports = reports();
    let text = render::junit(&reports);
    let names = elements(&text, &[]);
    let of = |name: &str| names.iter().filter(|known| *known == name).count();
    assert_eq!((of("testcase"), of("failure")), (4, count(&reports)));
    assert!(text.contains("tests=\"4\" failures=\"3\""), "{text:.200}");
}

#[test]
fn github_has_a_line_a_finding_and_its_own_count_of_the_rest() {
    let reports = reports();
    let text = render::github(&reports);
    assert_eq!(text.lines().count(), count(&reports));
    for line in text.lines() {
        let rest = line.strip_prefix("::error file=").unwrap_or_else(|| panic!("{line}"));
        let (properties, message) = rest.split_once("::").expect("a message");
        assert_eq!(properties.split(',').count(), 4, "{properties}");
        assert!(!message.is_empty());
    }
    let many = Contract::load(Path::new("tests/golden/RF0121-more/contract.toml")).expect("good");
    let text = render::github(&[check(&many, "f", &b"bad\n".repeat(300), None)]);
    assert_eq!(text.lines().count(), 10);
    assert!(text.ends_with("::error::and 192 more, see the log\n"), "{text}");
}

#[test]
fn gitlab_has_an_issue_a_finding_each_with_its_own_fingerprint() {
    let reports = reports();
    let value: Value = serde_json::from_str(&render::gitlab(&reports)).expect("JSON");
    let issues = value.as_array().expect("a list");
    assert_eq!(issues.len(), count(&reports));
    let mut prints: Vec<&str> =
        issues.iter().map(|issue| issue["fingerprint"].as_str().expect("a print")).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), issues.len());
    for issue in issues {
        assert!(issue["location"]["lines"]["begin"].as_u64() >= Some(1));
        assert_eq!(issue["severity"], "critical");
    }
}

#[test]
fn markdown_is_a_table_and_a_list_and_hostile_text_stays_text() {
    let reports = reports();
    let text = render::markdown(&reports);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 2 + reports.len());
    for row in rows {
        let bars = row.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 4, "{row}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("- **RF")).count(), count(&reports));
    assert!(!text.contains("<i>") && !text.contains("<b>"), "{text}");
}

#[test]
fn html_is_one_page_without_script_or_anything_from_elsewhere() {
    let reports = reports();
    let text = render::html(&reports);
    let names = elements(&text, &["meta"]);
    assert_eq!(names.iter().filter(|name| *name == "pre").count(), count(&reports));
    for bad in ["<script", "src=", "href=", "<i>", "<b>"] {
        assert!(!text.contains(bad), "{bad}");
    }
}
