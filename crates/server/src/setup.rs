//! Making a data directory.

use crate::codes;
use crate::error::{ServerError, trust_error};
use crate::files::{make_directory, put, sync_directory};
use crate::model::Role;
use crate::secret::secret;
use crate::store::{Batch, ChannelRow, SqliteStore, Store, TokenKind, TokenRow};
use decide::id::{ChannelName, Digest};
use decide::time::Time;
use std::path::Path;
use trust::key::KeyPair;

/// The database's name in the data directory.
pub(crate) const DATABASE: &str = "ringfence.db";

/// What a new data directory is made of.
#[derive(Debug)]
pub struct Setup {
    /// The repository's first files, as `trust::repository::init` makes them.
    pub metadata: Vec<(String, Vec<u8>)>,
    /// Signs snapshots.
    pub snapshot: KeyPair,
    /// Signs timestamps.
    pub timestamp: KeyPair,
    /// Signs fences.
    pub fences: KeyPair,
}

/// The first tokens, in clear; the server keeps only their digests.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Reads.
    pub viewer: String,
    /// Publishes.
    pub author: String,
    /// Orders.
    pub operator: String,
    /// Lets machines enrol.
    pub enroll: String,
}

/// Makes a data directory: metadata, online keys, database, tokens (returned once in clear).
/// Refuses an existing one.
///
/// # Errors
/// When the directory is there already or cannot be written; what was begun is left for a look.
pub fn setup(data: &Path, setup: &Setup, now: Time) -> Result<Tokens, ServerError> {
    if data.exists() {
        let sentence = format!("{} is there already", data.display());
        return Err(ServerError::new(codes::EXISTS, sentence));
    }
    let keys = data.join("keys");
    make_directory(&keys)?;
    make_directory(&data.join("objects"))?;
    for (name, pair) in
        [("snapshot", &setup.snapshot), ("timestamp", &setup.timestamp), ("fences", &setup.fences)]
    {
        trust::key::save(pair, &keys.join(format!("{name}.pem")))
            .map_err(|error| trust_error(&error))?;
    }
    let tuf = data.join("tuf");
    for (address, bytes) in &setup.metadata {
        let file = tuf.join(address);
        let directory = file.parent().unwrap_or(&tuf).to_owned();
        make_directory(&directory)?;
        put(&file, bytes)?;
        sync_directory(&directory)?;
    }
    let tokens =
        Tokens { viewer: secret()?, author: secret()?, operator: secret()?, enroll: secret()? };
    let mut batch = Batch { channels: channels(&setup.metadata)?, ..Batch::default() };
    batch.tokens = [
        (&tokens.viewer, TokenKind::Person(Role::Viewer)),
        (&tokens.author, TokenKind::Person(Role::Author)),
        (&tokens.operator, TokenKind::Person(Role::Operator)),
        (&tokens.enroll, TokenKind::Enroll),
    ]
    .into_iter()
    .map(|(token, kind)| TokenRow {
        sha256: Digest::of(token.as_bytes()),
        kind,
        name: kind.word().to_owned(),
    })
    .collect();
    let mut tail = crate::audit::Tail::default();
    batch.audit.push(tail.line(now, "setup", "set_up", "server", None, "the server was set up"));
    SqliteStore::open(&data.join(DATABASE))?.apply(&batch)?;
    Ok(tokens)
}

/// The channels that the metadata delegates, each at its first version.
fn channels(metadata: &[(String, Vec<u8>)]) -> Result<Vec<ChannelRow>, ServerError> {
    let names = metadata.iter().filter_map(|(address, _)| {
        address.strip_prefix("metadata/1.channel-")?.strip_suffix(".json")
    });
    names
        .map(|name| {
            let channel = ChannelName::try_from(name)
                .map_err(|error| ServerError::record("a channel", error))?;
            Ok(ChannelRow { channel, role_version: 1, fence: None })
        })
        .collect()
}
