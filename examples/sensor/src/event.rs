//! Events, one JSON object a line.

use serde::Deserialize;

/// Longest line read, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// One event.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// What kind of event it is.
    #[serde(rename = "kind")]
    pub kind: String,
    /// The inputs that the system supplies with it.
    pub inputs: Vec<String>,
}

/// Reads one line; `None` when it is not an event (half a line at the end of a growing file).
pub fn parse(line: &str) -> Option<Event> {
    (line.len() <= LINE_BYTES_MAX).then(|| serde_json::from_str(line).ok()).flatten()
}
