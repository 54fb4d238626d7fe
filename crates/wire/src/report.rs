//! What agents tell the server.

use decide::id::{ChannelName, Digest, MachineId, Ring};
use decide::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// First words of a machine. `POST /v1/enroll`, authorised by the fleet's enrolment token.
/// Enrolling again with the same machine id updates the labels and gives a new machine token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enroll {
    /// `ringfence/enroll/v1`.
    pub schema: String,
    /// The machine's name.
    pub machine: MachineId,
    /// Its labels: os, consumer (version), region, ...
    pub labels: BTreeMap<String, String>,
    /// How early it may be exposed; set by its owner.
    pub ring: Ring,
    /// The channels whose files it consumes.
    pub channels: Vec<ChannelName>,
}
crate::document!(Enroll, "ringfence/enroll/v1", 64 * 1024);

/// The answer to [`Enroll`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// `ringfence/enrolled/v1`.
    pub schema: String,
    /// Bearer token for `POST /v1/reports`.
    pub machine_token: String,
}
crate::document!(Enrolled, "ringfence/enrolled/v1", 64 * 1024);

/// `POST /v1/reports`, authorised by the machine's token. At least once: the server drops
/// repeats by `(machine, sequence)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// `ringfence/reports/v1`.
    pub schema: String,
    /// Who reports; must match the token.
    pub machine: MachineId,
    /// The reports, oldest first; at most [`REPORTS_MAX`].
    pub reports: Vec<Report>,
}
crate::document!(Reports, "ringfence/reports/v1", 256 * 1024);

/// Reports accepted in one request.
pub const REPORTS_MAX: usize = 256;

/// One report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Counts up on this machine, across restarts.
    pub sequence: u64,
    /// Which channel.
    pub channel: ChannelName,
    /// "This happened so long before I sent it", from a monotonic clock.
    pub age: Span,
    /// What happened.
    pub what: What,
    /// The release concerned: number and digest; number 0 is the seed.
    pub release: RunningRelease,
    /// One sentence for people, e.g. `sensor 7.11 died of signal 11`; at most 300 bytes kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Events the consumer says it has evaluated on this release, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Decisions (detections, matches) it says it has made on this release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<u64>,
    /// Resident memory of the consumer in KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rss_kib: Option<u64>,
    /// The newest fence the machine has verified.
    #[serde(default)]
    pub fence: u64,
}

/// A release as a machine knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningRelease {
    /// Release number; 0 for the seed.
    pub number: u64,
    /// Digest of the content.
    pub digest: Digest,
}

/// What happened on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Last words before the release is loaded.
    Attempted,
    /// The consumer has loaded it.
    Loaded,
    /// Heartbeat: the consumer runs this release and is healthy.
    Healthy,
    /// Heartbeat: the agent is alive, the consumer is not (yet) healthy.
    Alive,
    /// The agent refused it: taste failed, evidence missing or bytes wrong.
    Refused,
    /// The consumer crashed or hung while running this release.
    Crashed,
    /// The agent put the previous file back; `release` is the one that was taken away.
    Reverted,
    /// Rescue put a known-good file back before a start; `release` is the one taken away.
    Rescued,
    /// The release is known good on this machine.
    KnownGood,
    /// The fence has expired or cannot be fetched; the machine keeps what it runs.
    Stale,
    /// The owner holds the machine.
    Held,
    /// Clean shutdown or sleep.
    Goodbye,
}

/// The answer to [`Reports`]: fence numbers, so that an agent fetches only on change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportsTaken {
    /// `ringfence/reports-taken/v1`.
    pub schema: String,
    /// Newest sequence number stored for this machine.
    pub sequence: u64,
    /// Newest fence number per channel.
    pub fences: BTreeMap<ChannelName, u64>,
}
crate::document!(ReportsTaken, "ringfence/reports-taken/v1", 64 * 1024);
