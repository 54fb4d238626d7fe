//! `ringfence rollout status`, and how a rollout looks in a line and on a card.

use crate::clock;
use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::{Role, Settings};
use crate::words::{counted, grouped, share};
use decide::id::{ChannelName, RolloutId};
use decide::rollout::{Phase, View};
use decide::time::Time;
use serde_json::json;
use std::collections::BTreeMap;
use wire::api::RolloutStatus;

/// Show one rollout, or all of them
///
/// Ends with 1 when the rollout, or the newest one of a channel, was stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// The rollout, such as r-0003
    rollout: Option<RolloutId>,
}

/// Runs the command.
pub(crate) fn run(args: &Status, settings: &Settings) -> Result<Exit, Failure> {
    let api = settings.api(Role::Viewer)?;
    let Some(id) = &args.rollout else {
        let list = api.list::<RolloutStatus>("/v1/rollouts")?;
        settings.terminal.document(&json!({
            "schema": "ringfence/rollouts/v1", "as_of": list.as_of, "items": list.items,
        }))?;
        settings.terminal.text(&all(&list.items, list.as_of))?;
        let stopped = newest(&list.items).iter().any(|one| one.view.phase.stopped());
        return Ok(if stopped { Exit::Against } else { Exit::Good });
    };
    let status: RolloutStatus = api.get(&format!("/v1/rollouts/{id}")).map_err(|failure| {
        let unknown = failure.reasons.first().is_some_and(|reason| reason.code == codes::NOT_KNOWN);
        if unknown { failure.next("ringfence rollout status") } else { failure }
    })?;
    settings.terminal.document(&status)?;
    settings.terminal.text(&card(&status, status.as_of))?;
    Ok(if status.view.phase.stopped() { Exit::Against } else { Exit::Good })
}

/// The newest rollout of each channel: what happened before it is history.
fn newest(rollouts: &[RolloutStatus]) -> Vec<&RolloutStatus> {
    let mut of_channel: BTreeMap<&ChannelName, &RolloutStatus> = BTreeMap::new();
    for status in rollouts {
        let known = of_channel.entry(&status.release.channel).or_insert(status);
        if status.started > known.started {
            *known = status;
        }
    }
    of_channel.into_values().collect()
}

/// The newest rollout of each channel as a card, the others counted.
fn all(rollouts: &[RolloutStatus], now: Time) -> String {
    if rollouts.is_empty() {
        return "No rollout yet. Next: ringfence rollout plan CHANNEL@NUMBER -o plan.json\n"
            .to_owned();
    }
    let shown = newest(rollouts);
    let mut text: String = shown.iter().map(|status| card(status, now)).collect();
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for status in rollouts {
        if !shown.iter().any(|one| one.rollout == status.rollout) {
            *words.entry(status.view.phase.word()).or_default() += 1;
        }
    }
    if !words.is_empty() {
        let total = words.values().sum();
        let parts: Vec<String> =
            words.iter().map(|(word, number)| format!("{number} {word}")).collect();
        let earlier = counted(total, "earlier rollout");
        text.push_str(&format!("  {earlier}: {}\n", parts.join(", ")));
    }
    text
}

/// The glyph that doubles the colour of a phase.
pub(crate) fn glyph(phase: Phase) -> &'static str {
    match phase {
        Phase::Advancing => "→",
        Phase::Holding => "!",
        Phase::Soaking | Phase::Done => "✓",
        Phase::Halted | Phase::Reverting | Phase::Reverted => "✗",
    }
}

/// One rollout in one line: time, phase, counts, the first reason.
pub(crate) fn line(status: &RolloutStatus) -> String {
    let view = &status.view;
    let why = view.reasons.first().map_or_else(String::new, ToString::to_string);
    format!(
        "{}  {:<9}  {}/{} exposed, {} healthy, {} harmed  {why}\n",
        clock::hour(status.as_of),
        view.phase.word(),
        grouped(view.assigned),
        grouped(view.machines),
        grouped(view.confirmed),
        grouped(view.harmed),
    )
}

/// One rollout in the order in which people on call ask.
pub(crate) fn card(status: &RolloutStatus, now: Time) -> String {
    let view = &status.view;
    let withdrawn = if view.withdrawn { ", withdrawn" } else { "" };
    let opened = view.gates.iter().filter(|gate| gate.opened.is_some()).count();
    let mut text = format!(
        "{} {:<9} {}  {} {}  gate {opened} of {}  {}{withdrawn}\n",
        glyph(view.phase),
        view.phase.word().to_uppercase(),
        status.rollout,
        status.release.channel,
        status.release.number,
        view.gates.len(),
        clock::ago(view.since, now),
    );
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<11}  {value}\n"));
    row("spreading?", spreading(view));
    row(
        "affected",
        format!(
            "{} got it · {} healthy · {} harmed · {} refused · {} down · {} back",
            share(view.attempted, view.machines),
            grouped(view.confirmed),
            grouped(view.harmed),
            grouped(view.refused),
            grouped(view.down),
            grouped(view.reverted)
        ),
    );
    for (index, reason) in view.reasons.iter().take(3).enumerate() {
        row(if index == 0 { "why" } else { "" }, reason.to_string());
    }
    row("started", format!("by {}: {}", status.by, status.reason));
    row("need hands", counted(status.hands_needed, "machine"));
    row("you can", you_can(status));
    text
}

fn spreading(view: &View) -> String {
    let never = view.machines.saturating_sub(view.attempted);
    if view.phase.stopped() {
        return format!("no. {} machines never got it", grouped(never));
    }
    match view.phase {
        Phase::Holding => format!("no, it holds at {}", share(view.assigned, view.machines)),
        Phase::Done | Phase::Soaking => "no, everybody has it".to_owned(),
        _ => format!("yes, offered to {}", share(view.assigned, view.machines)),
    }
}

fn you_can(status: &RolloutStatus) -> String {
    let id = &status.rollout;
    match status.view.phase {
        Phase::Advancing | Phase::Holding | Phase::Soaking => {
            format!("ringfence why {id} | halt {id} | revert {id} --reason \"…\"")
        }
        Phase::Halted => format!("ringfence why {id} | revert {id} --reason \"…\" | retro {id}"),
        Phase::Done | Phase::Reverting | Phase::Reverted => {
            format!("ringfence why {id} | retro {id}")
        }
    }
}
