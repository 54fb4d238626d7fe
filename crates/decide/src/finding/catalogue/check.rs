//! Codes RF0100 to RF0199: check.

use super::Entry;

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[];
