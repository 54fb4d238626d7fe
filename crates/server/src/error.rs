//! What stops a server, and what refuses a request.

use crate::codes;
use decide::reason::{Code, Reason};
use std::fmt;
use std::path::Path;

/// Why a server could not be set up, started or kept running. One sentence, a code, an exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    code: Code,
    sentence: String,
}

impl ServerError {
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> ServerError {
        ServerError { code, sentence: sentence.into() }
    }
    pub(crate) fn file(path: &Path, error: impl fmt::Display) -> ServerError {
        ServerError::new(codes::STORAGE, format!("{}: {error}", path.display()))
    }
    pub(crate) fn record(what: impl fmt::Display, error: impl fmt::Display) -> ServerError {
        ServerError::new(codes::RECORD, format!("the record of {what} cannot be read: {error}"))
    }
    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }
    /// The process's exit code: 4 for keys and trust, else 2.
    pub fn exit(&self) -> u8 {
        if (300..400).contains(&self.code.0) { 4 } else { 2 }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
impl std::error::Error for ServerError {}

impl From<rusqlite::Error> for ServerError {
    fn from(error: rusqlite::Error) -> ServerError {
        ServerError::new(codes::STORAGE, format!("the database failed: {error}"))
    }
}

/// Takes over code and sentence of a trust error.
pub(crate) fn trust_error(error: &dyn trust::Refusal) -> ServerError {
    ServerError::new(error.code(), error.to_string())
}

/// Why one request is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Code, sentence, next command.
    pub reason: Reason,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: Code, sentence: impl Into<String>) -> Refusal {
        Refusal { status, reason: Reason::new(code, sentence) }
    }
    pub(crate) fn next(mut self, command: impl Into<String>) -> Refusal {
        self.reason = self.reason.next(command);
        self
    }
    pub(crate) fn unknown(what: impl fmt::Display) -> Refusal {
        Refusal::new(404, codes::UNKNOWN, format!("{what} is not known to this server"))
    }
    /// A refusal of trust: the answer is 403, the command line's exit code 4.
    pub(crate) fn trust(error: &dyn trust::Refusal) -> Refusal {
        Refusal { status: 403, reason: error.reason() }
    }
    pub(crate) fn limit(what: &str, measured: usize, limit: usize) -> Refusal {
        let sentence = format!("{measured} {what}, this server takes {limit}");
        let reason = Reason::new(codes::LIMIT, sentence);
        Refusal { status: 409, reason: reason.measured(measured.to_string(), limit.to_string()) }
    }
}

impl From<ServerError> for Refusal {
    fn from(error: ServerError) -> Refusal {
        let status = if error.code == codes::NOT_PUBLISHED_YET { 503 } else { 500 };
        Refusal::new(status, error.code, error.sentence)
    }
}

impl From<wire::ReadError> for Refusal {
    fn from(error: wire::ReadError) -> Refusal {
        match error {
            wire::ReadError::TooLarge { .. } => {
                Refusal::new(413, codes::TOO_LARGE, error.to_string())
            }
            _ => Refusal::new(400, codes::MALFORMED, error.to_string()),
        }
    }
}
