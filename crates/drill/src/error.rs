//! Why a drill was refused or ended without a result.

use decide::reason::{Code, Reason};
use std::fmt;

/// A file has a key that this version does not know.
pub const UNKNOWN_KEY: Code = Code(601);
/// A file cannot be read as TOML, or a value has the wrong type.
pub const MALFORMED: Code = Code(602);
/// A file cannot be read.
pub const UNREADABLE: Code = Code(603);
/// The file is of another schema.
pub const OTHER_SCHEMA: Code = Code(604);
/// No scenario has that name.
pub const NO_SCENARIO: Code = Code(620);
/// A number in the request is out of range.
pub const OUT_OF_RANGE: Code = Code(621);
/// An invariant was violated while a drill ran.
pub const INVARIANT: Code = Code(622);

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub enum DrillError {
    /// The request or a file it names is unusable.
    Refused(Reason),
    /// A checker saw an invariant broken: a fault of ours, with the seed that shows it.
    Violated(Reason),
    /// The person at the keyboard stopped it.
    Interrupted,
}

impl DrillError {
    /// The exit code of the command line.
    pub fn exit(&self) -> u8 {
        match self {
            DrillError::Refused(_) => 2,
            DrillError::Violated(_) => 1,
            DrillError::Interrupted => 130,
        }
    }
    /// The reason, where there is one.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            DrillError::Refused(reason) | DrillError::Violated(reason) => Some(reason),
            DrillError::Interrupted => None,
        }
    }
    pub(crate) fn refused(code: Code, sentence: impl Into<String>) -> DrillError {
        DrillError::Refused(Reason::new(code, sentence))
    }
}

impl fmt::Display for DrillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DrillError::Refused(reason) | DrillError::Violated(reason) => reason.fmt(f),
            DrillError::Interrupted => f.write_str("interrupted: there is no result"),
        }
    }
}
impl std::error::Error for DrillError {}

/// The candidate most like `word`, when one is alike enough to be what was meant.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// How alike two words must be for a suggestion (0 to 1).
const ALIKE: f64 = 0.75;
