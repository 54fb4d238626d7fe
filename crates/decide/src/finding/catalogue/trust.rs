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
    entry(
        311,
        "no key could be made",
        "The system gave no usable ed25519 key. Without its source of randomness no key is safe, so none is made. Try again; if it persists, the machine is broken.",
    ),
    entry(
        312,
        "a key file is there already",
        "Keys are never overwritten, because the old key may be the only one that signs a role. Move the old file away first, if you are sure.",
    ),
    entry(
        313,
        "others can use a private key",
        "The key's file can be read or written by others than its owner, so the key must be taken for stolen. Make a new key and rotate to it. Only if nobody else can have read it is `chmod 600` enough.",
    ),
    entry(
        314,
        "not a private key",
        "The file is not an ed25519 private key in PKCS#8, in PEM or as raw DER. Perhaps it is a public key, a key of another kind, or was cut short.",
    ),
    entry(
        315,
        "a key file cannot be read or written",
        "The system refused to read or write the key's file. The sentence says which file and why.",
    ),
    entry(
        321,
        "metadata cannot be continued",
        "Signed metadata that should be continued cannot be read. It was damaged, or is another kind of file. Take the published copy from the repository's directory `metadata`.",
    ),
    entry(
        322,
        "unusable target path",
        "Target paths become parts of addresses and file names, so they are made of letters, digits, '.', '_', '-' and single slashes, and no part begins with a dot or a dash.",
    ),
    entry(
        323,
        "already published",
        "A target with this path exists, and what is published never changes: machines that have it and machines that do not must mean the same thing. Publish under the next number.",
    ),
    entry(
        324,
        "the role is there already",
        "The channel or role is delegated already. Change its keys instead of adding it again.",
    ),
    entry(
        325,
        "a threshold that cannot be met",
        "A role wants more signatures than it has different keys, or none at all, or a key is given twice. A role that nobody can sign would stop all updates. Give as many different keys as signatures are wanted.",
    ),
    entry(
        326,
        "metadata would be too large",
        "The role's metadata would grow beyond what machines accept, and then no machine could update. Begin a new channel, or ask for old releases to be taken out with new keys.",
    ),
    entry(
        331,
        "malformed metadata",
        "A file of the repository is not JSON, repeats a key, or is not what its role's metadata looks like. It is refused before anything in it is used. A proxy or login page in the way is a common cause.",
    ),
    entry(
        332,
        "a file is too large",
        "A file of the repository has more bytes than its role, or the signed parent, allows. Reading stops there, so that nobody can fill a machine's memory or disk.",
    ),
    entry(
        333,
        "not enough valid signatures",
        "Fewer keys of the role have validly signed than its threshold wants. Somebody without the keys has made or changed the file, or a signature was forgotten.",
    ),
    entry(
        334,
        "older than what was trusted",
        "The repository offers a version below one that this machine has trusted before. A stale mirror, a restored backup or an attack would do that. The machine keeps what it has.",
    ),
    entry(
        335,
        "not what signed metadata says",
        "Length, digest or version of a file differ from what its signed parent says. The file was damaged, mixed from two states of the repository, or replaced.",
    ),
    entry(
        336,
        "missing from the repository",
        "Signed metadata names a file that the repository does not have. The repository was copied incompletely, or is being cleaned up too early.",
    ),
    entry(
        337,
        "the repository cannot be reached",
        "No usable answer came. The machine keeps what it runs and tries again; nothing depends on being reachable except taking something new.",
    ),
    entry(
        338,
        "too many new roots",
        "More new roots were found than one refresh follows. Those that were verified are kept, and the next refresh goes on from there.",
    ),
    entry(
        339,
        "metadata has expired",
        "The metadata that vouches for freshness has expired. The machine keeps what it runs and may go back, but never takes anything new (dead man's switch). Check that the server renews the timestamp, and the machine's clock.",
    ),
    entry(
        340,
        "not refreshed yet",
        "No refresh has succeeded since the start, so nothing says what is current. Refresh first.",
    ),
    entry(
        341,
        "nobody lists this target",
        "No role that may list this path lists it. A file listed by a role that may not list it counts as not listed.",
    ),
    entry(
        351,
        "metadata of a channel cannot be read",
        "The new metadata of a channel, or the published metadata it continues, cannot be read. Make it again from the published role.",
    ),
    entry(
        352,
        "unknown channel",
        "The repository's top-level targets do not delegate this channel. Add the channel with the offline targets key first.",
    ),
    entry(
        353,
        "a release lacks signatures",
        "Fewer of the channel's people have signed than its threshold wants. Let another one sign the same metadata.",
    ),
    entry(
        354,
        "not the next version",
        "The new metadata is not the version after the published one. Somebody else has published meanwhile, or it was sent twice. Make it again from the published role.",
    ),
    entry(
        355,
        "a published release would change",
        "The new metadata leaves out or alters a release that is published. Releases are immutable; to get rid of one, withdraw it.",
    ),
    entry(
        356,
        "outside the channel",
        "The new metadata lists a path outside `release/<channel>/`, or a target without a usable digest. A channel's keys speak for that channel only.",
    ),
    entry(
        357,
        "a channel must not delegate",
        "The new metadata hands its authority on to other keys. Who may sign for a channel is said by the top-level targets alone.",
    ),
    entry(
        358,
        "a channel's metadata has expired",
        "The new metadata expired before it arrived. Sign it again with a later expiry, and compare the clocks.",
    ),
    entry(
        361,
        "evidence is too large",
        "The envelope has more bytes than evidence may have. Evidence names tests and digests; full reports are stored elsewhere and named by digest.",
    ),
    entry(
        362,
        "not an envelope",
        "The evidence is not a DSSE envelope with one base64 payload and at most 16 signatures, or repeats a key.",
    ),
    entry(
        363,
        "another kind of payload",
        "The envelope holds something else than an in-toto statement. A signature made for one kind of document must not count for another.",
    ),
    entry(
        364,
        "evidence without a valid signature",
        "No key that may sign evidence has validly signed the envelope. The list of those keys is the signed target `evidence-keys.json`.",
    ),
    entry(
        365,
        "not a test result about one file",
        "The payload is not an in-toto statement with a test result about exactly one file by its SHA-256. With several subjects it would be unclear what was tested.",
    ),
    entry(
        366,
        "evidence contradicts itself",
        "Result, verdict and the list of failed tests do not agree. A tool that says so cannot be relied on; run the test again.",
    ),
    entry(
        367,
        "evidence keys cannot be read",
        "The signed list of evidence keys is not what it should be. Nothing can be published or activated on evidence until it is replaced with the offline targets key.",
    ),
];
