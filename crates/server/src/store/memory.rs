//! The store as a plain model in memory: for tests, and as what other stores are held against.

use super::{AUDIT_PAGE_MAX, Batch, EventRow, Loaded, Store};
use crate::codes;
use crate::error::ServerError;
use crate::model::AUDIT_LINES_MAX;
use decide::id::RolloutId;
use std::sync::{Arc, Mutex, PoisonError};
use wire::api::AuditLine;

#[derive(Debug, Default)]
struct Tables {
    loaded: Loaded,
    events: Vec<EventRow>,
    audit: Vec<AuditLine>,
    full: bool,
}

/// A store whose copies share one memory, so that it outlives the server that uses it.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore(Arc<Mutex<Tables>>);

impl MemoryStore {
    /// From now on nothing can be written, as on a full disk; or it can be again.
    pub(crate) fn set_full(&self, full: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).full = full;
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Loaded, ServerError> {
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut loaded = tables.loaded.clone();
        loaded.machines.sort_by(|a, b| a.machine.cmp(&b.machine));
        let newest = tables.audit.len().saturating_sub(AUDIT_LINES_MAX);
        loaded.recent = tables.audit[newest..].to_vec();
        loaded.audit = tables.audit.last().map(|line| (line.sequence, line.hash));
        for row in &mut loaded.rollouts {
            if row.closed.is_some() {
                row.start = None;
                row.members.clear();
            }
        }
        Ok(loaded)
    }

    fn events(&mut self, rollout: &RolloutId) -> Result<Vec<EventRow>, ServerError> {
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(tables.events.iter().filter(|row| row.rollout == *rollout).cloned().collect())
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), ServerError> {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.full {
            return Err(ServerError::new(codes::STORAGE, "the disk is full"));
        }
        let batch = batch.clone();
        let Tables { loaded, events, audit, .. } = &mut *tables;
        loaded.tokens.extend(batch.tokens);
        for row in batch.machines {
            loaded.machines.retain(|known| known.machine != row.machine);
            loaded.machines.push(row);
        }
        for (machine, seen, sequence) in batch.seen {
            if let Some(row) = loaded.machines.iter_mut().find(|row| row.machine == machine) {
                (row.seen, row.sequence) = (Some(seen), sequence);
            }
        }
        for row in batch.channels {
            loaded.channels.retain(|known| known.channel != row.channel);
            loaded.channels.push(row);
        }
        loaded.releases.extend(batch.releases);
        loaded.withdrawn.extend(batch.withdrawn);
        for (machine, hold) in batch.holds {
            loaded.holds.retain(|(known, _)| *known != machine);
            loaded.holds.extend(hold.map(|hold| (machine, hold)));
        }
        loaded.rollouts.extend(batch.rollouts);
        for (rollout, closed) in batch.closed {
            if let Some(row) = loaded.rollouts.iter_mut().find(|row| row.rollout == rollout) {
                row.closed = Some(closed);
            }
        }
        events.extend(batch.events);
        audit.extend(batch.audit);
        Ok(())
    }

    fn audit(
        &mut self,
        after: u64,
        target: Option<&str>,
        limit: usize,
    ) -> Result<Vec<AuditLine>, ServerError> {
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = tables.audit.iter().filter(|line| {
            let about =
                |target: &str| line.target == target || line.actor == format!("machine:{target}");
            line.sequence > after && target.is_none_or(about)
        });
        Ok(wanted.take(limit.min(AUDIT_PAGE_MAX)).cloned().collect())
    }
}
