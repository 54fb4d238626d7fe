//! Negative controls: decisions and agents that are broken on purpose must be caught, each by the
//! checker that it concerns.

use super::agents::{Chosen, Did, Endpoint, Input, Seen, State};
use super::control::Rollouts;
use super::*;
use crate::check::Violation;
use crate::fuzz::{History, history};
use crate::request::Unwatched;
use crate::scenario::builtin;
use decide::endpoint::{Phase, Record};
use decide::rollout::{Action, Event, MachineEvent, Rollout, Start};
use decide::time::{Span, Time};

const SEEDS_MAX: u64 = 40;

fn drill(
    scenario: &str,
    machines: u64,
    seed: u64,
    rollouts: Box<dyn Rollouts>,
    break_agents: impl FnOnce(Agents) -> Box<dyn Endpoint>,
) -> Result<Run, DrillError> {
    let scenario = builtin().into_iter().find(|s| s.id == scenario).expect("built in");
    let policy = decide::policy::builtin::standard();
    let lane = Lane::Standard;
    run_with(&History { seed, machines, scenario, policy, lane }, rollouts, break_agents)
}

fn run_with(
    history: &History,
    rollouts: Box<dyn Rollouts>,
    break_agents: impl FnOnce(Agents) -> Box<dyn Endpoint>,
) -> Result<Run, DrillError> {
    let History { seed, machines, scenario, policy, lane } = history;
    let fleet =
        fleet::fleet(scenario, policy, *lane, *machines, *seed, &mut Unwatched).expect("names");
    let order = Rc::new(fleet::order(&fleet.start));
    let agents = Agents::new().expect("names");
    let checkers = Checkers::new(&fleet.start, Rc::clone(&order), agents.record(0).seed);
    let agents = break_agents(agents);
    let world = World::new(scenario, *seed, (fleet, order), rollouts, agents, checkers);
    live(world, *seed, &mut Unwatched)
}

/// The invariants that are reported broken over some seeds.
fn caught(
    scenario: &str,
    machines: u64,
    rollouts: fn() -> Box<dyn Rollouts>,
    agents: fn(Agents) -> Box<dyn Endpoint>,
) -> Vec<String> {
    let mut caught = Vec::new();
    for seed in 0..SEEDS_MAX {
        if let Err(error) = drill(scenario, machines, seed, rollouts(), agents) {
            caught.push(error.to_string());
            break;
        }
    }
    caught
}

fn honest(agents: Agents) -> Box<dyn Endpoint> {
    Box::new(agents)
}

/// Changes events before they are decided on, or actions after.
struct Broken {
    event: fn(&Event) -> Option<Event>,
    actions: fn(Vec<Action>, &mut u64) -> Vec<Action>,
    start: fn(Start) -> Start,
    memory: u64,
}

const SAME: Broken = Broken {
    event: |event| Some(event.clone()),
    actions: |actions, _| actions,
    start: |s| s,
    memory: 0,
};

impl Rollouts for Broken {
    fn start(&mut self, start: Start) -> Start {
        (self.start)(start)
    }
    fn fold(&mut self, rollout: &mut Rollout, event: &Event, now: Time) -> Vec<Action> {
        let actions = match (self.event)(event) {
            Some(event) => rollout.fold(&event, now),
            None => Vec::new(),
        };
        (self.actions)(actions, &mut self.memory)
    }
}

fn more(actions: Vec<Action>, _: &mut u64) -> Vec<Action> {
    let more = |action| match action {
        Action::Expose { stratum, assigned, close: false } => {
            Action::Expose { stratum, assigned: assigned * 3, close: false }
        }
        other => other,
    };
    actions.into_iter().map(more).collect()
}

fn backwards(actions: Vec<Action>, _: &mut u64) -> Vec<Action> {
    let less = |action| match action {
        Action::Expose { stratum, assigned, close: false } if assigned > 3 => {
            Action::Expose { stratum, assigned: assigned - 3, close: false }
        }
        other => other,
    };
    actions.into_iter().map(less).collect()
}

fn grows_on(mut actions: Vec<Action>, halted: &mut u64) -> Vec<Action> {
    if *halted == 1 {
        *halted = 2;
        actions.push(Action::Expose { stratum: 0, assigned: 9, close: false });
    }
    if actions.contains(&Action::Halt) {
        *halted = 1;
    }
    actions
}

fn hasty(mut start: Start) -> Start {
    for ladder in start.policy.lanes.values_mut() {
        ladder.gates.iter_mut().for_each(|gate| gate.wait = Span(gate.wait.0 / 2));
    }
    start
}

