//! Who is exposed: the per-release random order of machines, and thresholds on it.
//!
//! Server, agent and simulator compute the same bucket from the same bytes, so the server's
//! denominators are exact without asking anybody (design section 4).

use crate::id::{BadName, MachineId, Ring, StratumName};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// A machine's place in the random order of one rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bucket(pub u64);

/// Random per rollout, so that no machine is for ever the canary (sharp edge 15 of the statistics).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Salt(pub String);

/// The bucket of `machine`: the first eight bytes, big-endian, of
/// SHA-256(salt, one zero byte, machine id).
pub fn bucket(salt: &Salt, machine: &MachineId) -> Bucket {
    let mut hash = Sha256::new();
    hash.update(salt.0.as_bytes());
    hash.update([0u8]);
    hash.update(machine.as_str().as_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    let mut first = [0u8; 8];
    first.copy_from_slice(&bytes[..8]);
    Bucket(u64::from_be_bytes(first))
}

/// A threshold: exposed are the machines whose bucket is strictly below it. `None` in a table
/// means nobody; [`Threshold::ALL`] means everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threshold(pub u64);

impl Threshold {
    /// Nobody.
    pub const NONE: Threshold = Threshold(0);
    /// Everybody, including machines that enrol later.
    pub const ALL: Threshold = Threshold(u64::MAX);
    /// True when a machine at `bucket` is exposed.
    pub fn exposes(self, bucket: Bucket) -> bool {
        self == Threshold::ALL || bucket.0 < self.0
    }
    /// The threshold that exposes exactly the first `count` of `ordered` buckets (sorted,
    /// distinct); all of them and everybody later when `count` reaches the end and `close` is set.
    pub fn for_count(ordered: &[Bucket], count: usize, close: bool) -> Threshold {
        match ordered.get(count) {
            _ if count == 0 => Threshold::NONE,
            Some(next) => Threshold(next.0),
            None if close => Threshold::ALL,
            None => Threshold(ordered.last().map_or(0, |last| last.0.saturating_add(1))),
        }
    }
}

/// The stratum of a machine: the values of `keys` in order, then the ring. A label that the
/// machine does not have reads as `none`, so that it is visible instead of merged away.
pub fn stratum_of(
    labels: &BTreeMap<String, String>,
    keys: &[String],
    ring: Ring,
) -> Result<StratumName, BadName> {
    let mut parts: Vec<&str> =
        keys.iter().map(|key| labels.get(key).map_or("none", String::as_str)).collect();
    parts.push(ring.name());
    StratumName::try_from(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines(n: usize) -> Vec<MachineId> {
        (0..n).map(|i| MachineId::try_from(format!("m-{i:05}")).expect("valid name")).collect()
    }

    #[test]
    fn a_threshold_exposes_exactly_the_count_it_was_made_for() {
        let salt = Salt("s".into());
        let mut ordered: Vec<Bucket> = machines(200).iter().map(|m| bucket(&salt, m)).collect();
        ordered.sort_unstable();
        for count in 0..=200 {
            for close in [false, true] {
                let threshold = Threshold::for_count(&ordered, count, close);
                let exposed = ordered.iter().filter(|b| threshold.exposes(**b)).count();
                assert_eq!(exposed, count);
            }
        }
    }

    #[test]
    fn two_salts_order_the_same_machines_differently() {
        let first = |salt: &str| {
            let salt = Salt(salt.into());
            machines(1000).into_iter().min_by_key(|m| bucket(&salt, m))
        };
        assert_ne!(first("r-1"), first("r-2"));
    }
}
