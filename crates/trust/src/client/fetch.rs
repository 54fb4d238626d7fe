//! How a client gets bytes. Transport is the caller's; trust never depends on it.

use std::collections::BTreeMap;
use std::fmt;

/// Why a file could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The repository answered that it has no such file (HTTP 404 or 403).
    NotFound,
    /// It has more bytes than asked for.
    TooLarge,
    /// No usable answer.
    Unreachable(String),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::NotFound => f.write_str("not found"),
            FetchError::TooLarge => f.write_str("more bytes than asked for"),
            FetchError::Unreachable(why) => f.write_str(why),
        }
    }
}
impl std::error::Error for FetchError {}

/// The answer to a conditional fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file is still the one with the tag that was sent (HTTP 304).
    Unchanged,
    /// The file, and its tag if the repository gave one.
    Bytes {
        /// All its bytes.
        bytes: Vec<u8>,
        /// Its entity tag.
        etag: Option<String>,
    },
}

/// Gets files of a repository. Paths are relative to its top and safe as they are:
/// `metadata/timestamp.json`, `metadata/3.targets.json`, `targets/fence/<sha256>.ipc-rules.json`.
pub trait Fetch {
    /// The whole file, at most `bytes_max` bytes. An implementation stops reading beyond that,
    /// and bounds the time it takes.
    fn fetch(&mut self, path: &str, bytes_max: usize) -> Result<Vec<u8>, FetchError>;

    /// Like [`Fetch::fetch`], but may answer [`Fetched::Unchanged`] when `etag` still fits. The
    /// client keeps the tag; an implementation must not remember tags of its own.
    fn fetch_if_changed(
        &mut self,
        path: &str,
        etag: Option<&str>,
        bytes_max: usize,
    ) -> Result<Fetched, FetchError> {
        let _ = etag;
        self.fetch(path, bytes_max).map(|bytes| Fetched::Bytes { bytes, etag: None })
    }
}

/// No network: whatever is asked for is unreachable. With it, a client answers from its cache.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

impl Fetch for Offline {
    fn fetch(&mut self, _path: &str, _bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Unreachable("working without network".to_owned()))
    }
}

/// A repository in memory: address to bytes.
impl Fetch for BTreeMap<String, Vec<u8>> {
    fn fetch(&mut self, path: &str, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        let bytes = self.get(path).ok_or(FetchError::NotFound)?;
        if bytes.len() > bytes_max {
            return Err(FetchError::TooLarge);
        }
        Ok(bytes.clone())
    }
}
