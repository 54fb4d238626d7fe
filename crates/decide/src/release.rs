//! The life of a release, and the one gate in front of publishing.
//!
//! [`publishable`] is the single place where evidence is held against a file: agent and server
//! call it, and [`Publishable`] is a type that only it can make.

use crate::id::{ConsumerVersion, Digest};
use crate::reason::{Code, Reason};
use crate::time::{Span, Time};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// No evidence of this kind for these bytes.
pub const EVIDENCE_MISSING: Code = Code(301);
/// Evidence says fail, inconclusive or no signal.
pub const EVIDENCE_NEGATIVE: Code = Code(302);
/// The trial did not run a consumer version that is in the field.
pub const VERSION_NOT_TRIED: Code = Code(303);
/// Evidence is about other bytes.
pub const EVIDENCE_FOREIGN: Code = Code(304);
/// Evidence is too old.
pub const EVIDENCE_STALE: Code = Code(305);
/// The release cannot do that from where it is.
pub const RELEASE_STEP_REFUSED: Code = Code(306);

/// How long evidence counts as fresh.
pub const EVIDENCE_AGE_MAX: Span = Span::hours(24 * 90);

/// What a piece of evidence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The contract's check of the exact bytes.
    Check,
    /// The real consumers' trial of the exact bytes.
    Trial,
}

impl Kind {
    /// The word people see.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Check => "check",
            Kind::Trial => "trial",
        }
    }
}

/// What a verified evidence envelope says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFacts {
    /// Check or trial.
    pub kind: Kind,
    /// The bytes it is about.
    pub subject: Digest,
    /// What it says.
    pub verdict: Verdict,
    /// Consumer versions that were run (trial) or judged (check).
    pub versions: Vec<ConsumerVersion>,
    /// When it was made, by the maker's clock.
    pub made: Time,
}

/// A digest whose evidence has passed the gate. Only [`publishable`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publishable {
    digest: Digest,
    versions: Vec<ConsumerVersion>,
}

impl Publishable {
    /// The bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }
    /// The consumer versions that were tried on them.
    pub fn versions(&self) -> &[ConsumerVersion] {
        &self.versions
    }
}

/// Holds evidence against `digest`: a positive, fresh check and a positive, fresh trial that ran
/// every version in `required`.
///
/// # Errors
/// Every reason against it, not only the first.
pub fn publishable(
    digest: Digest,
    required: &[ConsumerVersion],
    evidence: &[EvidenceFacts],
    now: Time,
) -> Result<Publishable, Vec<Reason>> {
    let mut reasons = Vec::new();
    for facts in evidence.iter().filter(|facts| facts.subject != digest) {
        let sentence = format!(
            "the {} evidence is about sha256:{}, the file is sha256:{}",
            facts.kind.word(),
            facts.subject.short(),
            digest.short()
        );
        reasons.push(Reason::new(EVIDENCE_FOREIGN, sentence));
    }
    let mut tried = BTreeSet::new();
    for kind in [Kind::Check, Kind::Trial] {
        let about: Vec<&EvidenceFacts> =
            evidence.iter().filter(|f| f.kind == kind && f.subject == digest).collect();
        if about.is_empty() {
            let sentence = format!("no {} evidence for sha256:{}", kind.word(), digest.short());
            let next = format!("ringfence {} FILE", kind.word());
            reasons.push(Reason::new(EVIDENCE_MISSING, sentence).next(next));
        }
        for facts in about {
            reasons.extend(against(facts, now));
            if kind == Kind::Trial {
                tried.extend(facts.versions.iter().cloned());
            }
        }
    }
    if evidence.iter().any(|facts| facts.kind == Kind::Trial) {
        for version in required.iter().filter(|version| !tried.contains(*version)) {
            let sentence = format!(
                "consumer {version} is in the field, but the trial ran {} versions without it",
                tried.len()
            );
            reasons.push(
                Reason::new(VERSION_NOT_TRIED, sentence)
                    .count(tried.len() as u64, required.len() as u64)
                    .next("ringfence trial FILE"),
            );
        }
    }
    if reasons.is_empty() {
        Ok(Publishable { digest, versions: tried.into_iter().collect() })
    } else {
        Err(reasons)
    }
}

