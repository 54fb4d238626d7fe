//! The words of a retrospective: escaped text, roles instead of names, no blame.

use crate::pages::words;
use decide::finding::catalogue;
use decide::reason::Code;
use decide::time::{Span, Time};
use wire::api::AuditLine;

/// Wording that blames or judges from hindsight.
const BLAME: [&str; 12] = [
    "should have",
    "could have",
    "failed to",
    "human error",
    "root cause",
    "negligen",
    "careless",
    "mistake",
    "fault of",
    "to blame",
    "obviously",
    "simply forgot",
];

/// The blaming or hindsight wording in a text, for people who complete a retrospective.
pub fn blame_words(text: &str) -> Vec<&'static str> {
    let lower = text.to_lowercase();
    BLAME.into_iter().filter(|word| lower.contains(word)).collect()
}

/// Text as Markdown shows it, on one line, with nothing in it that Markdown would act on.
pub(super) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !safe.is_empty() {
            safe.push(' ');
        }
        for letter in word.chars() {
            if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~') {
                safe.push('\\');
            }
            safe.push(letter);
        }
    }
    safe
}

pub(super) fn of(n: u64, all: u64) -> String {
    words::of(n, all).replace('\u{a0}', " ")
}

pub(super) fn rule(code: Code) -> String {
    match catalogue::entry(code) {
        Some(entry) => format!("{code} ({})", entry.title),
        None => code.to_string(),
    }
}

pub(super) fn code(line: &AuditLine) -> Option<Code> {
    line.code.clone().and_then(|code| Code::try_from(code).ok())
}

/// The role in which somebody acted; names stay in the audit log.
pub(super) fn actor(line: &AuditLine) -> String {
    match line.actor.strip_prefix("machine:") {
        Some(machine) => format!("machine {}", plain(machine)),
        None if line.actor == "evidence" => "the rules".to_owned(),
        None => "a person".to_owned(),
    }
}

pub(super) fn by_system(line: &AuditLine) -> bool {
    line.actor == "evidence"
}

pub(super) fn by_machine(line: &AuditLine) -> bool {
    line.actor.starts_with("machine:")
}

/// `+46 s`, `-12 min`, `0`.
pub(super) fn relative(at: Time, zero: Time) -> String {
    let (sign, span) = if at < zero { ("-", zero.since(at)) } else { ("+", at.since(zero)) };
    if span == Span::ZERO { "0".to_owned() } else { format!("{sign}{span}") }
}
