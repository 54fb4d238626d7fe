//! Codes RF0600 to RF0699: configuration.

use super::Entry;

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[];
