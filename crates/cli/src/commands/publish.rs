//! `ringfence publish`.

use crate::clock;
use crate::codes;
use crate::error::Failure;
use crate::evidence;
use crate::exit::Exit;
use crate::files;
use crate::names;
use crate::project::Project;
use crate::repository::{self, ChannelState};
use crate::settings::{Role, Settings};
use crate::words::grouped;
use contract::model::FILE_BYTES_MAX;
use decide::id::{ChannelName, ConsumerVersion, Digest, ReleaseRef};
use decide::reason::Reason;
use decide::release::{EvidenceFacts, Kind, Publishable, publishable};
use serde_json::json;
use std::path::{Path, PathBuf};
use trust::evidence::EvidenceKeys;
use trust::key::KeyPair;
use trust::repository::Expiries;
use wire::Document;
use wire::api::{Publish as Request, PublishParts, Release};
use wire::manifest::{EvidenceKind, EvidenceRef, Manifest};

/// Sign a checked and tried file as a release; no machine gets it yet
///
/// The exact bytes must have passed check and trial in this project. The server has no key that
/// could make a release: it takes what is signed here, and verifies it again.
#[derive(Debug, clap::Args)]
pub(crate) struct Publish {
    /// The file
    file: PathBuf,
    /// The channel [default: the one that the project's patterns give the file]
    #[arg(long, value_name = "NAME")]
    channel: Option<ChannelName>,
}

/// The kinds of evidence that a release needs.
const KINDS: [Kind; 2] = [Kind::Check, Kind::Trial];

/// A file with its evidence, as the project has them.
struct Candidate<'a> {
    project: &'a Project,
    channel: ChannelName,
    file: &'a Path,
    bytes: Vec<u8>,
    digest: Digest,
    /// Versions that the contract says are in the field.
    versions: Vec<ConsumerVersion>,
    envelopes: Vec<(Kind, Vec<u8>)>,
}

/// Runs the command.
pub(crate) fn run(args: &Publish, settings: &Settings) -> Result<Exit, Failure> {
    let project = settings.needed_project()?;
    let candidate = candidate(args, project)?;
    let key = evidence::key(project, &format!("channel-{}", candidate.channel))?;
    let api = settings.api(Role::Author)?;
    let state = repository::read(project, api.url(), &candidate.channel)?;
    if state.withdrawn.contains(&candidate.digest) {
        return Err(withdrawn(settings, &candidate));
    }
    let gate = gate(&candidate, &state.evidence_keys)?;
    let (manifest, request) = signed(&candidate, &state, &key)?;
    let release: Release = api.post_plain("/v1/releases", &request)?;
    let kept = project.release(&candidate.channel, manifest.release.number);
    files::directory(kept.parent().unwrap_or(Path::new(".")), 0o755)?;
    files::replace(&kept, &candidate.bytes)?;
    show(settings, &release, &gate, &key)
}

fn candidate<'a>(args: &'a Publish, project: &'a Project) -> Result<Candidate<'a>, Failure> {
    let channel = match &args.channel {
        Some(name) => project.channel(name).map(|_| name.clone())?,
        None => project.channel_of(&args.file)?,
    };
    let contract = project.contract(&channel)?;
    if !args.file.is_file() {
        let sentence = format!("cannot read {}: it is not a file", args.file.display());
        return Err(
            Failure::new(contract::codes::UNREADABLE, sentence).kind(crate::error::Kind::Undecided)
        );
    }
    let bytes = files::read(&args.file, FILE_BYTES_MAX.min(contract.limits.bytes_max))?;
    let digest = Digest::of(&bytes);
    let mut envelopes = Vec::new();
    let mut missing = Vec::new();
    // Said here already, because it needs no server: which evidence there is none of.
    let none = publishable(digest, &[], &[], clock::now()).err().unwrap_or_default();
    for (kind, reason) in KINDS.into_iter().zip(none) {
        match evidence::envelope(project, digest, kind)? {
            Some(envelope) => envelopes.push((kind, envelope)),
            None => {
                let next = format!("ringfence {} {}", kind.word(), args.file.display());
                missing.push(Reason { next, ..reason });
            }
        }
    }
    if !missing.is_empty() {
        return Err(Failure::because(missing));
    }
    let versions = contract.consumer.iter().map(|one| one.version.clone()).collect();
    let candidate =
        Candidate { project, channel, file: &args.file, bytes, digest, versions, envelopes };
    // The same gate as below with our own key, if it was ours that signed: it needs no server.
    if let Ok(own) = trust::key::load(&project.key("evidence")) {
        let keys = EvidenceKeys::of(&[own.public().clone()]);
        if candidate.envelopes.iter().all(|(_, one)| trust::evidence::verify(one, &keys).is_ok()) {
            gate(&candidate, &keys)?;
        }
    }
    Ok(candidate)
}

