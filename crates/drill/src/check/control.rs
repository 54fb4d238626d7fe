//! Exposure, silence, gates and stops, from what the control plane was told and what it did.

use super::ladder::{Gate, gates};
use super::{Violation, broken};
use decide::rollout::{Action, Event, MachineEvent, Order, Start, Tally};
use decide::time::Time;
use std::rc::Rc;

/// Heartbeat intervals after which the feed is stale.
const STALE_INTERVALS: u64 = 3;
/// Further canaries that a stratum without a healthy one may get.
const PROBES_MAX: u64 = 3;
/// Harmed machines from which a majority of harmed must have stopped growth.
const PLAIN_HARM: u64 = 20;
/// One in so many ill machines among those without the release is weather.
const WEATHER_IN: u64 = 8;
/// Seconds for which a fence holds.
const FENCE_HOLDS_S: u64 = 600;

mod bit {
    pub(super) const ALIVE: u16 = 1;
    pub(super) const ASSIGNED: u16 = 1 << 1;
    pub(super) const REACHED: u16 = 1 << 2;
    pub(super) const ATTEMPTED: u16 = 1 << 3;
    pub(super) const CONFIRMED: u16 = 1 << 4;
    pub(super) const HARMED: u16 = 1 << 5;
    pub(super) const CRASHED: u16 = 1 << 6;
    pub(super) const BACK: u16 = 1 << 7;
    pub(super) const ILL: u16 = 1 << 8;
}

#[derive(Clone, Copy, Debug, Default)]
struct Books {
    machines: u64,
    assigned: u64,
    reached: u64,
    confirmed: u64,
    attempted: u64,
    harmed: u64,
    probes: u64,
    /// Had all its probes, or has nobody left to probe: the rest may go on without it.
    given_up: bool,
}

/// The books of the control plane's side.
pub(super) struct Control {
    bits: Vec<u16>,
    stratum: Vec<u16>,
    attempted_ms: Vec<u32>,
    order: Rc<Vec<Vec<u32>>>,
    rings: Vec<decide::id::Ring>,
    strata: Vec<Books>,
    all: Books,
    /// Machines without the release that crashed, or are silent now.
    ill: u64,
    gates: Vec<Gate>,
    gate: usize,
    reached_at: Option<u64>,
    evidence_ms: u64,
    stale_ms: u64,
    multiplier: u64,
    stale: bool,
    /// The last event was a tick: gates open at no other time.
    ticked: bool,
    stopped: bool,
    halted: bool,
    withdrawn: bool,
    closed: bool,
}

impl Control {
    pub(super) fn new(start: &Start, order: Rc<Vec<Vec<u32>>>) -> Control {
        let ladder = start.policy.ladder(start.lane);
        let sizes: Vec<u64> = order.iter().map(|members| members.len() as u64).collect();
        let books = |machines: &u64| Books { machines: *machines, ..Books::default() };
        Control {
            bits: start.machines.iter().map(|m| if m.alive { bit::ALIVE } else { 0 }).collect(),
            stratum: start.machines.iter().map(|machine| machine.stratum).collect(),
            attempted_ms: vec![0; start.machines.len()],
            rings: start.rings.clone(),
            strata: sizes.iter().map(books).collect(),
            all: Books::default(),
            ill: 0,
            gates: gates(start, &sizes),
            order,
            gate: 0,
            reached_at: None,
            evidence_ms: ladder.map_or(0, |ladder| ladder.evidence_age.0),
            stale_ms: start.policy.heartbeat.0 * STALE_INTERVALS,
            multiplier: ladder.map_or(1, |ladder| u64::from(ladder.multiplier)),
            stale: false,
            ticked: false,
            stopped: false,
            halted: false,
            withdrawn: false,
            closed: false,
        }
    }

    fn has(&self, machine: usize, what: u16) -> bool {
        self.bits[machine] & what != 0
    }

    fn count(&mut self, machine: usize, change: impl Fn(&mut Books)) {
        change(&mut self.all);
        change(&mut self.strata[usize::from(self.stratum[machine])]);
    }

