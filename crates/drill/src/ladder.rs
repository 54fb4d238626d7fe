//! A rollout along a ladder, with the production decisions and agents.
//!
//! The world lives in whole seconds. Machines report to [`decide::rollout::Rollout`], which says
//! what to publish; machines read that, and `decide::endpoint` says what they do. Checkers that
//! share nothing with either watch every step, and the first broken invariant ends the drill.

mod agents;
mod calendar;
mod control;
mod fleet;
mod machine;
mod summary;
mod weather;
mod world;

#[cfg(test)]
mod tests;

use crate::check::Checkers;
use crate::error::{DrillError, INVARIANT, OUT_OF_RANGE};
use crate::report::{Checks, Decided, Outcome, Point};
use crate::request::Watch;
use crate::scenario::Scenario;
use agents::{Agents, Endpoint as _};
use control::Production;
use decide::policy::{Lane, Policy};
use std::rc::Rc;
use world::World;

pub(crate) use fleet::affected;

/// What a ladder run gives.
pub(crate) type Run = (Outcome, Vec<Point>, Vec<Decided>, Checks);

/// Most machines along a ladder: some 70 bytes each, so that a drill stays below 2 GiB.
const MACHINES_MAX: u64 = 20_000_000;
/// Steps between two looks at whether to stop.
const WATCH_EVERY: u64 = 256;

/// Runs it.
pub(crate) fn run(
    scenario: &Scenario,
    policy: &Policy,
    lane: Lane,
    machines: u64,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<Run, DrillError> {
    if policy.ladder(lane).is_none() {
        let sentence = format!("policy '{}' has no lane '{}'", policy.name, lane.name());
        return Err(DrillError::refused(OUT_OF_RANGE, sentence));
    }
    if machines > MACHINES_MAX {
        let sentence =
            format!("{machines} machines: along a ladder a drill takes up to {MACHINES_MAX}");
        return Err(DrillError::refused(OUT_OF_RANGE, sentence));
    }
    let names = |bad| DrillError::refused(OUT_OF_RANGE, format!("a fleet cannot be named: {bad}"));
    let fleet = fleet::fleet(scenario, policy, lane, machines, seed, watch)?;
    let order = Rc::new(fleet::order(&fleet.start));
    let agents = Agents::new().map_err(names)?;
    let seed_file = agents.record(0).seed;
    let checkers = Checkers::new(&fleet.start, Rc::clone(&order), seed_file);
    let world = World::new(
        scenario,
        seed,
        (fleet, order),
        Box::new(Production),
        Box::new(agents),
        checkers,
    );
    live(world, seed, watch)
}

/// Lives until nothing can change any more.
fn live(mut world: World<'_>, seed: u64, watch: &mut dyn Watch) -> Result<Run, DrillError> {
    world.begin();
    let mut steps = 0u64;
    while world.advance() {
        if let Some(violation) = world.checkers.violation() {
            let sentence = format!(
                "invariant {} broken {} s into '{}', seed {seed}: {}",
                violation.invariant,
                world.now_s(),
                world.scenario.id,
                violation.what
            );
            return Err(DrillError::Violated(decide::reason::Reason::new(INVARIANT, sentence)));
        }
        steps += 1;
        if steps.is_multiple_of(WATCH_EVERY) {
            let (exposed, of) = world.progress();
            watch.progress(exposed, of, "machines exposed");
            if watch.interrupted() {
                return Err(DrillError::Interrupted);
            }
        }
    }
    Ok(summary::summary(world))
}
