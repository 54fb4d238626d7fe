//! `ringfence halt`.

use super::rollout::glyph;
use crate::api::Api;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::{Role, Settings};
use crate::words::{counted, share};
use decide::id::RolloutId;
use decide::rollout::Order;
use serde_json::json;
use wire::Document;
use wire::api::{List, OrderRequest, RolloutStatus};

/// Stop: no further machine gets it. One word, no questions
///
/// Without a rollout, stops all that run. Machines that have the release keep it; to send them
/// back, revert.
#[derive(Debug, clap::Args)]
pub(crate) struct Halt {
    /// The rollout [default: all that run]
    rollout: Option<RolloutId>,
    /// Why; not needed
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Halt, settings: &Settings) -> Result<Exit, Failure> {
    let api = settings.api(Role::Operator)?;
    let reason = args.reason.as_deref().unwrap_or_default();
    let affected = match &args.rollout {
        Some(id) => vec![give(&api, id, Order::Halt, reason)?],
        None => {
            let stopped: List<RolloutStatus> =
                api.post_plain("/v1/orders", &order(Order::Halt, reason))?;
            stopped.items
        }
    };
    settings
        .terminal
        .document(&json!({ "schema": "ringfence/halted/v1", "rollouts": affected }))?;
    settings.terminal.text(&text(&affected))?;
    Ok(Exit::Good)
}

fn text(affected: &[RolloutStatus]) -> String {
    if affected.is_empty() {
        return "✓ nothing was running, so nothing had to stop\n".to_owned();
    }
    let mut text = String::new();
    for status in affected {
        text.push_str(&format!(
            "{} {} {} {}: {} exposed, nobody further gets it\n",
            glyph(status.view.phase),
            status.view.phase.word().to_uppercase(),
            status.rollout,
            status.release,
            share(status.view.assigned, status.view.machines),
        ));
    }
    let next = match affected {
        [one] => format!("Next: ringfence why {}", one.rollout),
        _ => "Next: ringfence rollout status".to_owned(),
    };
    text.push_str(&format!(
        "{} stopped; machines that have the file keep it. {next}\n",
        counted(affected.len() as u64, "rollout")
    ));
    text
}

/// An order as a request.
pub(crate) fn order(order: Order, reason: &str) -> OrderRequest {
    OrderRequest { schema: OrderRequest::SCHEMA.to_owned(), order, reason: reason.to_owned() }
}

/// Gives one rollout an order, and says where it is then.
pub(crate) fn give(
    api: &Api,
    id: &RolloutId,
    what: Order,
    reason: &str,
) -> Result<RolloutStatus, Failure> {
    api.post(&format!("/v1/rollouts/{id}/orders"), &order(what, reason))
}
