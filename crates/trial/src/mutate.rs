//! Variants of a file: mostly other valid files, some ill-formed ones, some raw bytes.
//!
//! The systematic part comes first and does not depend on the seed: every leaf to every value
//! class that its declaration allows. Derived fields (counts, lengths, checksums) are recomputed,
//! so that variants get past the consumer's front door.

use contract::Contract;
use contract::binary::{self, Value};

/// One variant.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The kind of mutation.
    pub kind: &'static str,
    /// What was changed, in words.
    pub change: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Changes of leaves that made it, for minimisation.
    pub edits: Vec<Edit>,
}

/// A leaf set to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The leaf's path.
    pub path: String,
    /// Its new value.
    pub value: Value,
}

/// The kinds of mutation, field-level first.
pub const KINDS: [&str; 20] = [
    "name-and-text",
    "number-boundary",
    "number-step",
    "text-empty",
    "text-long",
    "remove-record",
    "repeat-record",
    "swap-records",
    "bit-flip",
    "byte-set",
    "truncate",
    "extend",
    "zero-range",
    "duplicate-chunk",
    "delete-chunk",
    "interesting-integer",
    "empty",
    "all-ff",
    "swap-blocks",
    "repeat-line",
];

/// Random numbers from a seed (splitmix64); enough to spread mutations.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Draws {
        Draws(seed)
    }
    /// The next number below `bound` (0 for bound 0).
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^= value >> 31;
        if bound == 0 { 0 } else { (value % bound as u64) as usize }
    }
}

/// Bytes after edits, derived fields recomputed; `None` when an edit names no leaf.
pub fn apply(contract: &Contract, bytes: &[u8], edits: &[Edit]) -> Option<Vec<u8>> {
    let layout = contract.layout.as_ref()?;
    let mut tree = binary::read(layout, bytes).ok()?;
    for edit in edits {
        *tree.value_mut(layout, &edit.path)? = edit.value.clone();
    }
    Some(binary::write(layout, &tree))
}

/// Every systematic variant, in order of promise.
pub fn systematic(contract: &Contract, bytes: &[u8]) -> Vec<Variant> {
    let mut variants = Vec::new();
    if let Some(layout) = &contract.layout
        && let Ok(tree) = binary::read(layout, bytes)
    {
        let leaves = tree.leaves(layout);
        for leaf in &leaves {
            names_and_texts(contract, bytes, leaf, &mut variants);
        }
        for leaf in leaves.iter().filter(|leaf| !leaf.field.derived()) {
            leaf_values(contract, bytes, leaf, &mut variants);
        }
        records(layout, &tree, &mut variants);
    }
    variants.push(raw("empty", "no bytes at all", Vec::new()));
    variants.push(raw("all-ff", "every byte 0xff", vec![0xff; bytes.len()]));
    variants
}

fn raw(kind: &'static str, change: impl Into<String>, bytes: Vec<u8>) -> Variant {
    Variant { kind, change: change.into(), bytes, edits: Vec::new() }
}

fn edited(
    contract: &Contract,
    bytes: &[u8],
    kind: &'static str,
    edits: Vec<Edit>,
) -> Option<Variant> {
    let written = apply(contract, bytes, &edits)?;
    let words: Vec<String> =
        edits.iter().map(|edit| format!("{} = {}", edit.path, edit.value.words())).collect();
    (written != bytes).then(|| Variant { kind, change: words.join(", "), bytes: written, edits })
}

/// A value with a name (an operator, an action) changed together with the text beside it: the
/// class of values that the July 2024 file used for the first time.
fn names_and_texts(
    contract: &Contract,
    bytes: &[u8],
    leaf: &binary::Leaf<'_>,
    out: &mut Vec<Variant>,
) {
    let (fields, _) = leaf.siblings;
    let text = fields.iter().find(|field| field.kind == binary::Kind::Text);
    let Some((head, _)) = leaf.path.rsplit_once('.') else { return };
    for value in leaf.field.names.values() {
        let named = Edit { path: leaf.path.clone(), value: Value::Number(*value) };
        out.extend(edited(contract, bytes, "name-and-text", vec![named.clone()]));
        if let Some(text) = text {
            for content in ["a", ""] {
                let value = Value::Bytes(content.as_bytes().to_vec());
                let beside = Edit { path: format!("{head}.{}", text.name), value };
                out.extend(edited(contract, bytes, "name-and-text", vec![named.clone(), beside]));
            }
        }
    }
}

