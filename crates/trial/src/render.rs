//! A trial's report as people read it.

use crate::report::Report;
use decide::finding::Severity;
use std::fmt::Write as _;

/// The report as text; the verdict comes last.
pub fn human(report: &Report) -> String {
    let mut text = format!(
        "{}  sha256:{}\nsandbox  {}\nevents   {}\n\n",
        report.file,
        report.digest.short(),
        report.sandbox,
        if report.events.is_empty() { "none".into() } else { report.events.join(", ") }
    );
    let _ = writeln!(
        text,
        "{:<10} {:<32} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}",
        "consumer", "as written", "variants", "loaded", "refused", "crashed", "hung", "other"
    );
    for version in &report.versions {
        let _ = writeln!(
            text,
            "{:<10} {:<32} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}",
            version.version.as_str(),
            version.candidate.words().chars().take(32).collect::<String>(),
            version.variants,
            version.loaded,
            version.refused,
            version.crashed,
            version.hung,
            version.other
        );
        if version.untried > 0 {
            let untried = of(version.untried as usize, "variant");
            let why = match version.candidate.kills() {
                true => "it dies on the file itself",
                false => "the time was used up",
            };
            let _ = writeln!(text, "{:<10} {untried} not tried: {why}", "");
        }
    }
    text.push('\n');
    for finding in &report.findings {
        text.push_str(&contract::render::human(finding, &[]));
        text.push('\n');
    }
    let count = |severity| report.findings.iter().filter(|f| f.severity == severity).count();
    let _ = writeln!(
        text,
        "tried {} in {}, seed {} · {} · {} · verdict {}",
        of(report.versions.len(), "consumer version"),
        of(report.executions as usize, "run"),
        report.seed,
        of(count(Severity::Error), "error"),
        of(count(Severity::Warning), "warning"),
        report.verdict
    );
    text
}

/// `1 run`, `2 runs`.
fn of(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
