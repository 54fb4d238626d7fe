//! Errors on the wire: problem details (RFC 9457) with our stable code.

use serde::{Deserialize, Serialize};

/// The body of every answer that is not a success; `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Always `about:blank`; the code says more than an address would.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// One sentence with the numbers.
    pub detail: String,
    /// Stable code, `RF0703`.
    pub code: String,
    /// The command a person would run next; may be empty.
    #[serde(default)]
    pub next: String,
}
