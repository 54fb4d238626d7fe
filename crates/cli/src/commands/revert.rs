//! `ringfence revert`.

use super::halt::give;
use super::rollout::card;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::{Role, Settings};
use decide::id::RolloutId;
use decide::rollout::Order;

/// Send machines that have a release back to what they know is good
///
/// Stops the rollout too. The digest may be rolled out again later; to prevent that, withdraw it.
#[derive(Debug, clap::Args)]
pub(crate) struct Revert {
    /// The rollout
    rollout: RolloutId,
    /// Why; it stays in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs the command.
pub(crate) fn run(args: &Revert, settings: &Settings) -> Result<Exit, Failure> {
    let api = settings.api(Role::Operator)?;
    let status = give(&api, &args.rollout, Order::Revert, &args.reason)?;
    settings.terminal.document(&status)?;
    settings.terminal.text(&card(&status, status.as_of))?;
    Ok(Exit::Good)
}
