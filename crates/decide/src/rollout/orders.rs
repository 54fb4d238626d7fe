//! What people order, and what stopping means.
//!
//! Halt, revert and withdraw are legal in every phase and change nothing when they are already so.
//! Only a halt that a person ordered can be lifted by a person.

use super::event::{Action, Order};
use super::view::Phase;
use super::{Rollout, codes};
use crate::reason::{Code, Reason};
use crate::time::Time;
use crate::verdict::Verdict;

impl Rollout {
    pub(super) fn order(
        &mut self,
        order: Order,
        by: &str,
        why: &str,
        now: Time,
        actions: &mut Vec<Action>,
    ) {
        let said = if why.is_empty() { String::new() } else { format!(": {why}") };
        match order {
            Order::Halt => {
                if !self.phase.stopped() {
                    self.halted_by_person = true;
                    let reason = self.ordered(codes::ORDERED_HALT, format!("halted by {by}{said}"));
                    self.halt(now, vec![reason], actions);
                }
            }
            Order::Revert => {
                let reason =
                    self.ordered(codes::ORDERED_REVERT, format!("revert ordered by {by}{said}"));
                self.revert(now, vec![reason], actions);
            }
            Order::Withdraw => {
                let reason =
                    self.ordered(codes::ORDERED_WITHDRAW, format!("withdrawn by {by}{said}"));
                self.withdraw(actions);
                self.revert(now, vec![reason], actions);
            }
            Order::Resume => self.resume(by, &said, now, actions),
        }
    }

    fn ordered(&self, code: Code, sentence: String) -> Reason {
        let counts = self.machines.totals();
        let sentence =
            format!("{sentence} ({} of {} machines exposed)", counts.assigned, counts.machines);
        Reason::new(code, sentence).count(counts.assigned, counts.machines)
    }

    fn resume(&mut self, by: &str, said: &str, now: Time, actions: &mut Vec<Action>) {
        if self.phase == Phase::Halted && self.halted_by_person {
            self.halted_by_person = false;
            self.halted_at = None;
            self.brake = None;
            self.grown_at = now;
            self.enter(if self.closed { Phase::Soaking } else { Phase::Advancing }, now);
            self.reasons =
                vec![self.ordered(codes::ORDERED_RESUME, format!("resumed by {by}{said}"))];
            actions.push(Action::Notify);
        } else {
            let why = if self.phase.stopped() {
                "it was stopped by evidence or is going back; a fixed file is a new release"
            } else {
                "it is not halted"
            };
            let sentence = format!("resume by {by} refused: {why}");
            self.reasons.insert(0, self.ordered(codes::ORDER_REFUSED, sentence));
        }
    }

    /// Nobody further gets it.
    pub(super) fn halt(&mut self, now: Time, reasons: Vec<Reason>, actions: &mut Vec<Action>) {
        if self.phase.stopped() {
            return;
        }
        self.halted_at.get_or_insert(now);
        self.enter(Phase::Halted, now);
        self.verdict = Verdict::Fail;
        self.reasons = reasons;
        actions.push(Action::Halt);
        actions.push(Action::Notify);
    }

    /// Those that have it go back.
    fn revert(&mut self, now: Time, reasons: Vec<Reason>, actions: &mut Vec<Action>) {
        if matches!(self.phase, Phase::Reverting | Phase::Reverted) {
            return;
        }
        self.halt(now, Vec::new(), actions);
        actions.retain(|action| *action != Action::Notify);
        self.halted_by_person = false;
        self.enter(Phase::Reverting, now);
        self.verdict = Verdict::Fail;
        self.reasons = reasons;
        actions.push(Action::Revert);
        actions.push(Action::Notify);
    }

    fn withdraw(&mut self, actions: &mut Vec<Action>) {
        if !self.withdrawn {
            self.withdrawn = true;
            actions.push(Action::Withdraw);
        }
    }

    /// Rule 1: halt, withdraw, revert, tell people. Final for this digest.
    pub(super) fn roll_back(&mut self, now: Time, reasons: Vec<Reason>, actions: &mut Vec<Action>) {
        self.withdraw(actions);
        self.revert(now, reasons, actions);
    }
}