    /// What is told is entered before it is decided on.
    pub(super) fn told(&mut self, event: &Event, now: Time) {
        self.ticked = matches!(event, Event::Tick { .. });
        match event {
            Event::Tick { feed_age } => {
                self.stale = feed_age.is_none_or(|age| age.0 > self.stale_ms);
            }
            Event::Machine { machine, what } if (*machine as usize) < self.bits.len() => {
                self.machine(*machine as usize, *what, now);
            }
            Event::Order { order: Order::Resume, .. } => self.halted = false,
            Event::Machine { .. } | Event::Enrolled { .. } | Event::Order { .. } => {}
        }
        self.reach(now);
    }

    /// Control machines that are as ill as exposed ones are no sign of the release.
    fn control(&mut self, machine: usize, what: MachineEvent) {
        use MachineEvent as M;
        let ill = match what {
            M::Silent | M::Crashed if !self.has(machine, bit::ASSIGNED) => true,
            M::Back | M::Attempted => false,
            _ => return,
        };
        if ill != self.has(machine, bit::ILL) {
            self.bits[machine] ^= bit::ILL;
            self.ill = if ill { self.ill + 1 } else { self.ill.saturating_sub(1) };
        }
    }

    fn machine(&mut self, machine: usize, what: MachineEvent, now: Time) {
        use MachineEvent as M;
        self.control(machine, what);
        if !matches!(what, M::Silent | M::Goodbye | M::Held) {
            self.bits[machine] |= bit::ALIVE;
            if self.has(machine, bit::ASSIGNED) && !self.has(machine, bit::REACHED) {
                self.bits[machine] |= bit::REACHED;
                self.count(machine, |books| books.reached += 1);
            }
        }
        match what {
            M::Attempted | M::Loaded => self.attempted(machine, now),
            M::Healthy => self.healthy(machine, now),
            M::Crashed | M::Refused => {
                self.bad(machine);
                self.bits[machine] |= bit::CRASHED;
            }
            M::Reverted => {
                if !self.stopped {
                    self.bad(machine);
                    self.bits[machine] |= bit::CRASHED;
                }
                self.bits[machine] |= bit::BACK;
            }
            M::Silent => {
                self.bad(machine);
                self.bits[machine] &= !bit::ALIVE;
            }
            M::Goodbye => self.bits[machine] &= !bit::ALIVE,
            M::Back | M::Held => {}
        }
    }

    fn attempted(&mut self, machine: usize, now: Time) {
        if self.has(machine, bit::ATTEMPTED) {
            return;
        }
        if !self.has(machine, bit::ASSIGNED) {
            self.bits[machine] |= bit::ASSIGNED | bit::REACHED;
            self.count(machine, |books| {
                books.assigned += 1;
                books.reached += 1;
            });
        }
        self.bits[machine] |= bit::ATTEMPTED;
        self.attempted_ms[machine] = u32::try_from(now.0).unwrap_or(u32::MAX);
        self.count(machine, |books| books.attempted += 1);
    }

    fn healthy(&mut self, machine: usize, now: Time) {
        let never = bit::CONFIRMED | bit::CRASHED | bit::BACK;
        let old = now.0 >= u64::from(self.attempted_ms[machine]) + self.evidence_ms;
        if self.stopped || !old || self.has(machine, never) || !self.has(machine, bit::ATTEMPTED) {
            return;
        }
        self.bits[machine] |= bit::CONFIRMED;
        self.count(machine, |books| books.confirmed += 1);
        if self.has(machine, bit::HARMED) {
            self.bits[machine] &= !bit::HARMED;
            self.count(machine, |books| books.harmed -= 1);
        }
    }

    fn bad(&mut self, machine: usize) {
        if self.stopped || !self.has(machine, bit::ASSIGNED) || self.has(machine, bit::HARMED) {
            return;
        }
        self.bits[machine] |= bit::HARMED;
        self.count(machine, |books| books.harmed += 1);
        if self.has(machine, bit::CONFIRMED) {
            self.bits[machine] &= !bit::CONFIRMED;
            self.count(machine, |books| books.confirmed -= 1);
        }
    }

