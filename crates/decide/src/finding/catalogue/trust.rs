//! Codes RF0300 to RF0399: trust.

use super::Entry;

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[];
