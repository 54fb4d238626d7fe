//! The statement: which bytes, which result, how it was found.

use super::{ENVELOPE_BYTES_MAX, EvidenceError};
use crate::key::KeyPair;
use decide::id::{ChannelName, ConsumerVersion, Digest};
use decide::release::{EvidenceFacts, Kind};
use decide::time::Time;
use decide::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `_type` of a statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// `predicateType` of a test result.
pub const PREDICATE_TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// Test names and consumer versions accepted per list.
const LIST_MAX: usize = 4096;

/// An in-toto statement with a test result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Always [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// Exactly one file.
    pub subject: Vec<Descriptor>,
    /// Always [`PREDICATE_TYPE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// The test result.
    pub predicate: TestResult,
}

/// A file by name and digest (in-toto ResourceDescriptor).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Its name, for people.
    pub name: String,
    /// Its digests by algorithm.
    pub digest: BTreeMap<String, String>,
}

impl Descriptor {
    /// A file by name and SHA-256.
    pub fn new(name: impl Into<String>, digest: Digest) -> Descriptor {
        let digest = BTreeMap::from([("sha256".to_owned(), digest.to_string())]);
        Descriptor { name: name.into(), digest }
    }
}

/// The predicate `test-result/v0.1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// `PASSED`, `WARNED` or `FAILED`.
    pub result: String,
    /// What the test was configured by: contract, corpus, policy.
    pub configuration: Vec<Descriptor>,
    /// Names of tests that passed.
    #[serde(default)]
    pub passed_tests: Vec<String>,
    /// Names of tests that warned.
    #[serde(default)]
    pub warned_tests: Vec<String>,
    /// Names of tests that failed.
    #[serde(default)]
    pub failed_tests: Vec<String>,
    /// What Ringfence adds.
    pub ringfence: Extra,
}

/// What Ringfence adds to a test result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// Check or trial.
    pub kind: Kind,
    /// The channel the file was tested for.
    pub channel: ChannelName,
    /// The exact verdict; `result` knows only three.
    pub verdict: Verdict,
    /// Consumer versions that were run (trial) or judged (check).
    pub consumer_versions: Vec<ConsumerVersion>,
    /// When, in milliseconds since 1970, by the maker's clock.
    pub made: Time,
    /// Name and version of the tool that made it.
    pub tool: String,
    /// How strong the sandbox was, as its layers; empty for a check.
    #[serde(default)]
    pub sandbox: String,
    /// How many times a consumer was run; 0 for a check.
    #[serde(default)]
    pub executions: u64,
    /// SHA-256 of the full report, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Digest>,
}

/// What [`Statement::new`] needs: one check or trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The file's name, for people.
    pub file_name: String,
    /// SHA-256 of the file's bytes.
    pub subject: Digest,
    /// What the test was configured by.
    pub configuration: Vec<Descriptor>,
    /// Names of tests that passed.
    pub passed: Vec<String>,
    /// Names of tests that warned.
    pub warned: Vec<String>,
    /// Names of tests that failed.
    pub failed: Vec<String>,
    /// The rest.
    pub extra: Extra,
}

impl Statement {
    /// The statement of one check or trial.
    pub fn new(outcome: Outcome) -> Statement {
        Statement {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![Descriptor::new(outcome.file_name, outcome.subject)],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: TestResult {
                result: result_word(outcome.extra.verdict).to_owned(),
                configuration: outcome.configuration,
                passed_tests: outcome.passed,
                warned_tests: outcome.warned,
                failed_tests: outcome.failed,
                ringfence: outcome.extra,
            },
        }
    }
    /// The signed envelope's bytes.
    pub fn sign(&self, signers: &[&KeyPair]) -> Vec<u8> {
        super::sign(&crate::json::write(self), signers)
    }
    /// What it says, in the words of the gate in front of publishing.
    pub fn facts(&self) -> Result<EvidenceFacts, EvidenceError> {
        let subject = self.subject()?;
        let extra = &self.predicate.ringfence;
        Ok(EvidenceFacts {
            kind: extra.kind,
            subject,
            verdict: extra.verdict,
            versions: extra.consumer_versions.clone(),
            made: extra.made,
        })
    }
    /// The digest of the one file it is about.
    pub fn subject(&self) -> Result<Digest, EvidenceError> {
        let bad = |why: String| EvidenceError::Statement { why };
        let [subject] = self.subject.as_slice() else {
            return Err(bad(format!("it has {} subjects", self.subject.len())));
        };
        let digest = subject.digest.get("sha256");
        let digest = digest.ok_or_else(|| bad("its subject has no sha256".to_owned()))?;
        digest.parse().map_err(|error| bad(format!("{error}")))
    }
}

/// Reads a statement and holds its parts against each other.
pub(super) fn read(payload: &[u8]) -> Result<Statement, EvidenceError> {
    let bad = |why: String| EvidenceError::Statement { why };
    let statement: Statement =
        crate::json::read(payload, ENVELOPE_BYTES_MAX).map_err(|error| bad(error.to_string()))?;
    for (found, expected) in
        [(&statement.kind, STATEMENT_TYPE), (&statement.predicate_type, PREDICATE_TYPE)]
    {
        if found != expected {
            let found: String = found.chars().take(96).collect();
            return Err(bad(format!("type '{}', expected '{expected}'", found.escape_debug())));
        }
    }
    statement.subject()?;
    let predicate = &statement.predicate;
    let lists = [&predicate.passed_tests, &predicate.warned_tests, &predicate.failed_tests];
    if lists.iter().any(|list| list.len() > LIST_MAX)
        || predicate.ringfence.consumer_versions.len() > LIST_MAX
    {
        return Err(bad(format!("a list has more than {LIST_MAX} entries")));
    }
    let verdict = predicate.ringfence.verdict;
    let failed_yet_passes = verdict.opens_gate() && !predicate.failed_tests.is_empty();
    if predicate.result != result_word(verdict) || failed_yet_passes {
        return Err(EvidenceError::Contradiction {
            result: predicate.result.chars().take(16).collect(),
            verdict: verdict.word().to_owned(),
        });
    }
    Ok(statement)
}

/// The predicate's word for a verdict.
fn result_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASSED",
        Verdict::Fail => "FAILED",
        Verdict::Inconclusive | Verdict::NoSignal => "WARNED",
    }
}
