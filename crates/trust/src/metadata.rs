//! TUF metadata as this crate writes it, and its limits.
//!
//! Reading for trust is never done here: that is [`crate::client`] and [`crate::channel`], over
//! the verified types of `sigstore-tuf`. What is read here is our own, to be continued and signed.

use crate::key::{KeyPair, PublicKey};
use decide::id::Digest;
use decide::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest root accepted, in bytes.
pub const ROOT_BYTES_MAX: usize = 512 * 1024;
/// Largest timestamp accepted, in bytes.
pub const TIMESTAMP_BYTES_MAX: usize = 16 * 1024;
/// Largest snapshot accepted, in bytes.
pub const SNAPSHOT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Largest targets metadata accepted, top level or delegated, in bytes.
pub const TARGETS_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Longest target path, in bytes.
pub const PATH_BYTES_MAX: usize = 255;
/// Version of the TUF specification that is followed.
pub const SPEC_VERSION: &str = "1.0.31";
/// Field of the timestamp that says when it was signed. TUF readers ignore what they do not know.
pub const ISSUED_FIELD: &str = "x-ringfence-issued";

/// A signature over the canonical bytes of `signed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Id of the key that made it.
    pub keyid: String,
    /// The signature in hexadecimal.
    pub sig: String,
}

/// Signed metadata of any role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signed<T> {
    /// Who signed.
    pub signatures: Vec<Signature>,
    /// What they signed.
    pub signed: T,
}

/// Keys and threshold of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleKeys {
    /// Ids of the keys that may sign.
    pub keyids: Vec<String>,
    /// How many of them must.
    pub threshold: u32,
}

/// The role `root`: the keys of all top-level roles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Root {
    /// Always `root`.
    #[serde(rename = "_type")]
    pub kind: String,
    /// Specification followed.
    pub spec_version: String,
    /// Counts up by one.
    pub version: u64,
    /// RFC 3339, whole seconds, UTC.
    pub expires: String,
    /// Always true: file names carry versions and digests.
    pub consistent_snapshot: bool,
    /// Keys by id.
    pub keys: BTreeMap<String, PublicKey>,
    /// `root`, `targets`, `snapshot`, `timestamp`.
    pub roles: BTreeMap<String, RoleKeys>,
}

/// One target file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetFile {
    /// Length in bytes.
    pub length: u64,
    /// Digests by algorithm; always `sha256`.
    pub hashes: BTreeMap<String, String>,
    /// What else is there, kept as it is.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl TargetFile {
    /// The description of `bytes`.
    pub fn of(bytes: &[u8]) -> TargetFile {
        let hashes = BTreeMap::from([("sha256".to_owned(), Digest::of(bytes).to_string())]);
        TargetFile { length: bytes.len() as u64, hashes, other: BTreeMap::new() }
    }
}

/// A delegated role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DelegatedRole {
    /// Its name.
    pub name: String,
    /// Ids of the keys that may sign.
    pub keyids: Vec<String>,
    /// How many of them must.
    pub threshold: u32,
    /// Nobody after it is asked for the paths below.
    pub terminating: bool,
    /// Patterns of target paths; `*` stays within one part.
    pub paths: Vec<String>,
}

/// Who else may list targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delegations {
    /// Keys by id.
    pub keys: BTreeMap<String, PublicKey>,
    /// In order of preference.
    pub roles: Vec<DelegatedRole>,
}

/// The role `targets` and every delegated role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// Always `targets`.
    #[serde(rename = "_type")]
    pub kind: String,
    /// Specification followed.
    pub spec_version: String,
    /// Counts up by one.
    pub version: u64,
    /// RFC 3339, whole seconds, UTC.
    pub expires: String,
    /// Target files by path.
    pub targets: BTreeMap<String, TargetFile>,
    /// Who else may list targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
}

/// A pin of another metadata file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Its version.
    pub version: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Its digests by algorithm.
    pub hashes: BTreeMap<String, String>,
}

/// The roles `snapshot` and `timestamp`, which have the same shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pins {
    /// `snapshot` or `timestamp`.
    #[serde(rename = "_type")]
    pub kind: String,
    /// Specification followed.
    pub spec_version: String,
    /// Counts up.
    pub version: u64,
    /// RFC 3339, whole seconds, UTC.
    pub expires: String,
    /// Pins by file name.
    pub meta: BTreeMap<String, Pin>,
    /// When a timestamp was signed; absent in a snapshot.
    #[serde(rename = "x-ringfence-issued", default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
}

impl<T: Serialize> Signed<T> {
    /// `signed` with a signature of each key.
    pub fn new(signed: T, signers: &[&KeyPair]) -> Signed<T> {
        let mut whole = Signed { signatures: Vec::new(), signed };
        whole.add_signatures(signers);
        whole
    }
    /// Adds or replaces the signatures of `signers`, and keeps the others.
    pub fn add_signatures(&mut self, signers: &[&KeyPair]) {
        let message = crate::json::canonical(&self.signed);
        for signer in signers {
            let keyid = signer.public().id();
            self.signatures.retain(|signature| signature.keyid != keyid);
            let sig = hex::encode(signer.sign(&message));
            self.signatures.push(Signature { keyid, sig });
        }
    }
    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        crate::json::write(self)
    }
}

/// A point in time as metadata writes it: UTC, whole seconds. Beyond the year 9999: the last
/// second that can be written.
pub fn time_text(time: Time) -> String {
    const LAST_SECOND: i64 = 253_402_207_200;
    let seconds = i64::try_from(time.0 / 1_000).unwrap_or(LAST_SECOND).min(LAST_SECOND);
    jiff::Timestamp::from_second(seconds)
        .expect("a second between 1970 and the year 9999 is a timestamp")
        .to_string()
}

/// The time of a timestamp; before 1970 is 0.
pub(crate) fn time_of(timestamp: jiff::Timestamp) -> Time {
    Time(u64::try_from(timestamp.as_millisecond()).unwrap_or(0))
}

/// True for paths that are safe as a part of an address and of a file name.
pub fn is_safe_path(path: &str) -> bool {
    path.len() <= PATH_BYTES_MAX
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'))
        && path.split('/').all(|part| !part.is_empty() && !part.starts_with(['.', '-']))
}

/// Where a repository keeps a target's bytes: `targets/<dir>/<sha256>.<name>`.
pub fn target_address(path: &str, sha256: &str) -> String {
    match path.rsplit_once('/') {
        Some((directory, name)) => format!("targets/{directory}/{sha256}.{name}"),
        None => format!("targets/{sha256}.{path}"),
    }
}

/// Where a repository keeps metadata: `metadata/<version>.<role>.json`; the timestamp carries no
/// version.
pub fn metadata_address(role: &str, version: u64) -> String {
    match role {
        "timestamp" => "metadata/timestamp.json".to_owned(),
        _ => format!("metadata/{version}.{role}.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_tuf_wants_them() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (1_766_000_000_999, "2025-12-17T19:33:20Z"),
            (u64::MAX, "9999-12-30T22:00:00Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(time_text(Time(ms)), text);
        }
    }

    #[test]
    fn paths_cannot_climb() {
        for path in ["fence/ipc-rules.json", "evidence-keys.json", "release/a.b/12.json"] {
            assert!(is_safe_path(path), "{path}");
        }
        for path in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a b", "a%2fb", "ä", "-x", "a/.b"]
        {
            assert!(!is_safe_path(path), "{path}");
        }
    }
}
