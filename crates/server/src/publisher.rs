//! Signs and publishes: fences with the online keys, snapshot and timestamp over what people and
//! server have signed. Files first, the timestamp last, so that a reader sees a whole state.
//!
//! It never decides what is published; it is handed fences and roles that are stored already.

use crate::error::{ServerError, trust_error};
use crate::files::{make_directory, put, sync_directory};
use crate::shelf::Shelf;
use decide::id::{ChannelName, Digest};
use decide::time::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trust::key::KeyPair;
use trust::metadata::{Pins, Signed, Targets, metadata_address, target_address};
use trust::repository::{self, Expiries};
use trust::{EVIDENCE_KEYS_PATH, FENCES_ROLE};
use wire::fence::Fence;

/// How long a timestamp, and with it every fence, is good for: after that machines keep what they
/// run (dead man's switch).
pub(crate) const LEASE: Span = Span::hours(24);
/// The lease is renewed when this much of it is over.
pub(crate) const RENEW_AFTER: Span = Span::hours(6);
/// Old versions of snapshot and fences that stay on disk for readers that have just begun; with the
/// shortest ticks they are published within a minute.
const VERSIONS_KEPT: u64 = 512;

/// The repository on disk and the keys that continue it.
#[derive(Debug)]
pub(crate) struct Publisher {
    data: PathBuf,
    snapshot_key: KeyPair,
    timestamp_key: KeyPair,
    fences_key: KeyPair,
    /// Newest metadata of `targets` and every delegated role.
    roles: BTreeMap<String, Vec<u8>>,
    snapshot: Vec<u8>,
    timestamp: Vec<u8>,
    shelf: Arc<Shelf>,
}

impl Publisher {
    /// Reads what the published timestamp points at.
    pub(crate) fn open(data: &Path, shelf: Arc<Shelf>) -> Result<Publisher, ServerError> {
        let key = |name: &str| {
            trust::key::load(&data.join("keys").join(format!("{name}.pem")))
                .map_err(|error| trust_error(&error))
        };
        let tuf = data.join("tuf");
        let timestamp = read(&tuf.join(metadata_address("timestamp", 0)))?;
        let pinned = pins("timestamp", &timestamp)?;
        let version = pinned.get("snapshot").copied().unwrap_or_default();
        let snapshot = read(&tuf.join(metadata_address("snapshot", version)))?;
        let mut roles = BTreeMap::new();
        for (role, version) in pins("snapshot", &snapshot)? {
            roles.insert(role.clone(), read(&tuf.join(metadata_address(&role, version)))?);
        }
        shelf.put(crate::shelf::TIMESTAMP, timestamp.clone());
        Ok(Publisher {
            data: data.to_owned(),
            snapshot_key: key("snapshot")?,
            timestamp_key: key("timestamp")?,
            fences_key: key("fences")?,
            roles,
            snapshot,
            timestamp,
            shelf,
        })
    }

    /// Newest published metadata of a role.
    pub(crate) fn role(&self, name: &str) -> Option<&[u8]> {
        self.roles.get(name).map(Vec::as_slice)
    }

    /// The version of a role's newest published metadata.
    pub(crate) fn version(&self, name: &str) -> Option<u64> {
        repository::version(name, self.role(name)?).ok()
    }

    /// The list of keys that may sign evidence.
    pub(crate) fn evidence_keys(&self) -> Result<Vec<u8>, ServerError> {
        self.target("targets", EVIDENCE_KEYS_PATH)
            .ok_or_else(|| ServerError::record(EVIDENCE_KEYS_PATH, "no role lists it"))
    }

    /// The bytes of the fence that is published for a channel.
    pub(crate) fn fence(&self, channel: &ChannelName) -> Option<Vec<u8>> {
        self.target(FENCES_ROLE, &Fence::target_path(channel))
    }

    fn target(&self, role: &str, path: &str) -> Option<Vec<u8>> {
        let role: Signed<Targets> = serde_json::from_slice(self.role(role)?).ok()?;
        let sha256 = role.signed.targets.get(path)?.hashes.get("sha256")?.clone();
        std::fs::read(self.data.join("tuf").join(target_address(path, &sha256))).ok()
    }

    /// Stores an object durably, by its digest.
    pub(crate) fn keep_object(&self, bytes: &[u8]) -> Result<(), ServerError> {
        let directory = self.data.join("objects");
        let file = directory.join(Digest::of(bytes).to_string());
        if !file.exists() {
            put(&file, bytes)?;
            sync_directory(&directory)?;
        }
        Ok(())
    }

    /// Stores a signed role and one of its targets durably, without publishing them.
    pub(crate) fn keep_role(
        &self,
        role: &str,
        version: u64,
        metadata: &[u8],
        path: &str,
        target: &[u8],
    ) -> Result<(), ServerError> {
        let mut touched = BTreeSet::new();
        let sha256 = Digest::of(target).to_string();
        self.write(&target_address(path, &sha256), target, &mut touched)?;
        self.write(&metadata_address(role, version), metadata, &mut touched)?;
        touched.iter().try_for_each(|directory| sync_directory(directory))
    }

