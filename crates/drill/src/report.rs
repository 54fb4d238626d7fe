//! What a drill found, as data. Text is drawn from it in [`crate::render`].

use crate::scenario::{Harm, Scenario, Wall};
use decide::reason::Reason;
use serde::Serialize;

/// The schema of [`RunReport`].
pub const RUN_SCHEMA: &str = "ringfence/drill-run/v1";
/// The schema of [`IncidentsReport`].
pub const INCIDENTS_SCHEMA: &str = "ringfence/drill-incidents/v1";
/// The schema of [`ListReport`].
pub const LIST_SCHEMA: &str = "ringfence/drill-list/v1";

/// The schema of [`CompareReport`].
pub const COMPARE_SCHEMA: &str = "ringfence/drill-compare/v1";
/// The schema of [`SweepReport`].
pub const SWEEP_SCHEMA: &str = "ringfence/drill-sweep/v1";

/// One scenario under one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// Always [`RUN_SCHEMA`].
    pub schema: &'static str,
    /// The scenario.
    pub scenario: Listed,
    /// The policy's name.
    pub policy: String,
    /// Machines of the fleet.
    pub machines: u64,
    /// The seed; the same seed gives the same bytes.
    pub seed: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// Exposure and harm over time.
    pub timeline: Vec<Point>,
    /// What was decided, in order; long histories are shortened in the middle.
    pub decisions: Vec<Decided>,
    /// What the independent checkers looked at.
    pub checks: Checks,
    /// What the record leaves open and the drill assumes.
    pub assumptions: Vec<String>,
}

/// The figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Machines that were on at some time and could be reached.
    pub online: u64,
    /// Machines that loaded the file.
    pub exposed: u64,
    /// Machines of the fleet.
    pub of: u64,
    /// Machines on which the defect fired.
    pub harmed: u64,
    /// Harmed machines that need a person on site.
    pub hands_needed: u64,
    /// Hours of work that those are, at the record's minutes a machine.
    pub hands_hours: u64,
    /// Harmed machines that came back without anybody.
    pub healed_alone: u64,
    /// Seconds from the start to the first harm.
    pub first_harm_s: Option<u64>,
    /// Seconds from the start to when nobody further got it.
    pub halted_s: Option<u64>,
    /// Seconds from the first harm to the halt.
    pub first_harm_to_halt_s: Option<u64>,
    /// Seconds from the start to when everybody was offered it.
    pub everywhere_s: Option<u64>,
    /// Seconds from the start to when the last machine that heals alone was back.
    pub healed_s: Option<u64>,
    /// Which wall stopped it; `None` when none did or nothing had to be stopped.
    pub stopped_by: Option<Wall>,
    /// The phase the rollout ended in; empty without a rollout.
    pub phase: String,
    /// Why it stopped, or why not.
    pub why: Option<Reason>,
    /// Heartbeats simulated one by one.
    pub heartbeats: u64,
    /// Seconds of virtual time.
    pub simulated_s: u64,
}

/// One moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Seconds from the start.
    pub at_s: u64,
    /// Machines that have loaded the file so far.
    pub exposed: u64,
    /// Machines harmed so far.
    pub harmed: u64,
    /// Machines that are down now.
    pub down: u64,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decided {
    /// Seconds from the start.
    pub at_s: u64,
    /// What.
    pub what: String,
    /// Why.
    pub why: Option<Reason>,
}

/// What the checkers did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Numbers of the invariants that were watched.
    pub invariants: Vec<u8>,
    /// Decisions and machine steps that were looked at.
    pub steps: u64,
}

/// The whole library under one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentsReport {
    /// Always [`INCIDENTS_SCHEMA`].
    pub schema: &'static str,
    /// The library's name.
    pub library: String,
    /// Machines of each fleet.
    pub machines: u64,
    /// The seed.
    pub seed: u64,
    /// The policy.
    pub policy: String,
    /// One row an incident, in the library's order.
    pub incidents: Vec<Row>,
    /// Sums.
    pub totals: Totals,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name in the library.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The date.
    pub date: String,
    /// The wall that stops it: the first that held in the simulation or, where the rollout cannot
    /// hold it, the earliest wall that the record's guards stand on.
    pub wall: Option<Wall>,
    /// True when the simulation showed it, with check and trial assumed blind; false when the wall
    /// is the record's judgement.
    pub shown: bool,
    /// The earliest wall that a guard of the record stands on.
    pub first_wall: Option<Wall>,
    /// Machines that loaded it, under the policy.
    pub exposed: u64,
    /// Machines harmed, under the policy.
    pub harmed: u64,
    /// Machines that need a person, under the policy.
    pub hands_needed: u64,
    /// Seconds from the first harm to the halt, under the policy.
    pub first_harm_to_halt_s: Option<u64>,
    /// Why it stopped, or why the rollout could not stop it.
    pub why: String,
    /// Without rings and agents.
    pub as_it_happened: Happened,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// The same fleet without rings and agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// Machines that loaded it.
    pub exposed: u64,
    /// Machines harmed.
    pub harmed: u64,
    /// Machines that needed a person.
    pub hands_needed: u64,
    /// Seconds from the first harm to the halt.
    pub first_harm_to_halt_s: Option<u64>,
}

