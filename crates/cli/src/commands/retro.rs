//! `ringfence retro`.

use crate::error::Failure;
use crate::exit::Exit;
use crate::files;
use crate::settings::{Role, Settings};
use decide::id::RolloutId;
use serde_json::json;
use std::path::PathBuf;

/// Print the retrospective of a rollout
///
/// Facts are filled in from the audit log; judgement is left as questions for people.
#[derive(Debug, clap::Args)]
pub(crate) struct Retro {
    /// The rollout
    rollout: RolloutId,
    /// Write it to a file instead
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Retro, settings: &Settings) -> Result<Exit, Failure> {
    let api = settings.api(Role::Viewer)?;
    let markdown = api.text(&format!("/v1/rollouts/{}/retro", args.rollout))?;
    settings.terminal.document(&json!({
        "schema": "ringfence/retro/v1", "rollout": args.rollout, "markdown": markdown,
    }))?;
    match &args.out {
        Some(out) => {
            files::replace(out, markdown.as_bytes())?;
            settings.terminal.text(&format!("wrote {}\n", out.display()))?;
        }
        None if settings.terminal.is_human() => settings.terminal.raw(&markdown)?,
        None => {}
    }
    Ok(Exit::Good)
}
