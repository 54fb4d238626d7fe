//! The channel's signed state as the server serves it, and as root.json lets it be believed.

use crate::api::Mirror;
use crate::clock;
use crate::codes;
use crate::error::Failure;
use crate::files;
use crate::project::Project;
use decide::id::{ChannelName, Digest};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use trust::client::{Client, Floors, Store, TrustError};
use trust::evidence::{EVIDENCE_KEYS_BYTES_MAX, EvidenceKeys};
use trust::metadata::{ROOT_BYTES_MAX, Signed, Targets};
use wire::Document;
use wire::fence::Fence;
use wire::manifest::Manifest;

/// Keeps what the client has verified, and lets this program read it too.
#[derive(Clone, Default)]
struct Verified(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Store for Verified {
    fn get(&self, name: &str, bytes_max: usize) -> Option<Vec<u8>> {
        let files = self.0.lock().ok()?;
        files.get(name).filter(|bytes| bytes.len() <= bytes_max).cloned()
    }
    fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.0.lock().map_err(|_| io::Error::other("a reader has panicked"))?;
        files.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// The verified state of one channel.
pub(crate) struct ChannelState {
    /// The newest metadata of the channel's role, to be continued.
    pub(crate) role: Vec<u8>,
    /// The number after the newest release.
    pub(crate) next: u64,
    /// Digests that can never be installed again.
    pub(crate) withdrawn: Vec<Digest>,
    /// Keys that may sign evidence.
    pub(crate) evidence_keys: EvidenceKeys,
}

/// Reads a channel's state from the server at `url`; nothing in it is believed unsigned.
pub(crate) fn read(
    project: &Project,
    url: &str,
    channel: &ChannelName,
) -> Result<ChannelState, Failure> {
    let root = files::read(&project.root(), ROOT_BYTES_MAX as u64)?;
    let store = Verified::default();
    let mut client = Client::open(&root, store.clone(), Floors::default())?;
    let mut mirror = Mirror::at(url);
    client.refresh(&mut mirror, clock::now()).map_err(away)?;
    let keys = client.target(trust::EVIDENCE_KEYS_PATH, &mut mirror, EVIDENCE_KEYS_BYTES_MAX);
    let keys =
        EvidenceKeys::read(&keys.map_err(away)?).map_err(|error| Failure::refusal(&error))?;
    // Release numbers begin with 1: the question makes the client verify the channel's role.
    match client.target(&Manifest::target_path(channel, 0), &mut mirror, Manifest::BYTES_MAX) {
        Ok(_) | Err(TrustError::TargetUnknown { .. }) => {}
        Err(error) => return Err(away(error)),
    }
    let name = format!("{}.json", trust::channel_role(channel));
    let role = store.get(&name, trust::metadata::TARGETS_BYTES_MAX).ok_or_else(|| {
        let sentence = format!("the server's repository does not delegate the channel '{channel}'");
        Failure::new(codes::UNKNOWN_NAME, sentence)
    })?;
    let withdrawn = match client.target_though_stale(
        &Fence::target_path(channel),
        &mut mirror,
        Fence::BYTES_MAX,
    ) {
        Ok(bytes) => wire::read::<Fence>(&bytes).map(|fence| fence.withdrawn).map_err(|error| {
            Failure::new(codes::BAD_DOCUMENT, format!("the fence of '{channel}': {error}"))
        })?,
        // Before the first release there is no fence, and nothing withdrawn.
        Err(TrustError::TargetUnknown { .. }) => Vec::new(),
        Err(error) => return Err(away(error)),
    };
    Ok(ChannelState { next: next(&role, channel)?, role, withdrawn, evidence_keys: keys })
}

fn next(role: &[u8], channel: &ChannelName) -> Result<u64, Failure> {
    let role: Signed<Targets> = serde_json::from_slice(role).map_err(|error| {
        Failure::new(codes::BUG, format!("verified metadata cannot be read: {error}"))
    })?;
    let prefix = format!("release/{channel}/");
    let numbers =
        role.signed.targets.keys().filter_map(|path| {
            path.strip_prefix(&prefix)?.strip_suffix(".json")?.parse::<u64>().ok()
        });
    Ok(numbers.max().unwrap_or(0).saturating_add(1))
}

fn away(error: TrustError) -> Failure {
    let unreachable = matches!(error, TrustError::Unreachable { .. });
    let failure = Failure::from(error);
    if unreachable { failure.next("ringfence serve") } else { failure }
}
