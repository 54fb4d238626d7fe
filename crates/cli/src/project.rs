//! The project: `ringfence.toml` and what lies around it.

use crate::codes;
use crate::error::Failure;
use contract::{Contract, strict};
use decide::finding::{Finding, Place, Severity};
use decide::id::{ChannelName, Digest};
use decide::release::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The schema name of the project file.
pub(crate) const SCHEMA: &str = "ringfence/project/v1";
/// The project file's name.
pub(crate) const FILE: &str = "ringfence.toml";
/// Where a server listens and is looked for when nothing else is said.
pub(crate) const URL_DEFAULT: &str = "http://127.0.0.1:7460";
/// Directories looked at upwards for a project.
const LEVELS_MAX: usize = 64;

/// The project file as people write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectFile {
    schema: String,
    #[serde(default)]
    server: Server,
    bin_dir: Option<PathBuf>,
    channel: BTreeMap<ChannelName, Channel>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    url: Option<String>,
}

/// One channel of the project. Paths are relative to the project's directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Channel {
    /// Its contract.
    contract: PathBuf,
    /// Which files belong to it, as patterns.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// How its releases reach the fleet.
    policy: Option<PathBuf>,
    /// Event files instead of the contract's.
    #[serde(default)]
    events: Vec<PathBuf>,
}

/// A validated project.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// Its directory.
    pub(crate) directory: PathBuf,
    file: ProjectFile,
}

impl Project {
    /// The project that `start` is in: the nearest directory upwards with a project file.
    pub(crate) fn find(start: &Path) -> Result<Option<Project>, Failure> {
        let place = start.ancestors().take(LEVELS_MAX).find(|place| place.join(FILE).is_file());
        place.map(Project::open).transpose()
    }

    /// The project in `directory`.
    pub(crate) fn open(directory: &Path) -> Result<Project, Failure> {
        let path = directory.join(FILE);
        let file: ProjectFile = strict::read(&path)?;
        if file.schema != SCHEMA {
            let place = Place { file: path.display().to_string(), ..Place::default() };
            let message = format!("schema is '{}', this version reads '{SCHEMA}'", file.schema);
            let code = contract::codes::CONFIG_SCHEMA;
            return Err(vec![Finding::new(code, Severity::Error, message, place)].into());
        }
        Ok(Project { directory: directory.to_owned(), file })
    }

    /// The same project with its paths relative to `here`, where it lies there.
    pub(crate) fn seen_from(mut self, here: &Path) -> Project {
        if self.directory == here {
            self.directory = PathBuf::new();
        }
        self
    }

    /// The channels by name.
    pub(crate) fn channels(&self) -> &BTreeMap<ChannelName, Channel> {
        &self.file.channel
    }

    /// One channel.
    pub(crate) fn channel(&self, name: &ChannelName) -> Result<&Channel, Failure> {
        self.file.channel.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.file.channel.keys().map(ChannelName::as_str).collect();
            let sentence = format!(
                "{} has no channel '{name}'; its channels are {}",
                self.directory.join(FILE).display(),
                known.join(", ")
            );
            Failure::new(codes::UNKNOWN_NAME, sentence)
        })
    }

    /// A channel's contract.
    pub(crate) fn contract(&self, name: &ChannelName) -> Result<Contract, Failure> {
        Ok(Contract::load(&self.directory.join(&self.channel(name)?.contract))?)
    }

    /// A channel's event files; empty: those of the contract.
    pub(crate) fn events(&self, name: &ChannelName) -> Vec<PathBuf> {
        let events = self.file.channel.get(name).map_or(&[][..], |channel| &channel.events);
        events.iter().map(|path| self.directory.join(path)).collect()
    }

    /// A channel's policy file, if the project names one.
    pub(crate) fn policy(&self, name: &ChannelName) -> Option<PathBuf> {
        let policy = self.file.channel.get(name)?.policy.as_ref()?;
        Some(self.directory.join(policy))
    }

    /// The server's address.
    pub(crate) fn url(&self) -> String {
        self.file.server.url.clone().unwrap_or_else(|| URL_DEFAULT.to_owned())
    }

    /// Where the consumers' programs are, if the project says so.
    pub(crate) fn bin(&self) -> Option<PathBuf> {
        self.file.bin_dir.as_ref().map(|bin| self.directory.join(bin))
    }

    /// A private key by name.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.directory.join("keys").join(format!("{name}.pem"))
    }

    /// A token's file by role.
    pub(crate) fn token(&self, role: &str) -> PathBuf {
        self.directory.join("tokens").join(role)
    }

    /// The installed root.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.join("root.json")
    }

    /// The server's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Where the evidence of one kind about some bytes is kept.
    pub(crate) fn evidence(&self, digest: Digest, kind: Kind) -> PathBuf {
        self.directory.join("evidence").join(format!("{digest}.{}.json", kind.word()))
    }

    /// A channel's landmines.
    pub(crate) fn corpus(&self, name: &ChannelName) -> PathBuf {
        self.directory.join("corpus").join(name.as_str())
    }

    /// Where a published file is kept.
    pub(crate) fn release(&self, name: &ChannelName, number: u64) -> PathBuf {
        self.directory.join("releases").join(name.as_str()).join(format!("{number}.bin"))
    }

    /// The newest published file of a channel that was not withdrawn from here.
    pub(crate) fn newest_release(&self, name: &ChannelName) -> Option<PathBuf> {
        let place = self.directory.join("releases").join(name.as_str());
        let numbers = std::fs::read_dir(place).ok()?.flatten().filter_map(|entry| {
            entry.file_name().to_str()?.strip_suffix(".bin")?.parse::<u64>().ok()
        });
        numbers.max().map(|number| self.release(name, number))
    }

    /// The channel that a file belongs to: by its patterns, or because there is only one.
    pub(crate) fn channel_of(&self, file: &Path) -> Result<ChannelName, Failure> {
        let wanted = absolute(file);
        for (name, channel) in &self.file.channel {
            let mut patterns = channel.files.iter();
            if patterns.any(|pattern| self.belongs(pattern, &wanted)) {
                return Ok(name.clone());
            }
        }
        let mut names = self.file.channel.keys();
        match (names.next(), names.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => {
                let sentence = format!(
                    "no channel of {} lists {}, and it has {} channels",
                    self.directory.join(FILE).display(),
                    file.display(),
                    self.file.channel.len()
                );
                Err(Failure::new(codes::USAGE, sentence).hint("say which: --channel NAME"))
            }
        }
    }

    fn belongs(&self, pattern: &str, file: &Path) -> bool {
        let base = absolute(&self.directory);
        let Ok(inside) = file.strip_prefix(&base) else { return false };
        let parts: Vec<&str> =
            pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let names: Vec<String> =
            inside.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        parts.len() == names.len()
            && parts.iter().zip(&names).all(|(part, name)| crate::files::fits(part, name))
    }
}

fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or(path.to_owned())
}
