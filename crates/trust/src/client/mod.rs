//! Reading a repository without believing its server.
//!
//! [`Client`] follows the TUF client workflow over the verifying core of `sigstore-tuf`: root
//! chain, timestamp, snapshot, targets, and a delegated role only when one of its targets is
//! asked for. So one channel's bad metadata never stops another channel.
//!
//! Three things differ from a plain TUF client, each on purpose:
//! - Versions below the agent's [`Floors`] are refused even when the cache is gone, and the floors
//!   fall only with a newer root that changes the online keys (recovery from a stolen key).
//! - Authentic but expired metadata is kept and reported as stale. [`Client::target`] then
//!   refuses, so nothing advances; [`Client::target_though_stale`] still reads, so that a halt or
//!   a withdrawal is not lost to a wrong clock.
//! - The time of the newest timestamp's signing corrects a clock that stands behind. It is
//!   replaced, not maximised, by each newer timestamp, so no wrong clock locks a machine out.

mod error;
mod fetch;
mod floors;
mod refresh;
mod store;
mod target;

pub use error::TrustError;
pub use fetch::{Fetch, FetchError, Fetched, Offline};
pub use floors::Floors;
pub use store::{DirectoryStore, MemoryStore, Store};

use error::from_library;

use crate::metadata::{ISSUED_FIELD, ROOT_BYTES_MAX, TARGETS_BYTES_MAX, time_of};
use decide::time::Time;
use sigstore_tuf::TrustedMetadataSet;

/// New roots followed in one refresh.
pub const ROOT_ROTATIONS_MAX: u64 = 32;
/// Roles looked into for one target.
pub const ROLES_PER_TARGET_MAX: usize = 8;

/// Metadata that has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The role.
    pub role: String,
    /// When it expired.
    pub expired: Time,
}

/// What a refresh found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// Some role has a newer version than before.
    pub changed: bool,
    /// What is trusted now; the agent persists it. The same as [`Client::floors`].
    pub versions: Floors,
    /// Expired top-level roles; while there is one, nothing may advance.
    pub stale: Vec<Stale>,
    /// What the cache could not keep; the refresh is good all the same.
    pub cache_faults: Vec<String>,
}

impl Refresh {
    /// True if new content may be activated on this state.
    pub fn is_fresh(&self) -> bool {
        self.stale.is_empty()
    }
}

/// A client's trusted state of one repository.
pub struct Client {
    trusted: TrustedMetadataSet,
    store: Box<dyn Store + Send>,
    floors: Floors,
    /// Tag of the trusted timestamp.
    etag: Option<String>,
    /// The caller's time of the last refresh; `None` before the first.
    refreshed: Option<Time>,
    cache_faults: Vec<String>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("floors", &self.floors).finish_non_exhaustive()
    }
}

impl Client {
    /// Opens a client from the root that was installed with the machine. Takes from the cache what
    /// verifies and is not below `floors`; whatever does not is fetched again later.
    ///
    /// # Errors
    /// Only if `root` itself is unusable.
    pub fn open(
        root: &[u8],
        store: impl Store + Send + 'static,
        floors: Floors,
    ) -> Result<Client, TrustError> {
        const FILE: &str = "the installed root";
        checked(FILE, root, ROOT_BYTES_MAX)?;
        let trusted =
            TrustedMetadataSet::from_root(root).map_err(|error| from_library(FILE, error))?;
        let mut client = Client {
            trusted,
            store: Box::new(store),
            floors,
            etag: None,
            refreshed: None,
            cache_faults: Vec::new(),
        };
        client.open_cache();
        Ok(client)
    }

    /// The versions that are trusted, never to be undercut; for the agent to persist.
    pub fn floors(&self) -> &Floors {
        &self.floors
    }

    /// The bytes of the trusted root.
    pub fn root_bytes(&self) -> &[u8] {
        self.trusted.root_bytes()
    }

    /// The time that expiry is judged by: the caller's, or the signing time of the newest trusted
    /// timestamp if the caller's clock stands behind it.
    fn effective(&self, now: Time) -> Time {
        match self.trusted.timestamp() {
            Some(timestamp) => now.max(issued(timestamp).unwrap_or_default()),
            None => now.max(self.floors.time),
        }
    }

    /// Expired top-level roles at `now`.
    fn stale(&self, now: Time) -> Vec<Stale> {
        let now = self.effective(now);
        let set = &self.trusted;
        let ends = [
            ("root", Some(set.root().expires)),
            ("timestamp", set.timestamp().map(|role| role.expires)),
            ("snapshot", set.snapshot().map(|role| role.expires)),
            ("targets", set.targets_role("targets").map(|role| role.expires)),
        ];
        ends.into_iter()
            .filter_map(|(role, expires)| Some((role, time_of(expires?))))
            .filter(|(_, expired)| *expired <= now)
            .map(|(role, expired)| Stale { role: role.to_owned(), expired })
            .collect()
    }

    /// Puts into the cache; a failure is noted, because the cache is disposable.
    fn keep(&mut self, name: &str, bytes: &[u8]) {
        /// Faults noted between two refreshes; more say nothing new.
        const FAULTS_MAX: usize = 16;
        if let Err(error) = self.store.put(name, bytes)
            && self.cache_faults.len() < FAULTS_MAX
        {
            self.cache_faults.push(format!("{name}: {error}"));
        }
    }
}

/// When a timestamp says it was signed.
fn issued(timestamp: &sigstore_tuf::Timestamp) -> Option<Time> {
    let text = timestamp.extra.get(ISSUED_FIELD)?.as_str()?;
    text.parse().ok().map(time_of)
}

/// Refuses bytes that are too many, not JSON, or repeat a key.
fn checked(file: &str, bytes: &[u8], limit: usize) -> Result<(), TrustError> {
    use crate::json::BadJson;
    crate::json::check(bytes, limit).map_err(|bad| match bad {
        BadJson::TooLarge { limit, .. } => {
            TrustError::TooLarge { file: file.to_owned(), limit: limit as u64 }
        }
        BadJson::Malformed(why) => TrustError::Malformed { file: file.to_owned(), why },
    })
}

/// Fetches a file and enforces its cap, whatever the transport did.
fn get(fetch: &mut dyn Fetch, file: &str, limit: usize) -> Result<Vec<u8>, TrustError> {
    let bytes = fetch.fetch(file, limit).map_err(|error| fetch_error(file, limit, error))?;
    if bytes.len() > limit {
        return Err(TrustError::TooLarge { file: file.to_owned(), limit: limit as u64 });
    }
    Ok(bytes)
}

fn fetch_error(file: &str, limit: usize, error: FetchError) -> TrustError {
    let file = file.to_owned();
    match error {
        FetchError::NotFound => TrustError::Missing { file },
        FetchError::TooLarge => TrustError::TooLarge { file, limit: limit as u64 },
        FetchError::Unreachable(why) => TrustError::Unreachable { file, why },
    }
}

/// The cap for a file whose length a parent may pin.
fn cap(pinned: Option<u64>) -> usize {
    pinned
        .and_then(|length| usize::try_from(length).ok())
        .map_or(TARGETS_BYTES_MAX, |length| length.min(TARGETS_BYTES_MAX))
}
