//! The versions below which nothing is accepted.

use super::TrustError;
use decide::time::Time;
use std::collections::BTreeMap;

/// What a machine has trusted before, as small numbers. The agent persists it in its own
/// checksummed record, so that a torn or deleted cache cannot bring back what was superseded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floors {
    /// Version of the newest trusted root.
    pub root: u64,
    /// Version of the newest trusted timestamp.
    pub timestamp: u64,
    /// Version of the newest trusted snapshot.
    pub snapshot: u64,
    /// Version of the newest trusted top-level targets.
    pub targets: u64,
    /// Versions of the delegated roles that this machine has used.
    pub roles: BTreeMap<String, u64>,
    /// When the newest trusted timestamp was signed. May fall together with a newer timestamp:
    /// it corrects a clock, it is no bound.
    pub time: Time,
}

impl Floors {
    /// Refuses a version below the floor of a role.
    pub(super) fn check(&self, role: &str, found: u64) -> Result<(), TrustError> {
        let floor = self.of(role);
        if found < floor {
            return Err(TrustError::Rollback { role: role.to_owned(), found, floor });
        }
        Ok(())
    }
    /// The floor of a role; 0 if it was never seen.
    pub fn of(&self, role: &str) -> u64 {
        match role {
            "root" => self.root,
            "timestamp" => self.timestamp,
            "snapshot" => self.snapshot,
            "targets" => self.targets,
            _ => self.roles.get(role).copied().unwrap_or(0),
        }
    }
    /// Raises the floor of a role.
    pub(super) fn raise(&mut self, role: &str, version: u64) {
        let floor = match role {
            "root" => &mut self.root,
            "timestamp" => &mut self.timestamp,
            "snapshot" => &mut self.snapshot,
            "targets" => &mut self.targets,
            _ => self.roles.entry(role.to_owned()).or_default(),
        };
        *floor = version.max(*floor);
    }
    /// Forgets everything that online keys have said: a newer root has replaced those keys, and a
    /// thief may have run the numbers up.
    pub(super) fn forget_online(&mut self) {
        *self = Floors { root: self.root, time: self.time, ..Floors::default() };
    }
}
