//! One machine: it loads, is harmed, boots, goes dark, comes back. What it decides comes from
//! `decide::endpoint`; what befalls it comes from the scenario and the seed.

use super::agents::{BEFORE, CANDIDATE, Chosen, Did, Input, PROBATION_S, Seen};
use super::calendar::{Entry, What};
use super::world::{World, flag};
use crate::check::Step;
use crate::draw::Purpose;
use crate::scenario::{Harm, Reports, Trigger};
use decide::endpoint::RETRY_AFTER;
use decide::rollout::MachineEvent;

/// A live report arrives after this many seconds.
const PROMPT_S: std::ops::RangeInclusive<u64> = 1..=5;
/// A report of harm arrives after this many seconds.
const LATE_S: std::ops::RangeInclusive<u64> = 30..=300;
/// Seconds from the start of a machine to its crash on a bad file.
const BOOT_CRASH_S: std::ops::RangeInclusive<u64> = 10..=60;
/// Seconds that a consumer takes to restart.
const RESTART_S: u64 = 10;
/// How long a machine that left by itself is away.
const AWAY_S: std::ops::RangeInclusive<u64> = 1_800..=28_800;
/// Token of the poll at which a release gets its one retry.
const RETRY: u8 = 1;
/// Heartbeats missed until a machine counts as silent.
const MISSES: u64 = 3;