fn ringless(mut start: Start) -> Start {
    for ladder in start.policy.lanes.values_mut() {
        ladder.gates.iter_mut().for_each(|gate| gate.ring = decide::id::Ring::Critical);
    }
    start
}

fn deaf(event: &Event) -> Option<Event> {
    let silent = matches!(event, Event::Machine { what: MachineEvent::Silent, .. });
    (!silent).then(|| event.clone())
}

fn cheerful(event: &Event) -> Option<Event> {
    let harm = matches!(
        event,
        Event::Machine { what: MachineEvent::Crashed | MachineEvent::Reverted, .. }
    );
    (!harm).then(|| event.clone())
}

/// Believes everybody healthy who has merely loaded.
fn believing(event: &Event) -> Option<Event> {
    match event {
        Event::Machine { machine, what: MachineEvent::Crashed } => {
            Some(Event::Machine { machine: *machine, what: MachineEvent::Attempted })
        }
        other => Some(other.clone()),
    }
}

#[test]
fn every_broken_decision_is_caught() {
    type Make = fn() -> Box<dyn Rollouts>;
    let cases: [(&str, &str, Make, &str); 8] = [
        ("exposes three times as many", "good", || Box::new(Broken { actions: more, ..SAME }), "3"),
        ("takes exposure back", "good", || Box::new(Broken { actions: backwards, ..SAME }), "3"),
        (
            "goes on after a halt",
            "crash_on_load",
            || Box::new(Broken { actions: grows_on, ..SAME }),
            "8",
        ),
        ("halves the waits", "good", || Box::new(Broken { start: hasty, ..SAME }), "9"),
        ("opens all rings", "good", || Box::new(Broken { start: ringless, ..SAME }), "9"),
        ("counts no silence", "goes_dark", || Box::new(Broken { event: deaf, ..SAME }), "4"),
        (
            "takes crashes for life",
            "crash_on_load",
            || Box::new(Broken { event: believing, ..SAME }),
            "4",
        ),
        ("hears of no harm", "crash_on_load", || Box::new(Broken { event: cheerful, ..SAME }), "4"),
    ];
    for (name, scenario, rollouts, invariant) in cases {
        let caught = caught(scenario, 6_000, rollouts, honest);
        let expected = format!("invariant {invariant} broken");
        assert!(caught.iter().any(|text| text.contains(&expected)), "{name}: {caught:?}");
        assert!(caught[0].contains("seed "), "{name}: the seed is missing");
    }
}

#[test]
fn growth_without_fresh_reports_is_caught() {
    let scenario = builtin().into_iter().find(|s| s.id == "good").expect("built in");
    let policy = decide::policy::builtin::standard();
    let fleet =
        fleet::fleet(&scenario, &policy, Lane::Standard, 100, 1, &mut Unwatched).expect("names");
    let order = Rc::new(fleet::order(&fleet.start));
    let mut checkers =
        Checkers::new(&fleet.start, order, Agents::new().expect("names").record(0).seed);
    checkers.told(&Event::Tick { feed_age: None }, Time(1_000));
    let growth = [Action::Expose { stratum: 2, assigned: 1, close: false }];
    checkers.decided(&growth, decide::rollout::Tally::default(), Time(1_000));
    let expected = "exposure grows while nothing fresh is heard";
    assert_eq!(checkers.violation(), Some(&Violation { invariant: 3, what: expected.into() }));
}

/// An agent with one thing wrong.
struct BrokenAgent {
    inner: Agents,
    fault: Fault,
    told: Record,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    IgnoresWithdrawal,
    NeverFallsBack,
    PromotesAtOnce,
    LosesItsSeed,
    NoJitter,
    TakesUnasked,
}

impl Endpoint for BrokenAgent {
    fn step(&mut self, state: State, input: Input) -> (State, Did) {
        let (next, did) = self.inner.step(state, input);
        self.told = self.inner.record(next).clone();
        match self.fault {
            Fault::NeverFallsBack if input == Input::BeforeStart => {
                // Counts nothing: the same state, the same file, for ever.
                self.told = self.inner.record(state).clone();
                return (state, Did::Starts(self.told.current.number));
            }
            Fault::PromotesAtOnce if self.told.phase == Phase::Probation => {
                self.told.known_good = self.told.current;
            }
            Fault::LosesItsSeed if input == Input::Activate => {
                self.told.seed = self.told.current;
                self.told.known_good_before = self.told.current;
            }
            _ => {}
        }
        (next, did)
    }
    fn choose(&mut self, state: State, seen: Seen) -> Chosen {
        let seen = match self.fault {
            Fault::IgnoresWithdrawal => {
                Seen { withdrawn: false, reverting: false, open: true, ..seen }
            }
            Fault::TakesUnasked => Seen { exposed: true, ..seen },
            _ => seen,
        };
        self.inner.choose(state, seen)
    }
    fn record(&self, _: State) -> &Record {
        &self.told
    }
    fn jitter_s(&self, drawn: u64) -> u64 {
        if self.fault == Fault::NoJitter { 1 } else { drawn }
    }
}

