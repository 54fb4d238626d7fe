//! One machine: a directory, a real agent, a real sensor.

use super::{Hub, harmless_events, sensors, wait_for};
use ringfence_agent::config::Config;
use ringfence_agent::status::{Status, status};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub const AGENT: &str = env!("CARGO_BIN_EXE_ringfence-agent");
pub const RESCUE: &str = env!("CARGO_BIN_EXE_ringfence-rescue");

/// What differs from machine to machine.
pub struct Options {
    pub version: &'static str,
    pub reload: &'static str,
    pub tastes: bool,
    pub held: bool,
    pub events: u64,
    pub probation_ms: u64,
    pub hang_ms: u64,
    /// Where the state is; a directory of its own by default.
    pub state: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            version: "7.11",
            reload: "signal:HUP",
            tastes: false,
            held: false,
            events: 0,
            probation_ms: 500,
            hang_ms: 5_000,
            state: None,
        }
    }
}

pub struct Field {
    directory: tempfile::TempDir,
    config: PathBuf,
    agent: Option<Child>,
}

impl Field {
    pub fn new(hub: &Hub, seed: &[u8]) -> Field {
        Field::with(hub, seed, Options::default())
    }

    pub fn with(hub: &Hub, seed: &[u8], options: Options) -> Field {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("seed.bin"), seed).unwrap();
        std::fs::write(at("root.json"), &hub.root).unwrap();
        std::fs::write(at("enroll"), "token\n").unwrap();
        std::fs::write(at("events.jsonl"), "").unwrap();
        let sensor = sensors().join(format!("sensor-{}", options.version.replace('.', "-")));
        let taste = if options.tastes {
            let events = harmless_events();
            format!("taste = [[{sensor:?}, \"try\", \"{{file}}\", \"--events\", {events:?}]]")
        } else {
            String::new()
        };
        let text = format!(
            r#"schema = "ringfence/agent/v1"
machine = "m-1"
ring = "standard"
held = {held}
channel = "rules"
state = {state:?}
seed = "seed.bin"
root = "root.json"
labels = {{ os = "linux" }}

[server]
url = "{url}"
enroll_token = "enroll"

[consumer]
version = "{version}"
command = [{sensor:?}, "run", "--content", "{{current}}", "--events", "{{dir}}/events.jsonl", "--tick-ms", "20"]
reload = "{reload}"
{taste}
health = "socket"
hang_after = "{hang}ms"

[probation]
time = "{probation}ms"
heartbeats = 2
events = {events}
polls = 1
"#,
            held = options.held,
            state = options.state.clone().unwrap_or("state".into()),
            url = hub.url,
            version = options.version,
            reload = options.reload,
            hang = options.hang_ms,
            probation = options.probation_ms,
            events = options.events,
        );
        let config = at("agent.toml");
        std::fs::write(&config, text).unwrap();
        Field { directory, config, agent: None }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }
    pub fn config(&self) -> &Path {
        &self.config
    }
    pub fn state(&self) -> PathBuf {
        Config::load(&self.config).unwrap().state
    }

    pub fn start(&mut self) {
        assert!(self.agent.is_none(), "it runs already");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path().join("agent.log"))
            .unwrap();
        let mut command = Command::new(AGENT);
        command.arg("--config").arg(&self.config).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.agent = Some(command.spawn().unwrap());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let mut agent = self.agent.take().unwrap();
        agent.kill().unwrap();
        agent.wait().unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) {
        let mut agent = self.agent.take().unwrap();
        kill_process(Pid::from_child(&agent), Signal::TERM).unwrap();
        assert!(agent.wait().unwrap().success());
    }

    pub fn agent_runs(&mut self) -> bool {
        self.agent.as_mut().is_some_and(|agent| matches!(agent.try_wait(), Ok(None)))
    }

    pub fn agent_process(&self) -> u32 {
        self.agent.as_ref().unwrap().id()
    }

    pub fn event(&self, line: &str) {
        let path = self.path().join("events.jsonl");
        let mut file = std::fs::File::options().append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }

    /// What the consumer would read now.
    pub fn current(&self) -> Vec<u8> {
        std::fs::read(self.state().join("current")).unwrap_or_default()
    }

    /// The consumer's file is this one, or is about to be: the record comes before the link.
    pub fn reads(&self, name: &str) {
        let expected = super::content(name);
        self.wait(&format!("current is {name}"), || self.current() == expected);
    }

    pub fn try_status(&self) -> Option<Status> {
        status(&Config::load(&self.config).unwrap())
    }

    pub fn status(&self) -> Status {
        self.try_status().unwrap()
    }

    /// Everything that helps to see why a wait was in vain.
    pub fn story(&self) -> String {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let status = self.try_status().map(|status| status.to_string());
        format!(
            "{}\njournal:\n{}\nagent: {}\nconsumer: {}",
            status.unwrap_or_default(),
            read(self.state().join("journal.log")),
            read(self.path().join("agent.log")),
            read(self.state().join("consumer.log")),
        )
    }

    pub fn wait(&self, what: &str, done: impl FnMut() -> bool) {
        wait_for(what, done, || self.story());
    }

    /// Waits until the status fits.
    pub fn until(&self, what: &str, fits: impl Fn(&Status) -> bool) {
        self.wait(what, || self.try_status().is_some_and(|status| fits(&status)));
    }

    /// The consumer's process, if one runs.
    pub fn consumer(&self) -> Option<u32> {
        let process = self.try_status()?.now.consumer?;
        let pid = Pid::from_raw(i32::try_from(process).ok()?)?;
        test_kill_process(pid).is_ok().then_some(process)
    }

    /// Consumers that read this machine's file.
    pub fn consumers(&self) -> usize {
        let current = self.state().join("current").display().to_string();
        let mut count = 0;
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            count += usize::from(line.contains("--content") && line.contains(&current));
        }
        count
    }

    pub fn say(&self, words: &[&str]) -> Output {
        Command::new(AGENT).arg("--config").arg(&self.config).args(words).output().unwrap()
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        if self.agent.is_some() {
            self.kill();
        }
    }
}
