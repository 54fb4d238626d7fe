//! Golden pairs: a contract and a file in `tests/golden/CODE-name`, and `expected.txt` beside them,
//! the findings as people read them. Run with `RINGFENCE_BLESS=1` to accept what changed.
#![allow(missing_docs)]

use ringfence_contract as contract;

use contract::{Contract, check_path, render, strict};
use decide::finding::{Finding, catalogue};
use decide::policy::Policy;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Findings of one pair that are written out; further ones are counted.
const WRITTEN_MAX: usize = 4;

/// Relative, so that expected texts hold on every machine; tests run in the crate's directory.
fn golden() -> &'static Path {
    Path::new("tests/golden")
}

fn pairs() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(golden()).expect("golden pairs");
    let mut pairs: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    pairs.sort();
    pairs
}

fn name(pair: &Path) -> String {
    pair.file_name().expect("named").to_string_lossy().into_owned()
}

fn file(pair: &Path, stem: &str) -> Option<PathBuf> {
    ["json", "csv", "txt", "bin"]
        .iter()
        .map(|extension| pair.join(format!("{stem}.{extension}")))
        .find(|path| path.exists())
}

fn text(findings: &[Finding], bytes: &[u8]) -> String {
    let mut text = String::new();
    for finding in findings.iter().take(WRITTEN_MAX) {
        text += &render::human(finding, bytes);
        text.push('\n');
    }
    if findings.len() > WRITTEN_MAX {
        text += &format!("[{} findings, the last one is]\n", findings.len());
        text += &render::human(&findings[findings.len() - 1], bytes);
    }
    text
}

/// What the check says about a pair.
fn said(pair: &Path) -> (Vec<Finding>, String) {
    if pair.join("policy.toml").exists() {
        let policy: Policy = strict::read(&pair.join("policy.toml")).expect("readable");
        let lines: Vec<String> =
            policy.check().iter().map(|r| format!("{}: {}\n", r.code, r.sentence)).collect();
        return (Vec::new(), lines.concat());
    }
    let contract = match Contract::load(&pair.join("contract.toml")) {
        Ok(contract) => contract,
        Err(faults) => {
            let text = text(&faults, &[]);
            return (faults, text);
        }
    };
    let path = file(pair, "file").unwrap_or_else(|| pair.join("file.json"));
    let previous = file(pair, "previous").map(|path| std::fs::read(path).expect("readable"));
    match check_path(&contract, &path, previous.as_deref()) {
        Ok((report, bytes)) => {
            let text = text(&report.findings, &bytes);
            (report.findings, format!("{text}verdict {}\n", report.verdict))
        }
        Err(finding) => {
            let text = text(std::slice::from_ref(&*finding), &[]);
            (vec![*finding], text)
        }
    }
}

#[test]
fn every_pair_says_what_is_expected() {
    let bless = std::env::var_os("RINGFENCE_BLESS").is_some();
    let mut different = Vec::new();
    for pair in pairs() {
        let (_, text) = said(&pair);
        let expected = pair.join("expected.txt");
        if bless {
            std::fs::write(&expected, &text).expect("written");
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            different.push(format!("{}:\n{text}", name(&pair)));
        }
        let code = &name(&pair)[..6];
        assert!(text.contains(code), "{} does not say {code}:\n{text}", name(&pair));
    }
    assert!(different.is_empty(), "RINGFENCE_BLESS=1 accepts:\n{}", different.join("\n"));
}

#[test]
fn every_code_of_check_and_configuration_has_a_pair() {
    let have: BTreeSet<String> = pairs().iter().map(|pair| name(pair)[..6].to_owned()).collect();
    let all = catalogue::all().map(|entry| entry.code.to_string());
    // The other codes of configuration belong to the command line.
    let ours = ["RF0601", "RF0602", "RF0603", "RF0604", "RF0605", "RF0610"];
    let wanted: BTreeSet<String> =
        all.filter(|code| code.starts_with("RF01") || ours.contains(&code.as_str())).collect();
    let without: Vec<&String> = wanted.difference(&have).collect();
    assert!(without.is_empty(), "codes without a golden pair: {without:?}");
    let unknown: Vec<&String> = have.difference(&wanted).collect();
    assert!(unknown.is_empty(), "golden pairs of no code: {unknown:?}");
}

#[test]
fn every_finding_says_what_was_measured_against_which_limit_or_how_to_help() {
    for pair in pairs() {
        for finding in said(&pair).0 {
            let says = !finding.measured.is_empty() || !finding.limit.is_empty();
            let refers = finding.rule.is_some() || !finding.help.is_empty();
            let place = finding.place.line.is_some() || finding.place.offset.is_some();
            assert!(says || refers || place, "{}: {finding:?}", name(&pair));
            assert!(!finding.message.contains('\n'), "{}: one sentence", name(&pair));
        }
    }
}
