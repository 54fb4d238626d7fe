//! Shrinking: fewer machines, calmer weather, a plainer fleet and policy, as long as it still fails.

use super::history::History;
use decide::policy::builtin::standard;

/// Most histories that are tried to shrink one.
const TRIES_MAX: usize = 1_000;

/// The smallest history found that `fails`.
pub(super) fn shrink(mut history: History, fails: &mut dyn FnMut(&History) -> bool) -> History {
    let mut tries = 0;
    loop {
        let before = tries;
        let smaller = simpler(&history).into_iter().find(|smaller| {
            tries += 1;
            tries <= TRIES_MAX && *smaller != history && fails(smaller)
        });
        match smaller {
            Some(smaller) if before < TRIES_MAX => history = smaller,
            _ => return history,
        }
    }
}

/// Simpler histories, the simplest first.
fn simpler(history: &History) -> Vec<History> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut History)| {
        let mut smaller = history.clone();
        change(&mut smaller);
        all.push(smaller);
    };
    for machines in [history.machines / 4, history.machines / 2, history.machines * 9 / 10] {
        with(&|h| h.machines = machines.max(1));
    }
    with(&|h| h.machines = h.machines.saturating_sub(1).max(1));
    with(&|h| h.scenario.weather.region_outage = None);
    with(&|h| h.scenario.weather.telemetry_loss = None);
    with(&|h| h.scenario.weather.control_outage = None);
    with(&|h| h.scenario.weather.other_release = None);
    with(&|h| h.scenario.weather.relay = None);
    with(&|h| h.scenario.weather.false_reporters = 0.0);
    with(&|h| h.scenario.weather.poisoned = false);
    with(&|h| h.scenario.baseline_per_day = 0.0);
    with(&|h| h.scenario.fleet.held = 0.0);
    with(&|h| h.scenario.fleet.offline = 0.0);
    with(&|h| h.scenario.fleet.leave_per_hour = 0.0);
    with(&|h| h.scenario.fleet.groups.truncate(1));
    with(&|h| h.scenario.affected = 1.0);
    with(&|h| h.policy = standard());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::history;

    #[test]
    fn what_does_not_matter_falls_away_and_what_does_stays() {
        let drawn =
            (0..).map(history).find(|h| h.machines > 100 && h.scenario.weather.relay.is_some());
        let drawn = drawn.expect("one of many");
        let mut fails = |h: &History| h.machines >= 7 && h.scenario.weather.relay.is_some();
        let small = shrink(drawn, &mut fails);
        assert_eq!(small.machines, 7);
        assert!(small.scenario.weather.relay.is_some());
        assert_eq!(small.policy, standard());
        assert_eq!(small.scenario.weather.control_outage, None);
        assert!(small.script().contains("machines 7\n"), "{}", small.script());
    }
}
