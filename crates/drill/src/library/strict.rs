//! Reading TOML strictly: unknown keys are errors with a suggestion, and every error has a file,
//! a line and a column.

use crate::error::{DrillError, MALFORMED, UNKNOWN_KEY, UNREADABLE, did_you_mean};
use serde::de::DeserializeOwned;
use std::io::Read as _;
use std::path::Path;

/// Reads a text file of at most `limit` bytes.
///
/// # Errors
/// One reason that names the file and the cause.
pub fn text(path: &Path, limit: u64) -> Result<String, DrillError> {
    let refuse = |why: String| {
        DrillError::refused(UNREADABLE, format!("cannot read {}: {why}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(|error| refuse(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(refuse(format!("it is larger than {limit} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8 text".into()))
}

/// Reads TOML text into `T`, which must refuse unknown fields.
///
/// # Errors
/// One reason with file, line and column.
pub fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, DrillError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let (line, column) = line_column(text, offset);
        let place = format!("{file}:{line}:{column}");
        match between(error.message(), "unknown field `", "`") {
            Some(key) => {
                let known = error.message().split_once("expected").map_or("", |(_, known)| known);
                let known = known.split('`').skip(1).step_by(2);
                let hint = did_you_mean(key, known)
                    .map_or_else(String::new, |meant| format!(", did you mean '{meant}'?"));
                DrillError::refused(UNKNOWN_KEY, format!("{place}: unknown key '{key}'{hint}"))
            }
            None => {
                let message = error.message().lines().next().unwrap_or("it is not TOML");
                DrillError::refused(MALFORMED, format!("{place}: {message}"))
            }
        }
    })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    rest.split_once(after).map(|(word, _)| word)
}

/// Line and column, in characters, both from 1.
fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}
