//! The fleet of the demonstration: real agents, each with its own directory, labels and consumer.

use crate::process::Running;
use crate::stage::{Stage, write};
use crate::{Fault, Outcome};
use std::path::PathBuf;
use std::process::Command;

/// One machine and its agent.
pub(super) struct Machine {
    /// Its name.
    pub(super) name: String,
    /// The version of its sensor.
    pub(super) version: &'static str,
    /// Its directory.
    pub(super) directory: PathBuf,
    agent: Option<Running>,
}

/// What a machine is: ring, sensor, operating system, region. The shares are those of a fleet
/// with a few volunteers and a few machines whose owners want others to go first.
fn kind(index: usize) -> (&'static str, &'static str, &'static str, &'static str) {
    let ring = match index % 15 {
        0..=2 => "early",
        3..=11 => "standard",
        12 | 13 => "late",
        _ => "critical",
    };
    let version = match index % 5 {
        0 => "7.10",
        1..=3 => "7.11",
        _ => "7.12",
    };
    let os = if index.is_multiple_of(3) { "ubuntu" } else { "debian" };
    (ring, version, os, ["eu", "us", "ap"][index % 3])
}

impl Machine {
    /// Writes the machine's directory: configuration, seed, trusted root, an empty event file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn new(stage: &Stage, index: usize, probation: &str) -> Outcome<Machine> {
        let (ring, version, os, region) = kind(index);
        let name = format!("m-{index:03}");
        let directory = stage.project.join("machines").join(&name);
        let bin = stage.programs.directory().display().to_string();
        let sensor = format!("{bin}/sensor-{}", version.replace('.', "-"));
        let project = stage.project.display();
        let url = stage.address();
        let text = format!(
            r#"schema = "ringfence/agent/v1"
machine = "{name}"
ring = "{ring}"
channel = "ipc-rules"
state = "state"
seed = "{project}/files/seed.bin"
root = "{project}/root.json"

[labels]
os = "{os}"
region = "{region}"

[server]
url = "{url}"
enroll_token = "{project}/tokens/enroll"

[consumer]
version = "{version}"
command = ["{sensor}", "run", "--content", "{{current}}", "--events", "{{dir}}/events.jsonl"]
reload = "signal:HUP"
taste = [["{sensor}", "try", "{{file}}", "--events", "{project}/examples/events/blind.jsonl"]]
health = "socket"

[probation]
{probation}
"#
        );
        write(&directory.join("agent.toml"), &text)?;
        write(&directory.join("events.jsonl"), "")?;
        Ok(Machine { name, version, directory, agent: None })
    }

    /// Starts its agent.
    ///
    /// # Errors
    /// When the process cannot be made.
    pub(super) fn start(&mut self, stage: &Stage) -> Outcome<()> {
        let mut command = stage.programs.command("ringfence-agent");
        command.arg("--config").arg(self.directory.join("agent.toml")).arg("run");
        let log = self.directory.join("agent.log");
        self.agent = Some(Running::start(&self.name, &mut command, &log)?);
        Ok(())
    }
    /// Kills its agent as a power cut would; the consumer goes with it.
    pub(super) fn kill(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            agent.kill();
        }
    }
    /// The file of events that its sensor follows.
    pub(super) fn events(&self) -> PathBuf {
        self.directory.join("events.jsonl")
    }
    /// The digest of the file that its consumer reads now.
    pub(super) fn runs(&self) -> String {
        let link = std::fs::read_link(self.directory.join("state/current")).unwrap_or_default();
        link.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }
    /// The lines of its journal, each with its time in milliseconds since the epoch.
    pub(super) fn journal(&self) -> Vec<(u64, String)> {
        let text = std::fs::read_to_string(self.directory.join("state/journal.log"));
        let text = text.unwrap_or_default();
        let line = |line: &str| {
            let (at, text) = line.split_once(' ')?;
            Some((at.parse().ok()?, text.to_owned()))
        };
        text.lines().filter_map(line).collect()
    }
    /// A command of the rescue step on its state.
    pub(super) fn rescue(&self, stage: &Stage) -> Command {
        let mut command = stage.programs.command("ringfence-rescue");
        command.arg("--dir").arg(self.directory.join("state"));
        command
    }
}

/// The machine of a name.
///
/// # Errors
/// When there is none.
pub(super) fn named<'a>(machines: &'a mut [Machine], name: &str) -> Outcome<&'a mut Machine> {
    machines
        .iter_mut()
        .find(|machine| machine.name == name)
        .ok_or_else(|| Fault(format!("there is no machine '{name}'")))
}