    /// Metadata of a role that was stored by [`Self::keep_role`].
    pub(crate) fn kept_role(&self, role: &str, version: u64) -> Result<Vec<u8>, ServerError> {
        read(&self.data.join("tuf").join(metadata_address(role, version)))
    }

    /// Publishes fences and roles as one new state. Everything is on disk before the timestamp
    /// that points at it, and memory changes only after that.
    pub(crate) fn publish(
        &mut self,
        fences: &[Fence],
        roles: Vec<(String, Vec<u8>)>,
        now: Time,
    ) -> Result<(), ServerError> {
        let expiries = Expiries::default();
        let mut newest = self.roles.clone();
        let mut touched = BTreeSet::new();
        let mut written = Vec::new();
        newest.extend(roles);
        let until = now.plus(expiries.fences);
        let mut signed = newest.get(FENCES_ROLE).cloned().unwrap_or_default();
        for fence in fences {
            let path = Fence::target_path(&fence.channel);
            let bytes = fence_bytes(fence)?;
            signed = repository::put_target(&signed, &path, &bytes, &[&self.fences_key], until)
                .map_err(|error| trust_error(&error))?;
            written.push((target_address(&path, &Digest::of(&bytes).to_string()), bytes));
        }
        if fences.is_empty() {
            signed = repository::renew(&signed, &[&self.fences_key], until)
                .map_err(|error| trust_error(&error))?;
        }
        newest.insert(FENCES_ROLE.to_owned(), signed);
        let pinned: Vec<(&str, &[u8])> =
            newest.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let until = now.plus(expiries.snapshot);
        let snapshot =
            repository::snapshot(Some(&self.snapshot), &pinned, &[&self.snapshot_key], until)
                .map_err(|error| trust_error(&error))?;
        let until = now.plus(LEASE);
        let key = [&self.timestamp_key];
        let timestamp = repository::timestamp(Some(&self.timestamp), &snapshot, &key, now, until)
            .map_err(|error| trust_error(&error))?;
        for (role, bytes) in [(FENCES_ROLE, &newest[FENCES_ROLE]), ("snapshot", &snapshot)] {
            written.push((metadata_address(role, version(role, bytes)?), bytes.clone()));
        }
        for (address, bytes) in &written {
            self.write(address, bytes, &mut touched)?;
        }
        touched.iter().try_for_each(|directory| sync_directory(directory))?;
        let metadata = self.data.join("tuf/metadata");
        put(&metadata.join("timestamp.json"), &timestamp)?;
        sync_directory(&metadata)?;
        for (address, bytes) in written {
            self.shelf.put(&format!("tuf/{address}"), bytes);
        }
        self.shelf.put(crate::shelf::TIMESTAMP, timestamp.clone());
        (self.roles, self.snapshot, self.timestamp) = (newest, snapshot, timestamp);
        self.forget_old();
        Ok(())
    }

    fn write(
        &self,
        address: &str,
        bytes: &[u8],
        touched: &mut BTreeSet<PathBuf>,
    ) -> Result<(), ServerError> {
        let file = self.data.join("tuf").join(address);
        let directory = file.parent().unwrap_or(&self.data).to_owned();
        make_directory(&directory)?;
        put(&file, bytes)?;
        touched.insert(directory);
        Ok(())
    }

    /// Removes old versions that no reader can still be on its way to. A failure costs disk only.
    fn forget_old(&self) {
        let metadata = self.data.join("tuf");
        for (role, bytes) in [("snapshot", &self.snapshot), (FENCES_ROLE, &self.roles[FENCES_ROLE])]
        {
            let newest = repository::version(role, bytes).unwrap_or_default();
            if let Some(old) = newest.checked_sub(VERSIONS_KEPT) {
                let _ = std::fs::remove_file(metadata.join(metadata_address(role, old)));
            }
        }
    }
}

/// A fence's bytes: a pure function of the fence.
pub(crate) fn fence_bytes(fence: &Fence) -> Result<Vec<u8>, ServerError> {
    serde_json::to_vec(fence).map_err(|error| ServerError::record("a fence", error))
}

fn version(role: &str, bytes: &[u8]) -> Result<u64, ServerError> {
    repository::version(role, bytes).map_err(|error| trust_error(&error))
}

fn read(file: &Path) -> Result<Vec<u8>, ServerError> {
    std::fs::read(file).map_err(|error| ServerError::file(file, error))
}

/// Role names and versions that a snapshot or timestamp pins.
fn pins(role: &str, bytes: &[u8]) -> Result<BTreeMap<String, u64>, ServerError> {
    let pins: Signed<Pins> =
        serde_json::from_slice(bytes).map_err(|error| ServerError::record(role, error))?;
    let names = pins.signed.meta.into_iter();
    Ok(names.map(|(name, pin)| (name.trim_end_matches(".json").to_owned(), pin.version)).collect())
}