fn leaf_values(contract: &Contract, bytes: &[u8], leaf: &binary::Leaf<'_>, out: &mut Vec<Variant>) {
    let edit = |value| vec![Edit { path: leaf.path.clone(), value }];
    match &leaf.placed.value {
        Value::Number(number) => {
            let (low, high) =
                (leaf.field.min.unwrap_or(0), leaf.field.max.unwrap_or(leaf.field.kind.max()));
            for value in
                [low, high, low.saturating_sub(1), high.saturating_add(1), leaf.field.kind.max()]
            {
                let value = Value::Number(value.min(leaf.field.kind.max()));
                out.extend(edited(contract, bytes, "number-boundary", edit(value)));
            }
            for value in [number.saturating_add(1), number.saturating_sub(1)] {
                let value = Value::Number(value.min(leaf.field.kind.max()));
                out.extend(edited(contract, bytes, "number-step", edit(value)));
            }
        }
        Value::Bytes(_) => {
            out.extend(edited(contract, bytes, "text-empty", edit(Value::Bytes(Vec::new()))));
            out.extend(edited(contract, bytes, "text-long", edit(Value::Bytes(vec![b'a'; 4096]))));
        }
    }
}

fn records(layout: &binary::Layout, tree: &binary::Tree, out: &mut Vec<Variant>) {
    let count = tree.records.len();
    for index in 0..count.min(16) {
        let mut without = tree.clone();
        without.records.remove(index);
        let change = format!("record {} removed", index + 1);
        out.push(raw("remove-record", change, binary::write(layout, &without)));
        let mut again = tree.clone();
        again.records.push(tree.records[index].clone());
        let change = format!("record {} repeated", index + 1);
        out.push(raw("repeat-record", change, binary::write(layout, &again)));
        if index + 1 < count {
            let mut swapped = tree.clone();
            swapped.records.swap(index, index + 1);
            let change = format!("records {} and {} swapped", index + 1, index + 2);
            out.push(raw("swap-records", change, binary::write(layout, &swapped)));
        }
    }
}

/// One random variant.
pub fn random(contract: &Contract, bytes: &[u8], draws: &mut Draws) -> Variant {
    let length = bytes.len();
    let at = draws.below(length.max(1));
    let size = 1 + draws.below(64.min(length.max(1)));
    let end = (at + size).min(length);
    let mut next = bytes.to_vec();
    if length == 0 {
        return raw("extend", "one byte appended", vec![0]);
    }
    let text = contract.layout.is_none();
    match draws.below(if text { 11 } else { 10 }) {
        0 => {
            next[at] ^= 1 << draws.below(8);
            raw("bit-flip", format!("one bit at offset {at}"), next)
        }
        1 => {
            next[at] = [0, 0xff, 0x7f, 0x80, b'"', b'{'][draws.below(6)];
            raw("byte-set", format!("byte at offset {at} set to 0x{:02x}", next[at]), next)
        }
        2 => raw("truncate", format!("cut off at offset {at}"), next[..at].to_vec()),
        3 => {
            next.extend(std::iter::repeat_n(0x41, size));
            raw("extend", format!("{size} bytes appended"), next)
        }
        4 => {
            next[at..end].fill(0);
            raw("zero-range", format!("bytes {at} to {end} zeroed"), next)
        }
        5 => {
            next.splice(at..at, bytes[at..end].iter().copied());
            raw("duplicate-chunk", format!("bytes {at} to {end} repeated"), next)
        }
        6 => {
            next.drain(at..end);
            raw("delete-chunk", format!("bytes {at} to {end} deleted"), next)
        }
        7 => {
            let value = [u32::MAX, i32::MAX as u32, 0x8000_0000, 0, 1, 65_536][draws.below(6)];
            let end = (at + 4).min(length);
            next[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            raw("interesting-integer", format!("0x{value:x} at offset {at}"), next)
        }
        8 => {
            let other = draws.below(length);
            let size = size.min(length - at.max(other));
            for step in 0..size {
                next.swap(at + step, other + step);
            }
            raw("swap-blocks", format!("{size} bytes at {at} and {other} swapped"), next)
        }
        9 => match derived_fixed(contract, &next, draws) {
            Some(fixed) => fixed,
            None => {
                next[at] ^= 0x55;
                raw("byte-set", format!("byte at offset {at} changed"), next)
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
    raw("repeat-line", format!("the line at offset {start} repeated"), next)
}

/// A random leaf to a random value, derived fields recomputed.
fn derived_fixed(contract: &Contract, bytes: &[u8], draws: &mut Draws) -> Option<Variant> {
    let layout = contract.layout.as_ref()?;
    let tree = binary::read(layout, bytes).ok()?;
    let leaves = tree.leaves(layout);
    let leaf = leaves.get(draws.below(leaves.len()))?;
    let value = match &leaf.placed.value {
        Value::Number(_) => Value::Number(draws.below(1 << 16) as u64 & leaf.field.kind.max()),
        Value::Bytes(old) => Value::Bytes(vec![b'b'; draws.below(old.len() + 9)]),
    };
    edited(contract, bytes, "number-boundary", vec![Edit { path: leaf.path.clone(), value }])
}
