//! Where the state lives: one narrow trait of coarse operations (decision record 3).
//!
//! A [`Batch`] is everything that one round of decisions changes; it is stored whole or not at
//! all. Implementations never interpret what they store.

#[cfg(test)]
pub(crate) mod memory;
mod rows;
mod schema;
mod sqlite;

pub(crate) use rows::{
    ChannelRow, Closed, EventRow, Hold, MachineRow, RolloutRow, TokenKind, TokenRow, WithdrawnRow,
};
pub(crate) use sqlite::SqliteStore;

use crate::error::ServerError;
use decide::id::{Digest, MachineId, RolloutId};
use decide::time::Time;
use wire::api::{AuditLine, Release};

/// Most audit lines that one question gets.
pub(crate) const AUDIT_PAGE_MAX: usize = 1_000;

/// Everything that one round of decisions changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub tokens: Vec<TokenRow>,
    /// Inserted or replaced.
    pub machines: Vec<MachineRow>,
    /// Last seen and last sequence only; rare.
    pub seen: Vec<(MachineId, Time, u64)>,
    /// Inserted or replaced.
    pub channels: Vec<ChannelRow>,
    pub releases: Vec<Release>,
    pub withdrawn: Vec<WithdrawnRow>,
    /// Set, or lifted.
    pub holds: Vec<(MachineId, Option<Hold>)>,
    pub rollouts: Vec<RolloutRow>,
    /// Rollouts that take no more events, with what is kept of them.
    pub closed: Vec<(RolloutId, Closed)>,
    pub events: Vec<EventRow>,
    pub audit: Vec<AuditLine>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
            && self.machines.is_empty()
            && self.seen.is_empty()
            && self.channels.is_empty()
            && self.releases.is_empty()
            && self.withdrawn.is_empty()
            && self.holds.is_empty()
            && self.rollouts.is_empty()
            && self.closed.is_empty()
            && self.events.is_empty()
            && self.audit.is_empty()
    }
}

/// What a server starts from. Logs of rollouts are read one by one ([`Store::events`]).
#[derive(Clone, Debug, Default)]
pub(crate) struct Loaded {
    pub tokens: Vec<TokenRow>,
    pub machines: Vec<MachineRow>,
    pub channels: Vec<ChannelRow>,
    pub releases: Vec<Release>,
    pub withdrawn: Vec<WithdrawnRow>,
    pub holds: Vec<(MachineId, Hold)>,
    /// In the order in which they began.
    pub rollouts: Vec<RolloutRow>,
    /// The newest audit line's number and digest.
    pub audit: Option<(u64, Digest)>,
    /// The newest audit lines, oldest first.
    pub recent: Vec<AuditLine>,
}

/// Where the state lives.
pub(crate) trait Store: Send {
    /// Everything but logs.
    fn load(&mut self) -> Result<Loaded, ServerError>;
    /// The log of one rollout, in order.
    fn events(&mut self, rollout: &RolloutId) -> Result<Vec<EventRow>, ServerError>;
    /// Stores a batch, durably, whole or not at all.
    fn apply(&mut self, batch: &Batch) -> Result<(), ServerError>;
    /// Audit lines after a number; about a target, or by it where it is a machine, or all; at
    /// most `limit`.
    fn audit(
        &mut self,
        after: u64,
        target: Option<&str>,
        limit: usize,
    ) -> Result<Vec<AuditLine>, ServerError>;
}
