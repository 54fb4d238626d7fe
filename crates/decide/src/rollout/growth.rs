//! Growth: how many machines are exposed next.
//!
//! Exposure doubles in the ladder's time and never exceeds `multiplier` times the machines that
//! have proved themselves healthy; the same bound holds in every stratum. Coverage comes first:
//! one machine of every open stratum, largest first.

use super::event::Action;
use super::gates::FleetGate;
use super::view::Phase;
use super::{Rollout, codes};
use crate::policy::Size;
use crate::reason::Reason;
use crate::rollout::judge::BrakeKind;
use crate::time::{Span, Time};
use crate::verdict::Verdict;

/// Further canaries that a stratum without a single healthy one may get before it is quarantined.
const PROBES_MAX: u8 = 3;
/// While a suspicion brakes, growth takes this many times as long.
const BRAKED_SLOWNESS: u64 = 10;

/// A stratum's canaries that did not prove themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// When the stratum's last canary was exposed.
    pub exposed_at: Option<Time>,
    /// Further canaries given.
    pub extra: u8,
    /// The stratum stays where it is.
    pub quarantined: bool,
}

impl Rollout {
    /// Rule 8: raises the target and assigns machines. Also opens gates.
    pub(super) fn grow(&mut self, now: Time, actions: &mut Vec<Action>) {
        let blocked = self.brake.is_some_and(|brake| brake.kind != BrakeKind::Suspicion);
        let elapsed = now.since(self.grown_at);
        self.grown_at = now;
        if blocked || self.closed || self.phase.stopped() {
            return;
        }
        self.pass_gate(now, actions);
        let Some(gate) = self.gates.current().cloned() else { return };
        self.raise_target(elapsed, &gate);
        let before: Vec<u64> = self.strata().map(|s| self.machines.position(s)).collect();
        if gate.size == Size::EachStratum
            || gate.machines <= 1
            || self.uncovered(&gate).next().is_some()
        {
            self.cover(&gate, now);
        }
        self.fill(&gate, now);
        // A stop alone would leave a defect that fires on load undecided for ever: where the
        // odds are suspicious, one more canary at a time decides it. Where the statistic is
        // powerless, a further canary would only be a further victim.
        let odds_decide = self.evidence.log_e() >= libm::log(self.start.policy.resume_at as f64);
        if self.brake.is_none() || odds_decide {
            self.probe(&gate, now);
        }
        for (stratum, before) in before.into_iter().enumerate() {
            let assigned = self.machines.position(stratum);
            if assigned > before {
                actions.push(Action::Expose { stratum: stratum as u16, assigned, close: false });
            }
        }
        if self.reached(&gate) {
            self.gates.reach(now);
        }
        self.say(&gate, now);
    }

    fn strata(&self) -> std::ops::Range<usize> {
        0..self.start.strata.len()
    }

    fn open_strata<'a>(&'a self, gate: &'a FleetGate) -> impl Iterator<Item = usize> + 'a {
        self.strata().filter(|stratum| {
            self.start.rings[*stratum] <= gate.ring
                && self.machines.counts(*stratum).machines > 0
                && !self.probes[*stratum].quarantined
        })
    }

    fn uncovered<'a>(&'a self, gate: &'a FleetGate) -> impl Iterator<Item = usize> + 'a {
        self.open_strata(gate).filter(|stratum| self.machines.position(*stratum) == 0)
    }

    fn raise_target(&mut self, elapsed: Span, gate: &FleetGate) {
        let slow = if self.brake.is_some() { BRAKED_SLOWNESS } else { 1 };
        let doublings = elapsed.0 as f64 / self.ladder.doubling.times(slow).0.max(1) as f64;
        let wanted = self.target * libm::exp2(doublings);
        let counts = self.machines.totals();
        let cap = self.cap(counts.confirmed).max(1);
        self.target = wanted.min(cap as f64).min(gate.machines as f64).max(1.0);
    }

    /// `multiplier` times the confirmed machines.
    fn cap(&self, confirmed: u64) -> u64 {
        confirmed.saturating_mul(u64::from(self.ladder.multiplier))
    }

    /// One machine of every open stratum, largest first, within the target.
    fn cover(&mut self, gate: &FleetGate, now: Time) {
        let mut open: Vec<usize> = self.uncovered(gate).collect();
        open.sort_by_key(|stratum| std::cmp::Reverse(self.machines.counts(*stratum).machines));
        for stratum in open {
            if self.exposed() >= self.target as u64 {
                return;
            }
            self.expose(stratum, now);
        }
    }

    /// Exposure that evidence can be expected of, plus what is on its way.
    fn exposed(&self) -> u64 {
        self.machines.totals().reachable
    }

    fn expose(&mut self, stratum: usize, now: Time) -> bool {
        self.probes[stratum].exposed_at = Some(now);
        self.machines.assign_next(stratum)
    }

