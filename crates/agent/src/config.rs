//! `agent.toml`: who this machine is, where the server is, how the consumer is run.

mod reload;
mod strict;

pub use reload::Reload;

use decide::id::{ChannelName, ConsumerVersion, MachineId, Ring, check_name};
use decide::policy::span;
use decide::time::Span;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The schema that this agent reads.
const SCHEMA: &str = "ringfence/agent/v1";
/// Largest configuration file, in bytes.
const CONFIG_BYTES_MAX: u64 = 256 * 1024;

/// The whole configuration. Unknown keys are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `ringfence/agent/v1`.
    pub schema: String,
    /// The machine's name.
    pub machine: MachineId,
    /// How early it may be exposed; the owner decides.
    pub ring: Ring,
    /// Held by its owner: keeps what it runs.
    #[serde(default)]
    pub held: bool,
    /// Labels, e.g. os and region; `consumer` is added from the consumer's version.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The channel whose file the consumer reads.
    pub channel: ChannelName,
    /// Where the agent keeps everything; one file system.
    pub state: PathBuf,
    /// The file that was shipped with the agent.
    pub seed: PathBuf,
    /// The trusted root that was shipped with the agent.
    pub root: PathBuf,
    /// The server.
    pub server: Server,
    /// The consumer.
    pub consumer: Consumer,
    /// What a release must prove before it is known good here.
    #[serde(default)]
    pub probation: Probation,
}

/// The server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `http://HOST:PORT`.
    pub url: String,
    /// File with the token for enrolment.
    pub enroll_token: PathBuf,
    /// Longest time for one request.
    #[serde(default = "request_time", with = "span")]
    pub timeout: Span,
}

fn request_time() -> Span {
    Span::seconds(3)
}

/// The consumer. Placeholders in its commands and templates: `{current}` is the link to the active
/// file, `{file}` the candidate (in a taste) or the active file (in a run), `{work}` a directory to
/// write to, `{dir}` the directory of agent.toml, and every name in `values`. In a taste `{listen}`
/// is a socket in `{work}`, whatever `values` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// Its version.
    pub version: ConsumerVersion,
    /// Starts it in the foreground.
    pub command: Vec<String>,
    /// Templates written into `{work}` before each start: name to template file.
    #[serde(default)]
    pub files: BTreeMap<String, PathBuf>,
    /// How it takes another file: `signal:HUP`, or `restart`.
    #[serde(default)]
    pub reload: Reload,
    /// Tries a candidate in the sandbox; every command must exit with 0.
    #[serde(default)]
    pub taste: Vec<Vec<String>>,
    /// Templates written into `{work}` before a taste: name to template file.
    #[serde(default)]
    pub taste_files: BTreeMap<String, PathBuf>,
    /// Longest taste.
    #[serde(default = "taste_time", with = "span")]
    pub taste_time: Span,
    /// More placeholders, e.g. `listen = "127.0.0.1:8080"`.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// How it says that it is healthy.
    pub health: Health,
    /// Without health for so long, a running consumer counts as hung.
    #[serde(default = "hang_time", with = "span")]
    pub hang_after: Span,
}

impl Consumer {
    /// A word of a command or template with its placeholders filled in. `{current}` is left for
    /// [`Config::load`], which knows it.
    pub fn fill(&self, word: &str, file: &Path, work: &Path) -> String {
        let mut word = word.to_owned();
        for (name, value) in &self.values {
            word = word.replace(&format!("{{{name}}}"), value);
        }
        word.replace("{file}", &file.display().to_string())
            .replace("{work}", &work.display().to_string())
    }

    /// Writes templates into a work directory, making it if needed.
    ///
    /// # Errors
    /// When a template cannot be read, or the disk refuses.
    pub fn render(
        &self,
        templates: &BTreeMap<String, PathBuf>,
        file: &Path,
        work: &Path,
    ) -> std::io::Result<()> {
        std::fs::create_dir_all(work)?;
        for (name, template) in templates {
            let text = std::fs::read_to_string(template)?;
            let text = text.replace("{current}", &file.display().to_string());
            std::fs::write(work.join(name), self.fill(&text, file, work))?;
        }
        Ok(())
    }
}

fn taste_time() -> Span {
    Span::seconds(10)
}
fn hang_time() -> Span {
    Span::seconds(30)
}

/// How a consumer says that it is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Health {
    /// Datagrams to the socket named in `RINGFENCE_SOCKET`.
    Socket,
    /// An HTTP address that answers 200.
    Probe(String),
    /// It lives.
    Alive,
}

/// What a release must prove.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probation {
    /// Shortest time.
    #[serde(with = "span")]
    pub time: Span,
    /// Healthy heartbeats of the consumer.
    pub heartbeats: u64,
    /// Events evaluated, where the consumer says how many.
    pub events: u64,
    /// Polls completed.
    pub polls: u64,
}

impl Default for Probation {
    fn default() -> Probation {
        Probation { time: Span::minutes(10), heartbeats: 10, events: 1_000, polls: 1 }
    }
}

impl Config {
    /// Reads a configuration; relative paths are relative to its file.
    ///
    /// # Errors
    /// One sentence with file, line and column.
    pub fn load(path: &Path) -> Result<Config, String> {
        let name = path.display();
        let size = std::fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.len();
        if size > CONFIG_BYTES_MAX {
            return Err(format!("{name}: {size} bytes, at most {CONFIG_BYTES_MAX}"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let mut config: Config = toml::from_str(&text)
            .map_err(|error| strict::sentence(&name.to_string(), &text, &error))?;
        if config.schema != SCHEMA {
            return Err(format!(
                "{name}: schema is '{}', this agent reads '{SCHEMA}'",
                config.schema
            ));
        }
        if config.consumer.command.is_empty() {
            return Err(format!("{name}: consumer.command is empty"));
        }
        let mut names = config.consumer.files.keys().chain(config.consumer.taste_files.keys());
        if let Some(file) = names.find(|file| check_name(file, false).is_err()) {
            return Err(format!("{name}: '{file}' is not a plain file name"));
        }
        config.resolve(path);
        Ok(config)
    }

    /// Makes paths absolute and fills in what is known from the beginning.
    fn resolve(&mut self, path: &Path) {
        let base = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let base = base.unwrap_or(Path::new(".")).to_owned();
        let dir = std::fs::canonicalize(&base).unwrap_or(base);
        for path in [&mut self.state, &mut self.seed, &mut self.root, &mut self.server.enroll_token]
        {
            *path = dir.join(&*path);
        }
        let consumer = &mut self.consumer;
        for template in consumer.taste_files.values_mut().chain(consumer.files.values_mut()) {
            *template = dir.join(&*template);
        }
        let current = self.state.join("current").display().to_string();
        let fill = |word: &mut String| {
            *word =
                word.replace("{dir}", &dir.display().to_string()).replace("{current}", &current);
        };
        consumer.command.iter_mut().for_each(fill);
        consumer.taste.iter_mut().flatten().for_each(fill);
        consumer.values.values_mut().for_each(fill);
        self.labels.insert("consumer".into(), self.consumer.version.to_string());
    }
}
