//! What check and trial have to say about a file, as data.
//!
//! Text, SARIF and other reports are drawn from findings; nothing decides by reading the text.

pub mod catalogue;

use crate::reason::Code;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Does not refuse this file, but somebody should act.
    Warning,
    /// Refuses the file.
    Error,
}

/// Where in a file something is. Every part that is known is filled in; none is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// Byte offset of the first byte concerned, from 0.
    pub offset: Option<u64>,
    /// Number of bytes concerned.
    pub length: Option<u64>,
    /// Line, from 1, for text.
    pub line: Option<u64>,
    /// Column in characters, from 1, for text.
    pub column: Option<u64>,
    /// Record, from 1.
    pub record: Option<u64>,
    /// Field as the contract names it, e.g. `criteria[21].op` or `/rules/3/name`.
    pub field: Option<String>,
}

/// One thing the check or the trial has to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code.
    pub code: Code,
    /// Its weight.
    pub severity: Severity,
    /// One sentence in the file's own terms.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What was measured, with its unit.
    pub measured: String,
    /// The limit it was held against.
    pub limit: String,
    /// Consumer versions that cannot take it; empty when it concerns all or none.
    pub consumers: Vec<String>,
    /// Where the rule comes from: contract file and line.
    pub rule: Option<Place>,
    /// What to do about it.
    pub help: String,
    /// How many findings with the same cause were folded into this one.
    pub folded: u64,
}

impl Finding {
    /// A finding with its code, weight, sentence and place; the rest is added by field.
    pub fn new(code: Code, severity: Severity, message: impl Into<String>, place: Place) -> Self {
        Finding {
            code,
            severity,
            message: message.into(),
            place,
            measured: String::new(),
            limit: String::new(),
            consumers: Vec::new(),
            rule: None,
            help: String::new(),
            folded: 0,
        }
    }
}

/// The verdict that findings add up to: an error fails, and nothing checked is no signal.
pub fn verdict(findings: &[Finding], checked: u64) -> Verdict {
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        Verdict::Fail
    } else if checked == 0 {
        Verdict::NoSignal
    } else {
        Verdict::Pass
    }
}
