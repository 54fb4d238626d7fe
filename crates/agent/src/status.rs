//! What runs here, since when and why, from the state directory alone: it works while the agent
//! runs and when it is dead.

use crate::config::Config;
use crate::journal::{Journal, wall_ms};
use crate::memory::Memory;
use crate::store::Store;
use decide::endpoint::{Generation, Phase};
use decide::id::{ChannelName, Digest, MachineId, Ring};
use decide::reason::Reason;
use decide::time::Span;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};
use std::fs::File;
use std::path::Path;

/// Journal lines shown.
const JOURNAL_LINES: usize = 12;
const FILE: &str = "now.json";

/// What the agent notes for people. Never read back for a decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Now {
    /// When the current release became active, by the wall clock, in milliseconds since 1970.
    pub since_ms: u64,
    /// Why it runs what it runs.
    pub runs_because: Option<Reason>,
    /// Why it does not run something else.
    pub stays_because: Option<Reason>,
    /// The consumer's process; none while it does not run.
    pub consumer: Option<u32>,
}

impl Now {
    /// Reads what was noted last.
    pub fn read(state: &Path) -> Now {
        let bytes = std::fs::read(state.join(FILE)).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
    /// Notes it. A full disk costs the note, nothing else.
    pub fn write(&self, state: &Path) {
        let temporary = state.join("now.new");
        if let Ok(bytes) = serde_json::to_vec(self)
            && std::fs::write(&temporary, bytes).is_ok()
        {
            let _ = std::fs::rename(&temporary, state.join(FILE));
        }
    }
}

/// The lock of a state directory: one agent at a time.
///
/// # Errors
/// When it cannot be made, or another agent holds it.
pub fn lock(state: &Path) -> std::io::Result<File> {
    let file = File::options().create(true).append(true).open(state.join("lock"))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

/// The document of `ringfence-agent status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `ringfence/agent-status/v1`.
    pub schema: String,
    /// The machine.
    pub machine: MachineId,
    /// Its channel.
    pub channel: ChannelName,
    /// Its ring.
    pub ring: Ring,
    /// Held by its owner.
    pub held: bool,
    /// An agent runs on this state.
    pub agent_runs: bool,
    /// See [`Phase`].
    pub phase: Phase,
    /// What runs.
    pub current: Generation,
    /// What it goes back to.
    pub known_good: Generation,
    /// And then.
    pub known_good_before: Generation,
    /// And at last.
    pub seed: Generation,
    /// What was taken away last, until its blame is settled.
    pub accused: Option<Generation>,
    /// Starts without health.
    pub attempts: u8,
    /// The newest fence verified here.
    pub fence: u64,
    /// Banned digests.
    pub banned: Vec<Digest>,
    /// Since when and why.
    pub now: Now,
    /// The last lines of the journal.
    pub journal: Vec<String>,
}

/// Reads the state directory; `None` where nothing was ever started.
pub fn status(config: &Config) -> Option<Status> {
    let state = &config.state;
    let record = Store::look(state)?;
    let memory = Memory::look(state);
    let held_lock = File::open(state.join("lock"))
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err());
    Some(Status {
        schema: "ringfence/agent-status/v1".into(),
        machine: config.machine.clone(),
        channel: config.channel.clone(),
        ring: config.ring,
        held: config.held,
        agent_runs: held_lock,
        phase: record.phase,
        current: record.current,
        known_good: record.known_good,
        known_good_before: record.known_good_before,
        seed: record.seed,
        accused: record.accused,
        attempts: record.attempts,
        fence: memory.as_ref().map_or(0, Memory::fence_seen),
        banned: memory.map(|memory| memory.banned().to_vec()).unwrap_or_default(),
        now: Now::read(state),
        journal: Journal::at(state).tail(JOURNAL_LINES),
    })
}

/// A release as people read it.
pub fn name(generation: Generation) -> String {
    let digest = generation.digest.short();
    match generation.number {
        0 => format!("the seed (sha256:{digest})"),
        number => format!("release {number} (sha256:{digest})"),
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = |ms: u64| Span(wall_ms().saturating_sub(ms));
        let because = |reason: &Option<Reason>| {
            reason.as_ref().map_or("not noted".to_owned(), Reason::to_string)
        };
        let mut text = String::new();
        writeln!(text, "{} on {}, ring {}", self.machine, self.channel, self.ring)?;
        writeln!(text, "runs        {} [{}]", name(self.current), self.phase.word())?;
        match self.now.since_ms {
            0 => writeln!(text, "since       not noted")?,
            ms => writeln!(text, "since       {} ago", ago(ms))?,
        }
        writeln!(text, "because     {}", because(&self.now.runs_because))?;
        writeln!(text, "stays       {}", because(&self.now.stays_because))?;
        writeln!(
            text,
            "goes back   {}, then {}",
            name(self.known_good),
            name(self.known_good_before)
        )?;
        if let Some(accused) = self.accused {
            writeln!(text, "accused     {}, not settled yet", name(accused))?;
        }
        let banned: Vec<String> =
            self.banned.iter().map(|digest| format!("sha256:{}", digest.short())).collect();
        let banned = if banned.is_empty() { "nothing".to_owned() } else { banned.join(" ") };
        writeln!(text, "banned      {banned}")?;
        writeln!(text, "fence       {} is the newest verified here", self.fence)?;
        let agent = if self.agent_runs { "runs" } else { "does not run" };
        writeln!(
            text,
            "agent       {agent}; starts of the consumer without health: {}",
            self.attempts
        )?;
        writeln!(text, "journal")?;
        for line in &self.journal {
            let (ms, said) = line.split_once(' ').unwrap_or(("0", line));
            let since = ms.parse().map_or(String::new(), |ms| format!("{} ago", ago(ms)));
            writeln!(text, "  {since:>12}  {said}")?;
        }
        f.write_str(text.trim_end())
    }
}
