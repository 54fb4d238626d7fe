//! The machines: who they are, what they said last, who holds them.

use crate::error::{Refusal, ServerError};
use crate::store::{Hold, Loaded, MachineRow};
use decide::id::{ChannelName, MachineId};
use decide::time::{Span, Time};
use std::collections::{BTreeMap, HashMap};
use wire::api::MachineStatus;

/// Machines of one server.
pub(crate) const MACHINES_MAX: usize = 200_000;
/// Labels of one machine.
pub(crate) const LABELS_MAX: usize = 32;
/// Channels of one machine.
pub(crate) const MACHINE_CHANNELS_MAX: usize = 64;
/// Machines that can be held at once; they travel in every fence.
pub(crate) const HOLDS_MAX: usize = 10_000;
/// Rows whose last-seen time is written in one round.
const SEEN_ROWS_MAX: usize = 10_000;

/// One machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub row: MachineRow,
    /// Heard by this process; a restart begins with nobody heard.
    pub heard: Option<Time>,
    /// Said goodbye and was not heard since.
    pub away: bool,
    /// `seen` or `sequence` is newer in memory than in the database.
    pub unsaved: bool,
}

impl Machine {
    /// True if it was heard lately.
    pub(crate) fn alive(&self, now: Time, limit: Span) -> bool {
        !self.away && self.row.seen.is_some_and(|seen| now.since(seen) <= limit)
    }
}

/// All machines, by a small number that never changes while the process lives.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    machines: Vec<Machine>,
    by_name: HashMap<MachineId, u32>,
    pub holds: BTreeMap<MachineId, Hold>,
}

impl Fleet {
    pub(crate) fn open(loaded: &mut Loaded) -> Fleet {
        let mut fleet = Fleet::default();
        for row in loaded.machines.drain(..) {
            fleet.insert(row);
        }
        fleet.holds = loaded.holds.drain(..).collect();
        fleet
    }

    fn insert(&mut self, row: MachineRow) -> u32 {
        let index = self.machines.len() as u32;
        self.by_name.insert(row.machine.clone(), index);
        self.machines.push(Machine { row, heard: None, away: false, unsaved: false });
        index
    }

    /// Adds a machine, or replaces what is known of it.
    pub(crate) fn enroll(&mut self, row: MachineRow) -> Result<u32, Refusal> {
        if let Some(index) = self.index(&row.machine) {
            self.machines[index as usize].row = row;
            return Ok(index);
        }
        if self.machines.len() >= MACHINES_MAX {
            return Err(Refusal::limit("machines are enrolled", MACHINES_MAX, MACHINES_MAX));
        }
        Ok(self.insert(row))
    }

    pub(crate) fn index(&self, machine: &MachineId) -> Option<u32> {
        self.by_name.get(machine).copied()
    }
    pub(crate) fn get(&self, index: u32) -> &Machine {
        &self.machines[index as usize]
    }
    pub(crate) fn get_mut(&mut self, index: u32) -> &mut Machine {
        &mut self.machines[index as usize]
    }
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Machine)> {
        self.machines.iter().enumerate().map(|(index, machine)| (index as u32, machine))
    }

    /// The machines that read a channel, by name: the same order whenever it is asked.
    pub(crate) fn of_channel(&self, channel: &ChannelName) -> Vec<u32> {
        let mut found: Vec<u32> = self
            .iter()
            .filter(|(_, machine)| machine.row.channels.contains(channel))
            .map(|(index, _)| index)
            .collect();
        found.sort_by(|a, b| self.get(*a).row.machine.cmp(&self.get(*b).row.machine));
        found
    }

    /// Held by the server's record, or by its own word.
    pub(crate) fn is_held(&self, index: u32) -> bool {
        let row = &self.get(index).row;
        row.says_held || self.holds.contains_key(&row.machine)
    }

    /// The held machines that read a channel.
    pub(crate) fn held(&self, channel: &ChannelName) -> Vec<MachineId> {
        let reads = |machine: &&MachineId| {
            self.index(machine).is_some_and(|i| self.get(i).row.channels.contains(channel))
        };
        self.holds.keys().filter(reads).cloned().collect()
    }

    /// Last-seen times that should be written; bounded, the rest comes in the next round.
    pub(crate) fn take_unsaved(&mut self) -> Vec<(MachineId, Time, u64)> {
        let unsaved = self.machines.iter_mut().filter(|machine| machine.unsaved);
        unsaved
            .take(SEEN_ROWS_MAX)
            .filter_map(|machine| {
                machine.unsaved = false;
                let seen = machine.row.seen?;
                Some((machine.row.machine.clone(), seen, machine.row.sequence))
            })
            .collect()
    }

    pub(crate) fn status(&self, index: u32) -> MachineStatus {
        let machine = self.get(index);
        MachineStatus {
            machine: machine.row.machine.clone(),
            labels: machine.row.labels.clone(),
            ring: machine.row.ring,
            held: self
                .holds
                .get(&machine.row.machine)
                .map(|hold| hold.reason.clone())
                .or_else(|| machine.row.says_held.then(|| "held on the machine itself".to_owned())),
            last_seen: machine.row.seen,
            running: machine.row.running.clone(),
        }
    }

    /// All machines, by name.
    pub(crate) fn statuses(&self) -> Vec<MachineStatus> {
        let mut all: Vec<MachineStatus> =
            self.iter().map(|(index, _)| self.status(index)).collect();
        all.sort_by(|a, b| a.machine.cmp(&b.machine));
        all
    }

    /// Consumer versions that machines of a channel have now.
    pub(crate) fn versions(
        &self,
        channel: &ChannelName,
    ) -> Result<Vec<decide::id::ConsumerVersion>, ServerError> {
        let mut names: Vec<&String> = self
            .iter()
            .filter(|(_, machine)| machine.row.channels.contains(channel))
            .filter_map(|(_, machine)| machine.row.labels.get("consumer"))
            .collect();
        names.sort_unstable();
        names.dedup();
        let parse = |name: &String| {
            decide::id::ConsumerVersion::try_from(name.clone())
                .map_err(|error| ServerError::record("a machine's label 'consumer'", error))
        };
        names.into_iter().map(parse).collect()
    }
}
