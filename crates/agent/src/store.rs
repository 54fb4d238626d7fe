//! What a machine keeps on disk, and how it survives a power cut at any write.
//!
//! ```text
//! commit.bin   two slots, 4 KiB apart: the commit record; the older slot is overwritten
//! standing.bin two slots: newest fence number, banned digests
//! floors.bin   two slots: trusted versions of metadata
//! cas/DIGEST   content, read-only, synced before anything refers to it
//! current      link to the active content, re-derived from the record, never trusted
//! ```

mod record_bytes;
pub mod slots;

pub use slots::Slots;

use decide::endpoint::{Generation, Record};
use decide::id::Digest;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Largest content kept, in bytes.
pub const CONTENT_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The state directory.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    commit: Slots,
}

impl Store {
    /// Opens the state directory, making it if needed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(directory: &Path) -> io::Result<Store> {
        std::fs::create_dir_all(directory.join("cas"))?;
        let commit = Slots::open(&directory.join("commit.bin"))?;
        sync_directory(directory)?;
        Ok(Store { directory: directory.to_owned(), commit })
    }
    /// The record of a state directory, without writing anything; for looking only.
    pub fn look(directory: &Path) -> Option<Record> {
        Slots::look(&directory.join("commit.bin"))?.read().as_deref().and_then(record_bytes::decode)
    }
    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
    /// The newest whole record; `None` when both slots are lost.
    pub fn record(&self) -> Option<Record> {
        self.commit.read().as_deref().and_then(record_bytes::decode)
    }
    /// True when nothing has ever been active in this directory.
    pub fn is_untouched(&self) -> bool {
        self.directory.join("current").symlink_metadata().is_err()
    }
    /// Makes a record durable.
    ///
    /// # Errors
    /// When the disk refuses; the record before it is still whole.
    pub fn commit(&mut self, record: &Record) -> io::Result<()> {
        self.commit.write(&record_bytes::encode(record))
    }
    /// Where content of a digest lies.
    pub fn content_path(&self, digest: Digest) -> PathBuf {
        self.directory.join("cas").join(digest.to_string())
    }
    /// Makes content durable under its digest; does nothing when it is there already and whole.
    ///
    /// # Errors
    /// When the disk refuses; nothing half-written remains under the digest.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        if self.has(digest) {
            return Ok(digest);
        }
        let path = self.content_path(digest);
        let temporary = path.with_extension("new");
        let written =
            write_synced(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, &path));
        if let Err(error) = written {
            // After a failed sync the same file must not be tried again: it goes.
            let _ = std::fs::remove_file(&temporary);
            return Err(error);
        }
        sync_directory(&self.directory.join("cas"))?;
        Ok(digest)
    }
    /// True when the content is there and its bytes are what the digest says.
    pub fn has(&self, digest: Digest) -> bool {
        read_bounded(&self.content_path(digest)).is_ok_and(|bytes| Digest::of(&bytes) == digest)
    }
    /// Points `current` at a release, by one rename: readers see the old file or the new one.
    ///
    /// # Errors
    /// When the disk refuses; the link is then as before.
    pub fn switch(&self, to: Digest) -> io::Result<()> {
        let link = self.directory.join("current");
        let target = Path::new("cas").join(to.to_string());
        if std::fs::read_link(&link).is_ok_and(|old| old == target) {
            return Ok(());
        }
        let temporary = self.directory.join("current.new");
        let _ = std::fs::remove_file(&temporary);
        std::os::unix::fs::symlink(&target, &temporary)?;
        std::fs::rename(&temporary, &link)?;
        sync_directory(&self.directory)
    }
    /// Removes content that no slot of the record names. The older slot counts too.
    pub fn collect(&self, keep: &[Generation]) {
        let older =
            self.commit.read_all().into_iter().filter_map(|bytes| record_bytes::decode(&bytes));
        let mut kept: Vec<String> = keep.iter().map(|g| g.digest.to_string()).collect();
        kept.extend(older.flat_map(|record| record.kept()).map(|g| g.digest.to_string()));
        for entry in std::fs::read_dir(self.directory.join("cas")).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !kept.contains(&name) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Reads a file up to [`CONTENT_BYTES_MAX`].
///
/// # Errors
/// When it cannot be read, or is larger.
pub fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(CONTENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > CONTENT_BYTES_MAX {
        return Err(io::Error::other("the file is larger than any content may be"));
    }
    Ok(bytes)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o444).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Replaces a small file that only its owner may read.
///
/// # Errors
/// When the disk refuses; the file is then as before.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let _ = std::fs::remove_file(&temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(&temporary, path)
}

/// Makes renames in a directory durable.
///
/// # Errors
/// When the directory cannot be synced.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_and_content_is_collected_by_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(directory.path()).expect("opened");
        assert_eq!(store.record(), None);
        let one = store.keep(b"one").expect("kept");
        let two = store.keep(b"two").expect("kept");
        let stray = store.keep(b"stray").expect("kept");
        let seed = Generation { number: 0, digest: one };
        let record = Record::seeded(seed).activate(Generation { number: 1, digest: two });
        store.commit(&record).expect("committed");
        let (next, _) = record.clone().before_start();
        store.commit(&next).expect("committed");
        let again = Store::open(directory.path()).expect("opened");
        assert_eq!(again.record(), Some(next.clone()));
        again.collect(&next.kept());
        assert!(again.has(one) && again.has(two) && !again.has(stray));
        again.switch(two).expect("switched");
        assert_eq!(std::fs::read(directory.path().join("current")).expect("readable"), b"two");
    }
}