fn broken(fault: Fault) -> impl Fn(Agents) -> Box<dyn Endpoint> {
    move |inner| {
        let told = inner.record(0).clone();
        Box::new(BrokenAgent { inner, fault, told })
    }
}

#[test]
fn every_broken_agent_is_caught() {
    let cases = [
        (Fault::IgnoresWithdrawal, "hidden_half_percent", 20_000, 2),
        (Fault::NeverFallsBack, "goes_dark", 20_000, 6),
        (Fault::PromotesAtOnce, "good", 1_000, 5),
        (Fault::LosesItsSeed, "good", 1_000, 5),
        (Fault::NoJitter, "good", 20_000, 10),
        (Fault::TakesUnasked, "good", 1_000, 3),
    ];
    for (fault, scenario, machines, invariant) in cases {
        let error = (0..SEEDS_MAX).find_map(|seed| {
            drill(scenario, machines, seed, Box::new(Production), broken(fault)).err()
        });
        let text = error.map_or_else(|| "nothing".into(), |error| error.to_string());
        let text = format!("{scenario}: {text}");
        let expected = format!("invariant {invariant} broken");
        assert!(text.contains(&expected), "{expected} expected, got {text}");
    }
}

#[test]
fn nothing_is_caught_where_nothing_is_broken() {
    for seed in 0..3 {
        for scenario in ["good", "hidden_half_percent", "region_outage"] {
            let run = drill(scenario, 2_000, seed, Box::new(Broken { ..SAME }), honest);
            assert!(run.is_ok(), "{scenario}, seed {seed}: {:?}", run.err());
        }
    }
}

/// Most random histories that a broken decision or agent may need to be caught.
const HISTORIES_MAX: u64 = 1_000;

/// The first random history in which something is caught.
fn caught_by_fuzz(
    rollouts: fn() -> Box<dyn Rollouts>,
    agents: impl Fn(Agents) -> Box<dyn Endpoint>,
) -> Option<(u64, String)> {
    (0..HISTORIES_MAX).find_map(|seed| {
        let run = run_with(&history(seed), rollouts(), &agents);
        run.err().map(|error| (seed, error.to_string()))
    })
}

#[test]
fn random_histories_catch_every_broken_decision_and_agent() {
    type Make = fn() -> Box<dyn Rollouts>;
    let decisions: [(&str, Make); 8] = [
        ("exposes three times as many", || Box::new(Broken { actions: more, ..SAME })),
        ("takes exposure back", || Box::new(Broken { actions: backwards, ..SAME })),
        ("goes on after a halt", || Box::new(Broken { actions: grows_on, ..SAME })),
        ("halves the waits", || Box::new(Broken { start: hasty, ..SAME })),
        ("opens all rings", || Box::new(Broken { start: ringless, ..SAME })),
        ("counts no silence", || Box::new(Broken { event: deaf, ..SAME })),
        ("takes crashes for life", || Box::new(Broken { event: believing, ..SAME })),
        ("hears of no harm", || Box::new(Broken { event: cheerful, ..SAME })),
    ];
    for (name, rollouts) in decisions {
        let caught = caught_by_fuzz(rollouts, honest);
        assert!(caught.is_some_and(|(_, text)| text.contains("broken")), "{name} is not caught");
    }
    let agents = [
        ("ignores a withdrawal", Fault::IgnoresWithdrawal),
        ("never falls back", Fault::NeverFallsBack),
        ("promotes at once", Fault::PromotesAtOnce),
        ("loses its seed", Fault::LosesItsSeed),
        ("has no jitter", Fault::NoJitter),
        ("takes what it was not offered", Fault::TakesUnasked),
    ];
    for (name, fault) in agents {
        let caught = caught_by_fuzz(|| Box::new(Production), broken(fault));
        assert!(caught.is_some_and(|(_, text)| text.contains("broken")), "{name} is not caught");
    }
}
