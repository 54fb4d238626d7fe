//! Codes RF0500 to RF0599: agent.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(
        501,
        "up to date",
        "The machine runs what is offered to it, or nothing is offered. There is nothing to do.",
    ),
    entry(
        502,
        "deferred",
        "A release is being rolled out and this machine is not exposed yet. Its turn depends on its ring and on the random order of this rollout.",
    ),
    entry(
        503,
        "stale fence",
        "The fence has expired, or is older than one that the machine has already seen. The machine keeps what it runs and never advances on it: a lost, frozen or replayed fence can delay, never expose.",
    ),
    entry(
        504,
        "held by its owner",
        "The owner of the machine holds it. It keeps what it runs until the hold is lifted.",
    ),
    entry(
        505,
        "banned here",
        "The release harmed this machine before, or is withdrawn. It is not installed again.",
    ),
    entry(
        506,
        "on probation",
        "A release is active here but not yet known good. Known-good content is never replaced by content on probation.",
    ),
    entry(
        507,
        "taken back",
        "The fence says that the release must go. The machine goes back to what it knows is good, without asking anybody.",
    ),
    entry(
        508,
        "takes a release",
        "The release is offered to this machine. It fetches, verifies and tastes it before it becomes active.",
    ),
    entry(
        509,
        "retry waits",
        "The release was put back after starts that ended without a witness, as a power cut would end them. That is no proof against it, so it is tried once more, but not within a day and not while its rollout is halted.",
    ),
    entry(
        510,
        "refused: taste failed",
        "The consumer that is installed here refused the release, crashed or hung on it in the sandbox. It never became active on this machine.",
    ),
    entry(
        511,
        "refused: not verified",
        "A signature, digest, length or piece of evidence of the release is missing or wrong. No byte of it became active.",
    ),
    entry(
        512,
        "put back after a crash",
        "The consumer died, hung or fell sick on a release on probation. The agent put the known-good release back by itself.",
    ),
    entry(
        513,
        "put back by rescue",
        "The consumer was started several times without becoming healthy. Before the next start the known-good release was put back, without network and without hands.",
    ),
    entry(
        514,
        "off",
        "Nothing starts here any more, not even the seed, so the content is not to blame. The machine stays up and the agent goes on polling. Look at the consumer and the machine.",
    ),
    entry(
        515,
        "cannot write",
        "The agent cannot write its state: the disk is full or broken. It keeps what it runs and never replaces a whole file by half of one.",
    ),
    entry(
        516,
        "halted",
        "The rollout of the release that runs here is halted. Nobody further takes it; this machine keeps it until the rollout is reverted or goes on.",
    ),
    entry(
        517,
        "nothing else here",
        "The release that runs here must go, but this machine has nothing else: its seed is the same file. It keeps running it until another release is offered.",
    ),
    entry(
        518,
        "not settled",
        "A file was put back after a crash and is not healthy yet. Until it is, nobody knows whether the release or the machine is to blame, so nothing is taken meanwhile.",
    ),
    entry(
        519,
        "not ready",
        "The release could not be fetched, kept on disk or tasted now. That says nothing about the release: it is tried again. The sentence names the cause, e.g. a full disk or a consumer that is not installed.",
    ),
];
