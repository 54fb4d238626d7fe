//! Codes RF0500 to RF0599: agent.

use super::Entry;

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[];
