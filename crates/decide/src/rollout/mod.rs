//! The rollout: who may be exposed next, and when it stops.
//!
//! A [`Rollout`] is a pure fold over its logged events: the same start and the same events give
//! the same state, actions and reasons on any machine. It must never expose more machines than
//! the current step allows, never grow without fresh evidence of health, and never leave
//! `Halted` or `Reverted` by itself.

pub mod codes;
pub mod event;
mod gates;
mod growth;
mod judge;
mod machines;
mod orders;
mod picture;
pub mod plan;
pub mod view;

pub use event::{Action, Decision, Event, MachineEvent, Order, Start, StartMachine};
pub use plan::{Plan, plan};
pub use view::{GateView, Phase, StratumView, Tally, View};

use crate::exposure::Threshold;
use crate::health::evidence::Evidence;
use crate::policy::Ladder;
use crate::reason::Reason;
use crate::time::{Span, Time};
use crate::verdict::Verdict;
use gates::Gates;
use judge::Brake;
use machines::Machines;

/// Most reasons that one step gives; the most important come first.
pub const REASONS_MAX: usize = 8;

/// The state of one rollout.
#[derive(Clone, Debug)]
pub struct Rollout {
    start: Start,
    ladder: Ladder,
    began: Time,
    machines: Machines,
    evidence: Evidence,
    gates: Gates,
    phase: Phase,
    since: Time,
    brake: Option<Brake>,
    /// Wanted exposure in machines; grows by doubling, capped by evidence.
    target: f64,
    grown_at: Time,
    /// A harm where the statistic is powerless has not been explained.
    suspect: bool,
    withdrawn: bool,
    halted_by_person: bool,
    closed: bool,
    first_harm: Option<Time>,
    halted_at: Option<Time>,
    weather: judge::Weather,
    probes: Vec<growth::Probe>,
    reasons: Vec<Reason>,
    verdict: Verdict,
}

impl Rollout {
    /// Begins a rollout: exposes the first machine of the first gate, nobody else.
    ///
    /// A policy without the wanted lane gives a halted rollout with the reason; callers check the
    /// policy first ([`crate::policy::Policy::check`]).
    pub fn start(start: Start, now: Time) -> Decision {
        let machines = Machines::new(&start);
        let ladder = start.policy.ladder(start.lane).cloned();
        let strata = start.strata.len();
        let missing = ladder.is_none();
        let ladder = ladder.unwrap_or_else(|| Ladder {
            doubling: Span(1),
            multiplier: 2,
            evidence_age: Span(1),
            hold_max: Span(1),
            probation: Span(1),
            gates: Vec::new(),
        });
        let gates = Gates::new(&ladder, &start, &machines);
        let mut rollout = Rollout {
            evidence: Evidence::new(strata),
            weather: judge::Weather::new(start.policy.heartbeat, now),
            probes: vec![growth::Probe::default(); strata],
            start,
            ladder,
            began: now,
            machines,
            gates,
            phase: Phase::Advancing,
            since: now,
            brake: None,
            target: 1.0,
            grown_at: now,
            suspect: false,
            withdrawn: false,
            halted_by_person: false,
            closed: false,
            first_harm: None,
            halted_at: None,
            reasons: Vec::new(),
            verdict: Verdict::NoSignal,
        };
        let mut actions = Vec::new();
        if missing || rollout.gates.is_empty() {
            let reason = Reason::new(codes::NO_LADDER, "the policy has no gates for this lane");
            rollout.halt(now, vec![reason], &mut actions);
        } else {
            rollout.grow(now, &mut actions);
        }
        rollout.finish(actions)
    }

    /// Takes one event.
    pub fn step(mut self, event: &Event, now: Time) -> Decision {
        let actions = self.fold(event, now);
        let reasons = self.reasons.clone();
        Decision { rollout: self, actions, reasons }
    }

