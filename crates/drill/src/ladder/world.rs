//! The world: clock, calendar, fence, and what control plane and machines tell each other.

use super::agents::{Endpoint, Seen, State};
use super::calendar::{Calendar, Entry, What};
use super::control::Rollouts;
use super::fleet::Fleet;
use crate::check::Checkers;
use crate::draw::{Draw, Purpose, exponential};
use crate::report::{Decided, Outcome, Point};
use crate::scenario::{LEASE_S, Scenario};
use decide::exposure::Threshold;
use decide::reason::Reason;
use decide::rollout::{Action, Event, MachineEvent, Phase, Rollout};
use decide::time::{Span, Time};
use std::rc::Rc;

/// Longest virtual time of a drill.
pub(crate) const HORIZON_S: u64 = 21 * 86_400;
/// A rollout that exposes nobody further for this long ends its drill; the longest gate of the
/// shipped ladders waits 26 h.
const STANDSTILL_S: u64 = 48 * 3_600;
/// After a stop, how long machines are given to come back.
const AFTERMATH_S: u64 = 24 * 3_600;
/// How long chance crashes and natural absences are drawn for.
const WEATHER_S: u64 = 48 * 3_600;
/// The region that is out.
const OUTAGE_BLOCK: u16 = 3;
/// Machines for what concerns none of them: the last number there is.
const NOBODY: u32 = u32::MAX;
/// Chance that a read of a machine behind a relay meets the relay.
const RELAYED: f64 = 0.5;

/// Flags of a machine.
pub(crate) mod flag {
    /// Nothing is heard from it.
    pub(crate) const DARK: u16 = 1;
    /// The defect can harm it.
    pub(crate) const AFFECTED: u16 = 1 << 1;
    /// It has loaded the release.
    pub(crate) const EXPOSED: u16 = 1 << 2;
    /// It runs the release.
    pub(crate) const RUNS: u16 = 1 << 3;
    /// The defect has fired.
    pub(crate) const HARMED: u16 = 1 << 4;
    /// It is down or degraded now.
    pub(crate) const DOWN: u16 = 1 << 5;
    /// It needs a person.
    pub(crate) const HANDS: u16 = 1 << 6;
    /// The control plane was told that it is silent or said goodbye.
    pub(crate) const GONE: u16 = 1 << 7;
    /// The defect is going to fire.
    pub(crate) const ARMED: u16 = 1 << 8;
    /// It was reachable at some time.
    pub(crate) const SEEN: u16 = 1 << 9;
    /// Its reports are held back.
    pub(crate) const MUTE: u16 = 1 << 10;
    /// It has read a fence newer than what a relay repeats.
    pub(crate) const NEWER: u16 = 1 << 11;
}

/// The fence, as machines read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fence {
    pub open: bool,
    pub reverting: bool,
    pub withdrawn: bool,
    pub complete: bool,
    pub below: Vec<Threshold>,
}

/// A fleet, its control plane, and a clock.
pub(crate) struct World<'a> {
    pub scenario: &'a Scenario,
    pub draw: Draw,
    pub rollout: Rollout,
    rollouts: Box<dyn Rollouts>,
    pub agents: Box<dyn Endpoint>,
    pub checkers: Checkers,
    pub calendar: Calendar,
    pub fence: Fence,
    /// What a relay repeats.
    pub old_fence: Option<Fence>,
    pub state: Vec<State>,
    pub flags: Vec<u16>,
    /// Bumped whenever the machine takes or gives back the release.
    pub load: Vec<u8>,
    /// Bumped whenever it goes dark or is heard again.
    pub dark: Vec<u8>,
    /// Seconds at which it loaded the release last.
    pub loaded_s: Vec<u32>,
    /// Machines of each stratum in the rollout's random order.
    order: Rc<Vec<Vec<u32>>>,
    assigned: Vec<usize>,
    now_s: u64,
    next_tick_s: u64,
    tick_s: u64,
    pub heartbeat_s: u64,
    pub evidence_s: u64,
    /// When the control plane stopped hearing anybody.
    pub cut_s: Option<u64>,
    grown_s: u64,
    /// Machines on which the defect is going to fire.
    pub armed: u64,
    /// Machines that are on their way back.
    pub healing: u64,
    pub outcome: Outcome,
    pub down: u64,
    pub points: Vec<Point>,
    pub decisions: Vec<Decided>,
    shown: u64,
}