    /// Notes when the current gate's size was reached first.
    fn reach(&mut self, now: Time) {
        let Some(gate) = self.gates.get(self.gate).filter(|_| self.reached_at.is_none()) else {
            return;
        };
        let lost: u64 =
            self.strata.iter().filter(|books| books.given_up).map(|books| books.machines).sum();
        let exhausted = self.strata.iter().zip(&self.rings).all(|(books, ring)| {
            *ring > gate.ring || books.assigned >= books.machines || books.given_up
        });
        if self.all.reached + lost >= gate.machines || exhausted {
            self.reached_at = Some(now.0);
        }
    }

    /// What was decided, held against the books.
    pub(super) fn decided(
        &mut self,
        actions: &[Action],
        tally: Tally,
        now: Time,
    ) -> Result<(), Violation> {
        let mut grown = false;
        if self.ticked || !actions.is_empty() {
            self.pass(now);
        }
        let mut probed = 0;
        let before = self.all.reached;
        for action in actions {
            match action {
                Action::Expose { stratum, assigned, close } => {
                    grown = true;
                    let stratum = usize::from(*stratum);
                    probed += self.exposed(stratum, *assigned, *close)?;
                }
                Action::Halt => {
                    self.stopped = true;
                    self.halted = true;
                }
                Action::Withdraw => self.withdrawn = true,
                Action::Revert | Action::Complete | Action::KnownGood | Action::Notify => {}
            }
        }
        let look = !self.closed && (self.ticked || grown);
        for books in self.strata.iter_mut().filter(|_| look) {
            let spent = books.probes >= PROBES_MAX || books.assigned >= books.machines;
            books.given_up |= books.assigned > 0 && books.confirmed == 0 && spent;
        }
        if grown {
            // Machines that wake up are exposed by nobody's decision, and probes are counted apart.
            let by_decision = self.all.reached > before + probed;
            self.bounded(by_decision)?;
        }
        self.reach(now);
        if tally.harmed != self.all.harmed {
            return broken(
                4,
                format!(
                    "{} exposed machines are harmed or silent, {} are counted",
                    self.all.harmed, tally.harmed
                ),
            );
        }
        Ok(())
    }

    /// Enters one action; gives the number of probes among what it exposes.
    fn exposed(&mut self, stratum: usize, to: u64, close: bool) -> Result<u64, Violation> {
        let before = self.strata[stratum].assigned;
        self.growable(stratum, before, to, close)?;
        let books = &mut self.strata[stratum];
        let mut probes = 0;
        if !close && books.assigned > 0 && books.confirmed == 0 {
            probes = to.saturating_sub(before);
            books.probes += probes;
            self.all.probes += probes;
            if books.probes > PROBES_MAX {
                let what = format!("stratum {stratum} grows though nobody in it is healthy");
                return broken(3, what).map(|()| 0);
            }
        }
        let order = Rc::clone(&self.order);
        let members = &order[stratum];
        for machine in members.iter().take(to as usize) {
            let machine = *machine as usize;
            if self.has(machine, bit::ASSIGNED) {
                continue;
            }
            self.bits[machine] |= bit::ASSIGNED;
            self.count(machine, |books| books.assigned += 1);
            if self.has(machine, bit::ALIVE) {
                self.bits[machine] |= bit::REACHED;
                self.count(machine, |books| books.reached += 1);
            }
        }
        let books = self.strata[stratum];
        let cap = (books.confirmed * self.multiplier).max(1 + books.probes);
        // A probe of a stratum that has lost its evidence comes on top of what had it.
        if !close && !self.closed && to > before && probes == 0 && books.reached > cap {
            let what = format!("stratum {stratum}: {} exposed, {cap} allowed", books.reached);
            return broken(3, what).map(|()| 0);
        }
        let gate = self.gates.get(self.gate).copied();
        if let (true, Some(gate)) = (close, gate) {
            return self.run_through(&gate).map(|()| 0);
        }
        self.closed |= close;
        match gate {
            Some(gate) if self.rings[stratum] > gate.ring => self.run_through(&gate).map(|()| 0),
            _ => Ok(probes),
        }
    }

