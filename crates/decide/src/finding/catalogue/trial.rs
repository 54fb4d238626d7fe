//! Codes RF0200 to RF0299: trial.

use super::Entry;

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[];
