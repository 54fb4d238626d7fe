//! Which part of a deadly candidate is deadly: the record, and the item in it.

use crate::reduce::reduce;
use contract::Contract;
use contract::binary::{self, Layout, Tree};
use contract::model::Format;
use decide::finding::Place;

/// Runs that this may cost.
const RUNS_MAX: usize = 64;
/// Parts that are named; more than that are no help.
const NAMED_MAX: usize = 3;

/// A part of the candidate that is enough to kill.
pub(crate) struct Narrowed {
    /// Where it is; the file is for the caller to fill in.
    pub(crate) place: Place,
    /// As the end of a sentence.
    pub(crate) words: String,
}

/// Takes records away while the rest still kills, then items of the one that is left. `None` when
/// that leads nowhere, or the format has no records that can be taken away.
pub(crate) fn narrow(
    contract: &Contract,
    bytes: &[u8],
    mut kills: impl FnMut(&[u8]) -> bool,
) -> Option<Narrowed> {
    let mut budget = RUNS_MAX;
    match (&contract.layout, contract.format) {
        (Some(layout), _) => {
            let tree = binary::read(layout, bytes).ok()?;
            records(layout, &tree, &mut budget, &mut kills)
        }
        (None, Format::Lines) => lines(bytes, &mut budget, &mut kills),
        (None, _) => None,
    }
}

fn records(
    layout: &Layout,
    tree: &Tree,
    budget: &mut usize,
    kills: &mut impl FnMut(&[u8]) -> bool,
) -> Option<Narrowed> {
    let mut with = |kept: &[usize]| {
        let records = kept.iter().map(|index| tree.records[*index].clone()).collect();
        kills(&binary::write(layout, &Tree { header: tree.header.clone(), records }))
    };
    let all: Vec<usize> = (0..tree.records.len()).collect();
    let left = reduce(all, budget, &mut with);
    let whole = left.len() == tree.records.len() && left.len() > 1;
    if left.is_empty() || left.len() > NAMED_MAX || whole {
        return None;
    }
    let name = |index: &usize| format!("{}[{}]", layout.records.name, index + 1);
    let mut path = left.iter().map(name).collect::<Vec<_>>().join(" with ");
    let first = &tree.records[left[0]];
    let mut offset = first.offset;
    if let (&[index], Some(group)) = (left.as_slice(), layout.records.items.as_deref()) {
        let items = items(layout, tree, index, budget, kills);
        if let [item] = items.as_slice() {
            path = format!("{path}.{}[{}]", group.name, item + 1);
            offset = first.items[*item].offset;
        }
    }
    let place = Place {
        offset: Some(offset as u64),
        record: Some(left[0] as u64 + 1),
        field: Some(path.clone()),
        ..Place::default()
    };
    Some(Narrowed { place, words: format!("{path} alone is enough") })
}

/// The items of a record that are enough, with all other records left out.
fn items(
    layout: &Layout,
    tree: &Tree,
    index: usize,
    budget: &mut usize,
    kills: &mut impl FnMut(&[u8]) -> bool,
) -> Vec<usize> {
    let record = &tree.records[index];
    reduce((0..record.items.len()).collect(), budget, |kept| {
        let mut fewer = record.clone();
        fewer.items = kept.iter().map(|item| record.items[*item].clone()).collect();
        let records = vec![fewer];
        kills(&binary::write(layout, &Tree { header: tree.header.clone(), records }))
    })
}

fn lines(
    bytes: &[u8],
    budget: &mut usize,
    kills: &mut impl FnMut(&[u8]) -> bool,
) -> Option<Narrowed> {
    let all: Vec<(usize, &[u8])> =
        bytes.split_inclusive(|byte| *byte == b'\n').enumerate().collect();
    let count = all.len();
    let left = reduce(all, budget, |lines| {
        kills(&lines.iter().flat_map(|(_, line)| line.iter().copied()).collect::<Vec<u8>>())
    });
    if left.is_empty() || left.len() > NAMED_MAX || (left.len() == count && count > 1) {
        return None;
    }
    let numbers: Vec<String> = left.iter().map(|(index, _)| (index + 1).to_string()).collect();
    let place = Place { line: Some(left[0].0 as u64 + 1), column: Some(1), ..Place::default() };
    Some(Narrowed { place, words: format!("line {} alone is enough", numbers.join(" with ")) })
}
