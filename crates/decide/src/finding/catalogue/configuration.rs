//! Codes RF0600 to RF0699: configuration and input.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(
        601,
        "unknown key in a configuration file",
        "A TOML file has a key that this version does not know. Unknown keys are errors, because a misspelt limit is a limit that does not hold. The message suggests the key that was probably meant.",
    ),
    entry(
        602,
        "a configuration file is malformed",
        "A TOML file cannot be read, or a value has the wrong type. The place is line and column in the file.",
    ),
    entry(
        603,
        "a file cannot be read",
        "The named file is missing, is not a file, or may not be read. It was therefore not checked, and a file that was not checked is never a pass.",
    ),
    entry(
        604,
        "another schema than expected",
        "The document names a schema that this version does not read. `ringfence schema NAME` prints the schema that it does read.",
    ),
    entry(
        605,
        "a contract contradicts itself",
        "The contract cannot hold for any file, or names something that it does not declare. Fix the contract; nothing is checked against it before.",
    ),
    entry(
        606,
        "an argument does not fit",
        "An argument of the command is missing, or two of them contradict each other. `ringfence help COMMAND` says what the command takes.",
    ),
    entry(
        607,
        "no project here",
        "The command needs a project and found no `ringfence.toml` in this directory or above it. `ringfence init` makes one; `--project DIR` names one.",
    ),
    entry(
        608,
        "it is there already",
        "What would be made exists. Keys, tokens and projects are never overwritten, because the old ones may be in use.",
    ),
    entry(
        609,
        "an unknown name",
        "Nothing bears the name that was given: no such code, schema, channel, release, rollout or machine. The message says what was looked at.",
    ),
    entry(
        610,
        "a policy is refused",
        "The policy opens a path around the gates or cannot work: a lane without gates, a gate without a wait, a share out of range. An emergency lane is shorter, never ungated.",
    ),
    entry(
        611,
        "nothing was checked",
        "No file matched what was asked for, so there is no verdict. A check that looked at nothing is never a pass; a hook that may have nothing to do says `--allow-empty`.",
    ),
    entry(
        612,
        "a file cannot be written",
        "The result could not be written where it was asked for: the directory is missing, not writable, or the disk is full. Files are replaced whole or not at all.",
    ),
    entry(
        613,
        "the server cannot be reached",
        "No answer came from the server's address within its time. What runs goes on: a rollout is the server's, and a halt that was signed needs no server. `--server URL` names another address; `ringfence serve` starts a server.",
    ),
    entry(
        614,
        "the server's answer cannot be read",
        "Something answered that is not a Ringfence server of this version. Look at the address, and at what stands between here and the server.",
    ),
    entry(
        615,
        "the wait ran out",
        "The condition that was waited for did not come in time. The message names it with its value. The rollout itself goes on; only the watching ended.",
    ),
    entry(
        616,
        "no token for the server",
        "The server asks who is speaking and no token was found. `ringfence init` writes tokens to the project's directory `tokens`; `--token FILE` names one.",
    ),
    entry(
        617,
        "a document cannot be read",
        "A JSON document that was given is too large, malformed, or of another schema. Documents that this version writes name their schema in the field `schema`.",
    ),
    entry(
        618,
        "interrupted",
        "A person stopped the command. Nothing was undone: what had been started goes on, and the message says where to look.",
    ),
    entry(
        620,
        "no such scenario",
        "The drill knows no scenario of that name. `ringfence drill list` shows all of them; `--library FILE` adds those of a file.",
    ),
    entry(
        621,
        "a number is out of range",
        "A number of the request or of a file lies outside what the program takes. The message names the limit. Limits are there so that no request can exhaust a machine.",
    ),
    entry(
        622,
        "an invariant was violated in a drill",
        "An independent checker saw a decision or a simulated machine break one of the invariants of ARCHITECTURE.md. That is a fault of this program, never of the file in the drill. The message has the seed; the same command shows it again. Please report it.",
    ),
    entry(
        699,
        "a bug in Ringfence",
        "Something happened that the program takes for impossible. The file, the project and the server are not to blame. Please report the sentence together with the command.",
    ),
];
