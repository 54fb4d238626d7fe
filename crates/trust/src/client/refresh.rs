//! Bringing a client's state up to date, and starting it from its cache.

use super::{
    Client, Fetch, Fetched, ROOT_ROTATIONS_MAX, Refresh, TrustError, cap, checked, fetch_error,
    from_library, get, issued,
};
use crate::metadata::{
    ROOT_BYTES_MAX, SNAPSHOT_BYTES_MAX, TARGETS_BYTES_MAX, TIMESTAMP_BYTES_MAX, metadata_address,
};
use decide::time::Time;
use sigstore_tuf::{Error as Library, Root};

/// Expiry is judged by us, after the fact; the library is given a time at which nothing has
/// expired.
const EXPIRY_LATER: jiff::Timestamp = jiff::Timestamp::MIN;

impl Client {
    /// Follows the repository to its newest state. What was verified before an error is kept.
    ///
    /// # Errors
    /// The first file that is refused or cannot be had. The state stays usable.
    pub fn refresh(&mut self, fetch: &mut dyn Fetch, now: Time) -> Result<Refresh, TrustError> {
        let before = self.floors.clone();
        self.follow_roots(fetch)?;
        self.follow_timestamp(fetch)?;
        self.follow_snapshot(fetch)?;
        self.follow_targets(fetch)?;
        self.refreshed = Some(now);
        Ok(Refresh {
            changed: before != self.floors,
            versions: self.floors.clone(),
            stale: self.stale(now),
            cache_faults: std::mem::take(&mut self.cache_faults),
        })
    }

    fn follow_roots(&mut self, fetch: &mut dyn Fetch) -> Result<(), TrustError> {
        for _ in 0..ROOT_ROTATIONS_MAX {
            let next = self.trusted.root().version.saturating_add(1);
            let file = metadata_address("root", next);
            let bytes = match get(fetch, &file, ROOT_BYTES_MAX) {
                Ok(bytes) => bytes,
                Err(TrustError::Missing { .. }) => {
                    return self.floors.check("root", self.trusted.root().version);
                }
                Err(error) => return Err(error),
            };
            self.take_root(&file, &bytes)?;
            self.keep(&format!("{next}.root.json"), &bytes);
        }
        let version = self.trusted.root().version;
        Err(TrustError::TooManyRoots { version, limit: ROOT_ROTATIONS_MAX })
    }

    fn take_root(&mut self, file: &str, bytes: &[u8]) -> Result<(), TrustError> {
        checked(file, bytes, ROOT_BYTES_MAX)?;
        let old = self.trusted.root().clone();
        self.trusted.update_root(bytes).map_err(|error| from_library(file, error))?;
        let new = self.trusted.root();
        // Roots up to the floor were followed before, in a life whose cache is gone: what was
        // trusted since then stays trusted.
        if new.version > self.floors.root && online_keys_changed(&old, new) {
            self.floors.forget_online();
        }
        self.floors.raise("root", self.trusted.root().version);
        self.etag = None;
        Ok(())
    }

    fn follow_timestamp(&mut self, fetch: &mut dyn Fetch) -> Result<(), TrustError> {
        let file = metadata_address("timestamp", 0);
        let etag = self.trusted.timestamp().and(self.etag.as_deref());
        let fetched = fetch
            .fetch_if_changed(&file, etag, TIMESTAMP_BYTES_MAX)
            .map_err(|error| fetch_error(&file, TIMESTAMP_BYTES_MAX, error))?;
        let (bytes, etag) = match fetched {
            Fetched::Bytes { bytes, etag } => (bytes, etag),
            Fetched::Unchanged if self.trusted.timestamp().is_some() => return Ok(()),
            Fetched::Unchanged => {
                let why = "it is said to be unchanged, but none was fetched before".to_owned();
                return Err(TrustError::Unreachable { file, why });
            }
        };
        if self.take_timestamp(&file, &bytes)? {
            self.keep("timestamp.json", &bytes);
        }
        self.etag = etag;
        Ok(())
    }

    /// True if it is newer than what was trusted.
    fn take_timestamp(&mut self, file: &str, bytes: &[u8]) -> Result<bool, TrustError> {
        checked(file, bytes, TIMESTAMP_BYTES_MAX)?;
        let mut candidate = self.trusted.clone();
        match candidate.update_timestamp(bytes, EXPIRY_LATER) {
            Ok(()) => {}
            // Same number, perhaps other bytes: the first one counts, as the specification says.
            Err(Library::EqualVersion { .. }) => return Ok(false),
            Err(error) => return Err(from_library(file, error)),
        }
        let Some(timestamp) = candidate.timestamp() else { return Err(TrustError::NotRefreshed) };
        let Some(pin) = timestamp.snapshot_meta() else {
            let why = "it does not name snapshot.json".to_owned();
            return Err(TrustError::Malformed { file: file.to_owned(), why });
        };
        self.floors.check("timestamp", timestamp.version)?;
        self.floors.check("snapshot", pin.version)?;
        self.floors.raise("timestamp", timestamp.version);
        self.floors.time = issued(timestamp).unwrap_or(self.floors.time);
        self.trusted = candidate;
        Ok(true)
    }

