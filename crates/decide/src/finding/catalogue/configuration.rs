//! Codes RF0600 to RF0699: configuration and input.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(601, "unknown key in a configuration file", "A TOML file has a key that this version does not know. Unknown keys are errors, because a misspelt limit is a limit that does not hold. The message suggests the key that was probably meant."),
    entry(602, "a configuration file is malformed", "A TOML file cannot be read, or a value has the wrong type. The place is line and column in the file."),
    entry(603, "a file cannot be read", "The named file is missing, is not a file, or may not be read. It was therefore not checked, and a file that was not checked is never a pass."),
    entry(604, "another schema than expected", "The document names a schema that this version does not read. `ringfence schema NAME` prints the schema that it does read."),
    entry(605, "a contract contradicts itself", "The contract cannot hold for any file, or names something that it does not declare. Fix the contract; nothing is checked against it before."),
    entry(610, "a policy is refused", "The policy opens a path around the gates or cannot work: a lane without gates, a gate without a wait, a share out of range. An emergency lane is shorter, never ungated."),
];