    /// Goes to the next gate as soon as the rollout might: its size was reached, its wait is over
    /// and every stratum that was exposed has a healthy machine or was given up.
    fn pass(&mut self, now: Time) {
        while let Some(gate) = self.gates.get(self.gate) {
            let waited = self.reached_at.is_some_and(|at| now.0 - at >= gate.wait_ms);
            if !waited || self.unheard().is_some() {
                return;
            }
            self.gate += 1;
            self.reached_at = None;
            self.reach(now);
        }
    }

    /// A stratum that was exposed, was not given up, and has nobody healthy.
    fn unheard(&self) -> Option<usize> {
        self.strata
            .iter()
            .position(|books| books.assigned > 0 && books.confirmed == 0 && !books.given_up)
    }

    /// Which gate was run through, and what it lacked.
    fn run_through(&self, gate: &Gate) -> Result<(), Violation> {
        let limit = gate.machines;
        match (self.reached_at, self.unheard()) {
            (Some(_), Some(stratum)) => broken(
                3,
                format!("the gate at {limit} opens, nobody in stratum {stratum} is healthy"),
            ),
            _ => broken(9, format!("the gate at {limit} opens before its wait is over")),
        }
    }

    /// Nothing stands against growth in itself.
    fn growable(&self, stratum: usize, from: u64, to: u64, close: bool) -> Result<(), Violation> {
        if self.halted {
            return broken(8, "exposure grows after a halt");
        }
        if self.stale {
            return broken(3, "exposure grows while nothing fresh is heard");
        }
        if to < from && !close {
            return broken(3, format!("exposure of stratum {stratum} shrinks: {from} to {to}"));
        }
        Ok(())
    }

    /// Harmed machines that crashed or are silent now: who was silent and is back may be well.
    fn plainly_harmed(&self) -> u64 {
        let plain = |bits: u16| {
            bits & bit::HARMED != 0 && (bits & bit::CRASHED != 0 || bits & bit::ALIVE == 0)
        };
        self.bits.iter().filter(|bits| plain(**bits)).count() as u64
    }

    /// Exposure within evidence, within the gate, and not in the face of plain harm.
    fn bounded(&self, by_decision: bool) -> Result<(), Violation> {
        if self.closed || !by_decision {
            return Ok(());
        }
        let all = self.all;
        let cap = (all.confirmed * self.multiplier).max(1) + all.probes;
        if all.reached > cap {
            return broken(
                3,
                format!("{} exposed, {} confirmed healthy allow {cap}", all.reached, all.confirmed),
            );
        }
        let machines: u64 = self.strata.iter().map(|books| books.machines).sum();
        let weather = self.ill * WEATHER_IN >= machines.saturating_sub(all.assigned);
        let many = |harmed: u64| harmed >= PLAIN_HARM && harmed * 2 > all.attempted;
        if !weather && many(all.harmed) && many(self.plainly_harmed()) {
            return broken(
                3,
                format!("exposure grows with {} of {} harmed", all.harmed, all.attempted),
            );
        }
        match self.gates.get(self.gate) {
            Some(gate) if all.reached > gate.machines + all.probes => self.run_through(gate),
            _ => Ok(()),
        }
    }

    /// A machine loads the release: it must be exposed, and nothing may stand against it.
    pub(super) fn may_activate(
        &self,
        machine: u32,
        now_s: u64,
        frozen_s: Option<u64>,
    ) -> Result<(), Violation> {
        // Behind a relay nothing is known of a stop, but only for as long as a fence holds.
        let unaware = frozen_s.is_some_and(|frozen| now_s < frozen + FENCE_HOLDS_S);
        if frozen_s.is_some() && !unaware {
            return broken(8, format!("machine {machine} loads the release by an expired fence"));
        }
        if self.withdrawn && !unaware {
            return broken(2, format!("machine {machine} loads a withdrawn digest"));
        }
        if self.halted && !unaware {
            return broken(8, format!("machine {machine} loads the release after a halt"));
        }
        if !self.has(machine as usize, bit::ASSIGNED) && !self.closed {
            return broken(3, format!("machine {machine} loads the release, but is not exposed"));
        }
        Ok(())
    }
}
