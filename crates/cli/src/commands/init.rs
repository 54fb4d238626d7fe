//! `ringfence init`.

use crate::clock;
use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::files;
use crate::project::{FILE, SCHEMA, URL_DEFAULT};
use crate::settings::Settings;
use decide::id::ChannelName;
use serde_json::json;
use server::{Setup, Tokens};
use std::path::{Path, PathBuf};
use trust::key::KeyPair;
use trust::repository::{self, ChannelKeys, Expiries, InitRequest, Signers};

/// Make a project: keys, tokens, a contract to fill in, and the server's data
///
/// Contracts and policies that are there already are kept as they are; keys, tokens and data are
/// never overwritten.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// Where
    #[arg(default_value = ".")]
    directory: PathBuf,
    /// A channel: a named stream of files read by one kind of consumer; repeatable
    #[arg(long = "channel", value_name = "NAME", required = true)]
    channels: Vec<ChannelName>,
    /// Where the consumers' programs are, `{bin}` in contracts
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
}

/// Private things: the owner's alone.
const PRIVATE: u32 = 0o700;
/// What everybody may read.
const PUBLIC: u32 = 0o755;

/// What is written, in the order in which it is told.
struct Log {
    base: PathBuf,
    written: Vec<(String, &'static str)>,
    kept: Vec<String>,
}

impl Log {
    fn path(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }
    /// Writes a file that must not be there yet.
    fn new_file(
        &mut self,
        name: &str,
        bytes: &[u8],
        mode: u32,
        what: &'static str,
    ) -> Result<(), Failure> {
        files::create(&self.path(name), bytes, mode)?;
        self.written.push((name.to_owned(), what));
        Ok(())
    }
    /// Writes a file unless it is there.
    fn file(&mut self, name: &str, text: &str, what: &'static str) -> Result<(), Failure> {
        if self.path(name).exists() {
            self.kept.push(name.to_owned());
            return Ok(());
        }
        self.new_file(name, text.as_bytes(), 0o644, what)
    }
    fn text(&self) -> String {
        let longest = self.written.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, what) in &self.written {
            text.push_str(&format!("  wrote {name:<longest$}  {what}\n"));
        }
        for name in &self.kept {
            text.push_str(&format!("  kept  {name:<longest$}  as it was\n"));
        }
        text
    }
}

/// Runs the command.
pub(crate) fn run(args: &Init, settings: &Settings) -> Result<Exit, Failure> {
    let mut channels = args.channels.clone();
    channels.sort();
    channels.dedup();
    free(&args.directory)?;
    let mut log = Log { base: args.directory.clone(), written: Vec::new(), kept: Vec::new() };
    directories(&log, &channels)?;
    let url = settings.url().unwrap_or_else(|_| URL_DEFAULT.to_owned());
    let keys = Keys::make(&channels)?;
    keys.save(&mut log, &channels)?;
    let metadata = keys.first_metadata(&channels)?;
    let root = metadata.iter().find(|(address, _)| address == "metadata/1.root.json");
    let root = root
        .map(|(_, bytes)| bytes.clone())
        .ok_or_else(|| Failure::new(codes::BUG, "the first metadata has no root"))?;
    let setup =
        Setup { metadata, snapshot: keys.snapshot, timestamp: keys.timestamp, fences: keys.fences };
    let tokens = server::setup(&log.path("data"), &setup, clock::now())
        .map_err(|error| Failure::new(error.code(), error.to_string()))?;
    log.written.push(("data/".to_owned(), "the server's: signed files, online keys, database"));
    save_tokens(&mut log, &tokens)?;
    log.new_file(
        "root.json",
        &root,
        0o644,
        "what machines trust first; install it with the agent",
    )?;
    documents(&mut log, &channels)?;
    // Last, so that a project file means a whole project.
    log.new_file(
        FILE,
        project_text(&channels, &url, args.bin.as_deref()).as_bytes(),
        0o644,
        "channels and server",
    )?;
    tell(settings, &log, &args.directory)
}

