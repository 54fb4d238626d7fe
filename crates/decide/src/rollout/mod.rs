//! The rollout: who may be exposed next, and when it stops.
//!
//! A [`Rollout`] is a pure fold over its logged events: the same start and the same events give
//! the same state, actions and reasons on any machine. It must never expose more machines than
//! the current step allows, never grow without fresh evidence of health, and never leave
//! `Halted` or `Reverted` by itself.

pub mod event;
pub mod view;

pub use event::{Action, Decision, Event, MachineEvent, Order, Start, StartMachine};
pub use view::{GateView, Phase, StratumView, View};

use crate::time::Time;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// The state of one rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    start: Start,
    began: Time,
}

impl Rollout {
    /// Begins a rollout. The first decision exposes nobody unless the first gate says so.
    pub fn start(start: Start, now: Time) -> Decision {
        Decision { rollout: Rollout { start, began: now }, actions: vec![], reasons: vec![] }
    }
    /// Takes one event.
    pub fn step(self, _event: &Event, _now: Time) -> Decision {
        Decision { rollout: self, actions: vec![], reasons: vec![] }
    }
    /// What it was started with.
    pub fn started(&self) -> &Start {
        &self.start
    }
    /// What people see.
    pub fn view(&self, _now: Time) -> View {
        View {
            phase: Phase::Advancing,
            since: self.began,
            withdrawn: false,
            verdict: Verdict::NoSignal,
            reasons: vec![],
            gates: vec![],
            strata: vec![],
            machines: 0,
            assigned: 0,
            attempted: 0,
            confirmed: 0,
            harmed: 0,
            reverted: 0,
            evidence: String::new(),
            first_harm: None,
            halted_at: None,
        }
    }
}
