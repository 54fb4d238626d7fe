//! Making and continuing a TUF repository: bytes in, signed bytes out, nothing written anywhere.
//!
//! `init` makes all first metadata. Afterwards people continue their channel's role with
//! [`add_target`], and the server, with its online keys, continues `fences`, the snapshot and the
//! timestamp. Every function raises the version by one, so that nothing here can make two
//! different files with one version out of one predecessor by mistake of the caller alone.

mod error;
mod init;
mod root;

pub use error::RepositoryError;
pub use init::{ChannelKeys, InitRequest, Signers, init};
pub use root::{NewRole, RotateRoot, rotate_root};

use crate::key::{KeyPair, PublicKey};
use crate::metadata::{
    DelegatedRole, Delegations, Pin, Pins, SNAPSHOT_BYTES_MAX, SPEC_VERSION, Signed,
    TARGETS_BYTES_MAX, TIMESTAMP_BYTES_MAX, TargetFile, Targets, is_safe_path, time_text,
};
use decide::id::{ChannelName, Digest};
use decide::time::{Span, Time};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// How long each role's metadata is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiries {
    /// `root`. Offline keys; long, because renewing it needs people.
    pub root: Span,
    /// `targets` and the channels' roles. People's keys.
    pub targets: Span,
    /// `snapshot`. Online.
    pub snapshot: Span,
    /// `timestamp`. Online; this is the lease after which no machine advances.
    pub timestamp: Span,
    /// `fences`. Online.
    pub fences: Span,
}

impl Default for Expiries {
    fn default() -> Self {
        Expiries {
            root: Span::hours(365 * 24),
            targets: Span::hours(90 * 24),
            snapshot: Span::hours(7 * 24),
            timestamp: Span::hours(24),
            fences: Span::hours(7 * 24),
        }
    }
}

/// Continues a role with one more target; refuses to touch a target that is there already.
/// This is how a release is published: releases are immutable.
pub fn add_target(
    current: &[u8],
    path: &str,
    bytes: &[u8],
    signers: &[&KeyPair],
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    let role: Signed<Targets> = parse("role", current, TARGETS_BYTES_MAX)?;
    if role.signed.targets.contains_key(path) {
        return Err(RepositoryError::TargetExists { path: path.to_owned() });
    }
    put_target(current, path, bytes, signers, expires)
}

/// Continues a role with a target that is new or replaced. This is how a fence is published.
pub fn put_target(
    current: &[u8],
    path: &str,
    bytes: &[u8],
    signers: &[&KeyPair],
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    if !is_safe_path(path) {
        return Err(RepositoryError::TargetPath { path: path.to_owned() });
    }
    let mut role: Signed<Targets> = parse("role", current, TARGETS_BYTES_MAX)?;
    role.signed.targets.insert(path.to_owned(), TargetFile::of(bytes));
    continue_targets(role.signed, signers, expires)
}

/// Continues a role with its content unchanged, so that it does not expire.
pub fn renew(
    current: &[u8],
    signers: &[&KeyPair],
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    let role: Signed<Targets> = parse("role", current, TARGETS_BYTES_MAX)?;
    continue_targets(role.signed, signers, expires)
}

/// Adds signatures to targets metadata whose threshold is above one. Nothing else changes.
pub fn sign_more(current: &[u8], signers: &[&KeyPair]) -> Result<Vec<u8>, RepositoryError> {
    let mut role: Signed<Targets> = parse("role", current, TARGETS_BYTES_MAX)?;
    role.add_signatures(signers);
    Ok(role.bytes())
}

/// Continues the top-level targets with one more channel. The channel's first role metadata comes
/// from [`empty_role`].
pub fn delegate_channel(
    current: &[u8],
    channel: &ChannelName,
    keys: &[PublicKey],
    threshold: u32,
    signers: &[&KeyPair],
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    let mut role: Signed<Targets> = parse("targets", current, TARGETS_BYTES_MAX)?;
    let delegations = role.signed.delegations.get_or_insert_default();
    let name = crate::channel_role(channel);
    if delegations.roles.iter().any(|known| known.name == name) {
        return Err(RepositoryError::RoleExists { role: name });
    }
    delegate(delegations, &name, format!("release/{channel}/*"), keys, threshold)?;
    continue_targets(role.signed, signers, expires)
}

/// First, empty metadata of a delegated role.
pub fn empty_role(signers: &[&KeyPair], expires: Time) -> Vec<u8> {
    Signed::new(empty_targets(expires), signers).bytes()
}

