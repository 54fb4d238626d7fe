//! What all commands share: raw arguments are collected by clap, and resolved here once.

use crate::api::Api;
use crate::codes;
use crate::error::Failure;
use crate::files;
use crate::project::{Project, URL_DEFAULT};
use crate::terminal::{Color, Format, Terminal};
use std::path::{Path, PathBuf};

/// Arguments that every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// What standard output carries
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "human")]
    output: Format,
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// The project's directory [default: the nearest upwards with a ringfence.toml]
    #[arg(long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,
    /// The server's address [default: that of the project]
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// The file with the token for the server [default: the project's for the role that is needed]
    #[arg(long, global = true, value_name = "FILE")]
    token: Option<PathBuf>,
}

/// The roles whose tokens a project keeps, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads.
    Viewer,
    /// Publishes.
    Author,
    /// Plans, starts, orders, holds, withdraws.
    Operator,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Author => "author",
            Role::Operator => "operator",
        }
    }
}

/// Settings of one run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Both output streams.
    pub(crate) terminal: Terminal,
    project: Result<Option<Project>, Failure>,
    server: Option<String>,
    token: Option<PathBuf>,
}

impl Settings {
    /// The settings of these arguments. A broken project is no failure before somebody asks for it.
    pub(crate) fn resolve(global: Global) -> Settings {
        let terminal = Terminal::new(global.output, global.color);
        let project = match &global.project {
            Some(directory) => named(directory).map(Some),
            None => match std::env::current_dir() {
                // Paths are shown as a person here would write them.
                Ok(here) => Project::find(&here).map(|found| found.map(|one| one.seen_from(&here))),
                Err(_) => Ok(None),
            },
        };
        Settings { terminal, project, server: global.server, token: global.token }
    }

    /// The project, if there is one.
    pub(crate) fn project(&self) -> Result<Option<&Project>, Failure> {
        self.project.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// The project.
    pub(crate) fn needed_project(&self) -> Result<&Project, Failure> {
        self.project()?.ok_or_else(|| {
            Failure::new(codes::NO_PROJECT, "no ringfence.toml here or in a directory above")
                .next("ringfence init --channel NAME")
                .hint("or name the project: --project DIR")
        })
    }

    /// The server's address.
    pub(crate) fn url(&self) -> Result<String, Failure> {
        let url = match &self.server {
            Some(url) => url.clone(),
            None => self.project()?.map_or_else(|| URL_DEFAULT.to_owned(), Project::url),
        };
        if url.starts_with("http://") && url.len() > "http://".len() {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        let sentence = format!("'{url}' is not a server's address: http://HOST:PORT");
        Err(Failure::new(codes::USAGE, sentence)
            .hint("for a server behind TLS, put a local proxy in between"))
    }

    /// The server, spoken to in a role.
    pub(crate) fn api(&self, role: Role) -> Result<Api, Failure> {
        let url = self.url()?;
        let path = match (&self.token, self.project()?) {
            (Some(path), _) => path.clone(),
            (None, Some(project)) => project.token(role.word()),
            (None, None) => {
                let sentence = format!("no token for {url}: no project here and no --token");
                return Err(Failure::new(codes::NO_TOKEN, sentence).hint("name one: --token FILE"));
            }
        };
        let token = files::token(&path)?.filter(|token| !token.is_empty()).ok_or_else(|| {
            let sentence = format!("no token for {url} in {}", path.display());
            Failure::new(codes::NO_TOKEN, sentence).hint("name one: --token FILE")
        })?;
        Ok(Api::new(&url, token))
    }
}

fn named(directory: &Path) -> Result<Project, Failure> {
    if !directory.join(crate::project::FILE).is_file() {
        let sentence = format!("{} has no ringfence.toml", directory.display());
        return Err(Failure::new(codes::NO_PROJECT, sentence)
            .next(format!("ringfence init {} --channel NAME", directory.display())));
    }
    Project::open(directory)
}
