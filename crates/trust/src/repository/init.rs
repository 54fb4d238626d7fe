//! The first metadata of a repository.

use super::{Expiries, RepositoryError, delegate, empty_role, empty_targets, keyids};
use crate::key::{KeyPair, PublicKey};
use crate::metadata::{
    Delegations, RoleKeys, Root, SPEC_VERSION, Signed, TargetFile, metadata_address,
    target_address, time_text,
};
use crate::{EVIDENCE_KEYS_PATH, FENCES_ROLE, channel_role, evidence};
use decide::id::{ChannelName, Digest};
use decide::time::Time;
use std::collections::BTreeMap;

/// The keys of a role and how many of them must sign.
#[derive(Clone, Debug)]
pub struct Signers<'a> {
    /// All of them sign the first metadata.
    pub keys: Vec<&'a KeyPair>,
    /// How many are enough from then on.
    pub threshold: u32,
}

/// A channel and the keys of the people who release on it.
#[derive(Clone, Debug)]
pub struct ChannelKeys<'a> {
    /// The channel.
    pub channel: ChannelName,
    /// Their keys.
    pub signers: Signers<'a>,
}

/// What [`init`] needs.
#[derive(Clone, Debug)]
pub struct InitRequest<'a> {
    /// Offline: signs roots.
    pub root: Signers<'a>,
    /// Offline: signs which channels, fences and evidence keys there are.
    pub targets: Signers<'a>,
    /// Online.
    pub snapshot: Signers<'a>,
    /// Online.
    pub timestamp: Signers<'a>,
    /// Online: signs fences, and can never sign a release.
    pub fences: Signers<'a>,
    /// The channels; more can be added later.
    pub channels: Vec<ChannelKeys<'a>>,
    /// Public keys that may sign evidence.
    pub evidence: Vec<PublicKey>,
    /// When this happens.
    pub now: Time,
    /// How long each role is good for.
    pub expiries: Expiries,
}

/// Makes the first metadata and target: pairs of address (`metadata/1.root.json`, ...) and bytes.
pub fn init(request: &InitRequest<'_>) -> Result<Vec<(String, Vec<u8>)>, RepositoryError> {
    let until = |span| request.now.plus(span);
    let evidence_keys = evidence::EvidenceKeys::of(&request.evidence).bytes();
    let targets = first_targets(request, &evidence_keys)?;
    let mut roles = vec![("targets".to_owned(), targets)];
    let fences = empty_role(&request.fences.keys, until(request.expiries.fences));
    roles.push((FENCES_ROLE.to_owned(), fences));
    for one in &request.channels {
        let bytes = empty_role(&one.signers.keys, until(request.expiries.targets));
        roles.push((channel_role(&one.channel), bytes));
    }
    let pinned: Vec<(&str, &[u8])> =
        roles.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let expires = until(request.expiries.snapshot);
    let snapshot = super::snapshot(None, &pinned, &request.snapshot.keys, expires)?;
    let expires = until(request.expiries.timestamp);
    let timestamp =
        super::timestamp(None, &snapshot, &request.timestamp.keys, request.now, expires)?;
    let root = first_root(request)?;

    let mut files = vec![(metadata_address("root", 1), root)];
    files.extend(roles.into_iter().map(|(name, bytes)| (metadata_address(&name, 1), bytes)));
    files.push((metadata_address("snapshot", 1), snapshot));
    files.push((metadata_address("timestamp", 1), timestamp));
    let digest = Digest::of(&evidence_keys).to_string();
    files.push((target_address(EVIDENCE_KEYS_PATH, &digest), evidence_keys));
    Ok(files)
}

fn first_root(request: &InitRequest<'_>) -> Result<Vec<u8>, RepositoryError> {
    let mut keys = BTreeMap::new();
    let mut roles = BTreeMap::new();
    let signers = [
        ("root", &request.root),
        ("targets", &request.targets),
        ("snapshot", &request.snapshot),
        ("timestamp", &request.timestamp),
    ];
    for (name, signers) in signers {
        let public = || signers.keys.iter().map(|pair| pair.public());
        let keyids = keyids(name, public(), signers.threshold)?;
        keys.extend(public().map(|key| (key.id(), key.clone())));
        roles.insert(name.to_owned(), RoleKeys { keyids, threshold: signers.threshold });
    }
    let root = Root {
        kind: "root".to_owned(),
        spec_version: SPEC_VERSION.to_owned(),
        version: 1,
        expires: time_text(request.now.plus(request.expiries.root)),
        consistent_snapshot: true,
        keys,
        roles,
    };
    Ok(Signed::new(root, &request.root.keys).bytes())
}

fn first_targets(
    request: &InitRequest<'_>,
    evidence_keys: &[u8],
) -> Result<Vec<u8>, RepositoryError> {
    let public = |signers: &Signers<'_>| -> Vec<PublicKey> {
        signers.keys.iter().map(|pair| pair.public().clone()).collect()
    };
    let mut delegations = Delegations::default();
    let fences = &request.fences;
    let path = "fence/*".to_owned();
    delegate(&mut delegations, FENCES_ROLE, path, &public(fences), fences.threshold)?;
    for ChannelKeys { channel, signers } in &request.channels {
        let name = channel_role(channel);
        if delegations.roles.iter().any(|role| role.name == name) {
            return Err(RepositoryError::RoleExists { role: name });
        }
        let path = format!("release/{channel}/*");
        delegate(&mut delegations, &name, path, &public(signers), signers.threshold)?;
    }
    let mut targets = empty_targets(request.now.plus(request.expiries.targets));
    targets.targets.insert(EVIDENCE_KEYS_PATH.to_owned(), TargetFile::of(evidence_keys));
    targets.delegations = Some(delegations);
    Ok(Signed::new(targets, &request.targets.keys).bytes())
}