    fn follow_snapshot(&mut self, fetch: &mut dyn Fetch) -> Result<(), TrustError> {
        let Some(pin) = self.trusted.timestamp().and_then(|role| role.snapshot_meta()) else {
            return Err(TrustError::NotRefreshed);
        };
        if self.trusted.snapshot().is_some_and(|role| role.version == pin.version) {
            return Ok(());
        }
        let limit = cap(pin.length).min(SNAPSHOT_BYTES_MAX);
        let file = metadata_address("snapshot", pin.version);
        let bytes = get(fetch, &file, limit)?;
        self.take_snapshot(&file, &bytes)?;
        self.keep("snapshot.json", &bytes);
        Ok(())
    }

    fn take_snapshot(&mut self, file: &str, bytes: &[u8]) -> Result<(), TrustError> {
        checked(file, bytes, SNAPSHOT_BYTES_MAX)?;
        let mut candidate = self.trusted.clone();
        candidate
            .update_snapshot(bytes, EXPIRY_LATER)
            .map_err(|error| from_library(file, error))?;
        let Some(snapshot) = candidate.snapshot() else { return Err(TrustError::NotRefreshed) };
        self.floors.check("snapshot", snapshot.version)?;
        let used = self.floors.roles.keys().map(String::as_str).chain(["targets"]);
        for role in used {
            let version = snapshot.meta.get(&format!("{role}.json")).map_or(0, |pin| pin.version);
            self.floors.check(role, version)?;
        }
        self.floors.raise("snapshot", snapshot.version);
        self.trusted = candidate;
        Ok(())
    }

    fn follow_targets(&mut self, fetch: &mut dyn Fetch) -> Result<(), TrustError> {
        if self.trusted.targets_role("targets").is_some() {
            return Ok(());
        }
        self.load_role("targets", None, fetch)
    }

    /// Loads a targets role from the cache, or else from the repository. `delegator` is `None` for
    /// the top level.
    pub(super) fn load_role(
        &mut self,
        role: &str,
        delegator: Option<&str>,
        fetch: &mut dyn Fetch,
    ) -> Result<(), TrustError> {
        let snapshot = self.trusted.snapshot().ok_or(TrustError::NotRefreshed)?;
        let Some(pin) = snapshot.meta.get(&format!("{role}.json")) else {
            let why = format!("it does not name {role}.json");
            return Err(TrustError::Integrity { file: "snapshot.json".to_owned(), why });
        };
        let (limit, version) = (cap(pin.length), pin.version);
        let name = format!("{role}.json");
        if let Some(bytes) = self.store.get(&name, limit)
            && self.take_role(&name, role, delegator, &bytes).is_ok()
        {
            return Ok(());
        }
        let file = metadata_address(role, version);
        let bytes = get(fetch, &file, limit)?;
        self.take_role(&file, role, delegator, &bytes)?;
        self.keep(&name, &bytes);
        Ok(())
    }

    fn take_role(
        &mut self,
        file: &str,
        role: &str,
        delegator: Option<&str>,
        bytes: &[u8],
    ) -> Result<(), TrustError> {
        checked(file, bytes, TARGETS_BYTES_MAX)?;
        let taken = match delegator {
            None => self.trusted.update_targets(bytes, EXPIRY_LATER),
            Some(delegator) => {
                self.trusted.update_delegated_targets(bytes, role, delegator, EXPIRY_LATER)
            }
        };
        let version = taken.map_err(|error| from_library(file, error))?.version;
        self.floors.raise(role, version);
        Ok(())
    }

    /// Takes from the cache what verifies and is not below the floors. Never fails: the cache is
    /// disposable. The root chain is walked from the installed root each time.
    pub(super) fn open_cache(&mut self) {
        for _ in 0..ROOT_ROTATIONS_MAX {
            let name = format!("{}.root.json", self.trusted.root().version.saturating_add(1));
            let Some(bytes) = self.store.get(&name, ROOT_BYTES_MAX) else { break };
            if self.take_root(&name, &bytes).is_err() {
                break;
            }
        }
        self.floors.raise("root", self.trusted.root().version);
        let cached = |name: &str, limit| self.store.get(name, limit);
        let timestamp = cached("timestamp.json", TIMESTAMP_BYTES_MAX);
        let snapshot = cached("snapshot.json", SNAPSHOT_BYTES_MAX);
        let targets = cached("targets.json", TARGETS_BYTES_MAX);
        // Each needs the one before; the first that is missing or refused ends it.
        let _ = timestamp
            .is_some_and(|bytes| self.take_timestamp("timestamp.json", &bytes).is_ok())
            && snapshot.is_some_and(|bytes| self.take_snapshot("snapshot.json", &bytes).is_ok())
            && targets.is_some_and(|bytes| {
                self.take_role("targets.json", "targets", None, &bytes).is_ok()
            });
    }
}

fn online_keys_changed(old: &Root, new: &Root) -> bool {
    let keys = |root: &Root, role: &str| {
        let mut ids = root.role(role).map(|keys| keys.keyids.clone()).unwrap_or_default();
        ids.sort_unstable();
        ids
    };
    ["timestamp", "snapshot"].into_iter().any(|role| keys(old, role) != keys(new, role))
}
