//! How a run ended, and how strong the sandbox was.

use decide::time::Span;
use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With an exit code.
    Exited(i32),
    /// By a signal that it caused or was sent from within.
    Signalled(i32),
    /// It was still running at the deadline, and was killed.
    TimedOut,
    /// It never ran; nothing can be said about the file.
    NotStarted(String),
}

/// What a process wrote, cut at the limit; bytes that are not UTF-8 are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

/// One finished run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// What it wrote.
    pub said: Said,
    /// Time by the clock on the wall.
    pub took: Span,
    /// Processor time of the process and of those of its children that it waited for.
    pub cpu: Span,
    /// Largest resident memory, in bytes; includes the launcher's few before it became the consumer.
    pub rss_bytes: u64,
    /// Whether processes were left when it ended; they were killed.
    pub strays: bool,
    /// How strong the sandbox was.
    pub strength: Strength,
}

impl Run {
    /// A run that never began.
    pub fn not_started(why: impl Into<String>) -> Run {
        Run {
            outcome: Outcome::NotStarted(why.into()),
            said: Said::default(),
            took: Span::ZERO,
            cpu: Span::ZERO,
            rss_bytes: 0,
            strays: false,
            strength: Strength::default(),
        }
    }
}

/// One layer of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Layer {
    /// Its name: `user`, `pid`, `net`, `ipc`, `identity`, `landlock`, `seccomp`, `privileges`,
    /// `limits`, `processes`.
    pub name: String,
    /// Whether it is on.
    pub on: bool,
    /// Why it is off, or how far it is on.
    pub note: String,
}

/// The layers that were on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// In the order in which they were put on.
    pub layers: Vec<Layer>,
}

impl Strength {
    pub(crate) fn add(&mut self, name: &str, result: Result<String, String>) {
        let (on, note) = match result {
            Ok(note) => (true, note),
            Err(note) => (false, note),
        };
        self.layers.push(Layer { name: name.to_owned(), on, note });
    }

    /// Whether the layer of this name is on.
    pub fn has(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| layer.name == name && layer.on)
    }

    /// Whether every layer is on.
    pub fn complete(&self) -> bool {
        !self.layers.is_empty() && self.layers.iter().all(|layer| layer.on)
    }

    /// Whether it is strong enough for hostile input: limits hold, no privilege can be gained, only
    /// the work directory is written to, and the network is out of reach.
    pub fn confines(&self) -> bool {
        let network = self.has("net") || self.has("seccomp");
        self.has("limits") && self.has("privileges") && self.has("landlock") && network
    }

    /// The strength as one of four words, strongest first.
    pub fn grade(&self) -> Grade {
        match (self.layers.is_empty(), self.confines(), self.complete()) {
            (true, _, _) => Grade::None,
            (_, true, true) => Grade::Full,
            (_, true, false) => Grade::Confined,
            (_, false, _) => Grade::Weak,
        }
    }

    /// The strength in words: its grade, the layers, and what is missing with the reason.
    pub fn words(&self) -> String {
        if self.layers.is_empty() {
            return Grade::None.word().to_owned();
        }
        let name = |layer: &Layer| match layer.note.as_str() {
            note if note.starts_with("ABI") => format!("{} {note}", layer.name),
            _ => layer.name.clone(),
        };
        let on: Vec<String> = self.layers.iter().filter(|layer| layer.on).map(name).collect();
        let off: Vec<String> = (self.layers.iter().filter(|layer| !layer.on))
            .map(|layer| format!("{} ({})", layer.name, layer.note))
            .collect();
        let words = format!("{}: {}", self.grade().word(), on.join(", "));
        match off.is_empty() {
            true => words,
            false => format!("{words}; without {}", off.join(", ")),
        }
    }
}

/// How strong a sandbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing ran, or nothing is known.
    None,
    /// Hostile input could do more than it should.
    Weak,
    /// Hostile input is confined, by fewer layers than there could be.
    Confined,
    /// Every layer is on.
    Full,
}

impl Grade {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Grade::None => "none",
            Grade::Weak => "weak",
            Grade::Confined => "confined",
            Grade::Full => "full",
        }
    }
}
