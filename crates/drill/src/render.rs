//! Text and JSON of drills, drawn from their reports. Plain characters, no colour, understandable
//! when piped; the verdict comes last.

mod compare;
mod html;
mod numbers;

pub use compare::{compare_text, fuzz_text, headline, policies_text, sweep_text};
pub use html::compare_html;
pub use numbers::{clock, count};

use crate::report::{IncidentsReport, ListReport, Point, Row, RunReport};
use crate::scenario::{Harm, Wall};
use serde::Serialize;
use std::fmt::Write as _;

/// Width of the bars of a curve.
const BAR_WIDTH: usize = 24;
/// Moments of a curve that are printed.
const ROWS_MAX: usize = 14;
/// Decisions that are printed.
const DECISIONS_MAX: usize = 14;

/// Any report as JSON, with a line feed at the end.
pub fn json(report: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_else(|_| "{}".into());
    text.push('\n');
    text
}

/// One run.
pub fn run_text(report: &RunReport) -> String {
    let mut text = String::new();
    let scenario = &report.scenario;
    let when = if scenario.date.is_empty() {
        String::new()
    } else {
        format!(" ({}, {})", scenario.org, scenario.date)
    };
    let _ = writeln!(text, "{}{when}", scenario.name);
    let _ = writeln!(text, "  {}", scenario.line);
    let _ = writeln!(
        text,
        "  policy {}, {} machines, seed {}\n",
        report.policy,
        count(report.machines),
        report.seed
    );
    curve(&mut text, report);
    decisions(&mut text, report);
    figures(&mut text, report);
    for assumption in &report.assumptions {
        let _ = writeln!(text, "  assumed: {assumption}");
    }
    if report.checks.steps > 0 {
        let _ = writeln!(
            text,
            "  checked: invariants {} over {} steps, none broken",
            join(&report.checks.invariants),
            count(report.checks.steps)
        );
    }
    let _ = writeln!(text, "\n{}", verdict(report));
    text
}

fn join(numbers: &[u8]) -> String {
    numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
}

fn curve(text: &mut String, report: &RunReport) {
    let rows = crate::table::thin(report.timeline.clone(), ROWS_MAX);
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {:>9}  {:>11}  {:>11}  {:>11}", "time", "exposed", "harmed", "down");
    for point in &rows {
        let _ = writeln!(
            text,
            "  {:>9}  {:>11}  {:>11}  {:>11}  {}",
            clock(point.at_s),
            count(point.exposed),
            count(point.harmed),
            count(point.down),
            bar(point, report.machines)
        );
    }
    let _ = writeln!(text, "  {:>51}# harmed, - exposed, of {}\n", "", count(report.machines));
}

/// A bar on a scale of powers of ten, so that 4 of a million can be seen.
fn bar(point: &Point, machines: u64) -> String {
    let width = |n: u64| {
        let full = libm::log10(machines as f64 + 1.0).max(0.1);
        (libm::log10(n as f64 + 1.0) / full * BAR_WIDTH as f64).round() as usize
    };
    let (exposed, harmed) = (width(point.exposed), width(point.harmed));
    "#".repeat(harmed) + &"-".repeat(exposed.saturating_sub(harmed))
}

fn decisions(text: &mut String, report: &RunReport) {
    let all = &report.decisions;
    let left_out = all.len().saturating_sub(DECISIONS_MAX);
    for (index, decided) in all.iter().enumerate() {
        if left_out > 0 && index == DECISIONS_MAX / 2 {
            let _ = writeln!(text, "  {:>9}  ({left_out} more)", "...");
        }
        if left_out > 0 && (DECISIONS_MAX / 2..DECISIONS_MAX / 2 + left_out).contains(&index) {
            continue;
        }
        let why = decided.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let _ = writeln!(text, "  {:>9}  {}{why}", clock(decided.at_s), decided.what);
    }
    if !all.is_empty() {
        text.push('\n');
    }
}

