//! Landmines kept in the project, by the hash of their bytes, and replayed in every later trial.

use crate::report::Landmine;
use decide::id::Digest;
use std::io;
use std::path::{Path, PathBuf};

/// Landmines replayed in one trial.
pub const REPLAY_MAX: usize = 64;

/// A corpus directory.
#[derive(Clone, Debug)]
pub struct Corpus {
    directory: PathBuf,
}

impl Corpus {
    /// The corpus in `directory`, which need not exist yet.
    pub fn at(directory: &Path) -> Corpus {
        Corpus { directory: directory.to_owned() }
    }
    /// The id of some bytes.
    pub fn id(bytes: &[u8]) -> String {
        Digest::of(bytes).short()
    }
    /// Keeps a landmine: its bytes and a sidecar that says what it is.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn keep(&self, landmine: &Landmine, bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.directory)?;
        std::fs::write(self.directory.join(format!("{}.bin", landmine.id)), bytes)?;
        let text = serde_json::to_string_pretty(landmine).map_err(io::Error::other)?;
        std::fs::write(self.directory.join(format!("{}.json", landmine.id)), text + "\n")
    }
    /// One landmine by id.
    ///
    /// # Errors
    /// When there is none, or the sidecar is damaged.
    pub fn read(&self, id: &str) -> io::Result<(Landmine, Vec<u8>)> {
        decide::id::check_name(id, false).map_err(io::Error::other)?;
        let text = std::fs::read(self.directory.join(format!("{id}.json")))?;
        let landmine = serde_json::from_slice(&text).map_err(io::Error::other)?;
        Ok((landmine, std::fs::read(self.directory.join(format!("{id}.bin")))?))
    }
    /// Ids in order, at most [`REPLAY_MAX`].
    pub fn ids(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.directory);
        let mut ids: Vec<String> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                entry.file_name().to_str()?.strip_suffix(".json").map(str::to_owned)
            })
            .collect();
        ids.sort();
        ids.truncate(REPLAY_MAX);
        ids
    }
}
