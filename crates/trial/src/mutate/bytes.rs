//! Random changes of bytes, most of them ill-formed.

use super::{Draws, Edit, Variant, apply, pattern, raw, words};
use contract::Contract;
use contract::binary::{self, Value};

/// Largest file that is read anew for one random leaf.
const READ_BYTES_MAX: usize = 1 << 20;

/// One random variant.
pub fn random(contract: &Contract, bytes: &[u8], draws: &mut Draws) -> Variant {
    let length = bytes.len();
    let at = draws.below(length.max(1));
    let size = 1 + draws.below(64.min(length.max(1)));
    let end = (at + size).min(length);
    let mut next = bytes.to_vec();
    if length == 0 {
        return raw("extend", "one byte is appended", vec![0]);
    }
    let text = contract.layout.is_none();
    match draws.below(if text { 11 } else { 10 }) {
        0 => {
            next[at] ^= 1 << draws.below(8);
            raw("bit-flip", format!("one bit at offset {at} is flipped"), next)
        }
        1 => {
            next[at] = [0, 0xff, 0x7f, 0x80, b'"', b'{'][draws.below(6)];
            raw("byte-set", format!("the byte at offset {at} is 0x{:02x}", next[at]), next)
        }
        2 => raw("truncate", format!("the file is cut off at offset {at}"), next[..at].to_vec()),
        3 => {
            next.extend(std::iter::repeat_n(0x41, size));
            raw("extend", format!("{size} bytes are appended"), next)
        }
        4 => {
            next[at..end].fill(0);
            raw("zero-range", format!("bytes {at} to {end} are zeroed"), next)
        }
        5 => {
            next.splice(at..at, bytes[at..end].iter().copied());
            raw("duplicate-chunk", format!("bytes {at} to {end} are repeated"), next)
        }
        6 => {
            next.drain(at..end);
            raw("delete-chunk", format!("bytes {at} to {end} are deleted"), next)
        }
        7 => {
            let value = [u32::MAX, i32::MAX as u32, 0x8000_0000, 0, 1, 65_536][draws.below(6)];
            let end = (at + 4).min(length);
            next[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            raw("interesting-integer", format!("0x{value:x} is at offset {at}"), next)
        }
        8 => {
            let other = draws.below(length);
            let size = size.min(length - at.max(other));
            for step in 0..size {
                next.swap(at + step, other + step);
            }
            raw("swap-blocks", format!("{size} bytes at {at} and {other} are swapped"), next)
        }
        9 => match derived_fixed(contract, &next, draws) {
            Some(fixed) => fixed,
            None => {
                next[at] ^= 0x55;
                raw("byte-set", format!("the byte at offset {at} is changed"), next)
            }
        },
        _ => repeat_line(&next, at),
    }
}

fn repeat_line(bytes: &[u8], at: usize) -> Variant {
    let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end =
        bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |e| at + e + 1);
    let mut next = bytes.to_vec();
    next.splice(end..end, bytes[start..end].iter().copied());
    raw("repeat-line", format!("the line at offset {start} is repeated"), next)
}

/// A random leaf to a random value, derived fields recomputed.
fn derived_fixed(contract: &Contract, bytes: &[u8], draws: &mut Draws) -> Option<Variant> {
    let layout = contract.layout.as_ref().filter(|_| bytes.len() <= READ_BYTES_MAX)?;
    let tree = binary::read(layout, bytes).ok()?;
    let record = draws.below(tree.records.len());
    let leaves = tree.leaves_of(layout, |index| index == record);
    let leaf = leaves.get(draws.below(leaves.len()))?;
    let value = match &leaf.placed.value {
        Value::Number(_) => Value::Number(draws.below(1 << 16) as u64 & leaf.field.kind.max()),
        Value::Bytes(old) => Value::Bytes(vec![b'b'; draws.below(old.len() + 9)]),
    };
    let edits = vec![Edit { path: leaf.path.clone(), value }];
    let kind = match leaf.placed.value {
        Value::Number(_) => "number-boundary",
        Value::Bytes(_) => "text-long",
    };
    let written = apply(contract, bytes, &edits)?;
    Some(Variant {
        kind: kind.to_owned(),
        change: words(layout, &tree, &edits),
        cause: pattern(&leaf.path),
        bytes: written,
        edits,
        kept: false,
    })
}