/// The snapshot after `previous` (none: the first), pinning the given roles' bytes by version,
/// length and digest. `roles` are names and current metadata of `targets` and every delegated role.
pub fn snapshot(
    previous: Option<&[u8]>,
    roles: &[(&str, &[u8])],
    signers: &[&KeyPair],
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    let mut meta = BTreeMap::new();
    for (name, bytes) in roles {
        let role: Signed<Targets> = parse(name, bytes, TARGETS_BYTES_MAX)?;
        meta.insert(format!("{name}.json"), pin(role.signed.version, bytes));
    }
    pins("snapshot", previous, meta, None, signers, expires)
}

/// The timestamp after `previous` (none: the first), pinning the snapshot's bytes. `now` is
/// written into it: machines whose clock stands behind learn from it.
pub fn timestamp(
    previous: Option<&[u8]>,
    snapshot: &[u8],
    signers: &[&KeyPair],
    now: Time,
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    let pinned: Signed<Pins> = parse("snapshot", snapshot, SNAPSHOT_BYTES_MAX)?;
    let meta = BTreeMap::from([("snapshot.json".to_owned(), pin(pinned.signed.version, snapshot))]);
    pins("timestamp", previous, meta, Some(now), signers, expires)
}

/// The version of metadata of any role, without verifying anything: for the owner of a
/// repository who needs the file's name.
pub fn version(role: &str, bytes: &[u8]) -> Result<u64, RepositoryError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u64,
    }
    let whole: Signed<Versioned> = parse(role, bytes, TARGETS_BYTES_MAX)?;
    Ok(whole.signed.version)
}

fn pins(
    kind: &str,
    previous: Option<&[u8]>,
    meta: BTreeMap<String, Pin>,
    issued: Option<Time>,
    signers: &[&KeyPair],
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    let limit = if kind == "timestamp" { TIMESTAMP_BYTES_MAX } else { SNAPSHOT_BYTES_MAX };
    let version = match previous {
        Some(bytes) => next(parse::<Pins>(kind, bytes, limit)?.signed.version),
        None => 1,
    };
    let signed = Pins {
        kind: kind.to_owned(),
        spec_version: SPEC_VERSION.to_owned(),
        version,
        expires: time_text(expires),
        meta,
        issued: issued.map(time_text),
    };
    Ok(Signed::new(signed, signers).bytes())
}

fn pin(version: u64, bytes: &[u8]) -> Pin {
    let hashes = BTreeMap::from([("sha256".to_owned(), Digest::of(bytes).to_string())]);
    Pin { version, length: bytes.len() as u64, hashes }
}

fn continue_targets(
    mut targets: Targets,
    signers: &[&KeyPair],
    expires: Time,
) -> Result<Vec<u8>, RepositoryError> {
    targets.version = next(targets.version);
    targets.expires = time_text(expires);
    let bytes = Signed::new(targets, signers).bytes();
    if bytes.len() > TARGETS_BYTES_MAX {
        return Err(RepositoryError::TooLarge { bytes: bytes.len(), limit: TARGETS_BYTES_MAX });
    }
    Ok(bytes)
}

fn empty_targets(expires: Time) -> Targets {
    Targets {
        kind: "targets".to_owned(),
        spec_version: SPEC_VERSION.to_owned(),
        version: 1,
        expires: time_text(expires),
        targets: BTreeMap::new(),
        delegations: None,
    }
}

fn delegate(
    delegations: &mut Delegations,
    name: &str,
    path: String,
    keys: &[PublicKey],
    threshold: u32,
) -> Result<(), RepositoryError> {
    let keyids = keyids(name, keys.iter(), threshold)?;
    delegations.keys.extend(keys.iter().map(|key| (key.id(), key.clone())));
    delegations.roles.push(DelegatedRole {
        name: name.to_owned(),
        keyids,
        threshold,
        terminating: true,
        paths: vec![path],
    });
    Ok(())
}

/// The ids of a role's keys; refuses a threshold that the keys cannot reach, and repeated keys.
fn keyids<'a>(
    role: &str,
    keys: impl Iterator<Item = &'a PublicKey>,
    threshold: u32,
) -> Result<Vec<String>, RepositoryError> {
    let mut ids: Vec<String> = keys.map(PublicKey::id).collect();
    let given = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if threshold == 0 || ids.len() != given || ids.len() < threshold as usize {
        return Err(RepositoryError::Threshold {
            role: role.to_owned(),
            threshold,
            keys: ids.len(),
        });
    }
    Ok(ids)
}

fn next(version: u64) -> u64 {
    version.saturating_add(1)
}

fn parse<T: DeserializeOwned>(
    role: &str,
    bytes: &[u8],
    limit: usize,
) -> Result<Signed<T>, RepositoryError> {
    crate::json::read(bytes, limit)
        .map_err(|why| RepositoryError::Malformed { role: role.to_owned(), why: why.to_string() })
}