    /// The target, shared out over the open strata by size, each within its own evidence cap.
    fn fill(&mut self, gate: &FleetGate, now: Time) {
        if self.uncovered(gate).next().is_some() {
            return;
        }
        let open: Vec<usize> = self.open_strata(gate).collect();
        let total: u64 = open.iter().map(|stratum| self.machines.counts(*stratum).machines).sum();
        let target = self.target as u64;
        let share = |machines: u64| {
            (u128::from(target) * u128::from(machines) / u128::from(total.max(1))) as u64
        };
        // Small strata hold more than their share, because coverage came first. So the shares do
        // not add up to the target, and what is left of it goes to whom most is owed.
        let mut owed: Vec<(u64, usize)> = Vec::with_capacity(open.len());
        for stratum in &open {
            let counts = self.machines.counts(*stratum);
            owed.push((share(counts.machines).saturating_sub(counts.reachable), *stratum));
        }
        owed.sort_by_key(|(owed, _)| std::cmp::Reverse(*owed));
        for (owed, stratum) in owed {
            let room = target.saturating_sub(self.exposed());
            let wanted = self.machines.counts(stratum).reachable + owed.min(room);
            self.raise_stratum(stratum, wanted, now);
        }
        // What rounding left over goes to the largest strata that their caps allow.
        for stratum in open {
            if self.exposed() >= target {
                break;
            }
            let one_more = self.machines.counts(stratum).reachable + 1;
            self.raise_stratum(stratum, one_more, now);
        }
    }

    fn raise_stratum(&mut self, stratum: usize, wanted: u64, now: Time) {
        let counts = self.machines.counts(stratum);
        let wanted = wanted.min(self.cap(counts.confirmed));
        // Machines that are off are passed over: they take the file when they come back, and the
        // next in order takes the place of the evidence they cannot give.
        for _ in 0..counts.machines {
            if self.machines.counts(stratum).reachable >= wanted || !self.expose(stratum, now) {
                break;
            }
        }
    }

    /// Rule 7: a stratum whose canaries all failed or stay silent gets one more, three times; then
    /// it is quarantined and the rest goes on.
    fn probe(&mut self, gate: &FleetGate, now: Time) {
        let patience = self.ladder.evidence_age.times(2);
        let patience = Span(patience.0 + self.start.policy.heartbeat.times(5).0);
        let open: Vec<usize> = self.open_strata(gate).collect();
        for stratum in open {
            let counts = self.machines.counts(stratum);
            let probe = self.probes[stratum];
            let waited = probe.exposed_at.is_some_and(|at| now.since(at) > patience);
            if counts.confirmed > 0 || !waited {
                continue;
            }
            if probe.extra < PROBES_MAX && self.expose(stratum, now) {
                self.probes[stratum].extra += 1;
            } else {
                self.probes[stratum].quarantined = true;
            }
        }
    }

    fn reached(&self, gate: &FleetGate) -> bool {
        let quarantined: u64 = self
            .strata()
            .filter(|stratum| self.probes[*stratum].quarantined)
            .map(|stratum| self.machines.counts(stratum).machines)
            .sum();
        let exhausted = self
            .open_strata(gate)
            .all(|s| self.machines.position(s) >= self.machines.counts(s).machines);
        self.exposed() >= gate.machines.saturating_sub(quarantined).max(1) || exhausted
    }

    /// Opens the current gate when its wait is over and every stratum that it covers has a quorum.
    fn pass_gate(&mut self, now: Time, actions: &mut Vec<Action>) {
        let Some(gate) = self.gates.current() else { return };
        let waited = gate.reached.is_some_and(|at| now.since(at) >= gate.wait);
        if !waited || self.brake.is_some() || self.without_quorum().is_some() {
            return;
        }
        self.gates.open(now);
        if self.gates.current().is_none() {
            self.close(now, actions);
        }
    }

    /// A stratum that has exposed machines but nobody confirmed, and is not quarantined.
    fn without_quorum(&self) -> Option<usize> {
        let none = self.machines.totals().confirmed == 0;
        let missing = |stratum: &usize| {
            let counts = self.machines.counts(*stratum);
            counts.assigned > 0 && counts.confirmed == 0 && !self.probes[*stratum].quarantined
        };
        self.strata().find(missing).or(if none { Some(0) } else { None })
    }

    /// The last gate has opened: everybody that is not quarantined gets it.
    fn close(&mut self, now: Time, actions: &mut Vec<Action>) {
        self.closed = true;
        for stratum in self.strata() {
            if self.probes[stratum].quarantined {
                continue;
            }
            while self.machines.assign_next(stratum) {}
            let assigned = self.machines.position(stratum);
            actions.push(Action::Expose { stratum: stratum as u16, assigned, close: true });
        }
        actions.push(Action::Complete);
        actions.push(Action::Notify);
        self.enter(Phase::Soaking, now);
    }

