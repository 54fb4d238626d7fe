//! `ringfence hold`.

use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::{Role, Settings};
use crate::words::counted;
use decide::id::MachineId;
use serde_json::json;
use wire::Document;
use wire::api::HoldRequest;

/// Pin machines to what they run, or let them go again
///
/// A held machine is never exposed and never counted as control. It still goes back when what it
/// runs is withdrawn.
#[derive(Debug, clap::Args)]
pub(crate) struct Hold {
    /// The machines
    #[arg(required = true)]
    machines: Vec<MachineId>,
    /// Why; it stays in the audit log
    #[arg(long, value_name = "TEXT", required_unless_present = "lift")]
    reason: Option<String>,
    /// Let the machines go again
    #[arg(long, conflicts_with = "reason")]
    lift: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Hold, settings: &Settings) -> Result<Exit, Failure> {
    let api = settings.api(Role::Operator)?;
    let many = counted(args.machines.len() as u64, "machine");
    let said = if args.lift {
        for machine in &args.machines {
            api.delete(&format!("/v1/holds/{machine}"))?;
        }
        format!("{many} let go: they take what is offered to them from now on")
    } else {
        let reason = args.reason.clone().filter(|reason| !reason.trim().is_empty());
        let reason = reason.ok_or_else(|| {
            Failure::new(codes::USAGE, "a hold needs a reason").hint("say why: --reason TEXT")
        })?;
        let request = HoldRequest {
            schema: HoldRequest::SCHEMA.to_owned(),
            machines: args.machines.clone(),
            reason,
        };
        api.tell("/v1/holds", &request)?;
        format!("{many} held on what they run. Lift: ringfence hold --lift MACHINE")
    };
    settings.terminal.document(&json!({
        "schema": "ringfence/held/v1", "machines": args.machines, "held": !args.lift,
    }))?;
    settings.terminal.text(&format!("✓ {said}\n"))?;
    Ok(Exit::Good)
}
