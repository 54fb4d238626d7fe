//! Why something happened, or why nothing did.
//!
//! Every refusal, wait, hold and halt carries one [`Reason`]. Text is drawn from it; nothing
//! decides by reading the text.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One reason: a stable code, one sentence with numbers, the evidence and the next command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code, `RF` and four digits; `ringfence explain CODE` tells more.
    pub code: Code,
    /// One sentence that names measured value, limit and n of N.
    pub sentence: String,
    /// What was measured, as text with its unit; empty where nothing is measured.
    pub measured: String,
    /// The limit it was held against; empty where there is none.
    pub limit: String,
    /// `n` of `of` machines (or records), where the reason is about counts.
    pub count: Option<Count>,
    /// Where the evidence is: log sequence numbers, digests, addresses.
    pub evidence: Vec<String>,
    /// The command a person would run next; empty when nothing is to be done.
    pub next: String,
}

/// `n` of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many.
    pub n: u64,
    /// Of how many.
    pub of: u64,
}

impl Reason {
    /// A reason with a code and its sentence; the builder methods add what is known.
    pub fn new(code: Code, sentence: impl Into<String>) -> Reason {
        Reason {
            code,
            sentence: sentence.into(),
            measured: String::new(),
            limit: String::new(),
            count: None,
            evidence: Vec::new(),
            next: String::new(),
        }
    }
    /// Adds measured value and limit.
    #[must_use]
    pub fn measured(mut self, measured: impl Into<String>, limit: impl Into<String>) -> Reason {
        self.measured = measured.into();
        self.limit = limit.into();
        self
    }
    /// Adds `n` of `of`.
    #[must_use]
    pub fn count(mut self, n: u64, of: u64) -> Reason {
        self.count = Some(Count { n, of });
        self
    }
    /// Adds one pointer to evidence.
    #[must_use]
    pub fn evidence(mut self, pointer: impl Into<String>) -> Reason {
        self.evidence.push(pointer.into());
        self
    }
    /// Adds the next command.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Reason {
        self.next = command.into();
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)
    }
}

/// A stable code: `RF` and four digits. The catalogue is [`crate::finding::catalogue`].
///
/// 01xx check, 02xx trial, 03xx trust and publish, 04xx rollout, 05xx agent, 06xx configuration
/// and input, 07xx server and storage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RF{:04}", self.0)
    }
}
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl From<Code> for String {
    fn from(code: Code) -> String {
        code.to_string()
    }
}
impl TryFrom<String> for Code {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.strip_prefix("RF")
            .filter(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .map(Code)
            .ok_or_else(|| format!("'{text}' is not a code: RF and four digits"))
    }
}
