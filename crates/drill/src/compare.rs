//! One scenario under several policies, over several seeds.

use crate::error::{DrillError, OUT_OF_RANGE};
use crate::fleet::Shape;
use crate::library::Library;
use crate::policies::Choice;
use crate::report::{COMPARE_SCHEMA, CompareReport, Compared, Figure, Listed, Outcome, Point};
use crate::request::{POINTS_MAX, Watch, find, machines_in_range, on_fleet, one, or_shipped};
use crate::scenario::{Harm, Scenario};
use crate::table::{Quiet, thin};

/// Most seeds of a comparison.
const SEEDS_MAX: u64 = 10_000;
/// Most policies of a comparison.
const POLICIES_MAX: usize = 64;

/// A comparison.
#[derive(Clone, Debug)]
pub struct CompareRequest {
    /// The scenario's name.
    pub scenario: String,
    /// The library; the shipped one when `None`.
    pub library: Option<Library>,
    /// What is compared; the first that is a ladder of ours is what the others are held against.
    pub policies: Vec<Choice>,
    /// Machines; the record's count, or 100,000, when `None`.
    pub machines: Option<u64>,
    /// The first seed.
    pub seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// The fleet; a mixed fleet of servers when `None`.
    pub fleet: Option<Shape>,
}

/// The same weather, and a file that harms nobody.
pub(crate) fn good_twin(scenario: &Scenario) -> Scenario {
    Scenario { harm: Harm::None, shared_fate: false, ..scenario.clone() }
}

/// The seeds of a request.
pub(crate) fn seeds(first: u64, count: u64) -> Result<impl Iterator<Item = u64>, DrillError> {
    if (1..=SEEDS_MAX).contains(&count) {
        return Ok((0..count).map(move |n| first.wrapping_add(n)));
    }
    let sentence = format!("{count} seeds: a comparison takes 1 to {SEEDS_MAX}");
    Err(DrillError::refused(OUT_OF_RANGE, sentence))
}

/// Runs it.
///
/// # Errors
/// The request is unusable, a checker saw an invariant broken, or the watch stopped it.
pub fn compare(
    request: &CompareRequest,
    watch: &mut dyn Watch,
) -> Result<CompareReport, DrillError> {
    let library = or_shipped(request.library.as_ref())?;
    let scenario = on_fleet(find(&library, &request.scenario)?, request.fleet.as_ref());
    let machines = machines_in_range(scenario.machines(request.machines))?;
    if !(1..=POLICIES_MAX).contains(&request.policies.len()) {
        let sentence = format!("a comparison takes 1 to {POLICIES_MAX} policies");
        return Err(DrillError::refused(OUT_OF_RANGE, sentence));
    }
    let mut rows = Vec::new();
    let of = request.policies.len() as u64 * request.seeds;
    for (place, policy) in request.policies.iter().enumerate() {
        let mut row = Row::default();
        for (done, seed) in seeds(request.seed, request.seeds)?.enumerate() {
            let done = place as u64 * request.seeds + done as u64;
            watch.progress(done, of, "runs");
            row.run(&scenario, policy, machines, seed, watch)?;
        }
        rows.push(row.compared(policy));
    }
    let is_ours = |policy: &&Choice| matches!(policy, Choice::Ladder { .. });
    let ours = request.policies.iter().position(|policy| is_ours(&policy)).unwrap_or(0);
    let least = rows[ours].harmed.median.max(1) as f64;
    for row in &mut rows {
        row.harmed_ratio = row.harmed.median as f64 / least;
    }
    Ok(CompareReport {
        schema: COMPARE_SCHEMA,
        scenario: Listed::of(&scenario),
        machines,
        seed: request.seed,
        seeds: request.seeds,
        ours: rows[ours].policy.clone(),
        policies: rows,
        assumptions: scenario.assumptions.clone(),
    })
}

/// The runs of one policy.
#[derive(Default)]
struct Row {
    outcomes: Vec<Outcome>,
    good: Vec<Outcome>,
    timeline: Vec<Point>,
}

impl Row {
    fn run(
        &mut self,
        scenario: &Scenario,
        policy: &Choice,
        machines: u64,
        seed: u64,
        watch: &mut dyn Watch,
    ) -> Result<(), DrillError> {
        let quiet = &mut Quiet(watch);
        let (outcome, points, ..) = one(scenario, policy, machines, seed, quiet)?;
        if self.outcomes.is_empty() {
            self.timeline = thin(points, POINTS_MAX);
        }
        if scenario.harm == Harm::None {
            self.good.push(outcome.clone());
        } else {
            self.good.push(one(&good_twin(scenario), policy, machines, seed, quiet)?.0);
        }
        self.outcomes.push(outcome);
        Ok(())
    }

    fn compared(self, policy: &Choice) -> Compared {
        let figure = |of: fn(&Outcome) -> u64| {
            Figure::of(self.outcomes.iter().map(of).collect()).unwrap_or_default()
        };
        let some = |runs: &[Outcome], of: fn(&Outcome) -> Option<u64>| {
            Figure::of(runs.iter().filter_map(of).collect())
        };
        let stopped = |runs: &[Outcome]| runs.iter().filter(|run| run.halted_s.is_some()).count();
        let (source, assumed) = match policy {
            Choice::AllAtOnce => ("everybody at once; people stop it as late as on record", ""),
            Choice::Peer(peer) => (peer.source, peer.assumed),
            Choice::Ladder { .. } => ("the production decisions and agents", ""),
        };
        // Everybody at once has people who stop it at a fixed time, also when there is no harm.
        let people = *policy == Choice::AllAtOnce;
        Compared {
            policy: policy.name(),
            source: source.into(),
            assumed: assumed.into(),
            exposed: figure(|run| run.exposed),
            harmed: figure(|run| run.harmed),
            hands_needed: figure(|run| run.hands_needed),
            first_harm_to_halt_s: some(&self.outcomes, |run| run.first_harm_to_halt_s),
            halted: stopped(&self.outcomes) as u64,
            good_everywhere_s: some(&self.good, |run| run.everywhere_s),
            false_halts: if people { 0 } else { stopped(&self.good) as u64 },
            harmed_ratio: 0.0,
            timeline: self.timeline,
        }
    }
}
