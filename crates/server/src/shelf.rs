//! Static files in memory: what agents poll is answered from here, without a disk, a copy or a
//! long lock. Everything but the timestamp has its version or digest in its name.

use axum::body::Bytes;
use axum::http::HeaderValue;
use decide::id::Digest;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Bytes kept in memory; beyond it the shelf is emptied and fills again with what is asked for.
const SHELF_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Files larger than this are read from disk each time.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The one file that changes under its name.
pub(crate) const TIMESTAMP: &str = "tuf/metadata/timestamp.json";

/// A file with its headers ready.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub bytes: Bytes,
    pub etag: HeaderValue,
    pub content_type: HeaderValue,
    pub cache: HeaderValue,
}

impl Held {
    fn new(name: &str, bytes: Vec<u8>) -> Held {
        let etag = format!("\"{}\"", Digest::of(&bytes));
        let changing = name == TIMESTAMP;
        let json = name.ends_with(".json");
        Held {
            bytes: Bytes::from(bytes),
            etag: HeaderValue::from_str(&etag).unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            content_type: HeaderValue::from_static(match json {
                true => "application/json",
                false => "application/octet-stream",
            }),
            cache: HeaderValue::from_static(match changing {
                true => "public, no-cache",
                false => "public, max-age=31536000, immutable",
            }),
        }
    }
}

#[derive(Debug, Default)]
struct Files {
    by_name: HashMap<String, Arc<Held>>,
    bytes: usize,
}

/// The shelf.
#[derive(Debug)]
pub(crate) struct Shelf {
    data: PathBuf,
    files: RwLock<Files>,
}

impl Shelf {
    pub(crate) fn new(data: &Path) -> Shelf {
        Shelf { data: data.to_owned(), files: RwLock::default() }
    }

    /// From memory only.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Held>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).cloned()
    }

    /// From disk; blocks. The name must have passed [`safe_name`].
    pub(crate) fn load(&self, name: &str) -> Option<Arc<Held>> {
        let bytes = std::fs::read(self.data.join(name)).ok()?;
        Some(self.put(name, bytes))
    }

    /// Puts a file that is on disk already.
    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) -> Arc<Held> {
        let held = Arc::new(Held::new(name, bytes));
        let length = held.bytes.len();
        if length > FILE_BYTES_MAX {
            return held;
        }
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if files.bytes + length > SHELF_BYTES_MAX {
            let timestamp = files.by_name.remove(TIMESTAMP);
            *files = Files::default();
            files.by_name.extend(timestamp.map(|held| (TIMESTAMP.to_owned(), held)));
        }
        files.bytes += length;
        if let Some(old) = files.by_name.insert(name.to_owned(), held.clone()) {
            files.bytes = files.bytes.saturating_sub(old.bytes.len());
        }
        held
    }
}

/// The shelf's name of a request's path, if there can be such a file.
pub(crate) fn safe_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix('/')?;
    let inside = match name.split_once('/')? {
        ("tuf", rest) => rest.starts_with("metadata/") || rest.starts_with("targets/"),
        ("objects", rest) => rest.len() == 64 && rest.parse::<Digest>().is_ok(),
        _ => false,
    };
    // A file that is being written is not there yet.
    (inside && trust::metadata::is_safe_path(name) && !name.ends_with(".new")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_inside_the_repository_are_looked_at() {
        let digest = Digest::of(b"x").to_string();
        for path in ["/tuf/metadata/timestamp.json", &format!("/objects/{digest}")] {
            assert!(safe_name(path).is_some(), "{path}");
        }
        for path in [
            "/tuf/metadata/../../ringfence.db",
            "/tuf/keys/fences.pem",
            "/keys/fences.pem",
            "/ringfence.db",
            "/objects/../ringfence.db",
            "/objects/abc",
            "/tuf/metadata/%2e%2e/x",
            "/tuf/metadata/1.root.json.new",
            "//tuf/metadata/1.root.json",
        ] {
            assert_eq!(safe_name(path), None, "{path}");
        }
    }

    #[test]
    fn the_shelf_is_bounded_and_never_forgets_the_timestamp() {
        let shelf = Shelf::new(Path::new("."));
        shelf.put(TIMESTAMP, vec![1]);
        for n in 0..40 {
            shelf.put(&format!("objects/{n}"), vec![0; FILE_BYTES_MAX]);
        }
        let files = shelf.files.read().expect("not poisoned");
        assert!(files.bytes <= SHELF_BYTES_MAX && files.by_name.contains_key(TIMESTAMP));
    }
}
