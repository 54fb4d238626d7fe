//! Finding and reading one target.

use super::{Client, Fetch, ROLES_PER_TARGET_MAX, Stale, TrustError, get};
use crate::metadata::{is_safe_path, target_address, time_of};
use decide::id::Digest;
use decide::time::Time;
use sigstore_tuf::TargetFile;
use std::collections::BTreeSet;

/// A target as its role lists it.
struct Listed {
    /// Roles on the way to it, itself last.
    role: String,
    file: TargetFile,
}

impl Client {
    /// The verified bytes of a target, at most `bytes_max`, for use as new content.
    ///
    /// # Errors
    /// [`TrustError::Stale`] while any role on the way has expired at the time of the last
    /// refresh; [`TrustError::NotRefreshed`] before one has succeeded in this process; else
    /// whatever is wrong with the target.
    pub fn target(
        &mut self,
        path: &str,
        fetch: &mut dyn Fetch,
        bytes_max: usize,
    ) -> Result<Vec<u8>, TrustError> {
        let now = self.refreshed.ok_or(TrustError::NotRefreshed)?;
        if let Some(Stale { role, expired }) = self.stale(now).into_iter().next() {
            return Err(TrustError::Stale { role, expired, now: self.effective(now) });
        }
        let listed = self.find(path, fetch)?;
        let now = self.effective(now);
        if let Some(role) = self.trusted.targets_role(&listed.role) {
            let expired = time_of(role.expires);
            if expired <= now {
                return Err(TrustError::Stale { role: listed.role, expired, now });
            }
        }
        self.read(path, &listed.file, fetch, bytes_max)
    }

    /// The verified bytes of a target, whether or not its metadata has expired: for halting,
    /// withdrawing, reporting and showing. Never for advancing. With [`super::Offline`] it answers
    /// from the cache alone, also before the first refresh.
    pub fn target_though_stale(
        &mut self,
        path: &str,
        fetch: &mut dyn Fetch,
        bytes_max: usize,
    ) -> Result<Vec<u8>, TrustError> {
        let listed = self.find(path, fetch)?;
        self.read(path, &listed.file, fetch, bytes_max)
    }

    /// Expired roles at `now`, without asking anybody.
    pub fn stale_at(&self, now: Time) -> Vec<Stale> {
        self.stale(now)
    }

    /// Walks the delegations that may list `path`, in their order, loading only those.
    fn find(&mut self, path: &str, fetch: &mut dyn Fetch) -> Result<Listed, TrustError> {
        let unknown = || TrustError::TargetUnknown { path: path.to_owned() };
        if !is_safe_path(path) {
            return Err(unknown());
        }
        if self.trusted.targets_role("targets").is_none() {
            return Err(TrustError::NotRefreshed);
        }
        let mut open = vec![("targets".to_owned(), None::<String>)];
        let mut seen = BTreeSet::new();
        for _ in 0..ROLES_PER_TARGET_MAX {
            let Some((role, delegator)) = open.pop() else { return Err(unknown()) };
            if !seen.insert(role.clone()) {
                continue;
            }
            if let Some(delegator) = &delegator {
                self.enter(&role, delegator, fetch)?;
            }
            let Some(targets) = self.trusted.targets_role(&role) else { return Err(unknown()) };
            if let Some(file) = targets.targets.get(path) {
                return Ok(Listed { file: file.clone(), role });
            }
            let mut children = Vec::new();
            for child in targets.delegations.iter().flat_map(|all| &all.roles) {
                // A pattern that cannot be read is that delegation's fault alone.
                if !is_role_name(&child.name) || !child.matches_path(path).unwrap_or(false) {
                    continue;
                }
                children.push((child.name.clone(), Some(role.clone())));
                if child.terminating {
                    open.clear();
                    break;
                }
            }
            // The last one pushed is looked into first, so the first child comes last.
            open.extend(children.into_iter().rev());
        }
        Err(unknown())
    }

    /// Makes a delegated role's metadata trusted through this delegator.
    fn enter(
        &mut self,
        role: &str,
        delegator: &str,
        fetch: &mut dyn Fetch,
    ) -> Result<(), TrustError> {
        if self.trusted.targets_role(role).is_none() {
            return self.load_role(role, Some(delegator), fetch);
        }
        // One name may be delegated twice with different keys: each way must hold by itself.
        self.trusted
            .verify_delegated_targets(role, delegator, jiff::Timestamp::MIN)
            .map(|_| ())
            .map_err(|error| super::from_library(role, error))
    }

    fn read(
        &mut self,
        path: &str,
        file: &TargetFile,
        fetch: &mut dyn Fetch,
        bytes_max: usize,
    ) -> Result<Vec<u8>, TrustError> {
        let integrity = |why: String| TrustError::Integrity { file: path.to_owned(), why };
        let digest = file.hashes.get("sha256").ok_or_else(|| integrity("no sha256".to_owned()))?;
        let digest: Digest = digest.parse().map_err(|bad| integrity(format!("{bad}")))?;
        let length = usize::try_from(file.length).ok().filter(|length| *length <= bytes_max);
        let Some(length) = length else {
            return Err(TrustError::TooLarge { file: path.to_owned(), limit: bytes_max as u64 });
        };
        let name = format!("target+{}", path.replace('/', "+"));
        if let Some(bytes) = self.store.get(&name, length)
            && bytes.len() == length
            && Digest::of(&bytes) == digest
        {
            return Ok(bytes);
        }
        let bytes = get(fetch, &target_address(path, &digest.to_string()), length)?;
        if bytes.len() != length {
            return Err(integrity(format!("{} bytes instead of {length}", bytes.len())));
        }
        let found = Digest::of(&bytes);
        if found != digest {
            return Err(integrity(format!("sha256:{} instead of {digest:?}", found.short())));
        }
        self.keep(&name, &bytes);
        Ok(bytes)
    }
}

/// A delegated role's name becomes part of an address and of a cache file's name.
fn is_role_name(name: &str) -> bool {
    is_safe_path(name)
        && !name.contains('/')
        && !["root", "timestamp", "snapshot", "targets"].contains(&name)
        && !name.ends_with(".root")
}
