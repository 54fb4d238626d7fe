//! `ringfence why`.

use super::rollout::card;
use crate::api::Api;
use crate::clock;
use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::names::ReleaseName;
use crate::settings::{Role, Settings};
use crate::words::{Align, grouped, table};
use decide::id::{MachineId, RolloutId};
use decide::reason::Reason;
use decide::rollout::View;
use decide::time::Time;
use serde_json::json;
use wire::api::{AuditLine, List, MachineStatus, Release, RolloutStatus};

/// Say why a rollout, a release or a machine is where it is
///
/// Answers from stored data alone: the reasons with their figures, gates, strata, and the last
/// lines of the audit log about it.
#[derive(Debug, clap::Args)]
pub(crate) struct Why {
    /// A rollout such as r-0003, a release such as ipc-rules@3, or a machine's name
    what: String,
}

/// Lines of the audit log that are shown.
const AUDIT_SHOWN: usize = 12;
/// Pages of the audit log that are read for them.
const AUDIT_PAGES_MAX: usize = 64;

/// Runs the command.
pub(crate) fn run(args: &Why, settings: &Settings) -> Result<Exit, Failure> {
    let api = settings.api(Role::Viewer)?;
    if args.what.contains('@') {
        let name: ReleaseName =
            args.what.parse().map_err(|error: String| Failure::new(codes::USAGE, error))?;
        return release(settings, &api, &name);
    }
    let id: RolloutId = args.what.parse().map_err(|error| {
        Failure::new(codes::USAGE, format!("{error}"))
            .hint("name a rollout, a release CHANNEL@NUMBER, or a machine")
    })?;
    match api.get::<RolloutStatus>(&format!("/v1/rollouts/{id}")) {
        Ok(status) => rollout(settings, &api, &status),
        Err(failure) if first_code(&failure) == Some(codes::NOT_KNOWN) => {
            machine(settings, &api, &args.what)
        }
        Err(failure) => Err(failure),
    }
}

fn first_code(failure: &Failure) -> Option<decide::reason::Code> {
    failure.reasons.first().map(|reason| reason.code)
}

/// The last audit lines about something. The server gives pages, oldest first.
fn audit(api: &Api, target: &str) -> Result<Vec<AuditLine>, Failure> {
    let mut last: Vec<AuditLine> = Vec::new();
    for _ in 0..AUDIT_PAGES_MAX {
        let after = last.last().map_or(0, |line| line.sequence);
        let page: List<AuditLine> =
            api.list(&format!("/v1/audit?after={after}&target={target}"))?;
        if page.items.is_empty() {
            break;
        }
        last.extend(page.items);
        let skip = last.len().saturating_sub(AUDIT_SHOWN);
        last.drain(..skip);
    }
    Ok(last)
}

fn audit_text(lines: &[AuditLine]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("\naudit, last {}\n", lines.len());
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            vec![
                format!("  {}", clock::stamp(line.at)),
                line.sequence.to_string(),
                line.actor.clone(),
                line.verb.clone(),
                line.code.clone().unwrap_or_default(),
                line.sentence.clone(),
            ]
        })
        .collect();
    use Align::{Left, Right};
    text.push_str(&table(&[Left, Right, Left, Left, Left, Left], &rows));
    text
}

fn rollout(settings: &Settings, api: &Api, status: &RolloutStatus) -> Result<Exit, Failure> {
    let lines = audit(api, status.rollout.as_str())?;
    settings.terminal.document(&json!({
        "schema": "ringfence/why/v1", "rollout": status, "audit": lines,
    }))?;
    let view = &status.view;
    let mut text = format!("{}\nreasons\n", card(status, status.as_of));
    view.reasons.iter().for_each(|reason| text.push_str(&reason_text(reason)));
    text.push_str(&format!("  evidence of harm E = {}, verdict {}\n", view.evidence, view.verdict));
    text.push_str(&harm(view));
    text.push_str(&gates(view, status.as_of));
    text.push_str(&strata(view));
    text.push_str(&audit_text(&lines));
    settings.terminal.text(&text)?;
    Ok(Exit::Good)
}

/// Everything that a reason knows.
fn reason_text(reason: &Reason) -> String {
    let mut text = format!("  {}  {}\n", reason.code, reason.sentence);
    let mut note = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("          {name}: {value}\n"));
        }
    };
    if !reason.measured.is_empty() {
        note("measured", format!("{}, limit {}", reason.measured, reason.limit));
    }
    if let Some(count) = reason.count {
        note("count", format!("{} of {}", grouped(count.n), grouped(count.of)));
    }
    note("evidence", reason.evidence.join(", "));
    note("next", reason.next.clone());
    text
}

fn harm(view: &View) -> String {
    match (view.first_harm, view.halted_at) {
        (Some(first), Some(halted)) => format!(
            "  first harm {}, stopped {}, {} later\n",
            clock::stamp(first),
            clock::stamp(halted),
            halted.since(first)
        ),
        (Some(first), None) => format!("  first harm {}\n", clock::stamp(first)),
        (None, Some(halted)) => format!("  stopped {}, nothing was harmed\n", clock::stamp(halted)),
        (None, None) => String::new(),
    }
}

