//! Every scenario under one policy.

use crate::compare::seeds;
use crate::error::DrillError;
use crate::fleet::Shape;
use crate::library::Library;
use crate::policies::Choice;
use crate::report::{Figure, Outcome, SWEEP_SCHEMA, SweepReport, Swept};
use crate::request::{Watch, machines_in_range, on_fleet, one, or_shipped, scenarios};
use crate::scenario::{Harm, Scenario};
use crate::table::Quiet;

/// Machines of each fleet, when not said.
const SWEEP_MACHINES: u64 = 10_000;

/// A sweep.
#[derive(Clone, Debug)]
pub struct SweepRequest {
    /// The library; the shipped one when `None`.
    pub library: Option<Library>,
    /// Only scenarios with this word in their name or shapes.
    pub filter: String,
    /// What is followed.
    pub policy: Choice,
    /// Machines of each fleet.
    pub machines: Option<u64>,
    /// The first seed.
    pub seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// The fleet; a mixed fleet of servers when `None`.
    pub fleet: Option<Shape>,
}

/// Runs it.
///
/// # Errors
/// The request is unusable, a checker saw an invariant broken, or the watch stopped it.
pub fn sweep(request: &SweepRequest, watch: &mut dyn Watch) -> Result<SweepReport, DrillError> {
    let library = or_shipped(request.library.as_ref())?;
    let shaped = request.fleet.as_ref().and_then(|fleet| fleet.machines);
    let machines = machines_in_range(request.machines.or(shaped).unwrap_or(SWEEP_MACHINES))?;
    let wanted = |scenario: &Scenario| {
        let shapes = scenario.shapes.iter();
        shapes.chain([&scenario.id]).any(|word| word.contains(&request.filter))
    };
    let all: Vec<Scenario> = scenarios(&library).filter(wanted).collect();
    let mut rows = Vec::new();
    for (done, scenario) in all.iter().enumerate() {
        watch.progress(done as u64, all.len() as u64, &scenario.id);
        let scenario = on_fleet(scenario.clone(), request.fleet.as_ref());
        let (mut runs, mut before) = (Vec::new(), Vec::new());
        for seed in seeds(request.seed, request.seeds)? {
            let quiet = &mut Quiet(watch);
            runs.push(one(&scenario, &request.policy, machines, seed, quiet)?.0);
            before.push(one(&scenario, &Choice::AllAtOnce, machines, seed, quiet)?.0.harmed);
        }
        rows.push(swept(&scenario, &runs, before));
    }
    Ok(SweepReport {
        schema: SWEEP_SCHEMA,
        policy: request.policy.name(),
        machines,
        seed: request.seed,
        seeds: request.seeds,
        scenarios: rows,
    })
}

fn swept(scenario: &Scenario, runs: &[Outcome], before: Vec<u64>) -> Swept {
    let figure =
        |of: fn(&Outcome) -> u64| Figure::of(runs.iter().map(of).collect()).unwrap_or_default();
    let some = |of: fn(&Outcome) -> Option<u64>| Figure::of(runs.iter().filter_map(of).collect());
    Swept {
        id: scenario.id.clone(),
        good: scenario.harm == Harm::None,
        exposed: figure(|run| run.exposed),
        harmed: figure(|run| run.harmed),
        hands_needed: figure(|run| run.hands_needed),
        halted: runs.iter().filter(|run| run.halted_s.is_some()).count() as u64,
        first_harm_to_halt_s: some(|run| run.first_harm_to_halt_s),
        everywhere_s: some(|run| run.everywhere_s),
        harmed_all_at_once: Figure::of(before).unwrap_or_default().median,
    }
}
