//! `ringfence withdraw`.

use crate::api::Api;
use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::names::{self, ReleaseName};
use crate::settings::{Role, Settings};
use decide::id::{Digest, ReleaseRef};
use serde_json::json;
use wire::Document;
use wire::api::{Release, WithdrawRequest};

/// Make sure that a digest can never be installed again, by anything
///
/// Stops and reverts its rollout too. There is no way back: a fixed file has other bytes and is a
/// new release.
#[derive(Debug, clap::Args)]
pub(crate) struct Withdraw {
    /// The release, CHANNEL@NUMBER, or a digest, sha256:…
    what: String,
    /// Why; it stays in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs the command.
pub(crate) fn run(args: &Withdraw, settings: &Settings) -> Result<Exit, Failure> {
    let api = settings.api(Role::Operator)?;
    let target = target(args, &api)?;
    let request = WithdrawRequest {
        schema: WithdrawRequest::SCHEMA.to_owned(),
        channel: target.channel.clone(),
        digest: target.digest,
        reason: args.reason.clone(),
    };
    let release: Release = api.post_plain("/v1/withdrawals", &request)?;
    set_aside(settings, &target);
    settings.terminal.document(&json!({
        "schema": "ringfence/withdrawn/v1", "release": release,
    }))?;
    settings.terminal.text(&format!(
        "✗ WITHDRAWN {target}: these bytes cannot be installed anywhere again. Next: ringfence \
         why {}@{}\n",
        target.channel, target.number
    ))?;
    Ok(Exit::Good)
}

fn target(args: &Withdraw, api: &Api) -> Result<ReleaseRef, Failure> {
    if let Ok(digest) = args.what.parse::<Digest>() {
        let known = names::with_digest(api, digest)?.ok_or_else(|| {
            let sentence = format!("no release has the digest sha256:{}", digest.short());
            Failure::new(codes::UNKNOWN_NAME, sentence)
        })?;
        return Ok(known.manifest.release);
    }
    let name: ReleaseName = args.what.parse().map_err(|error: String| {
        Failure::new(codes::USAGE, error).hint("or name a digest: sha256: and 64 digits")
    })?;
    Ok(name.find(api)?.manifest.release)
}

/// The next check must not hold growth against a file that was taken out of the world.
fn set_aside(settings: &Settings, target: &ReleaseRef) {
    let Ok(Some(project)) = settings.project() else { return };
    let kept = project.release(&target.channel, target.number);
    if kept.is_file()
        && let Err(error) = std::fs::rename(&kept, kept.with_extension("withdrawn"))
    {
        settings.terminal.note(&format!("{} stays where it is: {error}", kept.display()));
    }
}
