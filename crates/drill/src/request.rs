//! What a drill is asked for, and the one way to run it.

use crate::error::{DrillError, NO_SCENARIO, OUT_OF_RANGE, did_you_mean};
use crate::fleet::Shape;
use crate::ladder::Run;
use crate::library::{self, Library};
use crate::policies::Choice;
use crate::report::{
    Checks, INCIDENTS_SCHEMA, IncidentsReport, LIST_SCHEMA, ListReport, Listed, RUN_SCHEMA,
    RunReport,
};
use crate::scenario::{Scenario, builtin};
use crate::{table, unstaged};

/// Most machines of a drill; along a ladder a fifth of that.
pub const MACHINES_MAX: u64 = 100_000_000;
/// Machines of each fleet of `drill incidents`, when not said.
pub const INCIDENTS_MACHINES: u64 = 100_000;
/// Moments that a report keeps of a curve.
pub(crate) const POINTS_MAX: usize = 48;

/// Somebody who waits: is told how far it is, and may stop it.
pub trait Watch {
    /// So much of so much is done.
    fn progress(&mut self, done: u64, of: u64, what: &str);
    /// True once the drill should stop.
    fn interrupted(&self) -> bool;
}

/// Nobody waits.
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&mut self, _: u64, _: u64, _: &str) {}
    fn interrupted(&self) -> bool {
        false
    }
}

/// One drill.
#[derive(Clone, Debug)]
pub struct Request {
    /// The scenario's name.
    pub scenario: String,
    /// The library; the shipped one when `None`.
    pub library: Option<Library>,
    /// What is followed.
    pub policy: Choice,
    /// Machines; the record's count, or 100,000, when `None`.
    pub machines: Option<u64>,
    /// The seed.
    pub seed: u64,
    /// The fleet; a mixed fleet of servers when `None`.
    pub fleet: Option<Shape>,
}

/// A drill of each incident of a library.
#[derive(Clone, Debug)]
pub struct IncidentsRequest {
    /// The library; the shipped one when `None`.
    pub library: Option<Library>,
    /// What the library is called in the report.
    pub name: String,
    /// What is followed.
    pub policy: Choice,
    /// Machines of each fleet.
    pub machines: Option<u64>,
    /// The seed.
    pub seed: u64,
}

pub(crate) fn machines_in_range(machines: u64) -> Result<u64, DrillError> {
    if (1..=MACHINES_MAX).contains(&machines) {
        return Ok(machines);
    }
    let sentence = format!("{machines} machines: a drill takes 1 to {MACHINES_MAX}");
    Err(DrillError::refused(OUT_OF_RANGE, sentence))
}

pub(crate) fn or_shipped(library: Option<&Library>) -> Result<Library, DrillError> {
    library.map_or_else(library::shipped, |library| Ok(library.clone()))
}

/// Every scenario: the built-in ones, then those of the library.
pub(crate) fn scenarios(library: &Library) -> impl Iterator<Item = Scenario> + '_ {
    builtin().into_iter().chain(library.incidents.iter().map(|i| Scenario::of(i, library)))
}

/// The scenarios whose name, shape or line contains `filter`, case ignored.
///
/// # Errors
/// The shipped library is damaged.
pub fn list(library: Option<&Library>, filter: &str) -> Result<ListReport, DrillError> {
    let library = or_shipped(library)?;
    let filter = filter.to_lowercase();
    let matches = |scenario: &Scenario| {
        let words = [&scenario.id, &scenario.name, &scenario.org, &scenario.line];
        let mut words = words.into_iter().chain(&scenario.shapes);
        words.any(|word| word.to_lowercase().contains(&filter))
    };
    let scenarios = scenarios(&library).filter(matches).map(|s| Listed::of(&s)).collect();
    Ok(ListReport { schema: LIST_SCHEMA, scenarios })
}

