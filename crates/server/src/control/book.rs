//! What one round of decisions changes, gathered until it is stored.

use crate::audit::Tail;
use crate::model::AUDIT_LINES_MAX;
use crate::store::{Batch, Loaded};
use decide::reason::{Code, Reason};
use decide::time::Time;
use std::collections::VecDeque;
use wire::api::AuditLine;

/// The open batch and the end of the audit log.
#[derive(Debug)]
pub(crate) struct Book {
    pub batch: Batch,
    tail: Tail,
    /// The newest lines, oldest first.
    pub recent: VecDeque<AuditLine>,
}

impl Book {
    pub(crate) fn open(loaded: &Loaded) -> Book {
        Book {
            batch: Batch::default(),
            tail: Tail::after(loaded.audit),
            recent: loaded.recent.iter().cloned().collect(),
        }
    }

    /// Writes an audit line.
    pub(crate) fn say(
        &mut self,
        at: Time,
        actor: &str,
        verb: &str,
        target: &str,
        code: Option<Code>,
        sentence: &str,
    ) {
        let line = self.tail.line(at, actor, verb, target, code, sentence);
        if self.recent.len() >= AUDIT_LINES_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(line.clone());
        self.batch.audit.push(line);
    }

    /// Writes an audit line from a reason.
    pub(crate) fn say_reason(
        &mut self,
        at: Time,
        actor: &str,
        verb: &str,
        target: &str,
        reason: &Reason,
    ) {
        self.say(at, actor, verb, target, Some(reason.code), &reason.sentence);
    }
}