/// Holds the evidence against the bytes, by keys that may sign evidence.
fn gate(candidate: &Candidate<'_>, keys: &EvidenceKeys) -> Result<Publishable, Failure> {
    let mut facts: Vec<EvidenceFacts> = Vec::new();
    for (kind, envelope) in &candidate.envelopes {
        let read = trust::evidence::facts(envelope, keys).map_err(|error| {
            let path = candidate.project.evidence(candidate.digest, *kind);
            Failure::refusal(&error)
                .hint(format!("the evidence is {}", path.display()))
                .next(format!("ringfence {} {}", kind.word(), candidate.file.display()))
        })?;
        facts.push(read);
    }
    publishable(candidate.digest, &candidate.versions, &facts, clock::now())
        .map_err(Failure::because)
}

fn signed(
    candidate: &Candidate<'_>,
    state: &ChannelState,
    key: &KeyPair,
) -> Result<(Manifest, Request), Failure> {
    let reference = |(kind, envelope): &(Kind, Vec<u8>)| EvidenceRef {
        kind: match kind {
            Kind::Check => EvidenceKind::Check,
            Kind::Trial => EvidenceKind::Trial,
        },
        digest: Digest::of(envelope),
        length: envelope.len() as u64,
    };
    let name = candidate.file.file_name().unwrap_or_default();
    let manifest = Manifest {
        schema: Manifest::SCHEMA.to_owned(),
        release: ReleaseRef {
            channel: candidate.channel.clone(),
            number: state.next,
            digest: candidate.digest,
            length: candidate.bytes.len() as u64,
        },
        file_name: name.to_string_lossy().into_owned(),
        created: clock::now(),
        evidence: candidate.envelopes.iter().map(reference).collect(),
    };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| {
        Failure::new(codes::BUG, format!("the manifest could not be written: {error}"))
    })?;
    let role = trust::repository::add_target(
        &state.role,
        &Manifest::target_path(&candidate.channel, state.next),
        &bytes,
        &[key],
        clock::now().plus(Expiries::default().targets),
    )?;
    let request = Request::of(&PublishParts {
        manifest: bytes,
        channel_role: role,
        evidence: candidate.envelopes.iter().map(|(_, one)| one.clone()).collect(),
        content: candidate.bytes.clone(),
    });
    Ok((manifest, request))
}

/// The signed fence says that these bytes are withdrawn; the server knows who, when and why.
fn withdrawn(settings: &Settings, candidate: &Candidate<'_>) -> Failure {
    let told = settings
        .api(Role::Viewer)
        .and_then(|api| names::with_digest(&api, candidate.digest))
        .ok()
        .flatten()
        .and_then(|release| release.withdrawn);
    let who = told.map_or_else(String::new, |one| {
        format!(", by {} at {}: {}", one.by, clock::stamp(one.at), one.reason)
    });
    let sentence = format!(
        "sha256:{} is withdrawn from '{}' and can never be installed again{who}",
        candidate.digest.short(),
        candidate.channel
    );
    Failure::new(codes::WITHDRAWN, sentence)
        .next("ringfence publish FILE")
        .hint("a fixed file has other bytes and is a new release")
}

fn show(
    settings: &Settings,
    release: &Release,
    gate: &Publishable,
    key: &KeyPair,
) -> Result<Exit, Failure> {
    let one = &release.manifest.release;
    let versions: Vec<&str> = gate.versions().iter().map(ConsumerVersion::as_str).collect();
    let next = format!("ringfence rollout plan {}@{} -o plan.json", one.channel, one.number);
    settings.terminal.document(&json!({
        "schema": "ringfence/published/v1", "release": release, "key": key.public().id(),
        "next": next,
    }))?;
    settings.terminal.text(&format!(
        "{} {}  sha256:{}  {} bytes\nsigned with key {}  evidence: check pass, trial pass on {}\n\
         No machine has it yet. Next: {next}\n",
        one.channel,
        one.number,
        one.digest.short(),
        grouped(one.length),
        &key.public().id()[..12],
        versions.join(", "),
    ))?;
    Ok(Exit::Good)
}
