//! `ringfence rollout plan`, `apply` and `status`.

mod apply;
mod plan;
mod status;

pub(crate) use status::{card, glyph};

use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::Settings;
use decide::id::Digest;
use decide::rollout::Plan;
use serde::{Deserialize, Serialize};
use wire::api::RolloutRequest;

/// Plan, start and watch how a release reaches the fleet
#[derive(Debug, clap::Args)]
pub(crate) struct Rollout {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Say what a rollout would do, and save it for `apply`
    Plan(plan::PlanArgs),
    /// Start the rollout that a plan describes
    Apply(apply::Apply),
    /// Show one rollout, or all of them
    Status(status::Status),
}

/// Runs the command.
pub(crate) fn run(args: &Rollout, settings: &Settings) -> Result<Exit, Failure> {
    match &args.what {
        What::Plan(args) => plan::run(args, settings),
        What::Apply(args) => apply::run(args, settings),
        What::Status(args) => status::run(args, settings),
    }
}

/// A plan as it is saved: what was asked, and what the server answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPlan {
    /// `ringfence/saved-plan/v1`.
    pub(crate) schema: String,
    /// The digest of the plan; the server refuses to start when it is no longer true.
    pub(crate) digest: Digest,
    /// What would happen.
    pub(crate) plan: Plan,
    /// What was asked.
    pub(crate) request: RolloutRequest,
}
wire::document!(SavedPlan, "ringfence/saved-plan/v1", 32 * 1024 * 1024);
