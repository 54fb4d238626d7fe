//! Texts that the events contain: values that a match must use to be reached.

use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;

/// Most bytes read of one event file.
const BYTES_MAX: u64 = 1024 * 1024;
/// Most texts kept.
const TEXTS_MAX: usize = 64;
/// Longest text kept; longer ones are payloads and no names.
const TEXT_BYTES_MAX: usize = 256;

/// Texts of JSON events, one event a line, in order of first appearance. Files of other forms give
/// none, which costs the trial nothing but these texts.
pub(crate) fn dictionary(files: &[PathBuf]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for path in files {
        let mut bytes = Vec::new();
        let Ok(file) = std::fs::File::open(path) else { continue };
        if file.take(BYTES_MAX).read_to_end(&mut bytes).is_err() {
            continue;
        }
        for line in bytes.split(|byte| *byte == b'\n') {
            if let Ok(value) = serde_json::from_slice::<Value>(line) {
                collect(value, &mut texts);
            }
        }
    }
    texts
}

fn collect(value: Value, texts: &mut Vec<String>) {
    let mut open = vec![value];
    // A stack instead of recursion, taken from the end, so children are put on it in reverse.
    while let Some(value) = open.pop() {
        if texts.len() >= TEXTS_MAX {
            return;
        }
        match value {
            Value::String(text) => {
                let fits = !text.is_empty() && text.len() <= TEXT_BYTES_MAX;
                if fits && !texts.contains(&text) {
                    texts.push(text);
                }
            }
            Value::Array(items) => open.extend(items.into_iter().rev()),
            Value::Object(members) => open.extend(members.into_iter().map(|(_, v)| v).rev()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_in_order_once_and_other_files_give_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("events.jsonl");
        let lines =
            "{\"inputs\": [\"pipe\", \"\", \"a\"]}\nnot json\n{\"inputs\": [\"pipe\", \"b\"]}";
        std::fs::write(&path, lines).expect("written");
        let missing = directory.path().join("missing");
        assert_eq!(dictionary(&[path, missing]), ["pipe", "a", "b"]);
    }
}
