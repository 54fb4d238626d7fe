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

/// Largest variant that is made of copies, in bytes.
const COPIES_BYTES_MAX: usize = 16 << 20;

/// A variant that is made only if its class has its turn: all of them together may be far larger
/// than the memory there is.
type Make<'a> = Box<dyn FnOnce() -> Vec<u8> + 'a>;

struct Sketch<'a> {
    kind: &'static str,
    class: String,
    change: String,
    make: Make<'a>,
}

#[derive(Default)]
struct Sketches<'a>(Vec<(String, Sketch<'a>)>);

impl<'a> Sketches<'a> {
    /// The class is the kind and what follows it.
    fn push(
        &mut self,
        kind: &'static str,
        class: &str,
        change: String,
        make: impl FnOnce() -> Vec<u8> + 'a,
    ) {
        let class = format!("{kind} {class}").trim_end().to_owned();
        self.0.push((class.clone(), Sketch { kind, class, change, make: Box::new(make) }));
    }
}

/// At most `most` variants.
pub(super) fn variants(contract: &Contract, bytes: &[u8], seed: u64, most: usize) -> Vec<Variant> {
    let parsed = match contract.format {
        Format::Json => serde_json::from_slice::<Value>(bytes).ok(),
        _ => None,
    };
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let mut sketches = Sketches::default();
    oddities(bytes, &mut sketches);
    line_by_line(&lines, seed, &mut sketches);
    if let Some(value) = &parsed {
        json_values(value, seed, &mut sketches);
    }
    let finish = |sketch: Sketch<'_>| {
        let mut variant = raw(sketch.kind, sketch.change, (sketch.make)());
        variant.cause = sketch.class;
        variant
    };
    // Some change nothing after all; a few more are drawn than are needed.
    let drawn = take_turns(sketches.0, seed, most.saturating_mul(2)).into_iter().map(finish);
    drawn.filter(|variant| variant.bytes != bytes).take(most).collect()
}

fn oddities<'a>(bytes: &'a [u8], sketches: &mut Sketches<'a>) {
    for (open, close) in [("[", "]"), ("{", "}"), ("(", ")"), ("<a>", "</a>")] {
        let change = format!("the file is {NESTING} nested {open}");
        let nested = move || format!("{}{}", open.repeat(NESTING), close.repeat(NESTING)).into();
        sketches.push("deep-nesting", open, change, nested);
    }
    let before = |front: &'static [u8]| move || [front, bytes].concat();
    sketches.push("nul", "", "a NUL is in front".into(), before(b"\0"));
    let change = "a byte order mark is in front".to_owned();
    sketches.push("byte-order-mark", "", change, before(b"\xef\xbb\xbf"));
    sketches.push("line-ends", "", "lines end with CR LF".into(), move || {
        String::from_utf8_lossy(bytes).replace('\n', "\r\n").into_bytes()
    });
    if let Some(cut) = bytes.strip_suffix(b"\n") {
        sketches.push("no-last-line-end", "", "the last line does not end".into(), move || {
            cut.to_vec()
        });
    }
    let change = format!("a line of {LINE_LONG} bytes is at the end");
    sketches.push("long-line", "", change, move || {
        [bytes, vec![b'a'; LINE_LONG].as_slice(), b"\n"].concat()
    });
}

fn line_by_line<'a>(lines: &'a [&'a [u8]], seed: u64, sketches: &mut Sketches<'a>) {
    let step = lines.len().div_ceil(PLACES_MAX).max(1);
    for index in (seed as usize % step..lines.len()).step_by(step) {
        let (line, number) = (lines[index], index + 1);
        let with = move |middle: &[u8]| {
            [lines[..index].concat(), middle.to_vec(), lines[index + 1..].concat()].concat()
        };
        let deleted = format!("line {number} is deleted");
        sketches.push("delete-line", "", deleted, move || with(b""));
        let repeated = format!("line {number} is repeated");
        sketches.push("repeat-line", "", repeated, move || with(&[line, line].concat()));
        if line.len() * COPIES <= COPIES_BYTES_MAX {
            let many = format!("line {number} is there {COPIES} times");
            sketches.push("repeat-many", "", many, move || with(&line.repeat(COPIES)));
        }
        if line.trim_ascii_end().ends_with(b"{") && line.len() * NESTING <= COPIES_BYTES_MAX {
            let change = format!("the block of line {number} is nested {NESTING} times");
            sketches.push("nest-block", "", change, move || nested(lines, index));
        }
        for value in ["0", "-1", "99999999999999999999", ""] {
            if let Some(changed) = number_replaced(line, value) {
                let change = format!("the first number of line {number} is '{value}'");
                sketches.push("number-in-line", value, change, move || with(&changed));
            }
        }
    }
}

/// The block that line `index` opens, in itself. Its own end closes the innermost; the others are
/// closed right behind it.
fn nested(lines: &[&[u8]], index: usize) -> Vec<u8> {
    let after = lines[index + 1..].concat();
    let end = after.iter().position(|byte| *byte == b'}').map_or(after.len(), |at| at + 1);
    [
        lines[..index].concat(),
        lines[index].repeat(NESTING),
        after[..end].to_vec(),
        b"\n".to_vec(),
        b"}\n".repeat(NESTING - 1),
        after[end..].to_vec(),
    ]
    .concat()
}

fn number_replaced(line: &[u8], value: &str) -> Option<Vec<u8>> {
    let start = line.iter().position(u8::is_ascii_digit)?;
    let length = line[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some([&line[..start], value.as_bytes(), &line[start + length..]].concat())
}

/// Every class of value in a JSON document to values of every kind.
fn json_values<'a>(root: &'a Value, seed: u64, sketches: &mut Sketches<'a>) {
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
    for path in paths.into_iter().skip(seed as usize % step).step_by(step) {
        let class = pattern(&path);
        for (index, value) in odd_values().into_iter().enumerate() {
            let shown: String = value.to_string().chars().take(24).collect();
            let (change, place) = (format!("{path} is {shown}"), path.clone());
            sketches.push("json-value", &format!("{class} {index}"), change, move || {
                let mut next = root.clone();
                if let Some(old) = next.pointer_mut(&place) {
                    *old = value;
                }
                written(&next)
            });
        }
        if !path.is_empty() {
            let change = format!("{path} is removed");
            sketches.push("json-remove", &class, change, move || {
                removed(root, &path).map_or_else(Vec::new, |next| written(&next))
            });
        }
    }
}

/// Values of every kind, most of which no reader expects.
fn odd_values() -> [Value; 11] {
    [
        json!(null),
        json!(""),
        json!(" "),
        json!(0),
        json!(-1),
        json!(9_007_199_254_740_993_u64),
        json!(1e308),
        json!(true),
        json!([]),
        json!({}),
        json!("a".repeat(4_096)),
    ]
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