impl<'a> World<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        seed: u64,
        fleet: (Fleet, Rc<Vec<Vec<u32>>>),
        mut rollouts: Box<dyn Rollouts>,
        agents: Box<dyn Endpoint>,
        mut checkers: Checkers,
    ) -> World<'a> {
        let (Fleet { start, affected }, order) = fleet;
        let machines = start.machines.len();
        let ladder = start.policy.ladder(start.lane);
        let evidence_s = ladder.map_or(1, |ladder| ladder.evidence_age.0.div_ceil(1_000));
        let flags = start.machines.iter().zip(affected).map(|(machine, affected)| {
            let affected = if affected { flag::AFFECTED } else { 0 };
            affected | if machine.alive { flag::SEEN } else { flag::DARK | flag::GONE }
        });
        let flags = flags.collect();
        let heartbeat_s = start.policy.heartbeat.0.div_ceil(1_000).max(1);
        let tick_s = start.policy.tick.0.div_ceil(1_000).max(1);
        let strata = start.strata.len();
        let decision = Rollout::start(rollouts.start(start), Time(0));
        checkers.decided(&decision.actions, decision.rollout.tally(), Time(0));
        let mut world = World {
            scenario,
            draw: Draw::new(seed),
            rollout: decision.rollout,
            rollouts,
            agents,
            checkers,
            calendar: Calendar::default(),
            fence: Fence { open: true, below: vec![Threshold::NONE; strata], ..Fence::default() },
            old_fence: None,
            state: vec![0; machines],
            flags,
            load: vec![0; machines],
            dark: vec![0; machines],
            loaded_s: vec![0; machines],
            order,
            assigned: vec![0; strata],
            now_s: 0,
            next_tick_s: tick_s,
            tick_s,
            heartbeat_s,
            evidence_s,
            cut_s: None,
            grown_s: 0,
            armed: 0,
            healing: 0,
            outcome: Outcome { of: machines as u64, ..Outcome::default() },
            down: 0,
            points: Vec::new(),
            decisions: Vec::new(),
            shown: 0,
        };
        world.act(&decision.actions);
        world
    }

    pub(crate) fn now_s(&self) -> u64 {
        self.now_s
    }
    pub(crate) fn now(&self) -> Time {
        Time(self.now_s * 1_000)
    }
    /// Machines exposed, and machines in all.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.outcome.exposed, self.outcome.of)
    }

    /// Draws the weather: chance crashes, machines that leave, machines that come back.
    pub(crate) fn begin(&mut self) {
        let crashes = self.scenario.fleet.crashes_per_day;
        let crash_rate = crashes.unwrap_or(self.scenario.baseline_per_day) / 86_400.0;
        for machine in 0..self.flags.len() as u32 {
            let m = u64::from(machine);
            let entry = |what| Entry { machine, what, token: 0 };
            let crash = exponential(self.draw.unit(m, Purpose::Noise, 0), crash_rate);
            if crash < WEATHER_S {
                self.calendar.add(crash.max(1), entry(What::Noise));
            }
            if self.flags[machine as usize] & flag::DARK != 0 {
                let back = self.draw.between(m, Purpose::Comeback, 0, 600, 12 * 3_600);
                self.calendar.add(back, entry(What::Return));
                continue;
            }
            let rate = self.scenario.fleet.leave_per_hour / 3_600.0;
            let leave = exponential(self.draw.unit(m, Purpose::Dropout, 0), rate);
            if leave < WEATHER_S {
                self.calendar.add(leave.max(1), entry(What::Leave));
            }
        }
        self.begin_episodes();
    }

    /// Puts the scenario's weather into the calendar.
    fn begin_episodes(&mut self) {
        let weather = &self.scenario.weather;
        let outage_block = OUTAGE_BLOCK.min(self.scenario.fleet.regions.saturating_sub(1));
        for machine in 0..self.flags.len() as u32 {
            let m = u64::from(machine);
            let entry = |what| Entry { machine, what, token: 0 };
            let alive = self.flags[machine as usize] & flag::DARK == 0;
            if let Some(outage) = weather.region_outage
                && alive
                && self.block(machine) == outage_block
            {
                self.calendar.add(outage.from_s, Entry { token: 1, ..entry(What::Leave) });
                self.calendar.add(outage.until_s, entry(What::Return));
            }
            if let Some(loss) = weather.telemetry_loss
                && self.draw.unit(m, Purpose::Mute, 0) < loss.share
            {
                self.calendar.add(loss.from_s, entry(What::Mute));
                self.calendar.add(loss.until_s, entry(What::Unmute));
            }
            if let Some(other) = weather.other_release
                && self.draw.unit(m, Purpose::Other, 0) < other.share
            {
                let last = other.until_s.max(other.from_s);
                let at = self.draw.between(m, Purpose::Other, 1, other.from_s, last);
                self.calendar.add(at.max(1), entry(What::Noise));
            }
        }
        let nobody = |what| Entry { machine: NOBODY, what, token: 0 };
        if let Some(relay) = weather.relay {
            self.calendar.add(relay.from_s, nobody(What::Freeze));
        }
        if let Some(outage) = weather.control_outage {
            self.calendar.add(outage.until_s, nobody(What::Restored));
        }
    }

    fn block(&self, machine: u32) -> u16 {
        self.rollout.started().machines[machine as usize].block
    }

    /// Lives through the next second in which something happens; false when nothing can any more.
    pub(crate) fn advance(&mut self) -> bool {
        let due = self.calendar.next_s();
        let tick = (!self.over_for_control()).then_some(self.next_tick_s);
        let Some(next) = [due, tick].into_iter().flatten().min() else { return false };
        if next > HORIZON_S || self.over() {
            return false;
        }
        self.now_s = next;
        if due == Some(next) {
            for entry in self.calendar.take(next) {
                self.happen(entry);
            }
        }
        if tick == Some(next) {
            self.next_tick_s += self.tick_s;
            if !self.control_out() {
                let feed_age = Some(Span(self.cut_s.map_or(1_000, |cut| (next - cut) * 1_000)));
                self.tell(&Event::Tick { feed_age });
            }
        }
        self.point();
        true
    }

    /// Nothing that is told can change a decision any more.
    fn over_for_control(&self) -> bool {
        matches!(self.rollout.phase(), Phase::Done | Phase::Reverted)
    }

    fn over(&self) -> bool {
        let settled = self.healing == 0 && self.armed == 0;
        match self.rollout.phase() {
            Phase::Done => settled,
            Phase::Reverted => {
                self.healing == 0 || self.now_s > self.grown_s + HORIZON_S.min(AFTERMATH_S)
            }
            Phase::Halted | Phase::Reverting => {
                self.now_s > self.outcome.halted_s.unwrap_or(0) + AFTERMATH_S
            }
            Phase::Soaking => false,
            Phase::Advancing | Phase::Holding => self.now_s > self.grown_s + STANDSTILL_S,
        }
    }

    /// The control plane is gone, and will be back.
    pub(crate) fn control_out(&self) -> bool {
        self.scenario.weather.control_outage.is_some_and(|outage| outage.lasts(self.now_s))
    }

    /// Tells the control plane what a machine did.
    pub(crate) fn report(&mut self, machine: u32, what: MachineEvent) {
        if self.cut_s.is_none() && !self.control_out() {
            self.tell(&Event::Machine { machine, what });
        }
    }

    fn tell(&mut self, event: &Event) {
        let now = self.now();
        self.checkers.told(event, now);
        let actions = self.rollouts.fold(&mut self.rollout, event, now);
        self.checkers.decided(&actions, self.rollout.tally(), now);
        if !actions.is_empty() {
            self.act(&actions);
        }
    }

    /// Publishes what was decided.
    fn act(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Expose { stratum, assigned, close } => {
                    self.expose(usize::from(*stratum), *assigned as usize);
                    if *close {
                        self.outcome.everywhere_s.get_or_insert(self.now_s);
                    }
                }
                Action::Halt => {
                    self.fence.open = false;
                    self.outcome.halted_s.get_or_insert(self.now_s);
                }
                Action::Revert => {
                    self.fence.reverting = true;
                    self.call_back();
                }
                Action::Withdraw => self.fence.withdrawn = true,
                // As the server: with a stratum in quarantine it is nobody's base.
                Action::Complete => self.fence.complete = !self.quarantined(),
                Action::KnownGood | Action::Notify => {}
            }
            self.note(action);
        }
    }

    fn quarantined(&self) -> bool {
        self.rollout.view(self.now()).strata.iter().any(|stratum| stratum.quarantined)
    }

    fn expose(&mut self, stratum: usize, assigned: usize) {
        self.fence.below[stratum] = self.rollout.threshold(stratum as u16);
        let before = self.assigned[stratum];
        self.assigned[stratum] = assigned.max(before);
        self.grown_s = self.now_s;
        for place in before..assigned.min(self.order[stratum].len()) {
            let machine = self.order[stratum][place];
            self.poll_soon(machine);
        }
    }

    /// A machine polls once an interval, at a moment of its own.
    pub(crate) fn poll_soon(&mut self, machine: u32) {
        let drawn = self.draw.between(
            u64::from(machine),
            Purpose::Fetch,
            u64::from(self.load[machine as usize]),
            1,
            self.heartbeat_s,
        );
        let at = self.now_s + self.agents.jitter_s(drawn);
        self.calendar.add(at, Entry { machine, what: What::Poll, token: 0 });
    }

    /// Everybody who has the release reads the fence within an interval.
    fn call_back(&mut self) {
        for machine in 0..self.flags.len() as u32 {
            if self.flags[machine as usize] & flag::RUNS != 0 {
                self.poll_soon(machine);
            }
        }
    }

    /// What a machine sees when it reads the fence.
    pub(crate) fn seen(&self, machine: u32) -> Seen {
        self.read(machine, &self.fence, self.signed(), false)
    }

    /// The newest fence has not expired.
    fn signed(&self) -> bool {
        let outage = self.scenario.weather.control_outage;
        let out = outage.is_some_and(|outage| {
            outage.lasts(self.now_s) && self.now_s >= outage.from_s + LEASE_S
        });
        self.cut_s.is_none() && !out
    }

    /// What a machine sees when a relay is between it and the fence at this read, if one is.
    pub(crate) fn seen_by_relay(&self, machine: u32) -> Option<Seen> {
        let relay = self.scenario.weather.relay?;
        let m = u64::from(machine);
        let behind = self.draw.unit(m, Purpose::Relay, 0) < relay.share
            && self.draw.unit(m, Purpose::Relay, self.now_s.max(1)) < RELAYED;
        let fence = self.old_fence.as_ref().filter(|_| behind)?;
        let fresh = self.now_s < relay.from_s + LEASE_S;
        let older = self.flags[machine as usize] & flag::NEWER != 0;
        Some(self.read(machine, fence, fresh, older))
    }

    fn read(&self, machine: u32, fence: &Fence, fresh: bool, older: bool) -> Seen {
        let me = self.rollout.started().machines[machine as usize];
        let below = fence.below.get(usize::from(me.stratum));
        Seen {
            exposed: below.is_some_and(|below| below.exposes(me.bucket)),
            open: fence.open,
            reverting: fence.reverting,
            withdrawn: fence.withdrawn,
            fresh,
            complete: fence.complete && fence.open,
            retry_due: false,
            held: me.held,
            older,
        }
    }

    /// The rollout's first reason, without the command that would be run on a real rollout.
    pub(crate) fn why(&self) -> Option<Reason> {
        let reason = self.rollout.reasons().first().cloned();
        reason.map(|reason| Reason { next: String::new(), ..reason })
    }

    fn note(&mut self, action: &Action) {
        let what = match action {
            Action::Expose { close: true, .. } => "offers it to everybody".to_owned(),
            Action::Expose { .. } => {
                let assigned = self.assigned.iter().sum::<usize>() as u64;
                if assigned < self.shown.saturating_mul(2).max(1) {
                    return;
                }
                self.shown = assigned;
                format!("exposes {}", crate::render::count(assigned))
            }
            Action::Halt => "halts".into(),
            Action::Revert => "reverts".into(),
            Action::Withdraw => "withdraws".into(),
            Action::KnownGood => "known good".into(),
            Action::Complete | Action::Notify => return,
        };
        if self.decisions.last().is_some_and(|last| last.what == what && last.at_s == self.now_s) {
            return;
        }
        let why = match action {
            Action::Halt | Action::KnownGood => self.why(),
            _ => None,
        };
        self.decisions.push(Decided { at_s: self.now_s, what, why });
    }

    fn point(&mut self) {
        let point = Point {
            at_s: self.now_s,
            exposed: self.outcome.exposed,
            harmed: self.outcome.harmed,
            down: self.down,
        };
        match self.points.last_mut() {
            Some(last) if Point { at_s: point.at_s, ..*last } == point => {}
            Some(last) if last.at_s / 60 == point.at_s / 60 => *last = point,
            _ => self.points.push(point),
        }
    }
}
