//! Why a command came to no answer, and the one place where that becomes an exit code.
//!
//! A failure is data: reasons or findings with stable codes, and hints apart from them. Text and
//! JSON are drawn from it.

use crate::codes;
use crate::exit::Exit;
use decide::finding::Finding;
use decide::reason::{Code, Reason};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// What kind of failure it is; each kind has one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line is wrong, or names what does not exist.
    Usage,
    /// A configuration file or document is wrong.
    Configuration,
    /// A rule says no.
    Refused,
    /// Nothing can be said.
    Undecided,
    /// A signature, key, digest or piece of evidence is not accepted.
    Trust,
    /// The token is missing or may not do this.
    Permission,
    /// The server does not answer.
    Unreachable,
    /// A person stopped it.
    Interrupted,
    /// This program is wrong.
    Bug,
}

impl Kind {
    /// The exit code of a kind of failure. There is no other such table.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Kind::Usage | Kind::Configuration | Kind::Bug => Exit::Usage,
            Kind::Refused => Exit::Against,
            Kind::Undecided => Exit::Undecided,
            Kind::Trust | Kind::Permission => Exit::Trust,
            Kind::Unreachable => Exit::Unreachable,
            Kind::Interrupted => Exit::Interrupted,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Usage => "usage",
            Kind::Configuration => "configuration",
            Kind::Refused => "refused",
            Kind::Undecided => "undecided",
            Kind::Trust => "trust",
            Kind::Permission => "permission",
            Kind::Unreachable => "unreachable",
            Kind::Interrupted => "interrupted",
            Kind::Bug => "bug",
        }
    }

    /// The kind that a stable code stands for, wherever it was raised.
    fn of(code: Code) -> Kind {
        match code.0 {
            337 | 613 | 614 | 705 | 707..=709 | 717 => Kind::Unreachable,
            611 | 615 => Kind::Undecided,
            616 | 710 | 711 | 715 => Kind::Permission,
            618 => Kind::Interrupted,
            699 => Kind::Bug,
            100..=299 | 400..=599 | 721 | 730..=732 | 734 | 735 => Kind::Refused,
            300..=399 | 720 | 722..=725 => Kind::Trust,
            606..=609 | 714 | 733 => Kind::Usage,
            _ => Kind::Configuration,
        }
    }
}

/// Why a command came to no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// What kind.
    pub(crate) kind: Kind,
    /// Why, the most important first.
    pub(crate) reasons: Vec<Reason>,
    /// Findings in configuration files.
    pub(crate) findings: Vec<Finding>,
    /// Advice that is not part of the reason.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// A failure with a stable code and its sentence; the code says what kind it is.
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Failure {
        Failure::because(vec![Reason::new(code, sentence)])
    }

    /// A failure for reasons that a decider gave.
    pub(crate) fn because(reasons: Vec<Reason>) -> Failure {
        let kind = reasons.first().map_or(Kind::Bug, |reason| Kind::of(reason.code));
        Failure { kind, reasons, findings: Vec::new(), hints: Vec::new() }
    }

    /// The same failure as another kind than its code suggests.
    #[must_use]
    pub(crate) fn kind(mut self, kind: Kind) -> Failure {
        self.kind = kind;
        self
    }

    /// Adds the command to run next.
    #[must_use]
    pub(crate) fn next(mut self, command: impl Into<String>) -> Failure {
        if let Some(reason) = self.reasons.first_mut() {
            reason.next = command.into();
        }
        self
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Failure {
        self.hints.push(text.into());
        self
    }

    /// A file that could not be written.
    pub(crate) fn not_written(path: &Path, error: &std::io::Error) -> Failure {
        let sentence = format!("cannot write {}: {error}", path.display());
        Failure::new(codes::NOT_WRITTEN, sentence)
    }

    /// A file that could not be read.
    pub(crate) fn not_read(path: &Path, error: &std::io::Error) -> Failure {
        let sentence = format!("cannot read {}: {error}", path.display());
        Failure::new(contract::codes::UNREADABLE, sentence)
    }

    /// Something that the trust crate refuses.
    pub(crate) fn refusal(error: &dyn trust::Refusal) -> Failure {
        Failure::because(vec![error.reason()])
    }

    /// The failure as people read it.
    pub(crate) fn human(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            // The bytes of a configuration file are small and still there; without them the
            // excerpt is left out.
            let bytes = std::fs::read(&finding.place.file).unwrap_or_default();
            text.push_str(&contract::render::human(finding, &bytes));
        }
        for reason in &self.reasons {
            text.push_str(&reason_text(reason));
        }
        for hint in &self.hints {
            let _ = writeln!(text, "   = hint: {hint}");
        }
        text
    }

    /// The failure as a document.
    pub(crate) fn document(&self) -> Value {
        json!({
            "schema": "ringfence/error/v1",
            "kind": self.kind.word(),
            "exit": self.kind.exit().code(),
            "reasons": self.reasons,
            "findings": self.findings,
            "hints": self.hints,
        })
    }
}

/// One reason as people read an error: code, sentence, figures, next command.
pub(crate) fn reason_text(reason: &Reason) -> String {
    let mut text = format!("error[{}]: {}\n", reason.code, reason.sentence);
    let mut note = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "   = {name}: {value}");
        }
    };
    if !reason.measured.is_empty() {
        note("measured", &format!("{}, limit {}", reason.measured, reason.limit));
    }
    note("evidence", &reason.evidence.join(", "));
    note("next", &reason.next);
    note("more", &format!("ringfence explain {}", reason.code));
    text
}

impl From<Vec<Finding>> for Failure {
    fn from(findings: Vec<Finding>) -> Failure {
        Failure { kind: Kind::Configuration, reasons: Vec::new(), findings, hints: Vec::new() }
    }
}

impl From<Box<Finding>> for Failure {
    fn from(finding: Box<Finding>) -> Failure {
        Failure::from(vec![*finding])
    }
}

impl From<trust::client::TrustError> for Failure {
    fn from(error: trust::client::TrustError) -> Failure {
        Failure::refusal(&error)
    }
}

impl From<trust::key::KeyError> for Failure {
    fn from(error: trust::key::KeyError) -> Failure {
        Failure::refusal(&error)
    }
}

impl From<trust::repository::RepositoryError> for Failure {
    fn from(error: trust::repository::RepositoryError) -> Failure {
        Failure::refusal(&error)
    }
}

impl From<wire::problem::Problem> for Failure {
    fn from(problem: wire::problem::Problem) -> Failure {
        let code = Code::try_from(problem.code.clone()).unwrap_or(codes::BAD_ANSWER);
        let mut reason = Reason::new(code, problem.detail);
        reason.next = problem.next;
        let failure = Failure::because(vec![reason]);
        match problem.status {
            401 | 403 if failure.kind != Kind::Trust => failure.kind(Kind::Permission),
            500.. => failure.kind(Kind::Unreachable),
            _ => failure,
        }
    }
}