    /// Takes one event in place, for callers that fold many and read the reasons only when
    /// something is done: [`Rollout::step`] without the copy of the reasons.
    #[must_use]
    pub fn fold(&mut self, event: &Event, now: Time) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Tick { feed_age } => self.tick(*feed_age, now, &mut actions),
            Event::Machine { machine, what } => self.machine(*machine, *what, now, &mut actions),
            Event::Enrolled { machine } => self.machines.enroll(*machine),
            Event::Order { order, by, reason } => {
                self.order(*order, by, reason, now, &mut actions);
            }
        }
        self.reasons.truncate(REASONS_MAX);
        actions
    }

    fn finish(mut self, actions: Vec<Action>) -> Decision {
        self.reasons.truncate(REASONS_MAX);
        let reasons = self.reasons.clone();
        Decision { rollout: self, actions, reasons }
    }

    fn tick(&mut self, feed_age: Option<Span>, now: Time, actions: &mut Vec<Action>) {
        match self.phase {
            Phase::Done | Phase::Halted | Phase::Reverted => {}
            Phase::Reverting => self.settle(now),
            Phase::Advancing | Phase::Holding => {
                self.judge(feed_age, now, actions);
                if !self.phase.stopped() {
                    self.grow(now, actions);
                }
            }
            Phase::Soaking => {
                self.judge(feed_age, now, actions);
                self.soak(now, actions);
            }
        }
    }

    fn machine(&mut self, id: u32, what: MachineEvent, now: Time, actions: &mut Vec<Action>) {
        let stopped = self.halted_at.is_some();
        let age = now.since(self.began);
        let Some(effect) = self.machines.apply(id, what, age, self.ladder.evidence_age, stopped)
        else {
            return;
        };
        if let Some((endpoint, treated, control)) = effect.counted {
            let stratum = self.machines.stratum(id);
            self.evidence.event(endpoint, stratum, effect.assigned, treated, control);
            if !effect.assigned {
                self.weather.control_event(now);
            }
        }
        if effect.harmed {
            self.first_harm.get_or_insert(now);
        }
        if effect.assigned && effect.counted.is_some() || effect.harmed {
            // A crash of a machine that is assigned but has not loaded the release yet counts in
            // the odds (treated is assigned), but is no first harm: the release cannot have done it.
            // A machine that was silent first and then says that it was rescued confirms the harm.
            let loaded = what == MachineEvent::Refused || self.machines.has_attempted(id);
            let confirmed = effect.assigned && what != MachineEvent::Silent && loaded;
            self.judge_harm(id, confirmed, now, actions);
        }
    }

    /// Every attempted machine that can be heard is back: the revert is over.
    fn settle(&mut self, now: Time) {
        let counts = self.machines.totals();
        if self.machines.outstanding() == 0 {
            self.enter(Phase::Reverted, now);
            // Why it went back stays the first thing to read.
            self.reasons.push(
                Reason::new(
                    codes::REVERTED,
                    format!(
                        "all machines that can be heard are back: {} of {} that attempted the release",
                        counts.reverted, counts.attempted
                    ),
                )
                .count(counts.reverted, counts.attempted)
                .next(format!("ringfence retro {}", self.start.rollout)),
            );
        }
    }

    fn enter(&mut self, phase: Phase, now: Time) {
        if self.phase != phase {
            self.phase = phase;
            self.since = now;
        }
    }

    /// Why it is where it is; the most important first.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
    /// The counts of the fleet, without drawing a whole view.
    pub fn tally(&self) -> Tally {
        let counts = self.machines.totals();
        Tally {
            machines: counts.machines,
            assigned: counts.assigned,
            attempted: counts.attempted,
            confirmed: counts.confirmed,
            harmed: counts.harmed,
            reverted: counts.reverted,
        }
    }
    /// What it was started with.
    pub fn started(&self) -> &Start {
        &self.start
    }
    /// When it began.
    pub fn began(&self) -> Time {
        self.began
    }
    /// Where it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }
    /// True once the digest can never be installed again.
    pub fn withdrawn(&self) -> bool {
        self.withdrawn
    }
    /// The threshold of one stratum that exposes exactly the machines assigned so far.
    pub fn threshold(&self, stratum: u16) -> Threshold {
        self.machines.threshold(usize::from(stratum), self.closed)
    }
    /// True when the machine is assigned by the server's own record.
    pub fn is_assigned(&self, machine: u32) -> bool {
        self.machines.is_assigned(machine)
    }
    /// True when a `Healthy` report of this machine would change anything: it is attempted, old
    /// enough and not confirmed yet. Lets a shell keep heartbeats out of the log.
    pub fn wants_healthy(&self, machine: u32, now: Time) -> bool {
        self.machines.wants_healthy(machine, now.since(self.began), self.ladder.evidence_age)
    }
}
