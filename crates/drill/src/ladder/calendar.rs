//! What happens when: entries by whole seconds, in an order that depends on nothing but them.

use std::collections::BTreeMap;

/// What is due on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// It comes back from being off.
    Return,
    /// It vanishes by itself.
    Leave,
    /// It reads the fence.
    Poll,
    /// Its consumer crashes by chance.
    Noise,
    /// The defect fires.
    Trigger,
    /// It boots.
    Boot,
    /// Its report of an attempt arrives.
    Attempted,
    /// Its report of a crash arrives.
    Crashed,
    /// Its report of a revert arrives.
    Reverted,
    /// It may have become confirmed.
    Healthy,
    /// It has not been heard for too long.
    Silent,
    /// Its reports are held back from now on.
    Mute,
    /// It has been held back for so long that it counts as silent.
    Unheard,
    /// Its reports arrive again.
    Unmute,
    /// A relay begins to repeat what it has.
    Freeze,
    /// The control plane is back.
    Restored,
}

/// One entry. `token` tells whether the machine is still in the situation it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub machine: u32,
    pub what: What,
    pub token: u8,
}

/// The calendar.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    slots: BTreeMap<u64, Vec<Entry>>,
}

impl Calendar {
    /// Adds an entry.
    pub(crate) fn add(&mut self, at_s: u64, entry: Entry) {
        self.slots.entry(at_s).or_default().push(entry);
    }
    /// When the next entry is due.
    pub(crate) fn next_s(&self) -> Option<u64> {
        self.slots.keys().next().copied()
    }
    /// All entries of that second, by machine, then by kind.
    pub(crate) fn take(&mut self, at_s: u64) -> Vec<Entry> {
        let mut entries = self.slots.remove(&at_s).unwrap_or_default();
        entries.sort_unstable();
        entries
    }
}
