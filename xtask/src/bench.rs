//! `cargo xtask bench`: ratios measured in one run, with how each was measured.
//!
//! Machines are noisy: absolute figures are printed for information, limits are on ratios or on
//! rates per CPU second. Nothing here asserts wall time in a test.

mod check;
mod drill;
mod polls;

use crate::arguments::Arguments;
use crate::stage::Programs;
use crate::{Fault, Outcome};
use serde::Serialize;

/// The document that `--output json` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    schema: &'static str,
    benches: Vec<Figure>,
}

/// One measured figure.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What.
    pub name: String,
    /// Median of the runs.
    pub measured: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is held against; `None` where the figure is only reported.
    pub limit: Option<f64>,
    /// Whether the limit holds; true where there is none.
    pub holds: bool,
    /// How it was measured, in one or two sentences.
    pub how: String,
}

impl Figure {
    /// A figure that must be at most `limit`.
    pub fn at_most(
        name: &str,
        measured: f64,
        limit: f64,
        unit: &'static str,
        how: String,
    ) -> Figure {
        let holds = measured <= limit;
        Figure { name: name.to_owned(), measured, unit, limit: Some(limit), holds, how }
    }
    /// A figure that must be at least `limit`.
    pub fn at_least(
        name: &str,
        measured: f64,
        limit: f64,
        unit: &'static str,
        how: String,
    ) -> Figure {
        let holds = measured >= limit;
        Figure { name: name.to_owned(), measured, unit, limit: Some(limit), holds, how }
    }
    /// A figure without a limit.
    pub fn only(name: &str, measured: f64, unit: &'static str, how: String) -> Figure {
        Figure { name: name.to_owned(), measured, unit, limit: None, holds: true, how }
    }
}

/// The middle of some measurements; not a number when there are none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs the benches of one area, or all.
pub fn main(rest: &[String]) -> Outcome<u8> {
    let mut arguments = Arguments::new(rest);
    let output = arguments.value("--output", &["human", "json"])?;
    let areas = arguments.words()?;
    let known = ["check", "polls", "drill"];
    if let Some(unknown) = areas.iter().find(|area| !known.contains(&area.as_str())) {
        return Err(Fault(format!(
            "there is no bench area '{unknown}'; known: {}",
            known.join(", ")
        )));
    }
    let wanted = |area: &str| areas.is_empty() || areas.iter().any(|name| name == area);
    let programs = Programs::build("release")?;
    let mut benches = Vec::new();
    if wanted("check") {
        benches.extend(check::run(&programs)?);
    }
    if wanted("polls") {
        benches.extend(polls::run(&programs)?);
    }
    if wanted("drill") {
        benches.extend(drill::run(&programs)?);
    }
    let good = benches.iter().all(|figure| figure.holds);
    let report = Report { schema: "ringfence/bench/v1", benches };
    if output.as_deref() == Some("json") {
        let text = serde_json::to_string_pretty(&report).map_err(|e| Fault::about("report", e))?;
        println!("{text}");
    } else {
        report.benches.iter().for_each(print);
    }
    Ok(u8::from(!good))
}

fn print(figure: &Figure) {
    let against = match figure.limit {
        Some(limit) if figure.holds => format!("limit {limit}, holds"),
        Some(limit) => format!("limit {limit}, DOES NOT HOLD"),
        None => "no limit".to_owned(),
    };
    println!("{:<34} {:>14.3} {:<26} {against}", figure.name, figure.measured, figure.unit);
    println!("    {}", figure.how);
}
