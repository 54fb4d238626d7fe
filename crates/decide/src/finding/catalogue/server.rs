//! Codes RF0700 to RF0799: server.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(
        701,
        "the server cannot listen",
        "The address or port is in use, or may not be used. Another server may be running on it; give another address with `--listen`.",
    ),
    entry(
        702,
        "no data directory",
        "The directory is missing or was not made by `ringfence init`. A server never makes one by itself, because a mistyped path would look like an empty fleet.",
    ),
    entry(
        703,
        "another server has the data directory",
        "A second server on the same directory would decide twice. Stop the other one first; the lock goes away with its process.",
    ),
    entry(
        704,
        "the database is newer than this server",
        "A newer version has changed the database. Start that version again; going back is done by restoring a backup.",
    ),
    entry(
        705,
        "storage failed",
        "The database or a file could not be read or written, for example because the disk is full. Nothing was decided on it: what is not stored has not happened. Machines keep what they run.",
    ),
    entry(
        706,
        "the data directory is there already",
        "Setting up would overwrite keys and records of a fleet, so it is refused. Use another directory, or move this one away.",
    ),
    entry(
        707,
        "stored, but not published yet",
        "The decision is in the database, but the signed fence could not be written. It is tried again by itself; until then machines follow the last fence that was published.",
    ),
    entry(
        708,
        "the server is busy",
        "As many requests as the server takes are waiting already. Nothing was changed; send it again. Machines do so by themselves.",
    ),
    entry(
        709,
        "the server failed inside",
        "A defect of the server, not of the request. Its state was read again from the database, so nothing is half done. Please report it with the server's messages.",
    ),
    entry(
        710,
        "no valid token",
        "The request carries no token, or one that is not known here. Tokens are in the project's directory `tokens`; the server keeps only their digests.",
    ),
    entry(
        711,
        "the role is not enough",
        "A viewer reads; an author also publishes; an operator also plans, starts, orders, holds and withdraws. A machine's token is good for reports only.",
    ),
    entry(
        712,
        "the request cannot be read",
        "The body is not the document that this address takes: not JSON, another schema, an unknown key, or a name that is not allowed. Unknown keys are errors, because a misspelt limit is a limit that does not hold.",
    ),
    entry(
        713,
        "the request is too large",
        "Every document has a largest size, so that nobody can fill the server's memory.",
    ),
    entry(
        714,
        "there is no such thing",
        "The rollout, release, machine, channel or page is not known to this server.",
    ),
    entry(
        715,
        "a form from another site",
        "The form was sent by another page than this server's own, or by a browser that does not say. It was refused, so that no other site can act with your login.",
    ),
    entry(
        716,
        "too many watchers",
        "As many live pages as the server serves at once are open already. Reload later, or close one.",
    ),
    entry(
        717,
        "the request took too long",
        "The request was not complete within its time, or the server was not done with it. Ask for the state before you send it again.",
    ),
    entry(
        720,
        "manifest and signature do not match",
        "The signed metadata of the channel must add exactly one target: the manifest that was sent, under its own number.",
    ),
    entry(
        721,
        "not the next number",
        "Release numbers of a channel count up by one. Somebody else has published meanwhile; publish again to get the next number.",
    ),
    entry(
        722,
        "the content is not what the manifest says",
        "Length or SHA-256 of the content differ from the signed manifest. What is published must be the bytes that were tested.",
    ),
    entry(
        723,
        "the digest is withdrawn",
        "These bytes were withdrawn and can never be installed again, by anybody, under any number. A fixed file has other bytes and is a new release.",
    ),
    entry(
        724,
        "evidence is not what the manifest lists",
        "The manifest names its evidence by digest, length and kind; the envelopes that were sent must be exactly these.",
    ),
    entry(
        725,
        "evidence for another channel",
        "The evidence was made for another channel's contract and consumers, so it says nothing about this one.",
    ),
    entry(
        730,
        "a rollout is running",
        "A channel has one advancing rollout at a time, or nobody could say which release did harm. Wait for it, halt it or revert it.",
    ),
    entry(
        731,
        "the plan is out of date",
        "Fleet, policy, holds or releases have changed since the plan was made, so it no longer says what would happen. Plan again and look at the new plan.",
    ),
    entry(
        732,
        "nobody to roll out to",
        "No machine of the fleet reads this channel, or all of them are held by their owners.",
    ),
    entry(
        733,
        "a reason is needed",
        "Halting takes one word. Everything that cannot be undone, or that loosens something, takes a reason; it stays in the audit log.",
    ),
    entry(
        734,
        "the rollout is closed",
        "A later rollout of the channel has taken its place, so it takes no orders. To get rid of the digest itself, withdraw it.",
    ),
    entry(
        735,
        "a limit of this server",
        "The server is made for a bounded number of machines, channels, holds and withdrawn digests, so that it never slows down step by step. The sentence says which limit was met.",
    ),
    entry(
        740,
        "the audit log does not add up",
        "A line's digest does not follow from the line before it: somebody has changed the log outside the server. Compare it with a backup.",
    ),
    entry(
        741,
        "a record cannot be read back",
        "A stored record is not what this version can read, or a rollout's log does not replay. The server does not start on half of a state; restore the database from a backup.",
    ),
];
