//! The smallest change that still kills.

use crate::mutate::{Variant, apply};
use contract::Contract;

/// Runs that minimisation of one landmine may cost.
pub const RUNS_MAX: usize = 48;

/// Makes a killing variant smaller: first fewer edits of leaves, then fewer changed bytes.
/// `kills` runs the consumer.
pub fn minimise(
    contract: &Contract,
    original: &[u8],
    variant: &Variant,
    mut kills: impl FnMut(&[u8]) -> bool,
) -> Variant {
    let mut best = variant.clone();
    let mut runs = 0;
    let mut index = 0;
    while best.edits.len() > 1 && index < best.edits.len() && runs < RUNS_MAX {
        let mut fewer = best.edits.clone();
        fewer.remove(index);
        runs += 1;
        match apply(contract, original, &fewer).filter(|bytes| kills(bytes)) {
            Some(bytes) => {
                let words: Vec<String> =
                    fewer.iter().map(|e| format!("{} = {}", e.path, e.value.words())).collect();
                best = Variant { kind: best.kind, change: words.join(", "), bytes, edits: fewer };
            }
            None => index += 1,
        }
    }
    if best.edits.is_empty() && best.bytes.len() == original.len() {
        best = fewer_bytes(original, best, RUNS_MAX - runs, &mut kills);
    }
    best
}

/// Puts runs of changed bytes back while the variant still kills.
fn fewer_bytes(
    original: &[u8],
    mut best: Variant,
    budget: usize,
    kills: &mut impl FnMut(&[u8]) -> bool,
) -> Variant {
    let changed = |bytes: &[u8]| -> Vec<usize> {
        (0..bytes.len()).filter(|at| bytes[*at] != original[*at]).collect()
    };
    let mut chunk = changed(&best.bytes).len().div_ceil(2);
    let mut runs = 0;
    while chunk > 0 && runs < budget {
        let places = changed(&best.bytes);
        let mut shrunk = false;
        for part in places.chunks(chunk) {
            let mut fewer = best.bytes.clone();
            part.iter().for_each(|at| fewer[*at] = original[*at]);
            runs += 1;
            if runs > budget {
                break;
            }
            if fewer != original && kills(&fewer) {
                best.bytes = fewer;
                shrunk = true;
                break;
            }
        }
        if !shrunk {
            chunk /= 2;
        }
    }
    let places = changed(&best.bytes);
    if places.len() <= 8 {
        let words: Vec<String> =
            places.iter().map(|at| format!("offset {at} = 0x{:02x}", best.bytes[*at])).collect();
        best.change = words.join(", ");
    }
    best
}
