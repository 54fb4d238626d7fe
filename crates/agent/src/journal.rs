//! What this machine did, when and why: a bounded text file for `ringfence-agent why`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Size at which the journal is halved.
const JOURNAL_BYTES_MAX: u64 = 256 * 1024;

/// Milliseconds since the epoch; only for people and for expiry, never for recovery.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The journal of a state directory.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in `directory`.
    pub fn at(directory: &Path) -> Journal {
        Journal { path: directory.join("journal.log") }
    }
    /// Adds one line. A full disk costs the line, nothing else.
    pub fn note(&self, line: &str) {
        let line = line.replace('\n', " ");
        if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(&self.path) {
            let _ = writeln!(file, "{} {line}", wall_ms());
            if file.metadata().is_ok_and(|meta| meta.len() > JOURNAL_BYTES_MAX) {
                self.halve();
            }
        }
    }
    fn halve(&self) {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let half = text.len() / 2;
        let start = text[half..].find('\n').map_or(0, |at| half + at + 1);
        let shorter = self.path.with_extension("new");
        if std::fs::write(&shorter, &text[start..]).is_ok() {
            let _ = std::fs::rename(&shorter, &self.path);
        }
    }
    /// The last `count` lines.
    pub fn tail(&self, count: usize) -> Vec<String> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].iter().map(|line| (*line).to_owned()).collect()
    }
}
