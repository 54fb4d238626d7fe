//! What happens to machines and their reports that no release did: reports that are held back, a
//! control plane that is gone, agents that say what is not so.

use super::calendar::{Entry, What};
use super::world::{World, flag};
use crate::draw::Purpose;
use decide::rollout::MachineEvent;

impl World<'_> {
    /// Nothing that this machine says arrives now; its agent keeps it for later.
    pub(super) fn held_back(&self, machine: u32) -> bool {
        self.flags[machine as usize] & flag::MUTE != 0 || self.control_out()
    }

    /// A report arrives once reports arrive again.
    pub(super) fn put_off(&mut self, entry: Entry) {
        let weather = &self.scenario.weather;
        let muted = self.flags[entry.machine as usize] & flag::MUTE != 0;
        let until = |episode: Option<crate::scenario::Episode>, lasts: bool| {
            episode.filter(|_| lasts).map_or(0, |episode| episode.until_s)
        };
        let until = until(weather.telemetry_loss, muted)
            .max(until(weather.control_outage, self.control_out()))
            .max(self.now_s());
        let machine = u64::from(entry.machine);
        let delay = self.draw.between(machine, Purpose::Report, until, 1, self.heartbeat_s);
        self.calendar.add(until + delay, entry);
    }

    /// Its agent says that all is well, whatever is.
    pub(super) fn lies(&self, machine: u32) -> bool {
        let share = self.scenario.weather.false_reporters;
        share > 0.0 && self.draw.unit(u64::from(machine), Purpose::Lie, 0) < share
    }

    /// The defect has spoilt the file that this machine would go back to.
    pub(super) fn spoilt(&self, machine: u32) -> bool {
        self.scenario.weather.poisoned && self.flags[machine as usize] & flag::HARMED != 0
    }

    pub(super) fn mute(&mut self, machine: u32) {
        self.flags[machine as usize] |= flag::MUTE;
        let at = self.now_s() + 3 * self.heartbeat_s + 1;
        self.calendar.add(at, Entry { machine, what: What::Unheard, token: 0 });
    }

    /// Three heartbeats were missed, for whatever reason.
    pub(super) fn unheard(&mut self, machine: u32) {
        let flags = &mut self.flags[machine as usize];
        if *flags & (flag::MUTE | flag::DARK) == 0 || *flags & flag::GONE != 0 {
            return;
        }
        if self.control_out() {
            return; // It is noticed when the control plane is back.
        }
        self.flags[machine as usize] |= flag::GONE;
        self.report(machine, MachineEvent::Silent);
    }

    pub(super) fn unmute(&mut self, machine: u32) {
        self.flags[machine as usize] &= !flag::MUTE;
        self.heard_again(machine);
    }

    /// Says that it is back, if it counted as gone and can be heard.
    pub(super) fn heard_again(&mut self, machine: u32) {
        let index = machine as usize;
        let gone = self.flags[index] & flag::GONE != 0 && self.flags[index] & flag::DARK == 0;
        if gone && !self.held_back(machine) {
            self.flags[index] &= !flag::GONE;
            self.report(machine, MachineEvent::Back);
            if self.flags[index] & flag::RUNS != 0 {
                // Its next heartbeat says healthy, and takes the suspicion of its silence away.
                let token = self.load[index];
                let at = self.now_s() + self.heartbeat_s;
                self.calendar.add(at, Entry { machine, what: What::Healthy, token });
            }
        }
    }

    /// The control plane is back: it hears who is there, and misses who is not.
    pub(super) fn restored(&mut self) {
        for machine in 0..self.flags.len() as u32 {
            self.heard_again(machine);
            if self.flags[machine as usize] & (flag::DARK | flag::GONE) == flag::DARK {
                let at = self.now_s() + 3 * self.heartbeat_s;
                let token = self.dark[machine as usize];
                self.calendar.add(at, Entry { machine, what: What::Silent, token });
            }
        }
    }
}
