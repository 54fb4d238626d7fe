//! The release manifest: what was published, bound by digest to its evidence.
//!
//! It travels as the TUF target `release/<channel>/<number>.json` of the role `channel-<channel>`,
//! which people sign; the server cannot make one.

use decide::id::{ChannelName, Digest, ReleaseRef};
use decide::time::Time;
use serde::{Deserialize, Serialize};

/// One release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `ringfence/manifest/v1`.
    pub schema: String,
    /// Channel, number, digest, length of the file.
    pub release: ReleaseRef,
    /// The author's name for the file; never used as a path.
    pub file_name: String,
    /// When it was published, by the publisher's clock.
    pub created: Time,
    /// The evidence, as objects by digest. At least one check and one trial.
    pub evidence: Vec<EvidenceRef>,
}
crate::document!(Manifest, "ringfence/manifest/v1", 256 * 1024);

/// One evidence envelope (DSSE, in-toto Statement v1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRef {
    /// What it is evidence of.
    pub kind: EvidenceKind,
    /// SHA-256 of the envelope's bytes.
    pub digest: Digest,
    /// Length of the envelope in bytes.
    pub length: u64,
}

/// What a piece of evidence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The contract's check of the exact bytes.
    Check,
    /// The real consumers' trial of the exact bytes.
    Trial,
}

impl Manifest {
    /// The TUF target path of a release's manifest.
    pub fn target_path(channel: &ChannelName, number: u64) -> String {
        format!("release/{channel}/{number}.json")
    }
    /// The TUF role that signs a channel's releases.
    pub fn role(channel: &ChannelName) -> String {
        format!("channel-{channel}")
    }
}
