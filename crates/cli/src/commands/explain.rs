//! `ringfence explain`.

use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::Settings;
use contract::strict;
use decide::finding::catalogue::{self, Entry};
use serde_json::{Value, json};

/// Say what a stable code means
///
/// Without a code, lists all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The code, such as RF0107
    code: Option<String>,
}

/// Longest line of an explanation, in characters.
const LINE_CHARS_MAX: usize = 92;

/// Runs the command.
pub(crate) fn run(args: &Explain, settings: &Settings) -> Result<Exit, Failure> {
    match &args.code {
        None => list(settings)?,
        Some(code) => one(find(code)?, settings)?,
    }
    Ok(Exit::Good)
}

fn find(text: &str) -> Result<&'static Entry, Failure> {
    let wanted = text.trim().to_uppercase();
    catalogue::all().find(|entry| entry.code.to_string() == wanted).ok_or_else(|| {
        let known: Vec<String> = catalogue::all().map(|entry| entry.code.to_string()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let failure = Failure::new(codes::UNKNOWN_NAME, format!("no code is called '{text}'"))
            .next("ringfence explain");
        match strict::suggestion(&wanted, &known) {
            Some(code) => failure.hint(format!("did you mean {code}?")),
            None => failure,
        }
    })
}

fn document(entry: &Entry) -> Value {
    json!({ "code": entry.code, "title": entry.title, "explanation": entry.explanation })
}

fn list(settings: &Settings) -> Result<(), Failure> {
    let mut text = String::new();
    for entry in catalogue::all() {
        text.push_str(&format!("{}  {}\n", entry.code, entry.title));
    }
    settings.terminal.text(&text)?;
    let codes: Vec<Value> = catalogue::all().map(document).collect();
    settings.terminal.document(&json!({ "schema": "ringfence/codes/v1", "codes": codes }))
}

fn one(entry: &Entry, settings: &Settings) -> Result<(), Failure> {
    let text = format!("{}  {}\n\n{}\n", entry.code, entry.title, folded(entry.explanation));
    settings.terminal.text(&text)?;
    settings.terminal.document(&json!({
        "schema": "ringfence/codes/v1", "codes": [document(entry)],
    }))
}

/// The text in lines of at most [`LINE_CHARS_MAX`] characters.
fn folded(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let long = line.chars().count() + 1 + word.chars().count() > LINE_CHARS_MAX;
            if long && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}
