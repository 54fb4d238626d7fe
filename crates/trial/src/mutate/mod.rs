//! Variants of a file: mostly other valid files, some ill-formed ones, some raw bytes.
//!
//! The systematic part comes first: every class of leaf to every class of value that its
//! declaration allows, so that a small budget already covers each class once. Derived fields
//! (counts, lengths, checksums) are recomputed, so that variants get past the consumer's front
//! door. All of it follows from the file, the contract, the events and the seed.

mod bytes;
mod leaves;
mod text;

pub use bytes::random;

use contract::Contract;
use contract::binary::{self, Layout, Tree, Value};
use std::collections::BTreeMap;

/// One variant.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The kind of mutation.
    pub kind: String,
    /// What was changed, in words.
    pub change: String,
    /// What variants of the same cause have in common, e.g. `instances[].criteria[].op`.
    pub cause: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Changes of leaves that made it, for minimisation.
    pub edits: Vec<Edit>,
    /// It comes from the corpus.
    pub kept: bool,
}

/// A leaf set to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The leaf's path.
    pub path: String,
    /// Its new value.
    pub value: Value,
}

/// The kinds of mutation: of fields, of records, of text, of bytes.
pub const KINDS: [&str; 34] = [
    "name-and-text",
    "number-boundary",
    "number-step",
    "text-empty",
    "text-long",
    "remove-record",
    "repeat-record",
    "swap-records",
    "remove-item",
    "repeat-item",
    "json-value",
    "json-remove",
    "delete-line",
    "repeat-line",
    "repeat-many",
    "long-line",
    "number-in-line",
    "nest-block",
    "deep-nesting",
    "nul",
    "byte-order-mark",
    "line-ends",
    "no-last-line-end",
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

/// Edits in the contract's terms: the leaf, what it is now, and what it was.
pub fn words(layout: &Layout, tree: &Tree, edits: &[Edit]) -> String {
    let words = edits.iter().map(|edit| match tree.value(layout, &edit.path) {
        Some((field, was)) => {
            let (now, was) = (field.words(&edit.value), field.words(&was.value));
            format!("{} is {now} instead of {was}", edit.path)
        }
        None => format!("{} is {}", edit.path, edit.value.words()),
    });
    words.collect::<Vec<String>>().join(" and ")
}

/// A path without the numbers in it.
pub(crate) fn pattern(path: &str) -> String {
    path.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// At most `most` systematic variants. Classes take turns, so that each is covered before any is
/// covered twice; `dictionary` has texts that the events contain.
pub fn systematic(
    contract: &Contract,
    bytes: &[u8],
    dictionary: &[String],
    seed: u64,
    most: usize,
) -> Vec<Variant> {
    let mut variants = vec![
        raw("empty", "the file is empty", Vec::new()),
        raw("all-ff", "every byte is 0xff", vec![0xff; bytes.len()]),
    ];
    variants.truncate(most);
    let most = most - variants.len();
    match &contract.layout {
        Some(layout) => variants.extend(leaves::variants(layout, bytes, dictionary, seed, most)),
        None => variants.extend(text::variants(contract, bytes, seed, most)),
    }
    variants
}

pub(crate) fn raw(kind: &str, change: impl Into<String>, bytes: Vec<u8>) -> Variant {
    Variant {
        kind: kind.to_owned(),
        change: change.into(),
        cause: kind.to_owned(),
        bytes,
        edits: Vec::new(),
        kept: false,
    }
}

/// Takes one of each class in turn, classes in order of their first appearance; the seed says with
/// which member a class begins.
pub(crate) fn take_turns<T>(members: Vec<(String, T)>, seed: u64, most: usize) -> Vec<T> {
    let mut order: BTreeMap<String, usize> = BTreeMap::new();
    let mut classes: Vec<Vec<Option<T>>> = Vec::new();
    for (class, member) in members {
        let next = classes.len();
        let index = *order.entry(class).or_insert(next);
        if index == next {
            classes.push(Vec::new());
        }
        classes[index].push(Some(member));
    }
    let rounds = classes.iter().map(Vec::len).max().unwrap_or(0);
    let mut taken = Vec::new();
    for round in 0..rounds {
        for class in &mut classes {
            let length = class.len();
            if taken.len() == most {
                return taken;
            }
            if round < length {
                let index = (round + seed as usize % length) % length;
                taken.extend(class[index].take());
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_turn_before_any_has_a_second() {
        let members: Vec<(String, u32)> =
            [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("c", 6)]
                .map(|(class, member)| (class.to_owned(), member))
                .to_vec();
        assert_eq!(take_turns(members.clone(), 0, 9), [1, 4, 5, 2, 6, 3]);
        assert_eq!(take_turns(members.clone(), 1, 4), [2, 4, 6, 3]);
        assert!(take_turns(members, 0, 0).is_empty());
    }
}
