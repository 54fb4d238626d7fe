//! Publishing a release: everything is verified before anything is stored.

use super::Control;
use crate::codes;
use crate::error::Refusal;
use decide::id::{ChannelName, Digest};
use decide::reason::Reason;
use decide::release::{EvidenceFacts, Kind, publishable};
use decide::time::Time;
use trust::channel::{VerifiedRole, verify_channel_role};
use trust::evidence::EvidenceKeys;
use wire::api::{PublishParts, Release};
use wire::manifest::{EvidenceKind, Manifest};

/// Largest file of a release, in bytes.
const CONTENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Evidence envelopes of one release.
const EVIDENCE_MAX: usize = 16;

impl Control {
    /// Takes a release. Nothing of a refused one is kept.
    pub(crate) fn publish_release(
        &mut self,
        parts: &PublishParts,
        by: &str,
        now: Time,
    ) -> Result<Release, Refusal> {
        let manifest: Manifest = wire::read(&parts.manifest)?;
        let reference = manifest.release.clone();
        let role = self.verify_role(&reference.channel, parts, now)?;
        verify_target(&role, &manifest, &parts.manifest)?;
        self.verify_number(&manifest)?;
        verify_content(&manifest, &parts.content)?;
        self.verify_not_withdrawn(&reference.channel, &reference.digest)?;
        let facts = self.verify_evidence(&manifest, parts)?;
        let required = self.state.fleet.versions(&reference.channel)?;
        publishable(reference.digest, &required, &facts, now).map_err(refused)?;

        for bytes in parts.evidence.iter().chain([&parts.content]) {
            self.publisher.keep_object(bytes)?;
        }
        let path = Manifest::target_path(&reference.channel, reference.number);
        self.publisher.keep_role(
            role.role(),
            role.version(),
            &parts.channel_role,
            &path,
            &parts.manifest,
        )?;
        let release = Release { manifest, published: now, by: by.to_owned(), withdrawn: None };
        let book = &mut self.state.book;
        book.batch.releases.push(release.clone());
        let target = format!("{}@{}", reference.channel, reference.number);
        let sentence = format!(
            "release {reference}, {} bytes, {} pieces of evidence, {} consumer versions in the field",
            reference.length,
            facts.len(),
            required.len()
        );
        book.say(now, by, "published", &target, None, &sentence);
        if let Some(channel) = self.state.channels.get_mut(&reference.channel) {
            channel.row.role_version = role.version();
            channel.releases.insert(reference.number, release.clone());
            book.batch.channels.push(channel.row.clone());
            (self.behind, self.newer) = (true, true);
        }
        Ok(release)
    }

    fn verify_role(
        &self,
        channel: &ChannelName,
        parts: &PublishParts,
        now: Time,
    ) -> Result<VerifiedRole, Refusal> {
        let unknown = || {
            Refusal::trust(&trust::channel::ChannelError::UnknownChannel {
                channel: channel.clone(),
            })
        };
        let targets = self.publisher.role("targets").ok_or_else(unknown)?;
        let published = self.publisher.role(&trust::channel_role(channel)).ok_or_else(unknown)?;
        verify_channel_role(targets, published, &parts.channel_role, channel, now)
            .map_err(|error| Refusal::trust(&error))
    }

    fn verify_number(&self, manifest: &Manifest) -> Result<(), Refusal> {
        let reference = &manifest.release;
        let head = self.state.channels.get(&reference.channel).map_or(0, |c| c.head());
        if reference.number != head + 1 {
            let sentence = format!(
                "release {} of '{}' cannot be taken: the newest is {head}, the next is {}",
                reference.number,
                reference.channel,
                head + 1
            );
            let refusal = Refusal::new(409, codes::NOT_NEXT_NUMBER, sentence);
            return Err(
                refusal.next(format!("ringfence publish FILE --channel {}", reference.channel))
            );
        }
        Ok(())
    }

    pub(super) fn verify_not_withdrawn(
        &self,
        channel: &ChannelName,
        digest: &Digest,
    ) -> Result<(), Refusal> {
        let known = self.state.channels.get(channel).and_then(|c| c.withdrawn(digest));
        let Some(withdrawn) = known else { return Ok(()) };
        let sentence = format!(
            "sha256:{} was withdrawn by {} at {}: {}; it can never be installed again",
            digest.short(),
            withdrawn.by,
            trust::metadata::time_text(withdrawn.at),
            withdrawn.reason
        );
        Err(Refusal::new(403, codes::WITHDRAWN, sentence))
    }

