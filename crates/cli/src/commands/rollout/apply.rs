//! `ringfence rollout apply`.

use super::SavedPlan;
use super::status::{card, line};
use crate::api::Api;
use crate::clock;
use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::files;
use crate::settings::{Role, Settings};
use crate::signals;
use decide::policy::span;
use decide::rollout::Phase;
use decide::time::Span;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wire::Document;
use wire::api::RolloutStatus;

/// Start the rollout that a plan describes
///
/// Refused when fleet, policy or releases have changed since the plan was made. With `--wait`,
/// prints each change with its reason until the release is everywhere (0) or stopped (1).
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    /// The plan that `ringfence rollout plan -o` saved
    plan: PathBuf,
    /// Why; it stays in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Watch until the release is everywhere or stopped; Ctrl-C ends the watching only
    #[arg(long)]
    wait: bool,
    /// How long to watch, such as 10m or 24h
    #[arg(long, value_name = "SPAN", default_value = "24h", requires = "wait", value_parser = span::parse)]
    timeout: Span,
}

/// Time between two looks at a rollout that is watched.
const LOOK: Duration = Duration::from_millis(300);
/// Looks in a row without an answer after which watching ends: about half a minute.
const MISSES_MAX: u32 = 100;

/// Runs the command.
pub(crate) fn run(args: &Apply, settings: &Settings) -> Result<Exit, Failure> {
    let bytes = files::read(&args.plan, SavedPlan::BYTES_MAX as u64)?;
    let saved: SavedPlan = wire::read(&bytes).map_err(|error| {
        let sentence = format!("{} is not a saved plan: {error}", args.plan.display());
        Failure::new(codes::BAD_DOCUMENT, sentence)
            .next("ringfence rollout plan CHANNEL@NUMBER -o plan.json")
    })?;
    let api = settings.api(Role::Operator)?;
    let mut request = saved.request;
    request.plan = Some(saved.digest);
    request.reason = args.reason.clone();
    let status: RolloutStatus = api.post("/v1/rollouts", &request)?;
    if args.wait {
        signals::watch();
        settings
            .terminal
            .note(&format!("{} started. Ctrl-C stops watching, not the rollout.", status.rollout));
        return watch(settings, &api, status, args.timeout);
    }
    settings.terminal.document(&status)?;
    settings.terminal.text(&format!(
        "{} started: {}\nNext: ringfence rollout status {}\n",
        status.rollout, status.release, status.rollout
    ))?;
    Ok(Exit::Good)
}

/// What a transition is noticed by.
fn mark(status: &RolloutStatus) -> (Phase, usize, bool, Option<decide::reason::Code>) {
    let opened = status.view.gates.iter().filter(|gate| gate.opened.is_some()).count();
    let code = status.view.reasons.first().map(|reason| reason.code);
    (status.view.phase, opened, status.view.withdrawn, code)
}

/// Prints transitions until the rollout is over for the watcher.
fn watch(
    settings: &Settings,
    api: &Api,
    first: RolloutStatus,
    timeout: Span,
) -> Result<Exit, Failure> {
    let path = format!("/v1/rollouts/{}", first.rollout);
    let until = Instant::now() + Duration::from_millis(timeout.0);
    let (mut status, mut misses) = (first, 0);
    say(settings, &status)?;
    let mut seen = mark(&status);
    loop {
        if let Some(exit) = over(status.view.phase) {
            return end(settings, &status, exit);
        }
        if signals::stopped() {
            return Err(detached(&status));
        }
        if Instant::now() >= until {
            return Err(ran_out(&status, timeout));
        }
        signals::pause(LOOK);
        match api.get::<RolloutStatus>(&path) {
            Ok(now) => {
                (status, misses) = (now, 0);
                if mark(&status) != seen {
                    seen = mark(&status);
                    say(settings, &status)?;
                }
            }
            Err(failure) if failure.kind == crate::error::Kind::Unreachable => {
                misses += 1;
                if misses == 1 {
                    settings.terminal.note("the server does not answer; the rollout is its own");
                }
                if misses >= MISSES_MAX {
                    return Err(
                        failure.next(format!("ringfence rollout status {}", status.rollout))
                    );
                }
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn say(settings: &Settings, status: &RolloutStatus) -> Result<(), Failure> {
    if settings.terminal.format == crate::terminal::Format::Jsonl {
        return settings.terminal.document(status);
    }
    settings.terminal.text(&line(status))
}

/// The exit code of a phase that ends the watching.
fn over(phase: Phase) -> Option<Exit> {
    match phase {
        Phase::Soaking | Phase::Done => Some(Exit::Good),
        Phase::Halted | Phase::Reverted => Some(Exit::Against),
        Phase::Advancing | Phase::Holding | Phase::Reverting => None,
    }
}

fn end(settings: &Settings, status: &RolloutStatus, exit: Exit) -> Result<Exit, Failure> {
    if settings.terminal.format == crate::terminal::Format::Json {
        settings.terminal.document(status)?;
    }
    settings.terminal.text(&format!("\n{}", card(status, clock::now())))?;
    Ok(exit)
}

fn detached(status: &RolloutStatus) -> Failure {
    let sentence =
        format!("stopped watching; {} goes on ({})", status.rollout, status.view.phase.word());
    Failure::new(codes::INTERRUPTED, sentence)
        .next(format!("ringfence rollout status {}", status.rollout))
}

fn ran_out(status: &RolloutStatus, timeout: Span) -> Failure {
    let view = &status.view;
    let unmet = match view.gates.iter().find(|gate| gate.opened.is_none()) {
        Some(gate) => format!(
            "the gate '{}' ({} machines) is not open: {} assigned, {} confirmed",
            gate.size, gate.machines, view.assigned, view.confirmed
        ),
        None => format!("{} of {} machines are assigned", view.assigned, view.machines),
    };
    let why = view.reasons.first().map_or(String::new(), |reason| format!("; {reason}"));
    let sentence =
        format!("{} is still {} after {timeout}: {unmet}{why}", status.rollout, view.phase.word());
    Failure::new(codes::WAIT_OVER, sentence).next(format!("ringfence why {}", status.rollout))
}