fn against(facts: &EvidenceFacts, now: Time) -> Option<Reason> {
    if !facts.verdict.opens_gate() {
        let sentence =
            format!("the {} says {}, only pass opens the gate", facts.kind.word(), facts.verdict);
        return Some(
            Reason::new(EVIDENCE_NEGATIVE, sentence).measured(facts.verdict.word(), "pass"),
        );
    }
    let age = now.since(facts.made);
    (age > EVIDENCE_AGE_MAX).then(|| {
        let sentence =
            format!("the {} evidence is {age} old, limit {EVIDENCE_AGE_MAX}", facts.kind.word());
        Reason::new(EVIDENCE_STALE, sentence)
            .measured(age.to_string(), EVIDENCE_AGE_MAX.to_string())
    })
}

/// Where a release is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Published, with nobody exposed.
    Published,
    /// A rollout runs.
    RollingOut,
    /// The channel's base.
    KnownGood,
    /// Can never be installed again. Final.
    Withdrawn,
}

/// What can happen to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A rollout begins.
    RollOut,
    /// A rollout was reverted without a withdrawal.
    TakeBack,
    /// Its probation is over.
    Promote,
    /// It is withdrawn.
    Withdraw,
}

impl Stage {
    /// The stage after `step`.
    ///
    /// # Errors
    /// The reason why that cannot happen from here; above all, nothing leaves `Withdrawn`.
    pub fn after(self, step: Step) -> Result<Stage, Reason> {
        match (self, step) {
            (Stage::Withdrawn, Step::Withdraw) | (_, Step::Withdraw) => Ok(Stage::Withdrawn),
            (Stage::Withdrawn, _) => Err(Reason::new(
                RELEASE_STEP_REFUSED,
                "the release is withdrawn; a fixed file is a new release",
            )
            .next("ringfence publish FILE")),
            (Stage::Published | Stage::RollingOut | Stage::KnownGood, Step::RollOut) => {
                Ok(Stage::RollingOut)
            }
            (Stage::RollingOut, Step::TakeBack) => Ok(Stage::Published),
            (Stage::RollingOut | Stage::KnownGood, Step::Promote) => Ok(Stage::KnownGood),
            (stage, step) => Err(Reason::new(
                RELEASE_STEP_REFUSED,
                format!("{step:?} is not possible for a release that is {stage:?}"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: Kind, verdict: Verdict, versions: &[&str], made: u64) -> EvidenceFacts {
        let versions = versions.iter().map(|v| ConsumerVersion::try_from(*v).expect("name"));
        EvidenceFacts {
            kind,
            subject: Digest::of(b"file"),
            verdict,
            versions: versions.collect(),
            made: Time(made),
        }
    }

    #[test]
    fn only_positive_fresh_evidence_for_every_version_opens_the_gate() {
        use Verdict::{Fail, Inconclusive, NoSignal, Pass};
        let old = EVIDENCE_AGE_MAX.0 + 2;
        let check = || facts(Kind::Check, Pass, &[], old);
        let trial = || facts(Kind::Trial, Pass, &["7.11", "7.12"], old);
        let mut foreign = trial();
        foreign.subject = Digest::of(b"other");
        let cases: [(Vec<EvidenceFacts>, &[u16]); 8] = [
            (vec![check(), trial()], &[]),
            (vec![], &[301, 301]),
            (vec![check()], &[301]),
            (vec![check(), facts(Kind::Trial, Fail, &["7.11", "7.12"], old)], &[302]),
            (vec![facts(Kind::Check, NoSignal, &[], old), trial()], &[302]),
            (vec![facts(Kind::Check, Inconclusive, &[], old), trial()], &[302]),
            (vec![check(), facts(Kind::Trial, Pass, &["7.11"], 1)], &[305, 303]),
            (vec![check(), foreign], &[304, 301, 303, 303]),
        ];
        let required: Vec<ConsumerVersion> =
            ["7.11", "7.12"].iter().map(|v| ConsumerVersion::try_from(*v).expect("name")).collect();
        for (index, (evidence, codes)) in cases.into_iter().enumerate() {
            let result = publishable(Digest::of(b"file"), &required, &evidence, Time(old));
            let found: Vec<u16> =
                result.err().unwrap_or_default().iter().map(|reason| reason.code.0).collect();
            assert_eq!(found, codes, "case {index}");
        }
    }

    #[test]
    fn nothing_leaves_withdrawn() {
        for step in [Step::RollOut, Step::TakeBack, Step::Promote] {
            assert!(Stage::Withdrawn.after(step).is_err());
        }
        assert_eq!(Stage::Published.after(Step::Withdraw), Ok(Stage::Withdrawn));
    }
}