/// Sums over a library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Incidents.
    pub incidents: u64,
    /// Stopped by the rollout, with check and trial blind.
    pub stopped_by_rollout: u64,
    /// Undone by agents alone, after it had reached everybody.
    pub undone_by_agents: u64,
    /// Neither: only a wall before publishing helps.
    pub not_held: u64,
    /// The median of machines harmed, under the policy.
    pub harmed_median: u64,
    /// Machines harmed, under the policy.
    pub harmed: u64,
    /// Machines that need a person, under the policy.
    pub hands_needed: u64,
    /// Machines harmed as it happened.
    pub harmed_as_it_happened: u64,
    /// Machines that needed a person as it happened.
    pub hands_as_it_happened: u64,
}

/// The scenarios there are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListReport {
    /// Always [`LIST_SCHEMA`].
    pub schema: &'static str,
    /// The scenarios.
    pub scenarios: Vec<Listed>,
}

/// One scenario in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// Its name.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The date; empty for built-in ones.
    pub date: String,
    /// To whom it happened.
    pub org: String,
    /// One line.
    pub line: String,
    /// Shapes.
    pub shapes: Vec<String>,
    /// What starts the harm.
    pub trigger: String,
    /// What is left working.
    pub harm: Harm,
    /// Share of machines that can be harmed.
    pub affected: f64,
}

impl Listed {
    /// The line of a scenario.
    pub fn of(scenario: &Scenario) -> Listed {
        Listed {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            date: scenario.date.clone(),
            org: scenario.org.clone(),
            line: scenario.line.clone(),
            shapes: scenario.shapes.clone(),
            trigger: scenario.trigger_word.clone(),
            harm: scenario.harm,
            affected: scenario.affected,
        }
    }
}

/// A figure over several seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Half of the runs are at or below it.
    pub median: u64,
    /// 95 of 100 runs are at or below it.
    pub p95: u64,
}

impl Figure {
    /// Of some runs; `None` of none.
    pub fn of(mut runs: Vec<u64>) -> Option<Figure> {
        runs.sort_unstable();
        let last = runs.len().checked_sub(1)?;
        let p95 = (runs.len() * 95).div_ceil(100).saturating_sub(1);
        Some(Figure { median: runs[last / 2], p95: runs[p95] })
    }
}

/// One scenario under several policies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompareReport {
    /// Always [`COMPARE_SCHEMA`].
    pub schema: &'static str,
    /// The scenario.
    pub scenario: Listed,
    /// Machines of each fleet.
    pub machines: u64,
    /// The first seed.
    pub seed: u64,
    /// Runs of each policy.
    pub seeds: u64,
    /// The policy that the others are held against.
    pub ours: String,
    /// One row a policy.
    pub policies: Vec<Compared>,
    /// What the record leaves open and the drill assumes.
    pub assumptions: Vec<String>,
}

/// One policy of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its name.
    pub policy: String,
    /// Where its numbers are from.
    pub source: String,
    /// What is our assumption about it; empty for our own.
    pub assumed: String,
    /// Machines that loaded the file.
    pub exposed: Figure,
    /// Machines harmed.
    pub harmed: Figure,
    /// Machines that need a person.
    pub hands_needed: Figure,
    /// Seconds from the first harm to the halt, over the runs that halted.
    pub first_harm_to_halt_s: Option<Figure>,
    /// Runs that halted before everybody was offered it, or after.
    pub halted: u64,
    /// A good file in the same weather: seconds until everybody was offered it.
    pub good_everywhere_s: Option<Figure>,
    /// A good file in the same weather: runs that were stopped.
    pub false_halts: u64,
    /// Median harm against ours, which counts as at least one machine.
    pub harmed_ratio: f64,
    /// Exposure and harm over time, of the first seed.
    pub timeline: Vec<Point>,
}

/// All scenarios under one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepReport {
    /// Always [`SWEEP_SCHEMA`].
    pub schema: &'static str,
    /// The policy.
    pub policy: String,
    /// Machines of each fleet.
    pub machines: u64,
    /// The first seed.
    pub seed: u64,
    /// Runs of each scenario.
    pub seeds: u64,
    /// One row a scenario.
    pub scenarios: Vec<Swept>,
}

/// One scenario of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Swept {
    /// Its name.
    pub id: String,
    /// True when nothing had to be stopped.
    pub good: bool,
    /// Machines that loaded the file.
    pub exposed: Figure,
    /// Machines harmed.
    pub harmed: Figure,
    /// Machines that need a person.
    pub hands_needed: Figure,
    /// Runs that halted.
    pub halted: u64,
    /// Seconds from the first harm to the halt.
    pub first_harm_to_halt_s: Option<Figure>,
    /// Seconds until everybody was offered it.
    pub everywhere_s: Option<Figure>,
    /// Machines harmed when everybody gets it at once, median.
    pub harmed_all_at_once: u64,
}
