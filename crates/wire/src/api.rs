//! The operator's API: what the command line and the pages exchange with the server.

use crate::manifest::Manifest;
use crate::{Document as _, ReadError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use decide::id::{ChannelName, Digest, MachineId, ReleaseRef, Ring, RolloutId};
use decide::policy::{Lane, Policy};
use decide::rollout::{Order, Plan, View};
use decide::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `POST /v1/releases`: everything that makes a release, in one request. The server verifies all
/// of it before it stores any of it. Byte strings are base64.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// `ringfence/publish/v1`.
    pub schema: String,
    /// The manifest's exact bytes (the TUF target).
    pub manifest: String,
    /// New signed metadata of the role `channel-<channel>`.
    pub channel_role: String,
    /// The evidence envelopes' exact bytes.
    pub evidence: Vec<String>,
    /// The file's exact bytes.
    pub content: String,
}
crate::document!(Publish, "ringfence/publish/v1", 96 * 1024 * 1024);

/// The exact bytes in a [`Publish`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishParts {
    /// The manifest.
    pub manifest: Vec<u8>,
    /// New signed metadata of the channel's role.
    pub channel_role: Vec<u8>,
    /// The evidence envelopes.
    pub evidence: Vec<Vec<u8>>,
    /// The file.
    pub content: Vec<u8>,
}

impl Publish {
    /// The request that carries these bytes.
    pub fn of(parts: &PublishParts) -> Publish {
        Publish {
            schema: Self::SCHEMA.into(),
            manifest: STANDARD.encode(&parts.manifest),
            channel_role: STANDARD.encode(&parts.channel_role),
            evidence: parts.evidence.iter().map(|bytes| STANDARD.encode(bytes)).collect(),
            content: STANDARD.encode(&parts.content),
        }
    }
    /// The bytes that it carries.
    ///
    /// # Errors
    /// Names the part that is not base64.
    pub fn parts(&self) -> Result<PublishParts, ReadError> {
        let decode = |what: &str, text: &str| {
            STANDARD.decode(text).map_err(|error| ReadError::Malformed {
                line: 1,
                column: 1,
                why: format!("{what} is not base64: {error}"),
            })
        };
        let evidence = self.evidence.iter().map(|text| decode("evidence", text));
        Ok(PublishParts {
            manifest: decode("manifest", &self.manifest)?,
            channel_role: decode("channel_role", &self.channel_role)?,
            evidence: evidence.collect::<Result<_, _>>()?,
            content: decode("content", &self.content)?,
        })
    }
}

/// A release as the server knows it; `GET /v1/releases`, and the answer to [`Publish`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The signed manifest.
    pub manifest: Manifest,
    /// When the server took it.
    pub published: Time,
    /// By whom (token's name).
    pub by: String,
    /// Set once the digest can never be installed again: when, by whom, why.
    pub withdrawn: Option<Withdrawn>,
}

/// Who withdrew a digest, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// When.
    pub at: Time,
    /// `evidence` or a token's name.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// `POST /v1/plans` and `POST /v1/rollouts`: what should be rolled out and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutRequest {
    /// `ringfence/rollout-request/v1`.
    pub schema: String,
    /// The channel.
    pub channel: ChannelName,
    /// The release number.
    pub number: u64,
    /// The ladder.
    pub lane: Lane,
    /// The policy; it is frozen into the rollout.
    pub policy: Policy,
    /// For `POST /v1/rollouts`: the digest of the plan that was looked at; refused when fleet,
    /// policy or head have changed since.
    pub plan: Option<Digest>,
    /// Why.
    pub reason: String,
}
crate::document!(RolloutRequest, "ringfence/rollout-request/v1", 256 * 1024);

