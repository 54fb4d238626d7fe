//! One machine under another tool's policy.

use super::{DONE_S, LATE_S, LONG_SILENT_S, TIMEOUT_S, What, World, bit};
use crate::draw::Purpose;
use crate::scenario::{Harm, Reports, Trigger};
use crate::unstaged::{Recovery, recovery};

impl World<'_> {
    pub(super) fn happen(&mut self, machine: u32, what: What) {
        match what {
            What::Load => self.load(machine),
            What::Trigger => self.trigger(machine),
            What::Noise => self.noise(machine),
            What::Done => self.said(machine, true),
            What::Failed => self.failed(machine),
            What::TimedOut if !self.has(machine, bit::SAID) => self.picture.timed_out += 1,
            What::LongSilent if self.has(machine, bit::SILENT) => self.picture.long_silent += 1,
            What::Undo => self.undo(machine),
            What::Back => self.back(machine),
            What::TimedOut | What::LongSilent => {}
        }
    }

    fn load(&mut self, machine: u32) {
        if self.stopped && !self.replayed(machine) || self.has(machine, bit::LOADED) {
            return;
        }
        let outage = self.scenario.weather.control_outage.filter(|o| o.lasts(self.now_s));
        let m = u64::from(machine);
        if let Some(outage) = outage {
            let poll = self.draw.between(m, Purpose::Fetch, 2, 1, self.peer.poll_s);
            self.add(outage.until_s + poll, machine, What::Load);
            return;
        }
        self.bits[machine as usize] |= bit::LOADED;
        self.outcome.exposed += 1;
        self.picture.heard += 1;
        self.add(self.heard_at(machine, self.now_s + DONE_S), machine, What::Done);
        self.add(self.now_s + TIMEOUT_S, machine, What::TimedOut);
        if self.has(machine, bit::AFFECTED) {
            let delay = self.scenario.delay_s(self.draw.unit(m, Purpose::Trigger, 0));
            let from = match self.scenario.trigger {
                Trigger::AfterLoad => self.now_s,
                Trigger::WallClock => self.now_s.max(self.scenario.wall_clock_s as u64),
            };
            self.add(from + delay, machine, What::Trigger);
        }
    }

    /// Behind a relay that repeats an older offer, and nothing in that offer expires.
    fn replayed(&self, machine: u32) -> bool {
        let behind = |share| self.draw.unit(u64::from(machine), Purpose::Relay, 0) < share;
        self.scenario.weather.relay.is_some_and(|relay| behind(relay.share))
    }

    /// When something that a machine says at `at_s` arrives.
    fn heard_at(&self, machine: u32, at_s: u64) -> u64 {
        let m = u64::from(machine);
        match self.scenario.weather.telemetry_loss {
            Some(loss) if loss.lasts(at_s) && self.draw.unit(m, Purpose::Mute, 0) < loss.share => {
                loss.until_s + self.draw.between(m, Purpose::Report, 1, 1, 60)
            }
            _ => at_s,
        }
    }

    fn trigger(&mut self, machine: u32) {
        if self.has(machine, bit::UNDONE) || self.has(machine, bit::HARMED) {
            return;
        }
        self.harm(machine);
        if self.scenario.shared_fate {
            for other in 0..self.bits.len() as u32 {
                if self.has(other, bit::AFFECTED) && !self.has(other, bit::HARMED) {
                    self.harm(other);
                }
            }
        }
    }

    fn harm(&mut self, machine: u32) {
        self.bits[machine as usize] |= bit::HARMED;
        self.outcome.harmed += 1;
        self.down += 1;
        if self.outcome.first_harm_s.is_none() {
            self.outcome.first_harm_s = Some(self.now_s);
            let patience = self.scenario.spread.halt_s - self.scenario.wall_clock_s;
            self.people_s = Some(self.now_s + patience.max(0.0) as u64);
        }
        let m = u64::from(machine);
        let lies = self.draw.unit(m, Purpose::Lie, 0) < self.scenario.weather.false_reporters;
        let heard = match (self.scenario.harm, self.scenario.reports) {
            (Harm::None | Harm::Quiet, _) => return,
            (Harm::ServiceDown, Reports::Full) => true,
            (Harm::ServiceDown, Reports::Intermittent) => self.draw.unit(m, Purpose::Loss, 0) < 0.5,
            _ => false,
        };
        if lies {
            return;
        }
        if heard {
            let late = self.draw.between(m, Purpose::Report, 0, LATE_S.0, LATE_S.1);
            self.add(self.heard_at(machine, self.now_s + late), machine, What::Failed);
            // It is down before it could say that it is done.
            return;
        }
        self.bits[machine as usize] |= bit::SILENT;
        if self.has(machine, bit::LOADED) {
            self.picture.heard = self.picture.heard.saturating_sub(1);
            self.add(self.now_s + LONG_SILENT_S, machine, What::LongSilent);
        }
        let cut_off = matches!(self.scenario.harm, Harm::BootLoop | Harm::NetLost);
        if self.peer.undoes_when_cut_off && cut_off && self.scenario.undo_heals {
            let boot = self.scenario.boot_s as u64;
            self.add(self.now_s + 2 * boot + self.peer.poll_s, machine, What::Back);
        }
    }

    /// A machine says how it went, once.
    fn said(&mut self, machine: u32, done: bool) {
        let harmed = self.has(machine, bit::HARMED);
        let lies = harmed
            && self.draw.unit(u64::from(machine), Purpose::Lie, 0)
                < self.scenario.weather.false_reporters;
        let quiet = self.scenario.harm == Harm::Quiet || lies;
        if self.has(machine, bit::SAID) || done && harmed && !quiet {
            return;
        }
        self.bits[machine as usize] |= bit::SAID;
        let in_step = u64::from(self.in_step(machine));
        if done {
            self.picture.done += 1;
            self.picture.step_done += in_step;
        } else {
            self.picture.failed += 1;
            self.picture.step_failed += in_step;
        }
    }

    fn failed(&mut self, machine: u32) {
        if !self.has(machine, bit::UNDONE) {
            self.said(machine, false);
            if !self.has(machine, bit::FAILING) {
                self.bits[machine as usize] |= bit::FAILING;
                self.down_heard += 1;
            }
        }
        self.crashed(machine);
    }

    fn crashed(&mut self, machine: u32) {
        if self.has(machine, bit::CRASHED) {
            return;
        }
        self.bits[machine as usize] |= bit::CRASHED;
        if self.has(machine, bit::LOADED) {
            self.picture.crashed += 1;
        } else {
            self.picture.control_crashed += 1;
        }
    }

    /// A crash by chance: the consumer is up again at once.
    fn noise(&mut self, machine: u32) {
        if self.has(machine, bit::HARMED) {
            return;
        }
        self.crashed(machine);
        if self.has(machine, bit::LOADED) {
            self.recent.push_back(self.now_s);
        }
    }

    /// The previous file reaches a machine, if anything can.
    fn undo(&mut self, machine: u32) {
        if self.has(machine, bit::UNDONE) {
            return;
        }
        self.bits[machine as usize] |= bit::UNDONE;
        if !self.has(machine, bit::HARMED) || self.has(machine, bit::BACK) {
            return;
        }
        match recovery(self.scenario, self.draw, u64::from(machine)) {
            Recovery::Boots(boots) => {
                let boot = self.scenario.boot_s as u64 + 60;
                self.add(self.now_s + boots * boot, machine, What::Back);
            }
            Recovery::Hands => self.hands(machine),
            Recovery::Undo if self.scenario.weather.poisoned => self.hands(machine),
            Recovery::Undo => {
                let restart = self.scenario.repair.restart_s as u64;
                self.add(self.now_s + restart.max(1), machine, What::Back);
            }
        }
    }

    fn hands(&mut self, _machine: u32) {
        self.outcome.hands_needed += 1;
    }

    fn back(&mut self, machine: u32) {
        if self.has(machine, bit::BACK) {
            return;
        }
        let bits = &mut self.bits[machine as usize];
        *bits |= bit::BACK | bit::UNDONE;
        *bits &= !bit::SILENT;
        if *bits & bit::FAILING != 0 {
            *bits &= !bit::FAILING;
            self.down_heard = self.down_heard.saturating_sub(1);
        }
        self.down = self.down.saturating_sub(1);
        self.outcome.healed_alone += 1;
        self.outcome.healed_s = Some(self.now_s);
    }
}
