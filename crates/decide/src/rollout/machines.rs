//! The machines of one rollout, a few bytes each, and the counts drawn from them.
//!
//! Must stay O(1) for every event but the assignment of machines, which costs one step a machine.

use super::event::{MachineEvent, Start, StartMachine};
use crate::exposure::{Bucket, Threshold};
use crate::health::Endpoint;
use crate::health::risk::RiskSets;
use crate::time::Span;

const ALIVE: u16 = 1;
const HELD: u16 = 1 << 1;
const ASSIGNED: u16 = 1 << 2;
const ATTEMPTED: u16 = 1 << 3;
const CONFIRMED: u16 = 1 << 4;
const HARMED: u16 = 1 << 5;
/// Had its crash event; never at risk of it again in this rollout.
const CRASHED: u16 = 1 << 6;
/// Had its silence event.
const SILENT: u16 = 1 << 7;
const REVERTED: u16 = 1 << 8;
/// Was alive at some time since it was assigned.
const REACHABLE: u16 = 1 << 9;
/// Enrolled after the rollout began: in no risk set.
const LATE: u16 = 1 << 10;
/// Exposed, crashed or fell silent, and neither back nor healthy since. For people; decides nothing.
const DOWN: u16 = 1 << 11;
/// Its agent refused the release and kept what it ran.
const REFUSED: u16 = 1 << 12;

/// Counts of one stratum or of the fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub machines: u64,
    pub assigned: u64,
    /// Assigned and alive at some time since: what evidence can be expected of.
    pub reachable: u64,
    pub attempted: u64,
    /// Confirmed healthy at evidence age, and not harmed since.
    pub confirmed: u64,
    pub harmed: u64,
    pub reverted: u64,
    /// Exposed, crashed or fell silent, and neither back nor healthy since.
    pub down: u64,
    /// Refused by the machine's own agent, which kept what it ran.
    pub refused: u64,
}

/// What one event changed.
pub(super) struct Effect {
    /// Counted as evidence: endpoint and the risk set (exposed, control) when it happened.
    pub counted: Option<(Endpoint, u64, u64)>,
    pub assigned: bool,
    /// An exposed machine was harmed for the first time.
    pub harmed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Machines {
    flags: Vec<u16>,
    stratum: Vec<u16>,
    block: Vec<u16>,
    buckets: Vec<Bucket>,
    /// Milliseconds from the beginning to the first load, for exposed machines.
    loaded: Vec<u32>,
    blocks: usize,
    /// Machines of each stratum in random order; held ones left out.
    order: Vec<Vec<u32>>,
    /// How many of that order are assigned.
    next: Vec<usize>,
    strata: Vec<Counts>,
    totals: Counts,
    risk: RiskSets,
    outstanding: u64,
}

impl Machines {
    pub(super) fn new(start: &Start) -> Machines {
        let blocks = start.blocks.len().max(1);
        let strata = start.strata.len();
        let mut machines = Machines {
            flags: Vec::with_capacity(start.machines.len()),
            stratum: Vec::with_capacity(start.machines.len()),
            block: Vec::with_capacity(start.machines.len()),
            buckets: Vec::with_capacity(start.machines.len()),
            loaded: vec![0; start.machines.len()],
            blocks,
            order: vec![Vec::new(); strata],
            next: vec![0; strata],
            strata: vec![Counts::default(); strata],
            totals: Counts::default(),
            risk: RiskSets::new(strata * blocks),
            outstanding: 0,
        };
        for machine in &start.machines {
            machines.push(*machine, 0);
        }
        for order in &mut machines.order {
            order.sort_unstable_by_key(|id| machines.buckets[*id as usize]);
        }
        machines
    }

    fn push(&mut self, machine: StartMachine, extra: u16) {
        let id = self.flags.len() as u32;
        let known = usize::from(machine.stratum) < self.strata.len();
        let held = machine.held || !known;
        let mut flags = extra;
        flags |= if machine.alive { ALIVE } else { 0 };
        flags |= if held { HELD } else { 0 };
        self.flags.push(flags);
        self.stratum.push(machine.stratum);
        self.block.push(machine.block.min(self.blocks as u16 - 1));
        self.buckets.push(machine.bucket);
        if held || extra & LATE != 0 {
            return;
        }
        let stratum = usize::from(machine.stratum);
        self.order[stratum].push(id);
        self.strata[stratum].machines += 1;
        self.totals.machines += 1;
        self.at_risk(id as usize, true);
    }

    /// A machine that enrolled later. It is exposed by the thresholds as they are; it counts as
    /// exposure when it attempts, and in no risk set.
    pub(super) fn enroll(&mut self, machine: StartMachine) {
        self.loaded.push(0);
        self.push(machine, LATE);
    }

    fn cell(&self, index: usize) -> usize {
        usize::from(self.stratum[index]) * self.blocks + usize::from(self.block[index])
    }

