//! `ringfence withdraw`.

use crate::api::Api;
use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::names::{self, ReleaseName};
use crate::settings::{Role, Settings};
use decide::id::{ChannelName, Digest};
use serde_json::json;
use wire::Document;
use wire::api::WithdrawRequest;

/// Make sure that a digest can never be installed again, by anything
///
/// Stops and reverts its rollout too. There is no way back: a fixed file has other bytes and is a
/// new release.
#[derive(Debug, clap::Args)]
pub(crate) struct Withdraw {
    /// The release, CHANNEL@NUMBER, or a digest, sha256:…
    what: String,
    /// The channel, for a digest that was never published
    #[arg(long, value_name = "NAME")]
    channel: Option<ChannelName>,
    /// Why; it stays in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

struct Target {
    channel: ChannelName,
    digest: Digest,
    number: Option<u64>,
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
    api.tell("/v1/withdrawals", &request)?;
    set_aside(settings, &target);
    settings.terminal.document(&json!({
        "schema": "ringfence/withdrawn/v1", "channel": target.channel, "digest": target.digest,
        "number": target.number, "reason": args.reason,
    }))?;
    settings.terminal.text(&format!(
        "✗ WITHDRAWN sha256:{} of {}: it cannot be installed anywhere again. Next: ringfence \
         rollout status\n",
        target.digest.short(),
        target.channel
    ))?;
    Ok(Exit::Good)
}

fn target(args: &Withdraw, api: &Api) -> Result<Target, Failure> {
    if let Ok(digest) = args.what.parse::<Digest>() {
        if let Some(channel) = &args.channel {
            return Ok(Target { channel: channel.clone(), digest, number: None });
        }
        let known = names::with_digest(api, digest)?.ok_or_else(|| {
            let sentence = format!("no release has the digest sha256:{}", digest.short());
            Failure::new(codes::UNKNOWN_NAME, sentence).hint("name its channel: --channel NAME")
        })?;
        let release = known.manifest.release;
        return Ok(Target { channel: release.channel, digest, number: Some(release.number) });
    }
    let name: ReleaseName = args.what.parse().map_err(|error: String| {
        Failure::new(codes::USAGE, error).hint("or name a digest: sha256: and 64 digits")
    })?;
    let release = name.find(api)?.manifest.release;
    Ok(Target { channel: release.channel, digest: release.digest, number: Some(release.number) })
}

/// The next check must not hold growth against a file that was taken out of the world.
fn set_aside(settings: &Settings, target: &Target) {
    let (Ok(Some(project)), Some(number)) = (settings.project(), target.number) else { return };
    let kept = project.release(&target.channel, number);
    if kept.is_file()
        && let Err(error) = std::fs::rename(&kept, kept.with_extension("withdrawn"))
    {
        settings.terminal.note(&format!("{} stays where it is: {error}", kept.display()));
    }
}
