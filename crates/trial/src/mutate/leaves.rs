//! Variants of a binary file, leaf by leaf and record by record.

use super::{Edit, Variant, pattern, take_turns, words};
use contract::binary::{self, Field, Kind, Layout, Leaf, Tree, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Records looked at in a large file; the first and the last are always among them.
const RECORDS_MAX: usize = 32;
/// Values looked at; a record may have thousands of items.
const LEAVES_MAX: usize = 4_096;
/// Items of a record that are left out or written twice; the last ones.
const ITEMS_MAX: usize = 64;
/// Texts of the events that are tried beside a named value.
const DICTIONARY_MAX: usize = 3;
/// The kind of named values and of the texts beside them.
const NAMES: &str = "name-and-text";
/// Turns of that kind for one turn of each other.
const TURNS_OF_NAMES: usize = 4;
/// Length of a long text.
const TEXT_LONG: usize = 4_096;

/// What is done to the tree.
enum Step {
    Edits(Vec<Edit>),
    Remove(usize),
    Repeat(usize),
    Swap(usize),
    RemoveItem(usize, usize),
    RepeatItem(usize, usize),
}

type Steps = Vec<(String, (&'static str, Step))>;

/// At most `most` variants; none when the file cannot be read.
pub(super) fn variants(
    layout: &Layout,
    bytes: &[u8],
    dictionary: &[String],
    seed: u64,
    most: usize,
) -> Vec<Variant> {
    let Ok(tree) = binary::read(layout, bytes) else { return Vec::new() };
    let sampled = sample(tree.records.len(), seed);
    let mut leaves = tree.leaves_of(layout, |record| sampled.contains(&record));
    // Limits are off by one at the ends, so the last item of a group comes first.
    leaves.sort_by_key(|leaf| std::cmp::Reverse(item(&leaf.path)));
    leaves.truncate(LEAVES_MAX);
    let mut steps = Steps::new();
    for leaf in &leaves {
        names_and_texts(leaf, dictionary, &mut steps);
    }
    for leaf in leaves.iter().filter(|leaf| !leaf.field.derived()) {
        values(leaf, &mut steps);
    }
    records(&tree, &sampled, &mut steps);
    // Some steps change nothing after all; a few more are drawn than are needed.
    let drawn = share(steps, seed, most.saturating_mul(2));
    let made = drawn.into_iter().filter_map(|(kind, step)| write(layout, &tree, kind, step));
    made.filter(|variant| variant.bytes != bytes).take(most).collect()
}

/// Kinds of mutation take turns, so that a small budget has some of each; values with names have
/// [`TURNS_OF_NAMES`] of them, because what an interpreter has never done is done by those.
fn share(steps: Steps, seed: u64, most: usize) -> Vec<(&'static str, Step)> {
    let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut keyed = Vec::new();
    let all = steps.len();
    for (kind, step) in take_turns(steps, seed, all) {
        let count = kinds.entry(kind).or_insert(0);
        let lane = if kind == NAMES { *count % TURNS_OF_NAMES } else { 0 };
        *count += 1;
        keyed.push((format!("{kind} {lane}"), (kind, step)));
    }
    take_turns(keyed, 0, most)
}

/// The number of the item in a path, 0 for a leaf that is in no item.
fn item(path: &str) -> u64 {
    let number = path.rsplit_once('[').and_then(|(head, tail)| {
        head.contains('[').then(|| tail.split_once(']').map_or("", |(number, _)| number))
    });
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Records from 0: the ends, and others evenly, moved on by the seed.
fn sample(count: usize, seed: u64) -> BTreeSet<usize> {
    let step = count.div_ceil(RECORDS_MAX).max(1);
    let mut sampled: BTreeSet<usize> = (seed as usize % step..count).step_by(step).collect();
    sampled.extend((count > 0).then_some(0));
    sampled.extend(count.checked_sub(1));
    sampled
}

/// The path without the number of the record, but with that of the item: what an interpreter does
/// with field 21 differs from what it does with field 20, and hardly from record to record.
fn class_path(path: &str) -> String {
    match (path.find('['), path.find(']')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &path[..open], &path[close..]),
        _ => path.to_owned(),
    }
}

/// A value with a name (an operator, an action) changed together with the text beside it: the
/// class of values that the July 2024 file used for the first time.
fn names_and_texts(leaf: &Leaf<'_>, dictionary: &[String], steps: &mut Steps) {
    let (fields, placed) = leaf.siblings;
    let Some((head, _)) = leaf.path.rsplit_once('.') else { return };
    let text = fields.iter().position(|field| field.kind == Kind::Text);
    let now = text.and_then(|index| placed.get(index)).map(|placed| &placed.value);
    let blank = matches!(now, Some(Value::Bytes(bytes)) if bytes.is_empty());
    let class = class_path(&leaf.path);
    for value in
        leaf.field.names.values().filter(|value| Value::Number(**value) != leaf.placed.value)
    {
        let named = Edit { path: leaf.path.clone(), value: Value::Number(*value) };
        let mut push = |content: Option<&str>| {
            let mut edits = vec![named.clone()];
            if let (Some(content), Some(index)) = (content, text) {
                edits.push(beside(head, &fields[index], content));
            }
            let rank = content.unwrap_or("=");
            steps.push((format!("{class} {value} {rank}"), (NAMES, Step::Edits(edits))));
        };
        match (text, blank) {
            (None, _) | (Some(_), false) => push(None),
            (Some(_), true) => push(Some("a")),
        }
    }
    // Second thoughts: the same with texts of the events, and pairs that are not sound.
    for value in leaf.field.names.values() {
        let Some(index) = text else { break };
        let known = dictionary.iter().take(DICTIONARY_MAX).map(String::as_str);
        for content in known.chain(["", "a"]) {
            let named = Edit { path: leaf.path.clone(), value: Value::Number(*value) };
            let edits = vec![named, beside(head, &fields[index], content)];
            let rank = format!("{} {value} later {content}", pattern(&leaf.path));
            steps.push((rank, (NAMES, Step::Edits(edits))));
        }
    }
}

fn beside(head: &str, field: &Field, content: &str) -> Edit {
    let value = Value::Bytes(content.as_bytes().to_vec());
    Edit { path: format!("{head}.{}", field.name), value }
}

fn values(leaf: &Leaf<'_>, steps: &mut Steps) {
    let mut push = |kind: &'static str, class: String, value: Value| {
        let edits = vec![Edit { path: leaf.path.clone(), value }];
        steps.push((format!("{} {class}", leaf.pattern), (kind, Step::Edits(edits))));
    };
    let top = leaf.field.kind.max();
    match &leaf.placed.value {
        Value::Number(number) => {
            let (low, high) = (leaf.field.min.unwrap_or(0), leaf.field.max.unwrap_or(top));
            let boundaries = [low, high, low.saturating_sub(1), high.saturating_add(1), top];
            for (index, value) in boundaries.into_iter().enumerate() {
                push("number-boundary", format!("boundary {index}"), Value::Number(value.min(top)));
            }
            for (class, value) in
                [("up", number.saturating_add(1)), ("down", number.saturating_sub(1))]
            {
                push("number-step", class.to_owned(), Value::Number(value.min(top)));
            }
        }
        Value::Bytes(_) => {
            push("text-empty", "empty".to_owned(), Value::Bytes(Vec::new()));
            push("text-long", "long".to_owned(), Value::Bytes(vec![b'a'; TEXT_LONG]));
            push("text-long", "not-utf8".to_owned(), Value::Bytes(vec![0xff; 8]));
        }
    }
}

fn records(tree: &Tree, sampled: &BTreeSet<usize>, steps: &mut Steps) {
    for index in sampled.iter().copied() {
        let mut push = |kind: &'static str, class: String, step| steps.push((class, (kind, step)));
        push("remove-record", "remove".into(), Step::Remove(index));
        push("repeat-record", "repeat".into(), Step::Repeat(index));
        push("swap-records", "swap".into(), Step::Swap(index));
        let items = tree.records.get(index).map_or(0, |record| record.items.len());
        for item in items.saturating_sub(ITEMS_MAX)..items {
            push("remove-item", format!("remove item {item}"), Step::RemoveItem(index, item));
            push("repeat-item", "repeat item".into(), Step::RepeatItem(index, item));
        }
    }
}

fn write(layout: &Layout, tree: &Tree, kind: &str, step: Step) -> Option<Variant> {
    let mut next = tree.clone();
    let mut edits = Vec::new();
    let (change, cause) = match step {
        Step::Edits(list) => {
            for edit in &list {
                *next.value_mut(layout, &edit.path)? = edit.value.clone();
            }
            let cause = list.first().map(|edit| pattern(&edit.path));
            edits = list;
            (words(layout, tree, &edits), cause.unwrap_or_default())
        }
        Step::Remove(index) => {
            next.records.remove(index);
            (format!("record {} is removed", index + 1), kind.to_owned())
        }
        Step::Repeat(index) => {
            next.records.push(tree.records[index].clone());
            (format!("record {} is repeated", index + 1), kind.to_owned())
        }
        Step::Swap(index) if index + 1 < tree.records.len() => {
            next.records.swap(index, index + 1);
            (format!("records {} and {} are swapped", index + 1, index + 2), kind.to_owned())
        }
        Step::Swap(_) => return None,
        Step::RemoveItem(index, item) => {
            next.records[index].items.remove(item);
            (format!("item {} of record {} is removed", item + 1, index + 1), kind.to_owned())
        }
        Step::RepeatItem(index, item) => {
            let again = tree.records[index].items[item].clone();
            next.records[index].items.insert(item, again);
            (format!("item {} of record {} is repeated", item + 1, index + 1), kind.to_owned())
        }
    };
    let bytes = binary::write(layout, &next);
    Some(Variant { kind: kind.to_owned(), change, cause, bytes, edits, kept: false })
}
