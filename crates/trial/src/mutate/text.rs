//! Variants of text files: JSON value by value, other text line by line, and what no author writes.

use super::{Variant, pattern, raw, take_turns};
use contract::Contract;
use contract::model::Format;
use serde_json::{Value, json};

/// Lines or values looked at in a large file.
const PLACES_MAX: usize = 48;
/// Copies of a line that a careless program would write.
const COPIES: usize = 1_000;
/// Nesting that no parser should need; some recurse until their stack ends.
const NESTING: usize = 20_000;
/// Length of a long line.
const LINE_LONG: usize = 65_536;

type Classes = Vec<(String, Variant)>;

/// At most `most` variants.
pub(super) fn variants(contract: &Contract, bytes: &[u8], seed: u64, most: usize) -> Vec<Variant> {
    let mut classes = Classes::new();
    oddities(bytes, &mut classes);
    lines(bytes, seed, &mut classes);
    if contract.format == Format::Json
        && let Ok(value) = serde_json::from_slice::<Value>(bytes)
    {
        json_values(&value, seed, &mut classes);
    }
    classes.retain(|(_, variant)| variant.bytes != bytes);
    take_turns(classes, seed, most)
}

/// A variant whose cause is its kind and what follows it.
fn push(classes: &mut Classes, kind: &str, class: &str, change: String, bytes: Vec<u8>) {
    let mut variant = raw(kind, change, bytes);
    variant.cause = format!("{kind} {class}").trim_end().to_owned();
    classes.push((variant.cause.clone(), variant));
}

fn oddities(bytes: &[u8], classes: &mut Classes) {
    for (open, close) in [("[", "]"), ("{", "}"), ("(", ")"), ("<a>", "</a>")] {
        let nested = format!("{}{}", open.repeat(NESTING), close.repeat(NESTING));
        let change = format!("the file is {NESTING} nested {open}");
        push(classes, "deep-nesting", open, change, nested.into_bytes());
    }
    push(classes, "nul", "", "a NUL is in front".into(), [b"\0", bytes].concat());
    let marked = [b"\xef\xbb\xbf", bytes].concat();
    push(classes, "byte-order-mark", "", "a byte order mark is in front".into(), marked);
    let windows = String::from_utf8_lossy(bytes).replace('\n', "\r\n").into_bytes();
    push(classes, "line-ends", "", "lines end with CR LF".into(), windows);
    if let Some(cut) = bytes.strip_suffix(b"\n") {
        push(classes, "no-last-line-end", "", "the last line does not end".into(), cut.to_vec());
    }
    let long = [bytes, vec![b'a'; LINE_LONG].as_slice(), b"\n"].concat();
    push(classes, "long-line", "", format!("a line of {LINE_LONG} bytes is at the end"), long);
}

fn lines(bytes: &[u8], seed: u64, classes: &mut Classes) {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let step = lines.len().div_ceil(PLACES_MAX).max(1);
    for index in (seed as usize % step..lines.len()).step_by(step) {
        let line = lines[index];
        let number = index + 1;
        let with = |middle: &[u8]| {
            [lines[..index].concat(), middle.to_vec(), lines[index + 1..].concat()].concat()
        };
        let twice = [line, line].concat();
        push(classes, "delete-line", "", format!("line {number} is deleted"), with(b""));
        push(classes, "repeat-line", "", format!("line {number} is repeated"), with(&twice));
        let many = format!("line {number} is there {COPIES} times");
        push(classes, "repeat-many", "", many, with(&line.repeat(COPIES)));
        if line.trim_ascii_end().ends_with(b"{") {
            let closed = b"}\n".repeat(NESTING - 1);
            let nested = [line.repeat(NESTING), closed].concat();
            // The block's own end closes the innermost; the others are closed right behind it.
            let after = lines[index + 1..].concat();
            let end = after.iter().position(|byte| *byte == b'}').map_or(after.len(), |at| at + 1);
            let nested = [
                lines[..index].concat(),
                nested[..line.len() * NESTING].to_vec(),
                after[..end].to_vec(),
                b"\n".to_vec(),
                nested[line.len() * NESTING..].to_vec(),
                after[end..].to_vec(),
            ];
            let change = format!("the block of line {number} is nested {NESTING} times");
            push(classes, "nest-block", "", change, nested.concat());
        }
        for value in ["0", "-1", "99999999999999999999", ""] {
            if let Some(changed) = number_replaced(line, value) {
                let change = format!("the first number of line {number} is '{value}'");
                push(classes, "number-in-line", value, change, with(&changed));
            }
        }
    }
}

fn number_replaced(line: &[u8], value: &str) -> Option<Vec<u8>> {
    let start = line.iter().position(u8::is_ascii_digit)?;
    let length = line[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some([&line[..start], value.as_bytes(), &line[start + length..]].concat())
}

/// Every class of value in a JSON document to values of every kind.
fn json_values(root: &Value, seed: u64, classes: &mut Classes) {
    let mut paths = Vec::new();
    let mut open = vec![String::new()];
    // A stack instead of recursion: the document may be deep.
    while let Some(path) = open.pop() {
        match root.pointer(&path) {
            Some(Value::Array(items)) => {
                open.extend((0..items.len()).rev().map(|index| format!("{path}/{index}")));
            }
            Some(Value::Object(members)) => {
                let escaped = |key: &String| key.replace('~', "~0").replace('/', "~1");
                open.extend(members.keys().rev().map(|key| format!("{path}/{}", escaped(key))));
            }
            _ => {}
        }
        paths.push(path);
    }
    let step = paths.len().div_ceil(PLACES_MAX).max(1);
    for path in paths.iter().skip(seed as usize % step).step_by(step) {
        let odd = [
            json!(null),
            json!(""),
            json!(" "),
            json!(0),
            json!(-1),
            json!(9_007_199_254_740_993u64),
            json!(1e308),
            json!(true),
            json!([]),
            json!({}),
            json!("a".repeat(4_096)),
        ];
        for (index, value) in odd.into_iter().enumerate() {
            let mut next = root.clone();
            let shown: String = value.to_string().chars().take(24).collect();
            if let Some(place) = next.pointer_mut(path) {
                *place = value;
            }
            let class = format!("{} {index}", pattern(path));
            push(classes, "json-value", &class, format!("{path} is {shown}"), written(&next));
        }
        if let Some(next) = removed(root, path) {
            let class = pattern(path);
            push(classes, "json-remove", &class, format!("{path} is removed"), written(&next));
        }
    }
}

fn written(value: &Value) -> Vec<u8> {
    // A value made of strings and numbers always serialises.
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

fn removed(root: &Value, path: &str) -> Option<Value> {
    let (parent, key) = path.rsplit_once('/')?;
    let mut next = root.clone();
    match next.pointer_mut(parent)? {
        Value::Array(items) => {
            items.remove(key.parse().ok()?);
        }
        Value::Object(members) => {
            members.remove(&key.replace("~1", "/").replace("~0", "~"))?;
        }
        _ => return None,
    }
    Some(next)
}