    /// Puts a machine into the risk sets it belongs to, or takes it out.
    fn at_risk(&mut self, index: usize, enter: bool) {
        let flags = self.flags[index];
        if flags & (HELD | LATE) != 0 || flags & ALIVE == 0 {
            return;
        }
        let cell = self.cell(index);
        for (endpoint, had) in [(Endpoint::Crash, CRASHED), (Endpoint::Silence, SILENT)] {
            if flags & had == 0 {
                let treated = flags & ASSIGNED != 0;
                if enter {
                    self.risk.add(cell, endpoint, treated);
                } else {
                    self.risk.remove(cell, endpoint, treated);
                }
            }
        }
    }

    /// Changes flags while keeping the risk sets true.
    fn set(&mut self, index: usize, on: u16, off: u16) {
        self.at_risk(index, false);
        self.flags[index] = (self.flags[index] | on) & !off;
        self.at_risk(index, true);
    }

    fn count(&mut self, index: usize, change: fn(&mut Counts)) {
        change(&mut self.totals);
        if let Some(counts) = self.strata.get_mut(usize::from(self.stratum[index])) {
            change(counts);
        }
    }

    /// Exposes the next machine of a stratum's random order; false when there is none.
    pub(super) fn assign_next(&mut self, stratum: usize) -> bool {
        let Some(id) = self.order[stratum].get(self.next[stratum]).copied() else { return false };
        self.next[stratum] += 1;
        let index = id as usize;
        if self.flags[index] & ASSIGNED == 0 {
            let alive = self.flags[index] & ALIVE != 0;
            self.set(index, ASSIGNED | if alive { REACHABLE } else { 0 }, 0);
            self.count(index, |counts| counts.assigned += 1);
            if alive {
                self.count(index, |counts| counts.reachable += 1);
            }
        }
        true
    }

    /// Applies one machine event. `None` when it changes nothing.
    pub(super) fn apply(
        &mut self,
        id: u32,
        what: MachineEvent,
        age: Span,
        evidence_age: Span,
        stopped: bool,
    ) -> Option<Effect> {
        let index = id as usize;
        if index >= self.flags.len() {
            return None;
        }
        if self.flags[index] & ALIVE == 0
            && !matches!(what, MachineEvent::Silent | MachineEvent::Goodbye | MachineEvent::Held)
        {
            self.wake(index);
        }
        let mut effect = Effect { counted: None, assigned: false, harmed: false };
        match what {
            MachineEvent::Back => self.up(index, CRASHED),
            MachineEvent::Attempted | MachineEvent::Loaded => self.attempted(index, age),
            MachineEvent::Healthy => self.healthy(index, age, evidence_age, stopped),
            MachineEvent::Crashed => {
                effect = self.bad(index, Endpoint::Crash, stopped);
                self.down(index);
            }
            MachineEvent::Refused => {
                effect = self.bad(index, Endpoint::Crash, stopped);
                self.refused(index);
            }
            MachineEvent::Reverted => {
                if !stopped {
                    effect = self.bad(index, Endpoint::Crash, stopped);
                }
                self.reverted(index);
            }
            MachineEvent::Silent => {
                effect = self.bad(index, Endpoint::Silence, stopped);
                self.down(index);
                self.sleep(index);
            }
            MachineEvent::Goodbye => self.sleep(index),
            MachineEvent::Held => self.set(index, HELD, 0),
        }
        Some(effect)
    }

    fn wake(&mut self, index: usize) {
        self.set(index, ALIVE, 0);
        let flags = self.flags[index];
        if flags & ASSIGNED != 0 && flags & REACHABLE == 0 {
            self.flags[index] |= REACHABLE;
            self.count(index, |counts| counts.reachable += 1);
        }
        if flags & (ATTEMPTED | REVERTED) == ATTEMPTED {
            self.outstanding += 1;
        }
    }

    fn sleep(&mut self, index: usize) {
        if self.flags[index] & ALIVE != 0 {
            if self.flags[index] & (ATTEMPTED | REVERTED) == ATTEMPTED {
                self.outstanding -= 1;
            }
            self.set(index, 0, ALIVE);
        }
    }

    fn attempted(&mut self, index: usize, age: Span) {
        if self.flags[index] & ATTEMPTED != 0 {
            return;
        }
        if self.flags[index] & ASSIGNED == 0 {
            // A late machine below the threshold, or one whose own view of its labels differs:
            // it has the file, so it counts as exposed.
            self.set(index, ASSIGNED | REACHABLE, 0);
            self.count(index, |counts| {
                counts.assigned += 1;
                counts.reachable += 1;
            });
        }
        if self.flags[index] & REFUSED != 0 {
            self.flags[index] &= !REFUSED;
            self.count(index, |counts| counts.refused -= 1);
        }
        self.flags[index] |= ATTEMPTED;
        self.loaded[index] = u32::try_from(age.0).unwrap_or(u32::MAX);
        self.count(index, |counts| counts.attempted += 1);
        if self.flags[index] & (ALIVE | REVERTED) == ALIVE {
            self.outstanding += 1;
        }
    }

