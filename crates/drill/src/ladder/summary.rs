//! What a ladder run came to.

use super::Run;
use super::world::{World, flag};
use crate::scenario::{Harm, Wall};
use decide::rollout::Phase;

/// The run in figures.
pub(super) fn summary(world: World<'_>) -> Run {
    let count = |what: u16| world.flags.iter().filter(|flags| **flags & what == what).count();
    let online = count(flag::SEEN) as u64;
    let still_down = count(flag::HARMED | flag::DOWN) as u64;
    let mut outcome = world.outcome.clone();
    let phase = world.rollout.phase();
    let exposed_all = outcome.everywhere_s.is_some();
    outcome.online = online;
    outcome.healed_alone = outcome.harmed - still_down;
    outcome.simulated_s = world.now_s();
    outcome.phase = phase.word().into();
    outcome.why = world.why();
    if outcome.halted_s.is_some() {
        let halt = world.decisions.iter().find(|decided| decided.what == "halts");
        outcome.why = halt.and_then(|halt| halt.why.clone()).or(outcome.why);
    }
    outcome.first_harm_to_halt_s = match (outcome.first_harm_s, outcome.halted_s) {
        (Some(harm), Some(halt)) => Some(halt.saturating_sub(harm)),
        _ => None,
    };
    let minutes = outcome.hands_needed as f64 * world.scenario.repair.hands_min;
    outcome.hands_hours = libm::round(minutes / 60.0) as u64;
    let standing = matches!(phase, Phase::Advancing | Phase::Holding);
    outcome.stopped_by = if world.scenario.shared_fate {
        None
    } else if phase.stopped() || standing && !exposed_all {
        Some(Wall::Rollout)
    } else if outcome.harmed > 0 && still_down == 0 && world.scenario.harm != Harm::Quiet {
        Some(Wall::Agent)
    } else {
        None
    };
    let checks = world.checkers.checks();
    (outcome, world.points, world.decisions, checks)
}
