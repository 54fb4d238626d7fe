//! The rescue step: runs before every start of the consumer, needs no network, no parser and no
//! hands, and counts the start before it happens.

use crate::store::Store;
use decide::endpoint::{Record, StartDecision};
use std::io;

/// What rescue did.
#[derive(Debug)]
pub struct Rescued {
    /// The record as it is now on disk.
    pub record: Record,
    /// Start, start something else, or do not start.
    pub decision: StartDecision,
}

/// Counts a start and makes `current` point at what is to be started. A release whose bytes are
/// missing or damaged counts as one that does not start.
///
/// # Errors
/// When nothing can be written or read at all; the consumer must then be started as it is.
pub fn before_start(store: &mut Store) -> io::Result<Rescued> {
    let Some(mut record) = store.record() else {
        return Err(io::Error::other("both slots of the commit record are lost"));
    };
    let before = record.current;
    loop {
        let (next, decision) = record.before_start();
        record = next;
        store.commit(&record)?;
        if decision == StartDecision::Off {
            return Ok(Rescued { record, decision });
        }
        if store.has(record.current.digest) {
            store.switch(record.current.digest)?;
            let decision = if record.current == before {
                StartDecision::Start(record.current)
            } else {
                StartDecision::StartInstead { taken: before, started: record.current }
            };
            return Ok(Rescued { record, decision });
        }
        // Bounded: each round counts an attempt, and the ladder ends at Off.
    }
}
