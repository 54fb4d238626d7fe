//! `ringfence rollout plan`.

use super::SavedPlan;
use crate::error::{Failure, Kind};
use crate::exit::Exit;
use crate::files;
use crate::names::ReleaseName;
use crate::settings::{Role, Settings};
use crate::words::{Align, counted, grouped, share, table};
use contract::strict;
use decide::id::ChannelName;
use decide::policy::{Lane, Policy, builtin};
use decide::rollout::Plan;
use std::path::{Path, PathBuf};
use wire::Document;
use wire::api::{PlanAnswer, RolloutRequest};

/// Say what a rollout would do, and save it for `apply`
///
/// The server draws the plan with the code that carries it out. The digest stands for the fleet,
/// the policy and the releases that it was drawn from: when they change, `apply` refuses.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    /// The release: CHANNEL@NUMBER, or CHANNEL@ and the first digits of its digest
    release: ReleaseName,
    /// The ladder: lanes differ in time, never in whether there are gates
    #[arg(long, value_enum, default_value = "standard")]
    lane: LaneName,
    /// The policy [default: that of the channel in the project, else the built-in standard]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where to save the plan
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The lanes as words of the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LaneName {
    Standard,
    Cautious,
    Emergency,
}

impl From<LaneName> for Lane {
    fn from(name: LaneName) -> Lane {
        match name {
            LaneName::Standard => Lane::Standard,
            LaneName::Cautious => Lane::Cautious,
            LaneName::Emergency => Lane::Emergency,
        }
    }
}

/// Strata that the screen lists; a plan fits one screen, the saved file has all.
const STRATA_SHOWN: usize = 6;

/// Runs the command.
pub(crate) fn run(args: &PlanArgs, settings: &Settings) -> Result<Exit, Failure> {
    let policy = policy(args.policy.as_deref(), &args.release.channel, settings)?;
    let api = settings.api(Role::Operator)?;
    let request = RolloutRequest {
        schema: RolloutRequest::SCHEMA.to_owned(),
        channel: args.release.channel.clone(),
        number: args.release.number(&api)?,
        lane: args.lane.into(),
        policy,
        plan: None,
        reason: String::new(),
    };
    let answer: PlanAnswer = api.post("/v1/plans", &request)?;
    let saved = SavedPlan {
        schema: SavedPlan::SCHEMA.to_owned(),
        digest: answer.digest,
        plan: answer.plan,
        request,
    };
    if let Some(out) = &args.out {
        let text = serde_json::to_string_pretty(&saved).map_err(|error| {
            Failure::new(crate::codes::BUG, format!("the plan could not be written: {error}"))
        })?;
        files::replace(out, format!("{text}\n").as_bytes())?;
    }
    settings.terminal.document(&saved)?;
    settings.terminal.text(&screen(&saved.plan))?;
    settings.terminal.text(&last_line(&saved, args.out.as_deref()))?;
    Ok(Exit::Good)
}

/// The policy: a file, the channel's, or the built-in one; refused where it opens a path around
/// the gates.
fn policy(
    named: Option<&Path>,
    channel: &ChannelName,
    settings: &Settings,
) -> Result<Policy, Failure> {
    let of_project = match settings.project()? {
        Some(project) => project.policy(channel),
        None => None,
    };
    let Some(path) = named.map(Path::to_owned).or(of_project) else {
        return Ok(builtin::standard());
    };
    let policy: Policy = strict::read(&path)?;
    let faults = policy.check();
    if faults.is_empty() {
        return Ok(policy);
    }
    let mut failure = Failure::because(faults).kind(Kind::Configuration);
    failure.hints.push(format!("the policy is {}", path.display()));
    Err(failure)
}

/// The plan on one screen.
pub(crate) fn screen(plan: &Plan) -> String {
    let previous = plan.previous.as_ref().map_or("seed".to_owned(), |one| one.number.to_string());
    let mut text = format!(
        "{} {previous} → {}  policy {}, lane {}\n\n",
        plan.release.channel,
        plan.release.number,
        plan.policy,
        plan.lane.name()
    );
    let head = ["gate", "size", "machines", "", "rings up to", "waits", "seen there with 99 %"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (index, gate) in plan.gates.iter().enumerate() {
        rows.push(vec![
            index.to_string(),
            gate.size.clone(),
            grouped(gate.machines),
            format!("({}.{} %)", gate.permille / 10, gate.permille % 10),
            gate.ring.to_string(),
            gate.wait.to_string(),
            format!(
                "a fault in {}.{:02} % or more",
                gate.seen_ppm / 10_000,
                gate.seen_ppm % 10_000 / 100
            ),
        ]);
    }
    use Align::{Left, Right};
    text.push_str(&table(&[Right, Left, Right, Right, Left, Right, Left], &rows));
    text.push('\n');
    for reason in &plan.left_out {
        text.push_str(&format!("left out: {} ({})\n", reason.sentence, reason.code));
    }
    text.push_str(&strata(plan));
    if let Some(first) = plan.gates.first() {
        text.push_str(&format!(
            "If bad: at most {} machines before the first gate is judged; it grows only on health.\n",
            share(first.machines, plan.machines)
        ));
        text.push_str(&format!(
            "Power of the first gate: {}; a rarer one can pass it.\n",
            first.power
        ));
    }
    text.push_str(&format!("If good: everywhere in {} at the earliest.\n", plan.earliest_all));
    text
}

fn strata(plan: &Plan) -> String {
    let strata = if plan.strata.len() == 1 { "stratum" } else { "strata" };
    let machines = counted(plan.machines, "machine");
    let mut text = format!("{machines} in {} {strata}:", plan.strata.len());
    for stratum in plan.strata.iter().take(STRATA_SHOWN) {
        text.push_str(&format!(" {} {}", stratum.name, grouped(stratum.machines)));
        text.push(',');
    }
    let more = plan.strata.len().saturating_sub(STRATA_SHOWN);
    let text = text.trim_end_matches([',', ':']);
    if more > 0 { format!("{text} and {more} more\n") } else { format!("{text}\n") }
}

fn last_line(saved: &SavedPlan, out: Option<&Path>) -> String {
    match out {
        Some(out) => format!(
            "Saved {} (digest {}). Next: ringfence rollout apply {} --reason \"…\"\n",
            out.display(),
            saved.digest.short(),
            out.display()
        ),
        None => format!(
            "Not saved (digest {}). Next: ringfence rollout plan {}@{} -o plan.json\n",
            saved.digest.short(),
            saved.request.channel,
            saved.request.number
        ),
    }
}