fn figures(text: &mut String, report: &RunReport) {
    let outcome = &report.outcome;
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<22} {value}");
    };
    line("exposed", format!("{} of {}", count(outcome.exposed), count(outcome.of)));
    line("harmed", format!("{} of {} exposed", count(outcome.harmed), count(outcome.exposed)));
    line("healed alone", count(outcome.healed_alone));
    let hours = if outcome.hands_hours > 0 {
        format!(" ({} hours of work)", count(outcome.hands_hours))
    } else {
        String::new()
    };
    line("hands needed", format!("{}{hours}", count(outcome.hands_needed)));
    let time = |at: Option<u64>| at.map_or_else(|| "never".into(), clock);
    line("first harm", time(outcome.first_harm_s));
    line("halted", time(outcome.halted_s));
    line("first harm to halt", time(outcome.first_harm_to_halt_s));
    line("offered to everybody", time(outcome.everywhere_s));
    if outcome.heartbeats > 0 {
        line("heartbeats simulated", count(outcome.heartbeats));
    }
}

fn verdict(report: &RunReport) -> String {
    let outcome = &report.outcome;
    let harmed = format!(
        "{} of {} machines harmed, {} need hands",
        count(outcome.harmed),
        count(outcome.of),
        count(outcome.hands_needed)
    );
    match outcome.stopped_by {
        Some(wall) => format!("stopped by {}: {harmed}", wall.word()),
        None if report.scenario.harm == Harm::None && outcome.everywhere_s.is_some() => {
            format!("a good file, everywhere: {harmed}")
        }
        None if report.scenario.harm == Harm::None => format!("a good file, stopped: {harmed}"),
        None => format!("no wall stopped it: {harmed}"),
    }
}

/// The scenarios.
pub fn list_text(report: &ListReport) -> String {
    let mut text = String::new();
    let width = report.scenarios.iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
    for scenario in &report.scenarios {
        let year = if scenario.date.is_empty() { "built in" } else { &scenario.date };
        let _ = writeln!(text, "{:<width$}  {year:<10}  {}", scenario.id, scenario.line);
    }
    let _ =
        writeln!(text, "\n{} scenarios; next: ringfence drill run NAME", report.scenarios.len());
    text
}

/// The library.
pub fn incidents_text(report: &IncidentsReport) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}: each incident on a fleet of {} machines, seed {}",
        report.library,
        count(report.machines),
        report.seed
    );
    let _ = writeln!(
        text,
        "left: as it happened; right: policy {}, with check, trial and taste assumed blind\n",
        report.policy
    );
    let width = report.incidents.iter().map(|row| row.id.len()).max().unwrap_or(8);
    let _ = writeln!(
        text,
        "{:<width$}  {:>9} {:>9}   {:>9} {:>7} {:>7}  {:<9} {:<8}",
        "incident", "harmed", "hands", "exposed", "harmed", "hands", "held by", "first wall"
    );
    for row in &report.incidents {
        let _ = writeln!(
            text,
            "{:<width$}  {:>9} {:>9}   {:>9} {:>7} {:>7}  {:<9} {:<8}",
            row.id,
            count(row.as_it_happened.harmed),
            count(row.as_it_happened.hands_needed),
            count(row.exposed),
            count(row.harmed),
            count(row.hands_needed),
            held_by(row),
            row.first_wall.map_or("-", Wall::word)
        );
    }
    text.push('\n');
    for row in report.incidents.iter().filter(|row| !row.shown) {
        let _ = writeln!(text, "{}: not held by the rollout, {}", row.id, row.why);
    }
    let totals = report.totals;
    let _ = writeln!(
        text,
        "\n'held by' is what the drill showed; in brackets the earlier wall that must stop it, by \
         the record's judgement.\nharmed {} (median {}) against {} as it happened; hands {} \
         against {}\n{} of {} held by the rollout, {} undone by agents, {} need a wall before it",
        count(totals.harmed),
        count(totals.harmed_median),
        count(totals.harmed_as_it_happened),
        count(totals.hands_needed),
        count(totals.hands_as_it_happened),
        totals.stopped_by_rollout,
        totals.incidents,
        totals.undone_by_agents,
        totals.not_held
    );
    text
}

fn held_by(row: &Row) -> String {
    match (row.wall, row.shown) {
        (Some(wall), true) => wall.word().into(),
        (Some(wall), false) => format!("({})", wall.word()),
        (None, _) => "none".into(),
    }
}
