//! Random histories: fleets, policies and faults out of a seed, with every checker after every
//! step. A failure is shrunk to a small script, and its seed alone shows it again.

mod history;
mod shrink;

pub(crate) use history::{History, history};

use crate::error::DrillError;
use crate::request::Watch;
use crate::table::Quiet;
use decide::reason::Reason;
use serde::Serialize;

/// The schema of [`FuzzReport`].
pub const FUZZ_SCHEMA: &str = "ringfence/drill-fuzz/v1";
/// Most histories of one call.
pub const HISTORIES_MAX: u64 = 1_000_000_000;
/// The commit this was built from, where the build says so.
const COMMIT: Option<&str> = option_env!("RINGFENCE_COMMIT");

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct FuzzRequest {
    /// The seed of the first history; the next has the next seed.
    pub seed: u64,
    /// How many at most.
    pub histories: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FuzzReport {
    /// Always [`FUZZ_SCHEMA`].
    pub schema: &'static str,
    /// The seed of the first history.
    pub seed: u64,
    /// Histories that were lived through.
    pub histories: u64,
    /// Decisions and machine steps that the checkers looked at.
    pub steps: u64,
    /// The first failure.
    pub failure: Option<FuzzFailure>,
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FuzzFailure {
    /// The seed that shows it.
    pub seed: u64,
    /// The commit, where it is known.
    pub commit: Option<&'static str>,
    /// What was broken in the history as drawn.
    pub reason: Reason,
    /// The history, shrunk.
    pub script: String,
}

/// Lives through random histories until one breaks an invariant, `enough` says so, or all are
/// done.
///
/// # Errors
/// The watch stopped it.
pub fn fuzz(
    request: &FuzzRequest,
    watch: &mut dyn Watch,
    enough: &mut dyn FnMut() -> bool,
) -> Result<FuzzReport, DrillError> {
    let mut report = FuzzReport {
        schema: FUZZ_SCHEMA,
        seed: request.seed,
        histories: 0,
        steps: 0,
        failure: None,
    };
    while report.histories < request.histories.min(HISTORIES_MAX) && !enough() {
        let seed = request.seed.wrapping_add(report.histories);
        watch.progress(report.histories, request.histories, "histories");
        let history = history(seed);
        report.histories += 1;
        match live(&history, watch) {
            Ok(steps) => report.steps += steps,
            Err(DrillError::Violated(reason)) => {
                let script = shrink::shrink(history, &mut |smaller| {
                    matches!(live(smaller, watch), Err(DrillError::Violated(_)))
                })
                .script();
                let failure = FuzzFailure { seed, commit: COMMIT, reason, script };
                return Ok(FuzzReport { failure: Some(failure), ..report });
            }
            Err(other) => return Err(other),
        }
    }
    Ok(report)
}

/// One history; gives what the checkers looked at.
fn live(history: &History, watch: &mut dyn Watch) -> Result<u64, DrillError> {
    let History { seed, machines, scenario, policy, lane } = history;
    let quiet = &mut Quiet(watch);
    crate::ladder::run(scenario, policy, *lane, *machines, *seed, quiet).map(|run| run.3.steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Unwatched;

    #[test]
    fn random_histories_break_nothing_and_are_the_same_twice() {
        let request = FuzzRequest { seed: 1, histories: 400 };
        let run = || fuzz(&request, &mut Unwatched, &mut || false).expect("a report");
        let report = run();
        assert_eq!(report.failure, None);
        assert_eq!(report.histories, 400);
        assert!(report.steps > 100_000, "{}", report.steps);
        let few = FuzzRequest { seed: 7, histories: 20 };
        let again = || fuzz(&few, &mut Unwatched, &mut || false).expect("a report");
        assert_eq!(again(), again());
    }

    #[test]
    fn every_policy_that_is_drawn_passes_the_gate() {
        for seed in 0..500 {
            let history = history(seed);
            assert_eq!(history.policy.check(), vec![], "seed {seed}");
            assert_eq!(history.scenario.fleet.faults(), Vec::<String>::new(), "seed {seed}");
        }
    }

    #[test]
    fn enough_is_enough() {
        let request = FuzzRequest { seed: 1, histories: 1_000 };
        let mut left = 3;
        let mut enough = || {
            left -= 1;
            left < 0
        };
        let report = fuzz(&request, &mut Unwatched, &mut enough).expect("a report");
        assert_eq!(report.histories, 3);
    }
}