pub(crate) fn find(library: &Library, id: &str) -> Result<Scenario, DrillError> {
    let all: Vec<Scenario> = scenarios(library).collect();
    let number = |scenario: &&Scenario| scenario.shapes.iter().any(|s| s.eq_ignore_ascii_case(id));
    let named = all.iter().find(|scenario| scenario.id == id);
    named.or_else(|| all.iter().find(number).filter(|s| s.date.is_empty())).cloned().ok_or_else(
        || {
            let hint = did_you_mean(id, all.iter().map(|scenario| scenario.id.as_str()))
                .map_or_else(String::new, |meant| format!(", did you mean '{meant}'?"));
            let sentence = format!("no scenario '{id}'{hint} `ringfence drill list` shows all");
            DrillError::refused(NO_SCENARIO, sentence)
        },
    )
}

/// The scenario on that fleet.
pub(crate) fn on_fleet(scenario: Scenario, fleet: Option<&Shape>) -> Scenario {
    match fleet {
        Some(fleet) => {
            let machines = fleet.machines.or(scenario.machines);
            Scenario { fleet: fleet.clone(), machines, ..scenario }
        }
        None => scenario,
    }
}

/// One scenario under one policy.
pub(crate) fn one(
    scenario: &Scenario,
    policy: &Choice,
    machines: u64,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<Run, DrillError> {
    match policy {
        Choice::AllAtOnce => {
            let (outcome, points) = unstaged::run(scenario, machines, seed, watch)?;
            Ok((outcome, points, Vec::new(), Checks::default()))
        }
        Choice::Peer(peer) => {
            let (outcome, points, decisions) =
                crate::peers::run(scenario, peer, machines, seed, watch)?;
            Ok((outcome, points, decisions, Checks::default()))
        }
        Choice::Ladder { policy, lane } => {
            crate::ladder::run(scenario, policy, *lane, machines, seed, watch)
        }
    }
}

/// Runs one scenario.
///
/// # Errors
/// The request is unusable, a checker saw an invariant broken, or the watch stopped it.
pub fn run(request: &Request, watch: &mut dyn Watch) -> Result<RunReport, DrillError> {
    let library = or_shipped(request.library.as_ref())?;
    let scenario = on_fleet(find(&library, &request.scenario)?, request.fleet.as_ref());
    let machines = machines_in_range(scenario.machines(request.machines))?;
    let mut assumptions = scenario.assumptions.clone();
    match &request.policy {
        Choice::AllAtOnce => {}
        Choice::Peer(peer) => assumptions.push(format!("{}: {}", peer.product, peer.assumed)),
        Choice::Ladder { .. } => {
            assumptions.push("check, trial and taste are assumed blind".into());
        }
    }
    let (outcome, timeline, decisions, checks) =
        one(&scenario, &request.policy, machines, request.seed, watch)?;
    Ok(RunReport {
        schema: RUN_SCHEMA,
        scenario: Listed::of(&scenario),
        policy: request.policy.name(),
        machines,
        seed: request.seed,
        outcome,
        timeline: table::thin(timeline, POINTS_MAX),
        decisions,
        checks,
        assumptions,
    })
}

/// Runs each incident of a library: without rings and agents, then under the policy.
///
/// # Errors
/// As [`run`].
pub fn incidents(
    request: &IncidentsRequest,
    watch: &mut dyn Watch,
) -> Result<IncidentsReport, DrillError> {
    let library = or_shipped(request.library.as_ref())?;
    let machines = machines_in_range(request.machines.unwrap_or(INCIDENTS_MACHINES))?;
    let mut rows = Vec::new();
    let of = library.incidents.len() as u64;
    for (done, incident) in library.incidents.iter().enumerate() {
        watch.progress(done as u64, of, &incident.id);
        let scenario = Scenario::of(incident, &library);
        rows.push(table::row(&scenario, &request.policy, machines, request.seed, watch)?);
    }
    watch.progress(of, of, "incidents");
    Ok(IncidentsReport {
        schema: INCIDENTS_SCHEMA,
        library: request.name.clone(),
        machines,
        seed: request.seed,
        policy: request.policy.name(),
        totals: table::totals(&rows),
        incidents: rows,
    })
}
