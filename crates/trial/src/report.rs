//! What a trial says.

use decide::finding::Finding;
use decide::id::{ConsumerVersion, Digest};
use decide::time::Span;
use decide::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// How one run ended, in the contract's terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum Class {
    /// Loaded (and executed).
    Loaded,
    /// Refused with a declared exit code.
    Refused,
    /// Ended with an exit code that the contract does not declare.
    Undeclared {
        /// The exit code.
        code: i32,
    },
    /// Died of a signal.
    Crashed {
        /// The signal.
        signal: i32,
    },
    /// Ran longer than its time, by the clock or by the processor.
    Hung,
    /// Died because its memory was used up.
    OutOfMemory,
    /// Did what no reader of data needs, and was stopped by the sandbox.
    Violated {
        /// What it did.
        what: String,
    },
    /// Could not be run at all.
    NotRun {
        /// Why.
        why: String,
    },
}

impl Class {
    /// True for endings that a consumer must never have.
    pub fn kills(&self) -> bool {
        matches!(
            self,
            Class::Crashed { .. } | Class::Hung | Class::OutOfMemory | Class::Violated { .. }
        )
    }
    /// True for endings that are not as they should be on any input: [`Class::kills`], and exit
    /// codes that the contract does not declare, such as that of a panic.
    pub fn unclean(&self) -> bool {
        self.kills() || matches!(self, Class::Undeclared { .. })
    }
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Class::Loaded => "loaded".into(),
            Class::Refused => "refused cleanly".into(),
            Class::Undeclared { code } => format!("ended with undeclared exit code {code}"),
            Class::Crashed { signal: 11 } => "crashed, signal 11 (SIGSEGV)".into(),
            Class::Crashed { signal: 6 } => "crashed, signal 6 (SIGABRT)".into(),
            Class::Crashed { signal } => format!("crashed, signal {signal}"),
            Class::Hung => "hung".into(),
            Class::OutOfMemory => "ran out of memory".into(),
            Class::Violated { what } => format!("was stopped by the sandbox: {what}"),
            Class::NotRun { why } => format!("could not be run: {why}"),
        }
    }
}

/// What one consumer version did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionReport {
    /// The version.
    pub version: ConsumerVersion,
    /// On the candidate itself, the worst of load and all event files.
    pub candidate: Class,
    /// Of how many runs on the candidate this many ended so: (so, runs). More than one run is made
    /// only when it did not load.
    pub confirmed: (u64, u64),
    /// Most processor time of one run on the candidate.
    pub cpu: Span,
    /// Most resident memory of one run on the candidate, in bytes.
    pub rss_bytes: u64,
    /// The last lines that the consumer wrote to standard error about the candidate.
    pub said: String,
    /// Runs on variants.
    pub variants: u64,
    /// Of them, loaded.
    pub loaded: u64,
    /// Of them, refused cleanly.
    pub refused: u64,
    /// Of them, crashed.
    pub crashed: u64,
    /// Of them, hung.
    pub hung: u64,
    /// Of them, other endings.
    pub other: u64,
    /// Variants that were not tried: the version dies on the file itself, or the time was used up.
    pub untried: u64,
}

/// A variant that kills, minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Landmine {
    /// Its id in the corpus.
    pub id: String,
    /// Versions that it kills.
    pub versions: Vec<ConsumerVersion>,
    /// How.
    pub class: Class,
    /// The kind of mutation.
    pub kind: String,
    /// What was changed in the candidate, in words.
    pub change: String,
    /// What variants of the same cause have in common.
    #[serde(default)]
    pub cause: String,
    /// How many variants had the same cause.
    pub variants: u64,
}

/// The whole trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// `ringfence/trial-report/v1`.
    pub schema: &'static str,
    /// The file as the user named it.
    pub file: String,
    /// The digest of the exact bytes that were tried.
    pub digest: Digest,
    /// The contract file.
    pub contract: String,
    /// The seed of the mutations.
    pub seed: u64,
    /// Processes that were run.
    pub executions: u64,
    /// How strong the sandbox was.
    pub sandbox: String,
    /// Event files that were executed.
    pub events: Vec<String>,
    /// Per version.
    pub versions: Vec<VersionReport>,
    /// Landmines.
    pub landmines: Vec<Landmine>,
    /// Findings: errors refuse the file, warnings are about the consumers.
    pub findings: Vec<Finding>,
    /// The verdict on the candidate.
    pub verdict: Verdict,
}
