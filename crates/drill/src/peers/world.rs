//! A fleet under another tool's policy: machines ask, load, fail, and say so or fall silent.

mod machines;

use super::judge::{Judge, Memory, Picture, Say};
use super::{Peer, Stop};
use crate::draw::{Draw, Purpose, exponential};
use crate::error::DrillError;
use crate::report::{Decided, Outcome, Point};
use crate::request::Watch;
use crate::scenario::Scenario;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Longest virtual time.
const HORIZON_S: u64 = 21 * 86_400;
/// Longest time for which chance crashes are drawn.
const WEATHER_S: u64 = 48 * 3_600;
/// Seconds between two looks of a judge.
const TICK_S: u64 = 15;
/// Seconds after loading at which a machine says that it is done.
const DONE_S: u64 = 60;
/// Seconds after loading at which a machine that said nothing has timed out.
const TIMEOUT_S: u64 = 3_600;
/// A report of a crash arrives after this many seconds.
const LATE_S: (u64, u64) = (30, 300);
/// For how long a crash counts as recent.
const RECENT_S: u64 = 300;
/// How long a machine has to be silent until a slow judge sees it.
const LONG_SILENT_S: u64 = 3 * 3_600;
/// Nothing further is granted for this long: it is stuck.
const STUCK_S: u64 = 7 * 86_400;
/// Events between two looks at whether to stop.
const WATCH_EVERY: u64 = 1 << 12;

mod bit {
    pub(super) const AFFECTED: u16 = 1;
    pub(super) const GRANTED: u16 = 1 << 1;
    pub(super) const LOADED: u16 = 1 << 2;
    pub(super) const HARMED: u16 = 1 << 3;
    pub(super) const SILENT: u16 = 1 << 4;
    pub(super) const SAID: u16 = 1 << 5;
    pub(super) const FAILING: u16 = 1 << 6;
    pub(super) const CRASHED: u16 = 1 << 7;
    pub(super) const UNDONE: u16 = 1 << 8;
    pub(super) const STEP: u16 = 1 << 9;
    pub(super) const BACK: u16 = 1 << 10;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Load,
    Trigger,
    Noise,
    Done,
    Failed,
    TimedOut,
    LongSilent,
    Undo,
    Back,
}

type Entry = Reverse<(u64, u32, What)>;

struct World<'a> {
    peer: &'static Peer,
    scenario: &'a Scenario,
    draw: Draw,
    /// Machines in the order in which they get it; held ones left out.
    order: Vec<u32>,
    bits: Vec<u16>,
    heap: BinaryHeap<Entry>,
    now_s: u64,
    step: usize,
    step_began_s: u64,
    granted: u64,
    grown_s: u64,
    memory: Memory,
    picture: Picture,
    /// Crashes of exposed machines that were up again at once.
    recent: VecDeque<u64>,
    down_heard: u64,
    stopped: bool,
    people_s: Option<u64>,
    down: u64,
    outcome: Outcome,
    points: Vec<Point>,
    decisions: Vec<Decided>,
}

