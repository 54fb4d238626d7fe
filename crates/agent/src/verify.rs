//! The one gate between the network and this machine: nothing is activated that has not come
//! through [`release`] (invariant 1).

use crate::store::CONTENT_BYTES_MAX;
use decide::id::{ConsumerVersion, Digest, ReleaseRef};
use decide::release::publishable;
use decide::time::Time;
use trust::EVIDENCE_KEYS_PATH;
use trust::client::{Client, Fetch, TrustError};
use trust::evidence::EvidenceKeys;
use wire::manifest::Manifest;

/// Largest evidence envelope and manifest read.
const SMALL_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a release that may be activated; only [`release`] makes one.
#[derive(Debug)]
pub struct Verified {
    bytes: Vec<u8>,
    digest: Digest,
}

impl Verified {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// Their digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Why a release is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotVerified {
    /// It could not be had, or the repository has expired: nothing is said about the release.
    Later(String),
    /// A signature, a digest, a length or a piece of evidence is missing or wrong.
    Refused(String),
}

impl NotVerified {
    fn refused(error: impl std::fmt::Display) -> NotVerified {
        NotVerified::Refused(error.to_string())
    }
}

impl From<TrustError> for NotVerified {
    fn from(error: TrustError) -> NotVerified {
        let text = error.to_string();
        match error {
            TrustError::Missing { .. }
            | TrustError::Unreachable { .. }
            | TrustError::TooManyRoots { .. }
            | TrustError::Stale { .. }
            | TrustError::NotRefreshed => NotVerified::Later(text),
            TrustError::Malformed { .. }
            | TrustError::TooLarge { .. }
            | TrustError::Signatures { .. }
            | TrustError::Rollback { .. }
            | TrustError::Integrity { .. }
            | TrustError::TargetUnknown { .. } => NotVerified::Refused(text),
        }
    }
}

/// Objects by digest, from the same server.
pub trait Objects {
    /// The bytes of an object, at most `bytes_max`.
    ///
    /// # Errors
    /// When it cannot be had, or has more bytes.
    fn object(&mut self, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, NotVerified>;
}

/// Fetches and verifies a release: signed manifest, evidence for the consumer version installed
/// here, content by digest and length.
///
/// # Errors
/// One sentence that says what is missing or wrong.
pub fn release(
    client: &mut Client,
    fetch: &mut dyn Fetch,
    objects: &mut dyn Objects,
    wanted: &ReleaseRef,
    version: &ConsumerVersion,
    now: Time,
) -> Result<Verified, NotVerified> {
    let path = Manifest::target_path(&wanted.channel, wanted.number);
    let bytes = client.target(&path, fetch, SMALL_BYTES_MAX)?;
    let manifest: Manifest =
        wire::read(&bytes).map_err(|error| NotVerified::Refused(format!("{path}: {error}")))?;
    if manifest.release != *wanted {
        let named = &manifest.release;
        let why = format!("the fence names {wanted}, the signed manifest names {named}");
        return Err(NotVerified::Refused(why));
    }
    let keys = client.target(EVIDENCE_KEYS_PATH, fetch, SMALL_BYTES_MAX)?;
    let keys = EvidenceKeys::read(&keys).map_err(NotVerified::refused)?;
    let mut facts = Vec::new();
    for reference in &manifest.evidence {
        let envelope = objects.object(reference.digest, SMALL_BYTES_MAX)?;
        if Digest::of(&envelope) != reference.digest {
            let why = format!("evidence sha256:{} has other bytes", reference.digest.short());
            return Err(NotVerified::Refused(why));
        }
        facts.push(trust::evidence::facts(&envelope, &keys).map_err(NotVerified::refused)?);
    }
    let publishable = publishable(wanted.digest, std::slice::from_ref(version), &facts, now)
        .map_err(|reasons| NotVerified::Refused(join(&reasons)))?;
    let length = usize::try_from(wanted.length).map_err(NotVerified::refused)?;
    if wanted.length > CONTENT_BYTES_MAX {
        let why = format!("{wanted} has {length} bytes, at most {CONTENT_BYTES_MAX} are kept");
        return Err(NotVerified::Refused(why));
    }
    let content = objects.object(wanted.digest, length)?;
    if content.len() != length || Digest::of(&content) != publishable.digest() {
        let why = format!("the content is not {wanted}: its bytes have another digest or length");
        return Err(NotVerified::Refused(why));
    }
    Ok(Verified { bytes: content, digest: wanted.digest })
}

fn join(reasons: &[decide::reason::Reason]) -> String {
    let sentences: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}
