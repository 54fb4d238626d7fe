//! Why evidence is not believed.

use crate::refusal::refusals;
use std::fmt;

/// Why an envelope, its statement or the list of evidence keys is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceError {
    /// More bytes than allowed.
    TooLarge {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not a DSSE envelope.
    Envelope {
        /// What is wrong.
        why: String,
    },
    /// The payload is of another type.
    PayloadType {
        /// As given, cut short.
        found: String,
    },
    /// No valid signature by a key that may sign evidence.
    Unsigned {
        /// Signatures in the envelope.
        signatures: usize,
        /// Keys that may sign.
        keys: usize,
    },
    /// The payload is not a statement about one file with a test result.
    Statement {
        /// What is wrong.
        why: String,
    },
    /// The statement contradicts itself.
    Contradiction {
        /// What the result says.
        result: String,
        /// What the verdict says.
        verdict: String,
    },
    /// The list of evidence keys cannot be read.
    Keys {
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvidenceError::TooLarge { bytes, limit } => {
                write!(f, "the evidence has {bytes} bytes, allowed are {limit}")
            }
            EvidenceError::Envelope { why } => {
                write!(f, "the evidence is not a DSSE envelope: {why}")
            }
            EvidenceError::PayloadType { found } => {
                let found = found.escape_debug();
                write!(f, "the envelope's payload type is '{found}', expected an in-toto statement")
            }
            EvidenceError::Unsigned { signatures, keys } => write!(
                f,
                "none of {signatures} signatures is a valid one by the {keys} evidence keys"
            ),
            EvidenceError::Statement { why } => {
                write!(f, "the evidence is not a test result about one file: {why}")
            }
            EvidenceError::Contradiction { result, verdict } => {
                write!(f, "the evidence says result {result} but verdict '{verdict}'")
            }
            EvidenceError::Keys { why } => write!(f, "the evidence keys cannot be read: {why}"),
        }
    }
}
refusals!(EvidenceError {
    E::TooLarge { .. } => 361,
    E::Envelope { .. } => 362,
    E::PayloadType { .. } => 363,
    E::Unsigned { .. } => 364,
    E::Statement { .. } => 365,
    E::Contradiction { .. } => 366,
    E::Keys { .. } => 367,
});
