//! Durable files: a file is there whole or not at all, also after a power cut.

use crate::codes;
use crate::error::ServerError;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Makes a directory and its parents, each durable.
pub(crate) fn make_directory(directory: &Path) -> Result<(), ServerError> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_directory(parent)?;
    }
    std::fs::create_dir(directory).map_err(|error| ServerError::file(directory, error))?;
    sync_directory(directory.parent().unwrap_or(Path::new(".")))
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), ServerError> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(|error| ServerError::file(directory, error))
}

/// Writes a file beside its place, makes it durable and moves it there. The directory's entry is
/// made durable by [`sync_directory`], once for many files.
pub(crate) fn put(file: &Path, bytes: &[u8]) -> Result<(), ServerError> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let temporary = PathBuf::from(name);
    let failed = |error: std::io::Error| ServerError::file(file, error);
    let mut output = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(&temporary)
        .map_err(failed)?;
    let written = output.write_all(bytes).and_then(|()| output.sync_all());
    if let Err(error) = written.and_then(|()| std::fs::rename(&temporary, file)) {
        // A full disk must not be filled further by what could not be finished.
        let _ = std::fs::remove_file(&temporary);
        return Err(failed(error));
    }
    Ok(())
}

/// The lock of a data directory; it goes away with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(data: &Path) -> Result<Lock, ServerError> {
        let path = data.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| ServerError::file(&path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let sentence = format!("another server runs on {}; stop it first", data.display());
                Err(ServerError::new(codes::LOCKED, sentence))
            }
            Err(error) => Err(ServerError::file(&path, error)),
        }
    }
}
