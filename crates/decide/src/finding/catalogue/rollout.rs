//! Codes RF0400 to RF0499: rollout.

use super::Entry;

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[];
