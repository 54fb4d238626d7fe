//! The blameless timeline of a rollout, written from the audit log.

use decide::time::Time;
use wire::api::{AuditLine, RolloutStatus};

/// The retrospective as Markdown.
pub fn markdown(status: &RolloutStatus, _audit: &[AuditLine], _as_of: Time) -> String {
    format!("# {}\n", status.rollout)
}
