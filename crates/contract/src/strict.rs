//! Reading our own TOML files: unknown keys are errors with a suggestion, and every error has a
//! line and a column.

use crate::codes;
use decide::finding::{Finding, Place, Severity};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Largest configuration file read, in bytes.
pub const CONFIG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How alike two keys must be for a suggestion (0 to 1).
const ALIKE: f64 = 0.6;

/// Reads a TOML file into `T`, which must refuse unknown fields.
///
/// # Errors
/// One finding with the file, line and column.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Box<Finding>> {
    parse(&text(path)?, &path.display().to_string())
}

/// Reads a text file within [`CONFIG_BYTES_MAX`].
///
/// # Errors
/// One finding that names the file and the cause.
pub fn text(path: &Path) -> Result<String, Box<Finding>> {
    let name = path.display().to_string();
    let refuse = |why: String| {
        let place = Place { file: name.clone(), ..Place::default() };
        let message = format!("cannot read {name}: {why}");
        Box::new(unreadable(message, place))
    };
    let size = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?.len();
    if size > CONFIG_BYTES_MAX {
        return Err(refuse(format!("{size} bytes, at most {CONFIG_BYTES_MAX}")));
    }
    std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))
}

/// A file that was not read, and so was not checked.
pub(crate) fn unreadable(message: String, place: Place) -> Finding {
    let mut finding = Finding::new(codes::UNREADABLE, Severity::Error, message, place);
    finding.help = "look at the path, and at who may read it".into();
    finding
}

/// Reads TOML text into `T`; `name` is how the user named the file.
///
/// # Errors
/// One finding with line and column.
pub fn parse<T: DeserializeOwned>(text: &str, name: &str) -> Result<T, Box<Finding>> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        Box::new(fault(error.message(), text, offset, name))
    })
}

fn fault(message: &str, text: &str, offset: usize, name: &str) -> Finding {
    let (line, column) = crate::text::line_column(text.as_bytes(), offset);
    let place = Place {
        file: name.to_owned(),
        offset: Some(offset as u64),
        line: Some(line),
        column: Some(column),
        ..Place::default()
    };
    let unknown = between(message, "unknown field `", "`");
    let code = if unknown.is_some() { codes::CONFIG_UNKNOWN_KEY } else { codes::CONFIG_MALFORMED };
    let mut finding = Finding::new(code, Severity::Error, message.replace('\n', " "), place);
    if let Some(unknown) = unknown {
        finding.message = format!("unknown key '{unknown}'");
        finding.place.field = Some(unknown.to_owned());
        let expected: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        finding.help = match suggestion(unknown, &expected) {
            Some(key) => format!("did you mean '{key}'?"),
            None => format!("known keys here: {}", expected.join(", ")),
        };
    }
    finding
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}

/// The known word that is most like `word`, if any is alike.
pub fn suggestion<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
