//! The commit record as bytes: fixed places, no parser, so that rescue can read it.

use decide::endpoint::{Generation, Phase, Record};
use decide::id::Digest;

const VERSION: u8 = 1;
const GENERATION_BYTES: usize = 40;

fn put(bytes: &mut Vec<u8>, generation: Generation) {
    bytes.extend(generation.number.to_le_bytes());
    bytes.extend(generation.digest.0);
}

fn get(bytes: &[u8], index: usize) -> Option<Generation> {
    let start = 8 + index * GENERATION_BYTES;
    let slice = bytes.get(start..start + GENERATION_BYTES)?;
    let number = u64::from_le_bytes(slice[..8].try_into().ok()?);
    Some(Generation { number, digest: Digest(slice[8..].try_into().ok()?) })
}

/// The record as bytes.
pub(super) fn encode(record: &Record) -> Vec<u8> {
    let flags = u8::from(record.observed_crash)
        | u8::from(record.retried) << 1
        | u8::from(record.accused.is_some()) << 2;
    let mut bytes =
        vec![VERSION, record.phase as u8, record.attempts, flags, record.crashes, 0, 0, 0];
    for generation in record.kept() {
        put(&mut bytes, generation);
    }
    put(&mut bytes, record.accused.unwrap_or(record.seed));
    bytes
}

/// The record from bytes; `None` when they are not one.
pub(super) fn decode(bytes: &[u8]) -> Option<Record> {
    let phase = match (bytes.first()?, bytes.get(1)?) {
        (&VERSION, 0) => Phase::Stable,
        (&VERSION, 1) => Phase::Probation,
        (&VERSION, 2) => Phase::Reverted,
        (&VERSION, 3) => Phase::Seed,
        (&VERSION, 4) => Phase::Off,
        _ => return None,
    };
    let flags = *bytes.get(3)?;
    Some(Record {
        current: get(bytes, 0)?,
        known_good: get(bytes, 1)?,
        known_good_before: get(bytes, 2)?,
        seed: get(bytes, 3)?,
        accused: if flags & 4 != 0 { Some(get(bytes, 4)?) } else { None },
        phase,
        attempts: *bytes.get(2)?,
        observed_crash: flags & 1 != 0,
        retried: flags & 2 != 0,
        crashes: *bytes.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_no_prefix_of_it_does() {
        let generation =
            |number: u64| Generation { number, digest: Digest::of(&number.to_le_bytes()) };
        let record = Record {
            current: generation(4),
            known_good: generation(3),
            known_good_before: generation(2),
            seed: generation(0),
            accused: Some(generation(5)),
            phase: Phase::Reverted,
            attempts: 2,
            observed_crash: true,
            retried: true,
            crashes: 1,
        };
        let bytes = encode(&record);
        assert_eq!(decode(&bytes), Some(record));
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None, "the first {end} bytes");
        }
    }
}
