//! The landmines of one version: grouped by cause, confirmed, minimised, kept.

use crate::campaign::Plan;
use crate::consumer::Bench;
use crate::corpus::Corpus;
use crate::minimise::minimise;
use crate::mutate::Variant;
use crate::report::{Class, Landmine};
use contract::model::Consumer;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Times a killing variant must kill again to count.
const CONFIRMATIONS: usize = 2;
/// Landmines reported for one version; what has more causes than that needs more than a list.
const LANDMINES_MAX: usize = 8;

/// A landmine and the bytes that fire it.
pub(crate) struct Mine {
    landmine: Landmine,
    bytes: Vec<u8>,
    /// It came from the corpus.
    kept: bool,
}

/// The landmines among the variants of one version.
pub(crate) fn find(
    bench: &Bench<'_>,
    consumer: &Consumer,
    plan: &Plan,
    variants: &[Variant],
    classes: &[Option<Class>],
    events: &[PathBuf],
) -> Vec<Mine> {
    let mut causes: BTreeMap<(&Class, &str), (usize, u64)> = BTreeMap::new();
    for (index, class) in classes.iter().enumerate() {
        if let Some(class) = class.as_ref().filter(|class| class.unclean()) {
            let cause = (class, variants[index].cause.as_str());
            causes.entry(cause).or_insert((index, 0)).1 += 1;
        }
    }
    let mut order: Vec<(&Class, (usize, u64))> =
        causes.into_iter().map(|((class, _), first)| (class, first)).collect();
    order.sort_by_key(|(_, first)| *first);
    let mut found: Vec<Mine> = Vec::new();
    for (class, (index, times)) in order.into_iter().take(LANDMINES_MAX) {
        let variant = &variants[index];
        let kills = |bytes: &[u8]| bench.try_bytes(consumer, bytes, events) == *class;
        if !(0..CONFIRMATIONS).all(|_| kills(&variant.bytes)) {
            continue;
        }
        // What is in the corpus was made small when it was found.
        let small = match variant.kept {
            true => variant.clone(),
            false => minimise(bench.contract, &plan.bytes, variant, kills),
        };
        let landmine = Landmine {
            id: Corpus::id(&small.bytes),
            versions: vec![consumer.version.clone()],
            class: class.clone(),
            kind: small.kind,
            change: small.change,
            cause: small.cause,
            variants: times,
        };
        found.push(Mine { landmine, bytes: small.bytes, kept: small.kept });
    }
    found
}

/// Adds the landmines of one more version: the same bytes, or the same ending of the same cause,
/// are one landmine.
pub(crate) fn merge(mines: &mut Vec<Mine>, found: Vec<Mine>) {
    for mine in found {
        let same = |known: &&mut Mine| {
            let (known, new) = (&known.landmine, &mine.landmine);
            known.id == new.id || (known.class == new.class && known.cause == new.cause)
        };
        match mines.iter_mut().find(same) {
            Some(known) => {
                let known = &mut known.landmine;
                known.variants = known.variants.max(mine.landmine.variants);
                let new = mine.landmine.versions.into_iter();
                let new: Vec<_> = new.filter(|version| !known.versions.contains(version)).collect();
                known.versions.extend(new);
            }
            None => mines.push(mine),
        }
    }
}

/// Keeps what is new in the corpus; what is there already stays as it was found.
pub(crate) fn keep(corpus: &Corpus, mines: Vec<Mine>) -> Vec<Landmine> {
    for mine in mines.iter().filter(|mine| !mine.kept) {
        // A corpus that cannot be written costs the next trial its head start, nothing more.
        let _ = corpus.keep(&mine.landmine, &mine.bytes);
    }
    mines.into_iter().map(|mine| mine.landmine).collect()
}