    /// The slow judge: everybody has it, it is not known good yet.
    pub(super) fn soak(&mut self, now: Time, actions: &mut Vec<Action>) {
        if self.phase != Phase::Soaking {
            return;
        }
        let counts = self.machines.totals();
        let waited = now.since(self.since);
        if waited >= self.ladder.probation && self.brake.is_none() {
            self.enter(Phase::Done, now);
            actions.push(Action::KnownGood);
            self.reasons = vec![
                Reason::new(
                    codes::KNOWN_GOOD,
                    format!(
                        "known good after {waited} with {} of {} machines confirmed",
                        counts.confirmed, counts.machines
                    ),
                )
                .count(counts.confirmed, counts.machines),
            ];
        } else if self.brake.is_none() {
            self.reasons = vec![
                Reason::new(
                    codes::SOAKING,
                    format!(
                        "offered to all {} machines, {} confirmed; on probation for {} of {}",
                        counts.machines, counts.confirmed, waited, self.ladder.probation
                    ),
                )
                .measured(waited.to_string(), self.ladder.probation.to_string())
                .count(counts.confirmed, counts.machines),
            ];
        }
    }

    /// What is waited for, when nothing is wrong.
    fn say(&mut self, gate: &FleetGate, now: Time) {
        if self.brake.is_some() || self.phase.stopped() {
            return;
        }
        let counts = self.machines.totals();
        let mut reasons = Vec::new();
        if let Some(reached) = gate.reached {
            let waited = now.since(reached);
            if waited < gate.wait {
                reasons.push(
                    Reason::new(
                        codes::GATE_WAITS,
                        format!(
                            "gate at {} machines: waited {waited} of {}",
                            gate.machines, gate.wait
                        ),
                    )
                    .measured(waited.to_string(), gate.wait.to_string())
                    .count(counts.assigned, counts.machines),
                );
            } else if let Some(stratum) = self.without_quorum() {
                reasons.push(self.quorum_reason(stratum));
            }
        } else if self.target as u64 >= self.cap(counts.confirmed).max(1) {
            reasons.push(
                Reason::new(
                    codes::WAITS_FOR_CONFIRMED,
                    format!(
                        "{} exposed, {} confirmed healthy: exposure may be at most {} times that",
                        counts.assigned, counts.confirmed, self.ladder.multiplier
                    ),
                )
                .measured(counts.assigned.to_string(), self.cap(counts.confirmed).to_string())
                .count(counts.confirmed, counts.assigned),
            );
        } else {
            let sentence = format!(
                "{} of {} machines exposed, on the way to the gate at {}; {}",
                counts.assigned,
                counts.machines,
                gate.machines,
                health_bound(counts.confirmed)
            );
            let reason = Reason::new(codes::GROWING, sentence);
            reasons.push(reason.count(counts.assigned, counts.machines));
        }
        reasons.extend(self.quarantine_reasons());
        if counts.confirmed == 0 {
            self.verdict = Verdict::NoSignal;
        }
        self.reasons = reasons;
    }

    fn quorum_reason(&self, stratum: usize) -> Reason {
        let counts = self.machines.counts(stratum);
        Reason::new(
            codes::WAITS_FOR_QUORUM,
            format!(
                "{}: 0 of {} exposed machines are confirmed healthy, 1 is needed",
                self.start.strata[stratum], counts.assigned
            ),
        )
        .measured("0", "1")
        .count(0, counts.assigned)
    }

    fn quarantine_reasons(&self) -> Vec<Reason> {
        let quarantined = self.strata().filter(|stratum| self.probes[*stratum].quarantined);
        quarantined
            .map(|stratum| {
                let counts = self.machines.counts(stratum);
                Reason::new(
                    codes::QUARANTINED,
                    format!(
                        "{} stays where it is: none of its {} canaries proved healthy",
                        self.start.strata[stratum], counts.assigned
                    ),
                )
                .count(counts.assigned, counts.machines)
                .next(format!("ringfence why {}", self.start.rollout))
            })
            .collect()
    }
}

/// "At most 1 in n machines can be affected on loading (95 %)": the bound for zero failures among
/// n is 1 - 0.05^(1/n).
pub(super) fn health_bound(confirmed: u64) -> String {
    if confirmed == 0 {
        return "nobody has proved healthy yet".into();
    }
    let limit = crate::health::zero_failures_limit(confirmed, 0.95);
    let one_in = libm::floor(1.0 / limit).max(1.0);
    format!(
        "{confirmed} confirmed healthy, so at most 1 in {one_in:.0} machines can be affected on loading (95 %)"
    )
}
