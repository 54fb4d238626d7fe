//! Simulated machine-hours per second, through the real command.

use super::{Figure, median};
use crate::stage::Programs;
use crate::{Outcome, process};
use std::process::Command;
use std::time::Instant;

/// Machines of the July 2024 outage.
const MACHINES: u64 = 8_500_000;
/// Minutes from first exposure to halt.
const MINUTES: f64 = 78.0;
const RUNS: usize = 3;

/// Runs the bench.
pub(super) fn run(programs: &Programs) -> Outcome<Vec<Figure>> {
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        process::run(Command::new(programs.path("ringfence")).args([
            "drill",
            "run",
            "crowdstrike_channel_291",
            "--policy",
            "all-at-once",
            "--machines",
            &MACHINES.to_string(),
            "--output",
            "json",
        ]))?;
        rates.push(MACHINES as f64 * MINUTES / 60.0 / began.elapsed().as_secs_f64());
    }
    let how = format!(
        "`ringfence drill run crowdstrike_channel_291 --policy all-at-once`, {MACHINES} machines \
         over {MINUTES} minutes, whole process, wall time, median of {RUNS}"
    );
    Ok(vec![Figure::only("drill speed", median(rates), "machine-hours per second", how)])
}
