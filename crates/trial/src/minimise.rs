//! The smallest change that still kills.

use crate::mutate::{Edit, Variant, apply, words};
use crate::reduce::reduce;
use contract::Contract;
use contract::binary::{self, Value};

/// Runs that minimisation of one landmine may cost.
pub const RUNS_MAX: usize = 48;
/// Changed bytes that are listed one by one.
const LISTED_MAX: usize = 4;
/// Bytes of a small file that are shown.
const SHOWN_MAX: usize = 60;

/// Makes a killing variant smaller: fewer edits of leaves and shorter texts; or fewer changed
/// bytes; or fewer lines and bytes at all. `kills` runs the consumer.
pub fn minimise(
    contract: &Contract,
    original: &[u8],
    variant: &Variant,
    mut kills: impl FnMut(&[u8]) -> bool,
) -> Variant {
    let mut budget = RUNS_MAX;
    if !variant.edits.is_empty() {
        return fewer_edits(contract, original, variant, &mut budget, &mut kills);
    }
    if variant.bytes.len() == original.len() {
        return fewer_changes(contract, original, variant, &mut budget, &mut kills);
    }
    fewer_bytes(variant, &mut budget, &mut kills)
}

fn fewer_edits(
    contract: &Contract,
    original: &[u8],
    variant: &Variant,
    budget: &mut usize,
    kills: &mut impl FnMut(&[u8]) -> bool,
) -> Variant {
    let mut dies = |edits: &[Edit]| {
        apply(contract, original, edits).is_some_and(|bytes| bytes != original && kills(&bytes))
    };
    let mut edits = reduce(variant.edits.clone(), budget, &mut dies);
    for index in 0..edits.len() {
        while let Value::Bytes(text) = &edits[index].value
            && text.len() > 1
            && *budget > 0
        {
            let mut shorter = edits.clone();
            shorter[index].value = Value::Bytes(text[..text.len() / 2].to_vec());
            *budget -= 1;
            if !dies(&shorter) {
                break;
            }
            edits = shorter;
        }
    }
    let Some(layout) = &contract.layout else { return variant.clone() };
    match (apply(contract, original, &edits), binary::read(layout, original)) {
        (Some(bytes), Ok(tree)) => {
            let change = words(layout, &tree, &edits);
            Variant { change, bytes, edits, ..variant.clone() }
        }
        _ => variant.clone(),
    }
}

/// Puts changed bytes back while the variant still kills.
fn fewer_changes(
    contract: &Contract,
    original: &[u8],
    variant: &Variant,
    budget: &mut usize,
    kills: &mut impl FnMut(&[u8]) -> bool,
) -> Variant {
    let with = |places: &[usize]| {
        let mut bytes = original.to_vec();
        places.iter().for_each(|at| bytes[*at] = variant.bytes[*at]);
        bytes
    };
    let changed: Vec<usize> =
        (0..original.len()).filter(|at| variant.bytes[*at] != original[*at]).collect();
    let places = reduce(changed, budget, |places| kills(&with(places)));
    let mut small = Variant { bytes: with(&places), ..variant.clone() };
    if !places.is_empty() && places.len() <= LISTED_MAX {
        let words: Vec<String> = places
            .iter()
            .map(|at| {
                let (now, was) = (small.bytes[*at], original[*at]);
                let place = place(contract, original, *at);
                format!("the byte at {place} is 0x{now:02x} instead of 0x{was:02x}")
            })
            .collect();
        small.change = words.join(" and ");
    }
    small
}

/// An offset in the contract's terms: the leaf of a binary file, the line of a text.
fn place(contract: &Contract, original: &[u8], at: usize) -> String {
    let leaf = contract
        .layout
        .as_ref()
        .and_then(|layout| binary::read(layout, original).ok()?.path_at(layout, at));
    match leaf {
        Some(path) => format!("offset {at} ({path})"),
        None if contract.layout.is_some() => format!("offset {at}"),
        None => {
            let (line, column) = contract::text::line_column(original, at);
            format!("line {line}, column {column}")
        }
    }
}

/// Takes lines away, then pieces of what is left, while the variant still kills.
fn fewer_bytes(
    variant: &Variant,
    budget: &mut usize,
    kills: &mut impl FnMut(&[u8]) -> bool,
) -> Variant {
    let lines: Vec<&[u8]> = variant.bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let lines = reduce(lines, budget, |lines| kills(&lines.concat()));
    let bytes = lines.concat();
    let piece = bytes.len().div_ceil(RUNS_MAX).max(1);
    let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
    let bytes = reduce(pieces, budget, |pieces| kills(&pieces.concat())).concat();
    if bytes.len() == variant.bytes.len() {
        return variant.clone();
    }
    // The count of an earlier round would be wrong now.
    let what = variant.change.split("; ").next().unwrap_or_default();
    let mut change = format!("{what}; {} bytes of it are enough", bytes.len());
    if bytes.len() <= SHOWN_MAX {
        change = format!("{change}: '{}'", String::from_utf8_lossy(&bytes).escape_debug());
    }
    Variant { change, bytes, ..variant.clone() }
}
