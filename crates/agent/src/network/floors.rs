//! The floors of trusted versions on disk. The metadata cache is disposable, these are not.

use crate::store::Slots;
use decide::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use trust::client::Floors;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Saved {
    root: u64,
    timestamp: u64,
    snapshot: u64,
    targets: u64,
    roles: BTreeMap<String, u64>,
    time: Time,
}

/// `floors.bin`.
#[derive(Debug)]
pub(super) struct FloorsFile {
    slots: Slots,
}

impl FloorsFile {
    pub(super) fn open(directory: &Path) -> io::Result<FloorsFile> {
        Ok(FloorsFile { slots: Slots::open(&directory.join("floors.bin"))? })
    }
    pub(super) fn read(&self) -> Floors {
        let bytes = self.slots.read();
        let saved: Option<Saved> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Saved { root, timestamp, snapshot, targets, roles, time } = saved.unwrap_or_default();
        Floors { root, timestamp, snapshot, targets, roles, time }
    }
    pub(super) fn write(&mut self, floors: &Floors) -> io::Result<()> {
        let Floors { root, timestamp, snapshot, targets, roles, time } = floors.clone();
        let saved = Saved { root, timestamp, snapshot, targets, roles, time };
        self.slots.write(&serde_json::to_vec(&saved)?)
    }
}
