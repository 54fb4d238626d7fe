//! The fence: the signed, numbered, expiring state of one channel that every agent reads.
//!
//! It travels as the TUF target `fence/<channel>.json` of the online role `fences`.

use decide::exposure::{Salt, Threshold};
use decide::id::{ChannelName, Digest, MachineId, ReleaseRef, RolloutId, StratumName};
use decide::policy::span;
use decide::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// The state of one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fence {
    /// `ringfence/fence/v1`.
    pub schema: String,
    /// The channel.
    pub channel: ChannelName,
    /// Counts up; never goes backwards on a machine (invariant 8).
    pub number: u64,
    /// When it was made, by the server's clock.
    pub issued: Time,
    /// After this an agent keeps what it runs and never advances (dead man's switch).
    pub expires: Time,
    /// What every machine that no offer exposes should run; `None`: keep what it runs.
    pub base: Option<ReleaseRef>,
    /// The open or stopped rollouts.
    pub offers: Vec<Offer>,
    /// Digests that can never be installed again. Only grows.
    pub withdrawn: Vec<Digest>,
    /// Machines that their owners hold by the server's record: they keep what they run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<MachineId>,
    /// Labels whose combination makes a stratum; the ring comes last.
    pub strata: Vec<String>,
    /// How often agents poll and report.
    pub cadence: Cadence,
}
crate::document!(Fence, "ringfence/fence/v1", 4 * 1024 * 1024);

/// One rollout as agents see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Its name.
    pub rollout: RolloutId,
    /// What it offers.
    pub release: ReleaseRef,
    /// Makes the random order of machines.
    pub salt: Salt,
    /// Open, halted or going back.
    pub state: OfferState,
    /// Exposure per stratum; a stratum that is not listed is not exposed.
    pub thresholds: Vec<StratumThreshold>,
}

/// What an agent may do with an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// Exposed machines take it.
    Open,
    /// Nobody further takes it; those that have it keep it.
    Halted,
    /// Those that have it go back to what they know is good.
    Reverting,
}

/// Exposure of one stratum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StratumThreshold {
    /// The stratum.
    pub stratum: StratumName,
    /// Machines whose bucket is below this are exposed.
    pub below: Threshold,
}

/// How often agents poll and report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cadence {
    /// Time between two polls of the timestamp.
    #[serde(with = "span")]
    pub poll: Span,
    /// Time between two heartbeats.
    #[serde(with = "span")]
    pub heartbeat: Span,
}

impl Fence {
    /// The TUF target path of a channel's fence.
    pub fn target_path(channel: &ChannelName) -> String {
        format!("fence/{channel}.json")
    }
}