    fn verify_evidence(
        &self,
        manifest: &Manifest,
        parts: &PublishParts,
    ) -> Result<Vec<EvidenceFacts>, Refusal> {
        if parts.evidence.len() > EVIDENCE_MAX {
            return Err(Refusal::limit("pieces of evidence", parts.evidence.len(), EVIDENCE_MAX));
        }
        let listed = |bytes: &Vec<u8>| {
            let digest = Digest::of(bytes);
            manifest.evidence.iter().find(|r| r.digest == digest && r.length == bytes.len() as u64)
        };
        let sent = parts.evidence.iter().filter(|bytes| listed(bytes).is_some()).count();
        if sent != parts.evidence.len() || sent != manifest.evidence.len() {
            let sentence = format!(
                "the manifest lists {} pieces of evidence, {} were sent, {sent} of them are listed",
                manifest.evidence.len(),
                parts.evidence.len()
            );
            return Err(Refusal::new(403, codes::OTHER_EVIDENCE, sentence));
        }
        let keys = EvidenceKeys::read(&self.publisher.evidence_keys()?)
            .map_err(|error| Refusal::trust(&error))?;
        let mut facts = Vec::new();
        for bytes in &parts.evidence {
            let statement =
                trust::evidence::verify(bytes, &keys).map_err(|error| Refusal::trust(&error))?;
            let channel = &statement.predicate.ringfence.channel;
            if *channel != manifest.release.channel {
                let sentence = format!(
                    "the evidence was made for channel '{channel}', the release is of '{}'",
                    manifest.release.channel
                );
                return Err(Refusal::new(403, codes::OTHER_CHANNEL, sentence));
            }
            let fact = statement.facts().map_err(|error| Refusal::trust(&error))?;
            let kind = match fact.kind {
                Kind::Check => EvidenceKind::Check,
                Kind::Trial => EvidenceKind::Trial,
            };
            if listed(bytes).is_none_or(|reference| reference.kind != kind) {
                let sentence = format!(
                    "the manifest calls evidence sha256:{} by another kind than {}",
                    Digest::of(bytes).short(),
                    fact.kind.word()
                );
                return Err(Refusal::new(403, codes::OTHER_EVIDENCE, sentence));
            }
            facts.push(fact);
        }
        Ok(facts)
    }
}

fn verify_target(role: &VerifiedRole, manifest: &Manifest, bytes: &[u8]) -> Result<(), Refusal> {
    let reference = &manifest.release;
    let path = Manifest::target_path(&reference.channel, reference.number);
    let digest = Digest::of(bytes);
    let added = role.added();
    let matches = added.len() == 1
        && added[0].path == path
        && added[0].digest == digest
        && added[0].length == bytes.len() as u64;
    if matches {
        return Ok(());
    }
    let sentence = format!(
        "'{}' version {} adds {} targets; it must add exactly '{path}' with sha256:{}",
        role.role(),
        role.version(),
        added.len(),
        digest.short()
    );
    Err(Refusal::new(403, codes::MANIFEST_UNSIGNED, sentence))
}

fn verify_content(manifest: &Manifest, content: &[u8]) -> Result<(), Refusal> {
    if content.len() > CONTENT_BYTES_MAX {
        return Err(Refusal::limit("bytes are in the file", content.len(), CONTENT_BYTES_MAX));
    }
    let (digest, reference) = (Digest::of(content), &manifest.release);
    if digest != reference.digest || content.len() as u64 != reference.length {
        let sentence = format!(
            "the content has {} bytes and sha256:{}, the manifest says {} bytes and sha256:{}",
            content.len(),
            digest.short(),
            reference.length,
            reference.digest.short()
        );
        return Err(Refusal::new(403, codes::OTHER_CONTENT, sentence));
    }
    Ok(())
}

/// All reasons of the gate in one refusal, the first one's code in front.
fn refused(reasons: Vec<Reason>) -> Refusal {
    let mut reasons = reasons.into_iter();
    let Some(mut first) = reasons.next() else {
        return Refusal::new(403, decide::release::EVIDENCE_MISSING, "the evidence is not enough");
    };
    for more in reasons {
        first.sentence = format!("{}; {more}", first.sentence);
    }
    Refusal { status: 403, reason: first }
}
