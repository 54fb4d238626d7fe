//! Who was heard when: turns heartbeats into `Silent` and `Back`.
//!
//! The table is volatile on purpose. A server that restarts begins with everybody heard just now,
//! so that its own absence is never read as silence of machines.

use crate::time::{Span, Time};

/// Heartbeats that may be missed before a machine counts as silent.
pub const MISSES: u64 = 3;
/// Machines looked at in one scan, so that a scan stays short on large fleets.
pub const SCAN_MAX: usize = 200_000;

/// The last-seen table of one rollout's machines.
#[derive(Clone, Debug)]
pub struct Liveness {
    /// Milliseconds since `began`, saturating; `ABSENT` for said goodbye or never heard.
    heard: Vec<u32>,
    silent: Vec<bool>,
    began: Time,
    limit: Span,
    cursor: usize,
    newest: Option<Time>,
}

const ABSENT: u32 = u32::MAX;

impl Liveness {
    /// A table of `machines` machines; those in `alive` count as heard now.
    pub fn new(
        machines: usize,
        heartbeat: Span,
        now: Time,
        alive: impl Fn(u32) -> bool,
    ) -> Liveness {
        let heard = (0..machines as u32).map(|m| if alive(m) { 0 } else { ABSENT }).collect();
        Liveness {
            heard,
            silent: vec![false; machines],
            began: now,
            limit: heartbeat.times(MISSES),
            cursor: 0,
            newest: None,
        }
    }
    fn offset(&self, now: Time) -> u32 {
        u32::try_from(now.since(self.began).0).unwrap_or(ABSENT - 1).min(ABSENT - 1)
    }
    /// A machine that enrolled later; its index is the next one.
    pub fn enrolled(&mut self, now: Time) {
        let offset = self.offset(now);
        self.heard.push(offset);
        self.silent.push(false);
    }
    /// A heartbeat or any other report. True when the machine was silent or away before: the
    /// caller logs `Back`.
    pub fn heard(&mut self, machine: u32, now: Time) -> bool {
        let offset = self.offset(now);
        self.newest = Some(now);
        let Some(slot) = self.heard.get_mut(machine as usize) else { return false };
        let was_away = *slot == ABSENT || self.silent[machine as usize];
        *slot = offset;
        self.silent[machine as usize] = false;
        was_away
    }
    /// A goodbye: absent, not silent.
    pub fn goodbye(&mut self, machine: u32) {
        if let Some(slot) = self.heard.get_mut(machine as usize) {
            *slot = ABSENT;
        }
    }
    /// Machines that have become silent, each once; at most [`SCAN_MAX`] machines are looked at
    /// in one call, the rest in the next.
    pub fn silent(&mut self, now: Time) -> Vec<u32> {
        let offset = self.offset(now);
        let mut found = Vec::new();
        for _ in 0..self.heard.len().min(SCAN_MAX) {
            let machine = self.cursor;
            self.cursor = (self.cursor + 1) % self.heard.len();
            let heard = self.heard[machine];
            let overdue = u64::from(offset.saturating_sub(heard)) > self.limit.0;
            if heard != ABSENT && !self.silent[machine] && overdue {
                self.silent[machine] = true;
                found.push(machine as u32);
            }
        }
        found
    }
    /// Age of the newest report from anybody; `None` when nothing was heard since the table began.
    pub fn feed_age(&self, now: Time) -> Option<Span> {
        self.newest.map(|newest| now.since(newest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_silent_once_after_three_intervals_and_comes_back_once() {
        let mut table = Liveness::new(3, Span::seconds(60), Time(0), |machine| machine != 2);
        assert_eq!(table.feed_age(Time(5)), None);
        assert!(!table.heard(0, Time(100_000)));
        assert_eq!(table.silent(Time(180_001)), vec![1]);
        assert_eq!(table.silent(Time(180_002)), Vec::<u32>::new());
        assert!(table.heard(1, Time(181_000)), "it was silent");
        assert!(table.heard(2, Time(181_000)), "it was away when the table began");
        table.goodbye(0);
        assert_eq!(table.silent(Time(190_000)), Vec::<u32>::new(), "a goodbye is not silence");
        assert_eq!(table.feed_age(Time(181_500)), Some(Span(500)));
    }
}