impl World<'_> {
    /// What is due on a machine happens.
    pub(crate) fn happen(&mut self, entry: Entry) {
        let Entry { machine, what, token } = entry;
        let index = machine as usize;
        match what {
            What::Freeze => {
                self.old_fence = Some(self.fence.clone());
                return;
            }
            What::Restored => return self.restored(),
            What::Mute => return self.mute(machine),
            What::Unmute => return self.unmute(machine),
            What::Unheard => return self.unheard(machine),
            _ => {}
        }
        let dark = self.flags[index] & flag::DARK != 0;
        match what {
            What::Return => self.back_by_itself(machine),
            What::Leave => self.leave(machine, token),
            What::Poll if !dark => self.poll(machine, token == RETRY),
            What::Noise if !dark => self.chance_crash(machine),
            What::Trigger if token == self.load[index] => self.trigger(machine),
            What::Boot if self.flags[index] & flag::HANDS == 0 => self.boot(machine),
            What::Attempted | What::Crashed | What::Reverted if self.held_back(machine) => {
                self.put_off(entry);
            }
            What::Attempted => self.report(machine, MachineEvent::Attempted),
            What::Crashed => self.report(machine, MachineEvent::Crashed),
            What::Reverted if !dark => self.report(machine, MachineEvent::Reverted),
            What::Healthy if token == self.load[index] => self.healthy(machine),
            What::Silent if dark && token == self.dark[index] => self.unheard(machine),
            _ => {}
        }
    }

    fn within(&self, machine: u32, range: std::ops::RangeInclusive<u64>, purpose: Purpose) -> u64 {
        let counter = self.now_s();
        self.draw.between(u64::from(machine), purpose, counter, *range.start(), *range.end())
    }

    fn later(&mut self, delay_s: u64, machine: u32, what: What, token: u8) {
        let at = self.now_s() + delay_s.max(1);
        self.calendar.add(at, Entry { machine, what, token });
    }

    fn step(&mut self, machine: u32, input: Input) -> Did {
        let index = machine as usize;
        let (next, did) = self.agents.step(self.state[index], input);
        self.state[index] = next;
        let record = self.agents.record(next);
        let runs = record.current.number == CANDIDATE;
        let step = match input {
            Input::BeforeStart => Step::Start,
            Input::Healthy | Input::Proved => Step::Healthy,
            _ => Step::Other,
        };
        self.checkers.stepped(machine, record, step);
        if runs {
            self.flags[index] |= flag::RUNS;
        } else {
            self.flags[index] &= !flag::RUNS;
        }
        did
    }

    /// The machine reads the fence and does what its agent says.
    fn poll(&mut self, machine: u32, retry_due: bool) {
        let relayed = self.seen_by_relay(machine);
        let behind = relayed.is_some();
        let seen = Seen { retry_due, ..relayed.unwrap_or_else(|| self.seen(machine)) };
        if behind {
            // The next read may meet the source again.
            self.later(10 * self.heartbeat_s, machine, What::Poll, 0);
        } else if self.old_fence.is_some() {
            self.flags[machine as usize] |= flag::NEWER;
        }
        match self.agents.choose(self.state[machine as usize], seen) {
            Chosen::Keep => {}
            Chosen::Take => self.take(machine, behind),
            Chosen::GoBack => {
                self.step(machine, Input::TakenBack);
                self.given_back(machine);
                if self.spoilt(machine) {
                    self.healing += 1;
                    self.later(RESTART_S, machine, What::Boot, 0);
                    return;
                }
                self.back_on_known_good(machine);
                let delay = self.within(machine, PROMPT_S, Purpose::Report);
                self.later(delay, machine, What::Reverted, 0);
            }
        }
    }

    /// Last words, activation, start.
    fn take(&mut self, machine: u32, behind: bool) {
        let index = machine as usize;
        let frozen = self.scenario.weather.relay.filter(|_| behind).map(|relay| relay.from_s);
        self.checkers.activated(machine, self.now_s(), frozen);
        let delay = self.within(machine, PROMPT_S, Purpose::Report);
        self.later(delay, machine, What::Attempted, 0);
        self.step(machine, Input::Activate);
        self.step(machine, Input::BeforeStart);
        if self.flags[index] & flag::EXPOSED == 0 {
            self.flags[index] |= flag::EXPOSED;
            self.outcome.exposed += 1;
        }
        self.load[index] = self.load[index].wrapping_add(1);
        self.loaded_s[index] = self.now_s() as u32;
        let confirm =
            self.evidence_s + self.within(machine, 6..=6 + self.heartbeat_s, Purpose::Beat);
        self.later(confirm, machine, What::Healthy, self.load[index]);
        if self.flags[index] & flag::AFFECTED != 0 {
            self.arm(machine);
        }
    }

    fn arm(&mut self, machine: u32) {
        let index = machine as usize;
        let unit = self.draw.unit(u64::from(machine), Purpose::Trigger, 0);
        let delay = self.scenario.delay_s(unit);
        let delay = match self.scenario.trigger {
            Trigger::AfterLoad => delay,
            Trigger::WallClock => {
                (self.scenario.wall_clock_s as u64).saturating_sub(self.now_s()) + delay
            }
        };
        if self.now_s() + delay < super::world::HORIZON_S {
            self.flags[index] |= flag::ARMED;
            self.armed += 1;
            self.later(delay, machine, What::Trigger, self.load[index]);
        }
    }

    fn disarm(&mut self, machine: u32) {
        let index = machine as usize;
        if self.flags[index] & flag::ARMED != 0 {
            self.flags[index] &= !flag::ARMED;
            self.armed -= 1;
        }
    }

    /// The release is gone from this machine; what was due for it no longer is.
    fn given_back(&mut self, machine: u32) {
        self.disarm(machine);
        let index = machine as usize;
        self.load[index] = self.load[index].wrapping_add(1);
    }

    /// Old enough and alive: the heartbeat says healthy.
    fn healthy(&mut self, machine: u32) {
        let index = machine as usize;
        let dead = self.scenario.harm != Harm::Quiet && !self.lies(machine);
        let down = self.flags[index] & flag::DOWN != 0 && dead;
        if down || self.flags[index] & flag::RUNS == 0 {
            return;
        }
        if self.flags[index] & flag::DARK == 0 {
            self.step(machine, Input::Healthy);
            let heard = !self.held_back(machine) && self.cut_s.is_none();
            if heard && self.rollout.wants_healthy(machine, self.now()) {
                self.report(machine, MachineEvent::Healthy);
                return;
            }
        }
        if self.rollout.tally().attempted < self.outcome.of {
            // Its attempt was reported late, or it is off: the next heartbeats are as good.
            self.later(10 * self.heartbeat_s, machine, What::Healthy, self.load[index]);
        }
    }

    /// The defect fires.
    fn trigger(&mut self, machine: u32) {
        let index = machine as usize;
        if self.flags[index] & flag::DARK != 0 {
            // Off: it fires when the machine is back.
            self.later(600, machine, What::Trigger, self.load[index]);
            return;
        }
        self.disarm(machine);
        let age = self.now_s().saturating_sub(u64::from(self.loaded_s[index]));
        if age >= PROBATION_S {
            self.step(machine, Input::Proved);
        }
        let first = self.flags[index] & flag::HARMED == 0;
        self.harm(machine);
        if self.lies(machine) {
            return;
        }
        if self.scenario.shared_fate {
            self.all_down();
            return;
        }
        match self.scenario.harm {
            Harm::None | Harm::Quiet => {}
            Harm::ServiceDown => self.service_down(machine, first),
            Harm::BootLoop => {
                self.go_dark(machine, false);
                self.healing += 1;
                self.later(self.scenario.boot_s as u64, machine, What::Boot, 0);
            }
            Harm::HostDown | Harm::NetLost => {
                self.go_dark(machine, false);
                self.stays_down(machine);
            }
            Harm::ControlPlaneDown => {
                self.cut_s.get_or_insert(self.now_s());
            }
        }
    }

    fn harm(&mut self, machine: u32) {
        let index = machine as usize;
        if self.flags[index] & flag::HARMED == 0 {
            self.flags[index] |= flag::HARMED;
            self.outcome.harmed += 1;
            let now = self.now_s();
            self.outcome.first_harm_s.get_or_insert(now);
        }
        if self.flags[index] & flag::DOWN == 0 {
            self.flags[index] |= flag::DOWN;
            self.down += 1;
        }
    }

    fn needs_hands(&mut self, machine: u32) {
        let index = machine as usize;
        if self.flags[index] & flag::HANDS == 0 {
            self.flags[index] |= flag::HANDS;
            self.outcome.hands_needed += 1;
        }
    }

    /// One is enough: everybody that can be harmed is, and nobody is heard.
    fn all_down(&mut self) {
        self.cut_s.get_or_insert(self.now_s());
        for machine in 0..self.flags.len() as u32 {
            if self.flags[machine as usize] & flag::AFFECTED != 0 {
                self.harm(machine);
                if self.scenario.repair.hands > 0.0 {
                    self.needs_hands(machine);
                }
            }
            self.disarm(machine);
        }
    }

    /// The consumer died, and the agent is there to see it.
    fn service_down(&mut self, machine: u32, first: bool) {
        let heard = match self.scenario.reports {
            Reports::Full => true,
            Reports::Intermittent => self.draw.unit(u64::from(machine), Purpose::Loss, 0) < 0.5,
            Reports::None => false,
        };
        if heard && first {
            let delay = self.within(machine, LATE_S, Purpose::Report);
            self.later(delay, machine, What::Crashed, 0);
        }
        self.step(machine, Input::CrashSeen);
        self.healing += 1;
        self.later(RESTART_S, machine, What::Boot, 0);
    }

    /// The machine or its consumer starts: rescue first, then whatever the record names.
    fn boot(&mut self, machine: u32) {
        match self.step(machine, Input::BeforeStart) {
            Did::Starts(release)
                if release == CANDIDATE || release == BEFORE && self.spoilt(machine) =>
            {
                // The same file, the same end; an agent that lives sees it.
                let wait = if self.scenario.harm == Harm::BootLoop {
                    self.scenario.boot_s as u64
                } else {
                    self.step(machine, Input::CrashSeen);
                    RESTART_S
                };
                let crash = self.within(machine, BOOT_CRASH_S, Purpose::Boot);
                self.later(wait + crash, machine, What::Boot, 0);
            }
            Did::Starts(release) => {
                self.healing = self.healing.saturating_sub(1);
                self.given_back(machine);
                if !self.scenario.undo_heals && release == BEFORE {
                    self.stays_down(machine);
                    return;
                }
                self.come_back(machine);
                self.back_on_known_good(machine);
                let delay = self.within(machine, LATE_S, Purpose::Report);
                self.later(delay, machine, What::Reverted, 0);
                if self.step(machine, Input::Healthy) == Did::Retry {
                    self.later(RETRY_AFTER.0 / 1_000, machine, What::Poll, RETRY);
                }
            }
            _ => {
                self.healing = self.healing.saturating_sub(1);
                self.needs_hands(machine);
            }
        }
    }

    /// The file alone does not bring it back: a person comes, or repairs it from afar.
    fn stays_down(&mut self, machine: u32) {
        let drawn = self.draw.unit(u64::from(machine), Purpose::Hands, 0);
        if drawn < self.scenario.repair.hands {
            self.needs_hands(machine);
        }
    }

    fn back_on_known_good(&mut self, machine: u32) {
        let index = machine as usize;
        if self.flags[index] & flag::DOWN == 0 {
            return;
        }
        if !self.scenario.undo_heals {
            self.stays_down(machine);
            return;
        }
        self.flags[index] &= !flag::DOWN;
        self.down -= 1;
        self.outcome.healed_s = Some(self.now_s());
    }

    pub(crate) fn go_dark(&mut self, machine: u32, goodbye: bool) {
        let index = machine as usize;
        if self.flags[index] & flag::DARK != 0 {
            return;
        }
        self.flags[index] |= flag::DARK;
        self.dark[index] = self.dark[index].wrapping_add(1);
        if goodbye && !self.held_back(machine) {
            self.flags[index] |= flag::GONE;
            self.report(machine, MachineEvent::Goodbye);
        } else {
            let beat = self.within(machine, 0..=self.heartbeat_s, Purpose::Beat);
            let delay = MISSES * self.heartbeat_s + beat;
            self.later(delay, machine, What::Silent, self.dark[index]);
        }
    }

    fn come_back(&mut self, machine: u32) {
        let index = machine as usize;
        if self.flags[index] & flag::DARK == 0 {
            return;
        }
        self.flags[index] &= !flag::DARK;
        self.flags[index] |= flag::SEEN;
        self.dark[index] = self.dark[index].wrapping_add(1);
        self.heard_again(machine);
        if self.flags[index] & flag::RUNS != 0 {
            // Its next heartbeat says healthy again, and takes the suspicion of its silence away.
            let beat = self.within(machine, 1..=self.heartbeat_s, Purpose::Beat);
            self.later(beat, machine, What::Healthy, self.load[index]);
        }
    }

    /// A machine that was off comes back, and reads the fence first of all.
    fn back_by_itself(&mut self, machine: u32) {
        if self.flags[machine as usize] & flag::DOWN != 0 {
            return;
        }
        self.come_back(machine);
        self.poll_soon(machine);
    }

    fn leave(&mut self, machine: u32, outage: u8) {
        if self.flags[machine as usize] & flag::DARK != 0 {
            return;
        }
        if outage != 0 {
            self.go_dark(machine, false);
            return;
        }
        let goodbye = self.draw.unit(u64::from(machine), Purpose::Goodbye, 0) < 0.5;
        self.go_dark(machine, goodbye);
        let away = self.within(machine, AWAY_S, Purpose::Comeback);
        self.later(away, machine, What::Return, 0);
    }

    /// A consumer crashes by chance, whatever it runs; an agent on probation cannot tell.
    fn chance_crash(&mut self, machine: u32) {
        let index = machine as usize;
        if self.flags[index] & flag::DOWN != 0 {
            return;
        }
        let delay = self.within(machine, LATE_S, Purpose::Report);
        self.later(delay, machine, What::Crashed, 0);
        let age = self.now_s().saturating_sub(u64::from(self.loaded_s[index]));
        if self.flags[index] & flag::RUNS != 0 && age >= PROBATION_S {
            self.step(machine, Input::Proved);
        }
        if self.step(machine, Input::CrashSeen) == Did::Taken {
            self.given_back(machine);
            self.step(machine, Input::BeforeStart);
            self.step(machine, Input::Healthy);
            let delay = self.within(machine, LATE_S, Purpose::Report);
            self.later(delay, machine, What::Reverted, 0);
        } else {
            self.step(machine, Input::BeforeStart);
            self.step(machine, Input::Healthy);
        }
    }
}