/// The answer to `POST /v1/plans`: what would happen, and a digest of everything it follows from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanAnswer {
    /// `ringfence/plan/v1`.
    pub schema: String,
    /// Over release, base, lane, policy, fleet and holds; `POST /v1/rollouts` checks it.
    pub digest: Digest,
    /// The plan.
    pub plan: Plan,
}
crate::document!(PlanAnswer, "ringfence/plan/v1", 16 * 1024 * 1024);

/// One rollout; `GET /v1/rollouts`, `GET /v1/rollouts/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolloutStatus {
    /// `ringfence/rollout/v1`.
    pub schema: String,
    /// Its name.
    pub rollout: RolloutId,
    /// What it rolls out.
    pub release: ReleaseRef,
    /// What was there before.
    pub previous: Option<ReleaseRef>,
    /// The ladder.
    pub lane: Lane,
    /// Who started it, and why.
    pub by: String,
    /// The reason given.
    pub reason: String,
    /// When it began.
    pub started: Time,
    /// The server's time of this answer.
    pub as_of: Time,
    /// Everything else, drawn from the state.
    pub view: View,
    /// Machines that need hands: exposed, silent past recovery's deadline.
    pub hands_needed: u64,
}
crate::document!(RolloutStatus, "ringfence/rollout/v1", 16 * 1024 * 1024);

/// `POST /v1/rollouts/{id}/orders`, and `POST /v1/orders` for all running rollouts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// `ringfence/order/v1`.
    pub schema: String,
    /// What.
    pub order: Order,
    /// Why; may be empty for halt only.
    pub reason: String,
}
crate::document!(OrderRequest, "ringfence/order/v1", 16 * 1024);

/// `POST /v1/withdrawals`: withdraw a digest, whether or not a rollout runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    /// `ringfence/withdraw/v1`.
    pub schema: String,
    /// The channel.
    pub channel: ChannelName,
    /// The digest.
    pub digest: Digest,
    /// Why.
    pub reason: String,
}
crate::document!(WithdrawRequest, "ringfence/withdraw/v1", 16 * 1024);

/// `POST /v1/holds` sets, `DELETE /v1/holds/{machine}` lifts: a fleet owner pins machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// `ringfence/hold/v1`.
    pub schema: String,
    /// The machines.
    pub machines: Vec<MachineId>,
    /// Why.
    pub reason: String,
}
crate::document!(HoldRequest, "ringfence/hold/v1", 4 * 1024 * 1024);

/// One machine; `GET /v1/machines`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineStatus {
    /// Its name.
    pub machine: MachineId,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its ring.
    pub ring: Ring,
    /// Held by its owner: why.
    pub held: Option<String>,
    /// Last heard, server's clock.
    pub last_seen: Option<Time>,
    /// Per channel: release number and short digest it runs, and the word of its state.
    pub running: BTreeMap<ChannelName, MachineRunning>,
}

/// What a machine runs on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineRunning {
    /// Release number; 0 for the seed.
    pub number: u64,
    /// Digest.
    pub digest: Digest,
    /// The last thing it said, as a word of the wire (`healthy`, `crashed`, ...).
    pub word: String,
    /// When.
    pub at: Time,
}

/// One line of the append-only audit log; `GET /v1/audit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Counts up.
    pub sequence: u64,
    /// When, server's clock.
    pub at: Time,
    /// Who: a token's name, `evidence`, or `machine:<id>`.
    pub actor: String,
    /// What: `published`, `rollout_started`, `exposed`, `halted`, `refused`, ...
    pub verb: String,
    /// About what: a rollout, release or machine.
    pub target: String,
    /// Stable code of the reason, if any.
    pub code: Option<String>,
    /// One sentence.
    pub sentence: String,
    /// SHA-256 over the previous line's hash and this line: a chain that shows edits.
    pub hash: Digest,
}

/// A list with its schema; used for machines, releases, rollouts, audit lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List<T> {
    /// `ringfence/list/v1`.
    pub schema: String,
    /// The items.
    pub items: Vec<T>,
    /// The server's time of this answer.
    pub as_of: Time,
}
