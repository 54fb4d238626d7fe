//! Codes RF0300 to RF0399: trust and publishing.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(
        301,
        "evidence is missing",
        "A release needs a check and a trial of its exact bytes, stated and signed. Without them it can be neither published nor activated. Run `ringfence check` and `ringfence trial` on the file.",
    ),
    entry(
        302,
        "evidence is not positive",
        "A check or trial of the file exists but does not say pass. Fail, inconclusive and no signal all keep the gate shut; only a pass opens it.",
    ),
    entry(
        303,
        "a version was not tried",
        "Machines in the field run a consumer version on which the file was never tried. In July 2024 the validator and the program that reads the file disagreed; only running every fielded version closes that gap.",
    ),
    entry(
        304,
        "evidence is about other bytes",
        "The digest in the evidence is not the digest of the file. Bytes that change after the test are not the tested bytes.",
    ),
    entry(
        305,
        "evidence is stale",
        "The evidence is older than evidence may be. Consumers and contracts change; try the file again.",
    ),
    entry(
        306,
        "a release cannot do that",
        "The step is not possible from where the release is in its life. Above all, nothing brings a withdrawn release back.",
    ),
];
