//! The disposable cache of a client.
//!
//! Everything read from it is verified again, so it may be torn, old, or gone. What protects
//! against rollback is [`super::Floors`], which the agent keeps in its own record.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Keeps named bytes. Names are made of letters, digits, `.`, `_`, `-`, `+` and never begin with
/// a dot.
pub trait Store {
    /// The bytes of a name, at most `bytes_max`; `None` if they are missing, longer or unreadable.
    fn get(&self, name: &str, bytes_max: usize) -> Option<Vec<u8>>;
    /// Replaces the bytes of a name, all or nothing.
    fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
}

/// A cache that ends with the process.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(pub BTreeMap<String, Vec<u8>>);

impl Store for MemoryStore {
    fn get(&self, name: &str, bytes_max: usize) -> Option<Vec<u8>> {
        self.0.get(name).filter(|bytes| bytes.len() <= bytes_max).cloned()
    }
    fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// A cache in a directory. Files are replaced by rename and not synced: a power cut may lose or
/// tear them, and the next refresh fetches them again.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    directory: PathBuf,
}

impl DirectoryStore {
    /// Opens the cache, making its directory if needed.
    pub fn open(directory: &Path) -> io::Result<DirectoryStore> {
        std::fs::create_dir_all(directory)?;
        Ok(DirectoryStore { directory: directory.to_owned() })
    }
}

impl Store for DirectoryStore {
    fn get(&self, name: &str, bytes_max: usize) -> Option<Vec<u8>> {
        let file = std::fs::File::open(self.directory.join(name)).ok()?;
        let mut bytes = Vec::new();
        file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() <= bytes_max).then_some(bytes)
    }
    fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = self.directory.join(format!("{name}.new"));
        let mut file = std::fs::File::create(&new)?;
        file.write_all(bytes)?;
        drop(file);
        std::fs::rename(&new, self.directory.join(name))
    }
}
