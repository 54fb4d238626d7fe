//! Check against `python3 -m json.tool` on the same file, CPU seconds of whole processes.

use super::{Figure, median};
use crate::stage::{Programs, scratch};
use crate::tools::{self, PYTHON};
use crate::{Fault, Outcome, process};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Rules in the file; about 10 MB.
const RULES: usize = 40_000;
const RUNS: usize = 5;

const CONTRACT: &str = r#"schema = "ringfence/contract/v1"
channel = "bench"
format = "json"

[limits]
bytes_min = 1
bytes_max = 64000000

[[field]]
path = "/rules"
type = "array"
required = true

[[field]]
path = "/rules/*/id"
type = "integer"
required = true
min = 0

[[field]]
path = "/rules/*/name"
type = "string"
required = true

[[field]]
path = "/rules/*/action"
type = "string"
one_of = ["observe", "detect", "block"]
required = true
"#;

fn file(path: &Path) -> Outcome<u64> {
    let mut text = String::from("{\"rules\": [\n");
    for rule in 0..RULES {
        let comma = if rule + 1 < RULES { "," } else { "" };
        let _ = writeln!(
            text,
            "  {{\"id\": {rule}, \"name\": \"rule number {rule}\", \"action\": \"detect\", \
             \"severity\": {}, \"fields\": [\"pipe\", \"image\", \"command line {rule}\"], \
             \"match\": {{\"op\": \"prefix\", \"value\": \"C:\\\\Windows\\\\Temp\\\\{rule}\", \
             \"case\": false, \"weight\": 0.25}}}}{comma}",
            rule % 100
        );
    }
    text.push_str("]}\n");
    std::fs::write(path, &text).map_err(|error| Fault::about(path.display(), error))?;
    Ok(text.len() as u64)
}

/// CPU seconds of one command, from the shell's own accounting of its children.
fn cpu(command: &str) -> Outcome<f64> {
    let script = format!("{command} >/dev/null && times");
    let text = process::run(Command::new("bash").args(["-c", &script]))?;
    let children = text.lines().last().unwrap_or_default();
    let seconds = |word: &str| {
        let (minutes, seconds) = word.trim_end_matches('s').split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let total: Option<f64> = children.split_whitespace().map(seconds).sum();
    total.ok_or_else(|| Fault(format!("the shell's times were not understood: {text}")))
}

/// Runs the bench.
pub(super) fn run(programs: &Programs) -> Outcome<Vec<Figure>> {
    tools::ensure(&[&PYTHON])?;
    let directory = scratch("bench-check")?;
    let (json, contract) = (directory.join("rules.json"), directory.join("contract.toml"));
    let bytes = file(&json)?;
    std::fs::write(&contract, CONTRACT).map_err(|e| Fault::about(contract.display(), e))?;
    let ours = format!(
        "'{}' check '{}' --contract '{}' 2>/dev/null",
        programs.path("ringfence").display(),
        json.display(),
        contract.display()
    );
    let theirs = format!("python3 -m json.tool '{}'", json.display());
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (a, b) = (cpu(&ours)?, cpu(&theirs)?);
        ratios.push(a / b);
        rates.push(bytes as f64 / 1e6 / a.max(1e-3));
    }
    let how = format!(
        "`ringfence check` (positions, contract, all findings) against `python3 -m json.tool` on \
         the same {bytes} bytes; user and system CPU of whole processes, pairs in turn, median of {RUNS}"
    );
    Ok(vec![
        Figure::at_most("check / json.tool, CPU", median(ratios), 0.5, "ratio", how.clone()),
        Figure::only("check throughput", median(rates), "MB per CPU second", how),
    ])
}