fn gates(view: &View, now: Time) -> String {
    let head = ["  gate", "machines", "rings up to", "waits", "reached", "opened", "verdict"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let when = |time: Option<Time>| time.map_or("-".to_owned(), |time| clock::ago(time, now));
    for gate in &view.gates {
        rows.push(vec![
            format!("  {}", gate.size),
            grouped(gate.machines),
            gate.ring.to_string(),
            gate.wait.to_string(),
            when(gate.reached),
            when(gate.opened),
            gate.verdict.to_string(),
        ]);
    }
    use Align::{Left, Right};
    format!("\ngates\n{}", table(&[Left, Right, Left, Right, Left, Left, Left], &rows))
}

fn strata(view: &View) -> String {
    let head =
        ["  stratum", "machines", "exposed", "attempted", "healthy", "harmed", "down", "back", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for stratum in &view.strata {
        let numbers = [
            stratum.machines,
            stratum.assigned,
            stratum.attempted,
            stratum.confirmed,
            stratum.harmed,
            stratum.down,
            stratum.reverted,
        ];
        let mut row = vec![format!("  {}", stratum.name)];
        row.extend(numbers.map(grouped));
        row.push(if stratum.quarantined { "quarantined".to_owned() } else { String::new() });
        rows.push(row);
    }
    use Align::{Left, Right};
    let align = [Left, Right, Right, Right, Right, Right, Right, Right, Left];
    format!("\nstrata\n{}", table(&align, &rows))
}

fn release(settings: &Settings, api: &Api, name: &ReleaseName) -> Result<Exit, Failure> {
    let release: Release = name.find(api)?;
    let one = &release.manifest.release;
    let all = api.list::<RolloutStatus>("/v1/rollouts")?;
    let rollouts: Vec<&RolloutStatus> =
        all.items.iter().filter(|status| status.release == *one).collect();
    let lines = audit(api, &format!("{}@{}", one.channel, one.number))?;
    settings.terminal.document(&json!({
        "schema": "ringfence/why/v1", "release": release, "rollouts": rollouts, "audit": lines,
    }))?;
    let mut text = format!(
        "{} {}  sha256:{}  {} bytes, published {} by {}\n",
        one.channel,
        one.number,
        one.digest.short(),
        grouped(one.length),
        clock::stamp(release.published),
        release.by
    );
    match &release.withdrawn {
        Some(gone) => text.push_str(&format!(
            "✗ WITHDRAWN {} by {}: {}\n",
            clock::stamp(gone.at),
            gone.by,
            gone.reason
        )),
        None if rollouts.is_empty() => text.push_str(&format!(
            "No machine has it: no rollout was started. Next: ringfence rollout plan {}@{}\n",
            one.channel, one.number
        )),
        None => {}
    }
    rollouts.iter().for_each(|status| text.push_str(&card(status, all.as_of)));
    text.push_str(&audit_text(&lines));
    settings.terminal.text(&text)?;
    Ok(Exit::Good)
}

fn machine(settings: &Settings, api: &Api, what: &str) -> Result<Exit, Failure> {
    let unknown = || {
        let sentence = format!("'{what}' is neither a rollout nor a machine of {}", api.url());
        Failure::new(codes::UNKNOWN_NAME, sentence).next("ringfence rollout status")
    };
    let id: MachineId = what.parse().map_err(|_| unknown())?;
    let list = api.list::<MachineStatus>("/v1/machines")?;
    let status = list.items.iter().find(|one| one.machine == id).ok_or_else(unknown)?;
    let lines = audit(api, id.as_str())?;
    settings.terminal.document(&json!({
        "schema": "ringfence/why/v1", "machine": status, "audit": lines,
    }))?;
    settings.terminal.text(&machine_text(status, list.as_of))?;
    settings.terminal.text(&audit_text(&lines))?;
    Ok(Exit::Good)
}

fn machine_text(status: &MachineStatus, now: Time) -> String {
    let labels: Vec<String> =
        status.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let seen = status
        .last_seen
        .map_or("never heard".to_owned(), |time| format!("last heard {}", clock::ago(time, now)));
    let mut text =
        format!("{}  ring {}  {}  {seen}\n", status.machine, status.ring, labels.join(" "));
    if let Some(why) = &status.held {
        text.push_str(&format!(
            "! HELD by its owner: {why}. Lift: ringfence hold --lift {}\n",
            status.machine
        ));
    }
    if status.running.is_empty() {
        text.push_str("It has not said what it runs.\n");
    }
    for (channel, running) in &status.running {
        let release = match running.number {
            0 => "its seed".to_owned(),
            number => format!("release {number}"),
        };
        text.push_str(&format!(
            "{channel}: runs {release} (sha256:{}), last word '{}' at {}\n",
            running.digest.short(),
            running.word,
            clock::ago(running.at, now)
        ));
    }
    text.push_str("The machine itself knows more: ringfence-agent --config agent.toml why\n");
    text
}