fn tell(settings: &Settings, log: &Log, directory: &Path) -> Result<Exit, Failure> {
    let written: Vec<&str> = log.written.iter().map(|(name, _)| name.as_str()).collect();
    settings.terminal.document(&json!({
        "schema": "ringfence/init/v1", "directory": directory, "written": written, "kept": log.kept,
    }))?;
    settings.terminal.text(&log.text())?;
    settings.terminal.note(
        "keys/root.pem and keys/targets.pem are needed only to change who may sign: keep them \
         off this machine",
    );
    let here = directory == Path::new(".");
    let project = if here { String::new() } else { format!(" --project {}", directory.display()) };
    settings
        .terminal
        .text(&format!("Nothing else was touched. Next: ringfence{project} serve\n"))?;
    Ok(Exit::Good)
}

/// Refuses a directory that holds a project, or a half of one.
fn free(directory: &Path) -> Result<(), Failure> {
    for name in [FILE, "keys", "tokens", "data", "root.json"] {
        let path = if directory == Path::new(".") { name.into() } else { directory.join(name) };
        if path.exists() {
            let sentence = format!("{} is there already; nothing was written", path.display());
            return Err(Failure::new(codes::EXISTS, sentence)
                .hint("keys and tokens may be in use; choose another directory, or move it away"));
        }
    }
    Ok(())
}

fn directories(log: &Log, channels: &[ChannelName]) -> Result<(), Failure> {
    for name in ["contracts", "policies", "schemas", "evidence"] {
        files::directory(&log.path(name), PUBLIC)?;
    }
    for channel in channels {
        files::directory(&log.path("corpus").join(channel.as_str()), PUBLIC)?;
        files::directory(&log.path("releases").join(channel.as_str()), PUBLIC)?;
    }
    files::directory(&log.path("keys"), PRIVATE)?;
    files::directory(&log.path("tokens"), PRIVATE)
}

/// All keys of a new project.
struct Keys {
    root: KeyPair,
    targets: KeyPair,
    evidence: KeyPair,
    channels: Vec<KeyPair>,
    snapshot: KeyPair,
    timestamp: KeyPair,
    fences: KeyPair,
}

impl Keys {
    fn make(channels: &[ChannelName]) -> Result<Keys, Failure> {
        Ok(Keys {
            root: KeyPair::generate()?,
            targets: KeyPair::generate()?,
            evidence: KeyPair::generate()?,
            channels: channels.iter().map(|_| KeyPair::generate()).collect::<Result<_, _>>()?,
            snapshot: KeyPair::generate()?,
            timestamp: KeyPair::generate()?,
            fences: KeyPair::generate()?,
        })
    }

    /// Saves the people's keys; the online ones are the server's.
    fn save(&self, log: &mut Log, channels: &[ChannelName]) -> Result<(), Failure> {
        let mut save = |name: String, key: &KeyPair, what: &'static str| -> Result<(), Failure> {
            trust::key::save(key, &log.path(&name))?;
            log.written.push((name, what));
            Ok(())
        };
        save("keys/root.pem".to_owned(), &self.root, "offline: who may change who signs")?;
        save("keys/targets.pem".to_owned(), &self.targets, "offline: which channels there are")?;
        for (channel, key) in channels.iter().zip(&self.channels) {
            save(format!("keys/channel-{channel}.pem"), key, "signs the channel's releases")?;
        }
        save("keys/evidence.pem".to_owned(), &self.evidence, "signs what check and trial found")
    }

    fn first_metadata(&self, channels: &[ChannelName]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        fn one(pair: &KeyPair) -> Signers<'_> {
            Signers { keys: vec![pair], threshold: 1 }
        }
        let request = InitRequest {
            root: one(&self.root),
            targets: one(&self.targets),
            snapshot: one(&self.snapshot),
            timestamp: one(&self.timestamp),
            fences: one(&self.fences),
            channels: channels
                .iter()
                .zip(&self.channels)
                .map(|(channel, key)| ChannelKeys { channel: channel.clone(), signers: one(key) })
                .collect(),
            evidence: vec![self.evidence.public().clone()],
            now: clock::now(),
            expiries: Expiries::default(),
        };
        Ok(repository::init(&request)?)
    }
}