/// Runs it.
pub(crate) fn run(
    scenario: &Scenario,
    peer: &'static Peer,
    machines: u64,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<(Outcome, Vec<Point>, Vec<Decided>), DrillError> {
    let mut world = World::new(scenario, peer, machines, seed);
    let mut steps = 0u64;
    while world.advance() {
        steps += 1;
        if steps.is_multiple_of(WATCH_EVERY) {
            watch.progress(world.outcome.exposed, machines, "machines exposed");
            if watch.interrupted() {
                return Err(DrillError::Interrupted);
            }
        }
    }
    Ok(world.end())
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, peer: &'static Peer, machines: u64, seed: u64) -> World<'a> {
        let draw = Draw::new(seed);
        let affected = crate::ladder::affected(scenario, draw);
        let mut keyed: Vec<(u64, u32)> = Vec::with_capacity(machines as usize);
        let mut bits = vec![0u16; machines as usize];
        let mut online = 0;
        for machine in 0..machines {
            if affected(machine) {
                bits[machine as usize] |= bit::AFFECTED;
            }
            if draw.unit(machine, Purpose::Hold, 0) >= scenario.fleet.held {
                keyed.push((draw.bits(machine, Purpose::Order, 0), machine as u32));
            }
            online += u64::from(draw.unit(machine, Purpose::Online, 0) >= scenario.fleet.offline);
        }
        keyed.sort_unstable();
        let outcome = Outcome { of: machines, online, ..Outcome::default() };
        let mut world = World {
            peer,
            scenario,
            draw,
            order: keyed.into_iter().map(|(_, machine)| machine).collect(),
            bits,
            heap: BinaryHeap::new(),
            now_s: 0,
            step: 0,
            step_began_s: 0,
            granted: 0,
            grown_s: 0,
            memory: Memory::default(),
            picture: Picture::default(),
            recent: VecDeque::new(),
            down_heard: 0,
            stopped: false,
            people_s: None,
            down: 0,
            outcome,
            points: Vec::new(),
            decisions: Vec::new(),
        };
        world.weather();
        world.grow(world.target());
        world
    }

    /// Chance crashes, and those of another release.
    fn weather(&mut self) {
        let crashes = self.scenario.fleet.crashes_per_day.unwrap_or(self.scenario.baseline_per_day);
        for machine in 0..self.bits.len() as u32 {
            let m = u64::from(machine);
            let at = exponential(self.draw.unit(m, Purpose::Noise, 0), crashes / 86_400.0);
            if at < WEATHER_S {
                self.add(at.max(1), machine, What::Noise);
            }
            if let Some(other) = self.scenario.weather.other_release
                && self.draw.unit(m, Purpose::Other, 0) < other.share
            {
                let last = other.until_s.max(other.from_s);
                let at = self.draw.between(m, Purpose::Other, 1, other.from_s, last);
                self.add(at.max(1), machine, What::Noise);
            }
        }
    }

    fn add(&mut self, at_s: u64, machine: u32, what: What) {
        if at_s < HORIZON_S {
            self.heap.push(Reverse((at_s, machine, what)));
        }
    }

    fn has(&self, machine: u32, what: u16) -> bool {
        self.bits[machine as usize] & what != 0
    }

    /// The next thing that happens; false when nothing can any more.
    fn advance(&mut self) -> bool {
        let tick = self.judged().then(|| (self.now_s / TICK_S + 1) * TICK_S);
        let event = self.heap.peek().map(|Reverse((at, _, _))| *at);
        let people = self.people_s.filter(|_| !self.outcome_is_final());
        let Some(next) = [tick, event, people].into_iter().flatten().min() else { return false };
        if next > HORIZON_S {
            return false;
        }
        self.now_s = next;
        while let Some(Reverse((at, machine, what))) = self.heap.peek().copied()
            && at <= next
        {
            self.heap.pop();
            self.happen(machine, what);
        }
        if people == Some(next) {
            self.people_s = None;
            self.stop("people stop it and put the previous file back", Stop::RollBack);
            self.outcome.phase = "stopped by people".into();
        } else if tick == Some(next) && self.judged() {
            self.look();
        }
        self.point();
        true
    }

    /// People have already done what they can.
    fn outcome_is_final(&self) -> bool {
        self.has_undone()
    }

    fn has_undone(&self) -> bool {
        self.outcome.phase == "rolled back" || self.outcome.phase == "stopped by people"
    }

    /// A judge, or the clock, still has something to say.
    fn judged(&self) -> bool {
        let all = self.granted >= self.order.len() as u64;
        let baking = self.now_s < self.grown_s + self.peer.bake_s && self.peer.judge != Judge::None;
        !self.stopped && self.now_s < self.grown_s + STUCK_S && (!all || baking)
    }

    fn target(&self) -> u64 {
        let total = self.order.len() as u64;
        self.peer.steps.target(total, self.step, self.now_s, self.granted)
    }

    fn grow(&mut self, target: u64) {
        let before = self.granted;
        for place in before..target.min(self.order.len() as u64) {
            let machine = self.order[place as usize];
            self.bits[machine as usize] |= bit::GRANTED;
            let m = u64::from(machine);
            let poll = self.draw.between(m, Purpose::Fetch, 0, 1, self.peer.poll_s);
            let off = self.draw.unit(m, Purpose::Online, 0) < self.scenario.fleet.offline;
            let there =
                if off { self.draw.between(m, Purpose::Comeback, 0, 600, 12 * 3_600) } else { 0 };
            self.add((self.now_s + poll).max(there), machine, What::Load);
        }
        self.granted = self.granted.max(target);
        if self.granted > before {
            self.grown_s = self.now_s;
            let text = format!("exposes {}", crate::render::count(self.granted));
            self.decisions.push(Decided { at_s: self.now_s, what: text, why: None });
            if self.granted >= self.order.len() as u64 {
                self.outcome.everywhere_s.get_or_insert(self.now_s);
            }
        }
    }

    /// The judge looks.
    fn look(&mut self) {
        let outage = self.scenario.weather.control_outage;
        if outage.is_some_and(|outage| outage.lasts(self.now_s)) {
            return;
        }
        while self.recent.front().is_some_and(|at| *at + RECENT_S < self.now_s) {
            self.recent.pop_front();
        }
        let mut picture = self.picture;
        picture.step_s = self.now_s - self.step_began_s;
        picture.step = self.step_size();
        picture.exposed = self.outcome.exposed;
        picture.failing = self.down_heard + self.recent.len() as u64;
        picture.control = (self.order.len() as u64).saturating_sub(self.outcome.exposed);
        match self.peer.judge.judge(&picture, &mut self.memory) {
            Say::Stop => {
                self.stop("its judge stops it", self.peer.stop);
                let undone = self.peer.stop == Stop::RollBack;
                self.outcome.phase = if undone { "rolled back" } else { "paused" }.into();
            }
            Say::Next => {
                self.step += 1;
                self.memory = Memory { count: self.memory.count, looked_s: 0 };
                self.step_began_s = self.now_s;
                for bits in &mut self.bits {
                    *bits &= !bit::STEP;
                }
                self.picture.step_done = 0;
                self.picture.step_failed = 0;
                self.picture.step_lost = 0;
                let before = self.granted;
                self.grow(self.target());
                for place in before..self.granted.min(self.order.len() as u64) {
                    self.bits[self.order[place as usize] as usize] |= bit::STEP;
                }
            }
            Say::Wait => self.grow_by_clock(),
        }
    }

    fn grow_by_clock(&mut self) {
        use super::Steps::{Clock, Linear};
        if matches!(self.peer.steps, Clock(_) | Linear(_)) {
            self.grow(self.target());
        }
    }

    /// Machines of this step; of the first step, all that were granted.
    fn step_size(&self) -> u64 {
        if self.step == 0 {
            return self.granted;
        }
        let before = self.peer.steps.target(self.order.len() as u64, self.step - 1, 0, 0);
        self.granted.saturating_sub(before).max(1)
    }

    fn in_step(&self, machine: u32) -> bool {
        self.step == 0 || self.has(machine, bit::STEP)
    }

    /// Nobody further gets it; where it is undone, the previous file goes out.
    fn stop(&mut self, what: &str, stop: Stop) {
        let first = !self.stopped;
        self.stopped = true;
        if first || stop == Stop::RollBack {
            self.outcome.halted_s.get_or_insert(self.now_s);
            self.decisions.push(Decided { at_s: self.now_s, what: what.into(), why: None });
        }
        if stop == Stop::RollBack {
            for machine in 0..self.bits.len() as u32 {
                if self.has(machine, bit::LOADED) {
                    let m = u64::from(machine);
                    let poll = self.draw.between(m, Purpose::Fetch, 1, 1, self.peer.poll_s);
                    self.add(self.now_s + poll, machine, What::Undo);
                }
            }
        }
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

    fn end(mut self) -> (Outcome, Vec<Point>, Vec<Decided>) {
        let outcome = &mut self.outcome;
        if outcome.phase.is_empty() {
            let done = self.granted >= self.order.len() as u64;
            outcome.phase = if done { "done" } else { "stuck" }.into();
        }
        outcome.simulated_s = self.now_s;
        outcome.first_harm_to_halt_s = match (outcome.first_harm_s, outcome.halted_s) {
            (Some(harm), Some(halt)) => Some(halt.saturating_sub(harm)),
            _ => None,
        };
        let minutes = outcome.hands_needed as f64 * self.scenario.repair.hands_min;
        outcome.hands_hours = libm::round(minutes / 60.0) as u64;
        (self.outcome, self.points, self.decisions)
    }
}
