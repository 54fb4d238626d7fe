//! What a machine remembers besides its commit record: the newest fence number it has verified
//! (invariant 8) and the digests that are banned here. Two slots, like the record.

use crate::store::Slots;
use decide::id::Digest;
use std::io;
use std::path::Path;

/// Digests remembered; the oldest go first. A slot has room for a few more.
pub const BANNED_MAX: usize = 120;
const FILE: &str = "standing.bin";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + 8;
const DIGEST_BYTES: usize = 32;

/// The memory of a state directory.
#[derive(Debug)]
pub struct Memory {
    slots: Slots,
    fence_seen: u64,
    banned: Vec<Digest>,
}

impl Memory {
    /// Opens it, empty where nothing was remembered.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(directory: &Path) -> io::Result<Memory> {
        Slots::open(&directory.join(FILE)).map(Memory::of)
    }
    /// Opens it to look only.
    pub fn look(directory: &Path) -> Option<Memory> {
        Slots::look(&directory.join(FILE)).map(Memory::of)
    }
    fn of(slots: Slots) -> Memory {
        let (fence_seen, banned) =
            slots.read().as_deref().and_then(decode).unwrap_or((0, Vec::new()));
        Memory { slots, fence_seen, banned }
    }
    /// The newest fence number that was verified here.
    pub fn fence_seen(&self) -> u64 {
        self.fence_seen
    }
    /// The banned digests, oldest first.
    pub fn banned(&self) -> &[Digest] {
        &self.banned
    }
    /// Remembers a fence number; a smaller one changes nothing.
    ///
    /// # Errors
    /// When it cannot be made durable; it counts all the same while this process lives.
    pub fn saw_fence(&mut self, number: u64) -> io::Result<()> {
        if number <= self.fence_seen {
            return Ok(());
        }
        self.fence_seen = number;
        self.slots.write(&encode(self.fence_seen, &self.banned))
    }
    /// Bans a digest on this machine.
    ///
    /// # Errors
    /// When it cannot be made durable; it counts all the same while this process lives.
    pub fn ban(&mut self, digest: Digest) -> io::Result<()> {
        if self.banned.contains(&digest) {
            return Ok(());
        }
        self.banned.push(digest);
        let excess = self.banned.len().saturating_sub(BANNED_MAX);
        self.banned.drain(..excess);
        self.slots.write(&encode(self.fence_seen, &self.banned))
    }
}

fn encode(fence_seen: u64, banned: &[Digest]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(fence_seen.to_le_bytes());
    bytes.extend(banned.iter().flat_map(|digest| digest.0));
    bytes
}

fn decode(bytes: &[u8]) -> Option<(u64, Vec<Digest>)> {
    if bytes.first() != Some(&VERSION) {
        return None;
    }
    let fence_seen = u64::from_le_bytes(bytes.get(1..HEADER_BYTES)?.try_into().ok()?);
    let digests = bytes.get(HEADER_BYTES..)?.chunks_exact(DIGEST_BYTES);
    let banned = digests.filter_map(|chunk| Some(Digest(chunk.try_into().ok()?))).collect();
    Some((fence_seen, banned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fence_numbers_only_grow_and_bans_stay_within_their_bound() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut memory = Memory::open(directory.path()).expect("opened");
        memory.saw_fence(7).expect("written");
        memory.saw_fence(3).expect("nothing to write");
        for number in 0..BANNED_MAX as u64 + 5 {
            memory.ban(Digest::of(&number.to_le_bytes())).expect("written");
        }
        let again = Memory::open(directory.path()).expect("opened");
        assert_eq!(again.fence_seen(), 7);
        assert_eq!(again.banned().len(), BANNED_MAX);
        let newest = Digest::of(&(BANNED_MAX as u64 + 4).to_le_bytes());
        assert_eq!(again.banned().last(), Some(&newest));
    }
}
