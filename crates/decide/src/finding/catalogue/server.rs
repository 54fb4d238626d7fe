//! Codes RF0700 to RF0799: server.

use super::Entry;

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[];
