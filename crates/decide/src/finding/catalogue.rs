//! Every stable code of Ringfence, with what `ringfence explain` says about it.
//!
//! A code is never reused for another meaning. Each part of the product adds its codes in its own
//! file below, so that the files stay short.

use crate::reason::Code;

pub mod agent;
pub mod check;
pub mod configuration;
pub mod rollout;
pub mod server;
pub mod trial;
pub mod trust;

/// One catalogue entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// A title of a few words.
    pub title: &'static str,
    /// What it means, why it matters, what to do; plain text, short paragraphs.
    pub explanation: &'static str,
}

/// All entries, in order of code.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    check::ENTRIES
        .iter()
        .chain(trial::ENTRIES)
        .chain(trust::ENTRIES)
        .chain(rollout::ENTRIES)
        .chain(agent::ENTRIES)
        .chain(configuration::ENTRIES)
        .chain(server::ENTRIES)
}

/// The entry of one code.
pub fn entry(code: Code) -> Option<&'static Entry> {
    all().find(|entry| entry.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_ordered_and_explained() {
        let codes: Vec<u16> = all().map(|entry| entry.code.0).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted, "codes must be unique and in order");
        for entry in all() {
            assert!(!entry.title.is_empty() && entry.explanation.len() > 40, "{}", entry.code);
        }
    }
}