fn save_tokens(log: &mut Log, tokens: &Tokens) -> Result<(), Failure> {
    let roles = [
        ("viewer", &tokens.viewer, "reads"),
        ("author", &tokens.author, "also publishes"),
        ("operator", &tokens.operator, "also plans, starts, orders, holds, withdraws"),
        ("enroll", &tokens.enroll, "lets machines in"),
    ];
    for (name, token, what) in roles {
        log.new_file(&format!("tokens/{name}"), format!("{token}\n").as_bytes(), 0o600, what)?;
    }
    Ok(())
}

fn documents(log: &mut Log, channels: &[ChannelName]) -> Result<(), Failure> {
    for name in contract::schema::NAMES {
        if let Some(schema) = contract::schema::named(name) {
            log.file(&format!("schemas/{name}.json"), &format!("{schema:#}\n"), "for editors")?;
        }
    }
    let policy = format!("#:schema ../schemas/policy.json\n{STANDARD_POLICY}");
    log.file("policies/standard.toml", &policy, "how releases reach the fleet")?;
    for channel in channels {
        let text = contract_text(channel);
        log.file(
            &format!("contracts/{channel}.toml"),
            &text,
            "what a good file looks like: fill it in",
        )?;
    }
    Ok(())
}

/// The shipped policy as people read it; a test of `decide` holds it against the built-in one.
const STANDARD_POLICY: &str = include_str!("../../../../policies/standard.toml");

fn contract_text(channel: &ChannelName) -> String {
    format!(
        r#"#:schema ../schemas/contract.json
# What a good file of `{channel}` looks like, and what each consumer version can take.
schema = "ringfence/contract/v1"
channel = "{channel}"
# confirm: json, csv, lines or binary
format = "lines"

[limits]
# confirm: the sizes that the consumers can take
bytes_min = 1
bytes_max = 16777216

# Change against the last good release, in percent of it.
[growth]
bytes_percent_min = 50
bytes_percent_max = 300

# confirm: one entry for each version of the consumer in the field. Without any, a trial has
# nothing to run and says so; {{bin}} is the directory of programs, {{file}} the candidate.
# [[consumer]]
# version = "1.0"
# load = ["{{bin}}/consumer", "--load", "{{file}}"]
# try = ["{{bin}}/consumer", "--load", "{{file}}", "--events", "{{events}}"]
# events = ["../events/ordinary.jsonl"]
"#
    )
}

fn project_text(channels: &[ChannelName], url: &str, bin: Option<&Path>) -> String {
    let mut text = format!("#:schema schemas/project.json\nschema = \"{SCHEMA}\"\n");
    match bin {
        Some(bin) => {
            let path = std::path::absolute(bin).unwrap_or_else(|_| bin.to_owned());
            let value = toml_edit::Value::from(path.display().to_string());
            text.push_str(&format!("bin_dir = {}\n", value.to_string().trim()));
        }
        None => text.push_str("# Where consumers are, {bin} in contracts; else beside ringfence.\n# bin_dir = \"bin\"\n"),
    }
    let url = toml_edit::Value::from(url);
    text.push_str(&format!("\n[server]\nurl = {}\n", url.to_string().trim()));
    for channel in channels {
        text.push_str(&format!(
            "\n[channel.{}]\ncontract = \"contracts/{channel}.toml\"\nfiles = [\"content/{channel}/*\"]\n\
             policy = \"policies/standard.toml\"\n",
            toml_edit::Key::new(channel.as_str()).to_string().trim()
        ));
    }
    text
}
