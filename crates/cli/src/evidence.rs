//! Evidence as the project keeps it: one signed envelope a file and kind, the last verdict each.
//!
//! Negative verdicts are kept too: what was refused must not look as if nobody had tried it.

use crate::clock;
use crate::error::Failure;
use crate::files;
use crate::project::Project;
use contract::Contract;
use decide::finding::{Finding, Severity};
use decide::id::{ConsumerVersion, Digest};
use decide::release::Kind;
use decide::verdict::Verdict;
use std::path::{Path, PathBuf};
use trust::evidence::statement::{Descriptor, Extra};
use trust::evidence::{ENVELOPE_BYTES_MAX, Outcome, Statement};
use trust::key::{KeyError, KeyPair};

/// Largest event file whose digest is put into evidence, in bytes.
const EVENT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// One check or trial that came to a verdict about exact bytes.
pub(crate) struct Tested<'a> {
    /// Check or trial.
    pub(crate) kind: Kind,
    /// The file as the user named it.
    pub(crate) file: &'a Path,
    /// Its bytes' digest.
    pub(crate) digest: Digest,
    /// What it was held against.
    pub(crate) contract: &'a Contract,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// What was found.
    pub(crate) findings: &'a [Finding],
    /// Consumer versions that were judged or run.
    pub(crate) versions: Vec<ConsumerVersion>,
    /// Names of what passed.
    pub(crate) passed: Vec<String>,
    /// How strong the sandbox was.
    pub(crate) sandbox: String,
    /// How many times a consumer was run.
    pub(crate) executions: u64,
    /// Event files that were executed.
    pub(crate) events: Vec<PathBuf>,
}

/// What became of the evidence.
pub(crate) enum Recorded {
    /// Signed and kept here.
    Kept(PathBuf),
    /// Not signed, and why.
    Not(String),
    /// Nobody asked for evidence: there is no project.
    NoProject,
}

impl Recorded {
    /// The line that people see, if there is something to say.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Recorded::Kept(path) => Some(format!("evidence signed: {}", path.display())),
            Recorded::Not(why) => Some(format!("no evidence signed: {why}")),
            Recorded::NoProject => None,
        }
    }
    /// The path, if it was kept.
    pub(crate) fn path(&self) -> Option<String> {
        match self {
            Recorded::Kept(path) => Some(path.display().to_string()),
            Recorded::Not(_) | Recorded::NoProject => None,
        }
    }
}

/// Signs what was found and keeps it in the project. Without a project or its key, says why not.
pub(crate) fn record(project: Option<&Project>, tested: Tested<'_>) -> Result<Recorded, Failure> {
    let Some(project) = project else { return Ok(Recorded::NoProject) };
    let channel = &tested.contract.channel;
    if !project.channels().contains_key(channel) {
        return Ok(Recorded::Not(format!("the project has no channel '{channel}'")));
    }
    let key = project.key("evidence");
    let signer = match trust::key::load(&key) {
        Ok(signer) => signer,
        Err(KeyError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Recorded::Not(format!("{} is not here", key.display())));
        }
        Err(error) => return Err(error.into()),
    };
    let path = project.evidence(tested.digest, tested.kind);
    files::directory(path.parent().unwrap_or(Path::new(".")), 0o755)?;
    files::replace(&path, &statement(tested).sign(&[&signer]))?;
    Ok(Recorded::Kept(path))
}

fn statement(tested: Tested<'_>) -> Statement {
    let named = |severity| {
        let mut names: Vec<String> = tested
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .map(|finding| finding.code.to_string())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let contract = tested.contract;
    Statement::new(Outcome {
        file_name: name(tested.file),
        subject: tested.digest,
        configuration: configuration(&tested),
        passed: tested.passed.clone(),
        warned: named(Severity::Warning),
        failed: named(Severity::Error),
        extra: Extra {
            kind: tested.kind,
            channel: contract.channel.clone(),
            verdict: tested.verdict,
            consumer_versions: tested.versions,
            made: clock::now(),
            tool: format!("ringfence {}", env!("CARGO_PKG_VERSION")),
            sandbox: tested.sandbox,
            executions: tested.executions,
            report: None,
        },
    })
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// What the verdict depends on beside the file: the contract, and the events that were executed.
fn configuration(tested: &Tested<'_>) -> Vec<Descriptor> {
    let contract = tested.contract;
    let rules = Descriptor::new(name(&contract.path), Digest::of(contract.source.as_bytes()));
    let events = tested.events.iter().filter_map(|path| {
        let bytes = files::read(path, EVENT_BYTES_MAX).ok()?;
        Some(Descriptor::new(name(path), Digest::of(&bytes)))
    });
    [rules].into_iter().chain(events).collect()
}

/// The envelope of one kind about some bytes, if the project keeps one.
pub(crate) fn envelope(
    project: &Project,
    digest: Digest,
    kind: Kind,
) -> Result<Option<Vec<u8>>, Failure> {
    files::read_if_there(&project.evidence(digest, kind), ENVELOPE_BYTES_MAX as u64)
}

/// A private key of the project; a key that is not there says what makes one.
pub(crate) fn key(project: &Project, name: &str) -> Result<KeyPair, Failure> {
    let path = project.key(name);
    trust::key::load(&path).map_err(|error| {
        let missing = matches!(&error, KeyError::Io { source, .. }
            if source.kind() == std::io::ErrorKind::NotFound);
        let failure = Failure::from(error);
        if missing {
            failure.hint("keys are made by `ringfence init` and stay with the people who sign")
        } else {
            failure
        }
    })
}

/// Guards against a file that was not read whole: only then has it a digest to speak of.
pub(crate) fn digest_of(bytes: &[u8], size: u64) -> Option<Digest> {
    (bytes.len() as u64 == size).then(|| Digest::of(bytes))
}

/// A finding about a file that could not be read, as a failure of the command.
pub(crate) fn unreadable(finding: &Finding) -> Failure {
    Failure::new(finding.code, finding.message.clone()).kind(crate::error::Kind::Undecided)
}
