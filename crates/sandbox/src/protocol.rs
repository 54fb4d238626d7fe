//! What the stages of the launcher say to each other, over standard input and output only.

use crate::command::Command;
use crate::outcome::Strength;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::Read;

/// The stage that leaves the caller's namespaces.
pub(crate) const NAMESPACES: &str = "namespaces";
/// The stage that watches the consumer.
pub(crate) const SUPERVISOR: &str = "supervisor";
/// The stage that becomes the consumer.
pub(crate) const CONSUMER: &str = "consumer";

/// The launcher itself failed.
pub(crate) const EXIT_BROKEN: i32 = 125;
/// Begins each line that the consumer stage writes to standard error before it is the consumer.
pub(crate) const MARK: &str = "\u{1}ringfence-sandbox ";
/// Most bytes of a message.
const MESSAGE_BYTES_MAX: u64 = 4 << 20;

/// What a stage tells the next one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) command: Command,
    pub(crate) strength: Strength,
}

/// Reads the message of the stage before, to its end.
pub(crate) fn read_task() -> Option<Task> {
    parse(&mut std::io::stdin().lock())
}

/// Reads one JSON document to the end of the input.
pub(crate) fn parse<T: DeserializeOwned>(input: &mut dyn Read) -> Option<T> {
    let mut bytes = Vec::new();
    input.take(MESSAGE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Starts the next stage of this program.
pub(crate) fn next_stage(stage: &str) -> std::process::Command {
    let mut command = std::process::Command::new("/proc/self/exe");
    command.arg(crate::LAUNCHER_ARGUMENT).arg(stage).stdin(std::process::Stdio::piped());
    command
}

/// Hands a task to a stage that was just started and closes its input.
pub(crate) fn hand_over(child: &mut std::process::Child, task: &Task) -> std::io::Result<()> {
    let mut input =
        child.stdin.take().ok_or_else(|| std::io::Error::other("the stage has no input"))?;
    serde_json::to_writer(&mut input, task).map_err(std::io::Error::from)
}
