//! Independent checkers of the invariants in ARCHITECTURE.md.
//!
//! They see what goes into a decision, what comes out and what machines do, keep their own books,
//! and share no code with `decide`: a mistake there must not hide itself here. The first broken
//! invariant is kept; whoever runs the drill ends it.

mod control;
mod ladder;
mod machines;

use crate::report::Checks;
use control::Control;
use decide::endpoint::{Generation, Record};
use decide::rollout::{Action, Event, Start, Tally};
use decide::time::Time;
use machines::Machines;
use std::rc::Rc;

/// The invariants that are watched, by their number in ARCHITECTURE.md.
const WATCHED: [u8; 8] = [2, 3, 4, 5, 6, 8, 9, 10];

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub invariant: u8,
    pub what: String,
}

/// What a machine step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Start,
    Healthy,
    Other,
}

/// All checkers.
pub(crate) struct Checkers {
    control: Control,
    machines: Machines,
    violation: Option<Violation>,
    steps: u64,
}

impl Checkers {
    /// Checkers of a rollout that begins like this; `order` has the machines of each stratum by
    /// bucket, `seed` is what machines were shipped with.
    pub(crate) fn new(start: &Start, order: Rc<Vec<Vec<u32>>>, seed: Generation) -> Checkers {
        Checkers {
            control: Control::new(start, order),
            machines: Machines::new(start, seed),
            violation: None,
            steps: 0,
        }
    }
    /// The first broken invariant.
    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }
    /// What was looked at.
    pub(crate) fn checks(&self) -> Checks {
        Checks { invariants: WATCHED.to_vec(), steps: self.steps }
    }
    /// An event goes in.
    pub(crate) fn told(&mut self, event: &Event, now: Time) {
        self.control.told(event, now);
    }
    /// Actions come out.
    pub(crate) fn decided(&mut self, actions: &[Action], tally: Tally, now: Time) {
        let result = self.control.decided(actions, tally, now);
        self.keep(result);
    }
    /// A machine loads the release, by a fence that a relay froze at `frozen_s` if one did.
    pub(crate) fn activated(&mut self, machine: u32, now_s: u64, frozen_s: Option<u64>) {
        let result = self.control.may_activate(machine, now_s, frozen_s);
        self.keep(result);
        let result = self.machines.activated(machine, now_s);
        self.keep(result);
    }
    /// A machine's record has changed.
    pub(crate) fn stepped(&mut self, machine: u32, record: &Record, step: Step) {
        let result = self.machines.stepped(machine, record, step);
        self.keep(result);
    }
    fn keep(&mut self, result: Result<(), Violation>) {
        self.steps += 1;
        if let (Err(violation), None) = (result, &self.violation) {
            self.violation = Some(violation);
        }
    }
}

fn broken(invariant: u8, what: impl Into<String>) -> Result<(), Violation> {
    Err(Violation { invariant, what: what.into() })
}
