//! Rows and sums of `drill incidents`, and curves thinned for reports.

use crate::error::DrillError;
use crate::policies::Choice;
use crate::report::{Happened, Outcome, Point, Row, Totals};
use crate::request::{Watch, one};
use crate::scenario::{Harm, Scenario, Wall};
use crate::unstaged;

/// Tells nobody how far one incident is; the library as a whole is what is waited for.
pub(crate) struct Quiet<'a>(pub(crate) &'a mut dyn Watch);

impl Watch for Quiet<'_> {
    fn progress(&mut self, _: u64, _: u64, _: &str) {}
    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

/// One incident.
pub(crate) fn row(
    scenario: &Scenario,
    policy: &Choice,
    machines: u64,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<Row, DrillError> {
    let mut quiet = Quiet(watch);
    let (before, _) = unstaged::run(scenario, machines, seed, &mut quiet)?;
    let after = match policy {
        Choice::AllAtOnce => before.clone(),
        _ => one(scenario, policy, machines, seed, &mut quiet)?.0,
    };
    let first_wall = scenario.walls().first().copied();
    let (wall, shown) = match after.stopped_by {
        Some(wall) => (Some(wall), true),
        None => (first_wall.filter(|wall| *wall < Wall::Rollout), false),
    };
    Ok(Row {
        id: scenario.id.clone(),
        name: scenario.name.clone(),
        date: scenario.date.clone(),
        wall,
        shown,
        first_wall,
        exposed: after.exposed,
        harmed: after.harmed,
        hands_needed: after.hands_needed,
        first_harm_to_halt_s: after.first_harm_to_halt_s,
        why: why(scenario, &after),
        as_it_happened: Happened {
            exposed: before.exposed,
            harmed: before.harmed,
            hands_needed: before.hands_needed,
            first_harm_to_halt_s: before.first_harm_to_halt_s,
        },
        assumptions: scenario.assumptions.clone(),
    })
}

fn why(scenario: &Scenario, after: &Outcome) -> String {
    if after.stopped_by == Some(Wall::Agent) {
        return "everybody had it when it fired; agents put the known-good file back".into();
    }
    if after.stopped_by.is_some() {
        return after.why.as_ref().map_or_else(String::new, |why| why.sentence.clone());
    }
    match scenario.harm {
        Harm::Quiet => {
            "nothing crashes or falls silent; the rollout judges neither decisions nor load yet"
        }
        _ if scenario.shared_fate => "the first harmed machine takes all others down",
        _ if scenario.wall_clock_s > 0.0 => "it fires by the date, after everybody has it",
        _ => "too few machines are affected while others can still be compared with them",
    }
    .into()
}

/// Sums.
pub(crate) fn totals(rows: &[Row]) -> Totals {
    let sum = |of: fn(&Row) -> u64| rows.iter().map(of).sum();
    let stopped = |wall| rows.iter().filter(|row| row.shown && row.wall == Some(wall)).count();
    let mut harmed: Vec<u64> = rows.iter().map(|row| row.harmed).collect();
    harmed.sort_unstable();
    let by_rollout = stopped(Wall::Rollout) as u64;
    let by_agents = stopped(Wall::Agent) as u64;
    Totals {
        incidents: rows.len() as u64,
        stopped_by_rollout: by_rollout,
        undone_by_agents: by_agents,
        not_held: rows.len() as u64 - by_rollout - by_agents,
        harmed_median: harmed.get(harmed.len() / 2).copied().unwrap_or(0),
        harmed: sum(|row| row.harmed),
        hands_needed: sum(|row| row.hands_needed),
        harmed_as_it_happened: sum(|row| row.as_it_happened.harmed),
        hands_as_it_happened: sum(|row| row.as_it_happened.hands_needed),
    }
}

/// At most `most` moments of a curve: the first, the last, and those at which it has grown most.
pub(crate) fn thin(points: Vec<Point>, most: usize) -> Vec<Point> {
    if points.len() <= most {
        return points;
    }
    // Even steps on a scale of time that stretches the beginning, where rollouts are decided.
    let last = points.len() - 1;
    let (first_s, last_s) = (points[0].at_s.max(1) as f64, points[last].at_s.max(2) as f64);
    let ratio = last_s / first_s;
    let mut kept: Vec<Point> = Vec::with_capacity(most);
    let mut index = 0;
    for step in 0..most {
        let at = first_s * libm::pow(ratio, step as f64 / (most - 1) as f64);
        while index < last && (points[index + 1].at_s as f64) <= at {
            index += 1;
        }
        if kept.last() != Some(&points[index]) {
            kept.push(points[index]);
        }
    }
    if kept.last() != Some(&points[last]) {
        kept.push(points[last]);
    }
    kept
}
