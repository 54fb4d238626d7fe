//! Two slots: the older one is overwritten, so that a torn write loses nothing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Distance of the slots, so that one torn sector never touches both.
const SLOT_BYTES: u64 = 4096;
/// Largest payload of a slot.
pub const PAYLOAD_BYTES_MAX: usize = 4096 - HEADER_BYTES;
const MAGIC: &[u8; 4] = b"RFS1";
/// Magic, sequence, length, CRC.
const HEADER_BYTES: usize = 4 + 8 + 4 + 4;

/// A file of two slots.
#[derive(Debug)]
pub struct Slots {
    file: File,
}

impl Slots {
    /// Opens the file, making and preallocating it if needed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(path: &Path) -> io::Result<Slots> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if file.metadata()?.len() < 2 * SLOT_BYTES {
            // Written out, not only sized: a later commit must not need new blocks.
            file.write_all_at(&vec![0; 2 * SLOT_BYTES as usize], 0)?;
            file.sync_all()?;
        }
        Ok(Slots { file })
    }
    /// Opens the file to look only; `None` where there is none.
    pub fn look(path: &Path) -> Option<Slots> {
        File::open(path).ok().map(|file| Slots { file })
    }
    fn slot(&self, index: u64) -> Option<(u64, Vec<u8>)> {
        let mut header = [0u8; HEADER_BYTES];
        self.file.read_exact_at(&mut header, index * SLOT_BYTES).ok()?;
        let sequence = u64::from_le_bytes(header[4..12].try_into().ok()?);
        let length = u32::from_le_bytes(header[12..16].try_into().ok()?) as usize;
        let crc = u32::from_le_bytes(header[16..20].try_into().ok()?);
        if &header[..4] != MAGIC || length > PAYLOAD_BYTES_MAX {
            return None;
        }
        let mut payload = vec![0; length];
        self.file.read_exact_at(&mut payload, index * SLOT_BYTES + HEADER_BYTES as u64).ok()?;
        (checksum(sequence, &payload) == crc).then_some((sequence, payload))
    }
    /// The newest whole payload.
    pub fn read(&self) -> Option<Vec<u8>> {
        let slots = [self.slot(0), self.slot(1)];
        slots
            .into_iter()
            .flatten()
            .max_by_key(|(sequence, _)| *sequence)
            .map(|(_, payload)| payload)
    }
    /// All whole payloads.
    pub fn read_all(&self) -> Vec<Vec<u8>> {
        [self.slot(0), self.slot(1)].into_iter().flatten().map(|(_, payload)| payload).collect()
    }
    /// Writes the older slot and syncs; the newer one stays as it is.
    ///
    /// # Errors
    /// When the payload is too large or the disk refuses.
    pub fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(io::Error::other("the payload does not fit into a slot"));
        }
        let sequences = [self.slot(0).map_or(0, |(s, _)| s), self.slot(1).map_or(0, |(s, _)| s)];
        let older = u64::from(sequences[1] < sequences[0]);
        let sequence = sequences[0].max(sequences[1]) + 1;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(sequence.to_le_bytes());
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(checksum(sequence, payload).to_le_bytes());
        bytes.extend(payload);
        self.file.write_all_at(&bytes, older * SLOT_BYTES)?;
        self.file.sync_data()
    }
}

fn checksum(sequence: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&sequence.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way a power cut can tear a write of the older slot leaves the newer one readable;
    /// the negative control, overwriting the newer slot, does not.
    #[test]
    fn a_torn_write_never_loses_the_record_before_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("slots.bin");
        let mut slots = Slots::open(&path).expect("opened");
        for payload in [b"first", b"secnd", b"third"] {
            slots.write(payload).expect("written");
        }
        let before = std::fs::read(&path).expect("readable");
        slots.write(b"forth").expect("written");
        let after = std::fs::read(&path).expect("readable");
        let changed: Vec<usize> =
            (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
        assert!(!changed.is_empty());
        for cut in 0..=changed.len() {
            let mut torn = before.clone();
            changed[..cut].iter().for_each(|at| torn[*at] = after[*at]);
            std::fs::write(&path, &torn).expect("written");
            let read = Slots::open(&path).expect("opened").read().expect("one slot is whole");
            let expected: &[u8] = if cut == changed.len() { b"forth" } else { b"third" };
            assert_eq!(read, expected, "cut after {cut} bytes");
        }
        let newest = if before[4] > before[4096 + 4] { 0 } else { 4096 };
        let mut in_place = before.clone();
        in_place[newest + HEADER_BYTES] ^= 1;
        std::fs::write(&path, &in_place).expect("written");
        assert_ne!(
            Slots::open(&path).expect("opened").read().as_deref(),
            Some(&b"third"[..]),
            "the control bites"
        );
    }
}