    pub(super) fn wants_healthy(&self, id: u32, age: Span, evidence_age: Span) -> bool {
        let index = id as usize;
        self.flags.get(index).is_some_and(|flags| {
            flags & (ATTEMPTED | CONFIRMED | CRASHED | REVERTED) == ATTEMPTED
                && age.0 >= u64::from(self.loaded[index]) + evidence_age.0
        })
    }

    fn healthy(&mut self, index: usize, age: Span, evidence_age: Span, stopped: bool) {
        if !stopped && self.wants_healthy(index as u32, age, evidence_age) {
            self.flags[index] |= CONFIRMED;
            self.count(index, |counts| counts.confirmed += 1);
            self.up(index, 0);
            if self.flags[index] & HARMED != 0 {
                // It was only silent (an outage, a reboot) and is healthy on the release now.
                self.flags[index] &= !HARMED;
                self.count(index, |counts| counts.harmed -= 1);
            }
        }
    }

    fn down(&mut self, index: usize) {
        if self.flags[index] & (ASSIGNED | DOWN | REVERTED | REFUSED | HELD) == ASSIGNED {
            self.flags[index] |= DOWN;
            self.count(index, |counts| counts.down += 1);
        }
    }

    /// No longer down, unless one of the flags `unless` is set.
    fn up(&mut self, index: usize, unless: u16) {
        if self.flags[index] & DOWN != 0 && self.flags[index] & unless == 0 {
            self.flags[index] &= !DOWN;
            self.count(index, |counts| counts.down -= 1);
        }
    }

    fn refused(&mut self, index: usize) {
        if self.flags[index] & (ASSIGNED | ATTEMPTED | REFUSED) == ASSIGNED {
            self.up(index, 0);
            self.flags[index] |= REFUSED;
            self.count(index, |counts| counts.refused += 1);
        }
    }

    fn reverted(&mut self, index: usize) {
        self.up(index, 0);
        if self.flags[index] & REVERTED == 0 {
            if self.flags[index] & (ATTEMPTED | ALIVE) == ATTEMPTED | ALIVE {
                self.outstanding -= 1;
            }
            self.flags[index] |= REVERTED;
            if self.flags[index] & ATTEMPTED != 0 {
                self.count(index, |counts| counts.reverted += 1);
            }
        }
    }

    fn bad(&mut self, index: usize, endpoint: Endpoint, stopped: bool) -> Effect {
        let had = if endpoint == Endpoint::Crash { CRASHED } else { SILENT };
        let flags = self.flags[index];
        let assigned = flags & ASSIGNED != 0;
        let in_risk = flags & (had | HELD | LATE) == 0 && flags & ALIVE != 0;
        let (treated, control) = self.risk.at_risk(self.cell(index), endpoint);
        self.set(index, had, 0);
        let harmed = assigned && !stopped && flags & HARMED == 0;
        if harmed {
            self.flags[index] |= HARMED;
            self.count(index, |counts| counts.harmed += 1);
            if flags & CONFIRMED != 0 {
                self.flags[index] &= !CONFIRMED;
                self.count(index, |counts| counts.confirmed -= 1);
            }
        }
        Effect { counted: in_risk.then_some((endpoint, treated, control)), assigned, harmed }
    }

    pub(super) fn stratum(&self, id: u32) -> usize {
        self.stratum.get(id as usize).map_or(0, |stratum| usize::from(*stratum))
    }
    pub(super) fn is_assigned(&self, id: u32) -> bool {
        self.flags.get(id as usize).is_some_and(|flags| flags & ASSIGNED != 0)
    }
    pub(super) fn has_attempted(&self, id: u32) -> bool {
        self.flags.get(id as usize).is_some_and(|flags| flags & ATTEMPTED != 0)
    }
    pub(super) fn counts(&self, stratum: usize) -> Counts {
        self.strata[stratum]
    }
    pub(super) fn totals(&self) -> Counts {
        self.totals
    }
    /// Machines of a stratum's order that are assigned.
    pub(super) fn position(&self, stratum: usize) -> u64 {
        self.next[stratum] as u64
    }
    pub(super) fn risk(&self) -> &RiskSets {
        &self.risk
    }
    pub(super) fn risk_of(&self, id: u32) -> (u64, u64) {
        self.risk.at_risk(self.cell(id as usize), Endpoint::Crash)
    }
    /// Attempted machines that are alive and not back yet.
    pub(super) fn outstanding(&self) -> u64 {
        self.outstanding
    }
    pub(super) fn threshold(&self, stratum: usize, closed: bool) -> Threshold {
        let Some(order) = self.order.get(stratum) else { return Threshold::NONE };
        let count = self.next[stratum];
        if closed && count == order.len() {
            return Threshold::ALL;
        }
        match order.get(count) {
            _ if count == 0 => Threshold::NONE,
            Some(next) => Threshold(self.buckets[*next as usize].0),
            None => Threshold(self.buckets[order[count - 1] as usize].0.saturating_add(1)),
        }
    }
}
