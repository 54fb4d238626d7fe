//! `ringfence trial`, and `ringfence trial replay`.

use super::check::channel_of;
use crate::codes;
use crate::error::Failure;
use crate::evidence::{self, Recorded, Tested};
use crate::exit::Exit;
use crate::project::Project;
use crate::reports::{self, Wanted};
use crate::settings::Settings;
use contract::{CheckReport, Contract, Facts};
use decide::id::ChannelName;
use decide::release::Kind;
use decide::verdict::Verdict;
use sandbox::Launcher;
use serde_json::json;
use std::path::{Path, PathBuf};
use trial::consumer::events_of;
use trial::corpus::Corpus;
use trial::{Class, Plan, Report};

/// Run the real consumers on a file and on variants of it, in a sandbox
///
/// Every consumer version of the contract loads the exact bytes and executes them with events;
/// then it is given ill-formed variants, so that landmines are found here and not in the field.
/// Inside a project the verdict is signed and kept as evidence, whatever it is.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Trial {
    #[command(subcommand)]
    other: Option<Other>,
    /// The file
    #[arg(required = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    bench: Bench,
    /// Variants a consumer version is given
    #[arg(long, value_name = "N", default_value_t = trial::VARIANTS_DEFAULT as u64,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    variants: u64,
    /// Also write a report: json, sarif, junit, github, gitlab, markdown or html; repeatable
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Wanted>,
}

#[derive(Debug, clap::Subcommand)]
enum Other {
    /// Run a kept landmine again on every consumer version
    Replay(Replay),
}

/// Run a kept landmine again on every consumer version
#[derive(Debug, clap::Args)]
struct Replay {
    /// The landmine's id, as the trial named it
    id: String,
    #[command(flatten)]
    bench: Bench,
}

/// What consumers are run with.
#[derive(Debug, clap::Args)]
struct Bench {
    /// The contract [default: that of the file's channel in the project]
    #[arg(long, value_name = "FILE", conflicts_with = "channel")]
    contract: Option<PathBuf>,
    /// The channel of the project that the file belongs to
    #[arg(long, value_name = "NAME")]
    channel: Option<ChannelName>,
    /// A file of events to execute, instead of the contract's; repeatable
    #[arg(long, value_name = "FILE")]
    events: Vec<PathBuf>,
    /// Where the consumers' programs are, `{bin}` in contracts [default: the project's bin_dir,
    /// else where ringfence itself is]
    #[arg(long, alias = "bin-dir", value_name = "DIR")]
    bin: Option<PathBuf>,
    /// Seed of the random variants
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Trial, settings: &Settings) -> Result<Exit, Failure> {
    match (&args.other, &args.file) {
        (Some(Other::Replay(replay)), _) => again(replay, settings),
        (None, Some(file)) => attempt(args, file, settings),
        (None, None) => Err(Failure::new(codes::USAGE, "no file was named")),
    }
}

fn attempt(args: &Trial, file: &Path, settings: &Settings) -> Result<Exit, Failure> {
    let project = settings.project()?;
    let contract = contract_of(&args.bench, project, file)?;
    // Read as the check reads it: within the contract's size, and only if it is a file.
    let (checked, bytes) = contract::check_path(&contract, file, None)
        .map_err(|finding| evidence::unreadable(&finding))?;
    let Some(digest) = evidence::digest_of(&bytes, checked.facts.bytes) else {
        let mut failure = Failure::from(checked.findings);
        failure.kind = crate::error::Kind::Refused;
        return Err(failure);
    };
    let plan = plan(args, file, &contract, project, bytes)?;
    let report = trial::run(&contract, &plan, &mut |line| settings.terminal.note(line))
        .map_err(|error| Failure::not_written(&std::env::temp_dir(), &error))?;
    let kept = evidence::record(
        project,
        Tested {
            kind: Kind::Trial,
            file,
            digest,
            contract: &contract,
            verdict: report.verdict,
            findings: &report.findings,
            versions: ran(&report),
            passed: passed(&report),
            sandbox: report.sandbox.clone(),
            executions: report.executions,
            events: events(&contract, &plan),
        },
    )?;
    show(args, settings, &report, &contract, &kept)
}

fn show(
    args: &Trial,
    settings: &Settings,
    report: &Report,
    contract: &Contract,
    kept: &Recorded,
) -> Result<Exit, Failure> {
    let document = serde_json::to_value(report).map_err(|error| {
        Failure::new(codes::BUG, format!("the report could not be written as JSON: {error}"))
    })?;
    let as_check = CheckReport {
        schema: "ringfence/check-report/v1",
        file: report.file.clone(),
        contract: contract.path.display().to_string(),
        facts: Facts::default(),
        verdict: report.verdict,
        findings: report.findings.clone(),
    };
    reports::write(&args.report, &[as_check], &document)?;
    settings.terminal.document(&document)?;
    settings.terminal.text(&trial::render::human(report))?;
    if let Some(words) = kept.words() {
        settings.terminal.note(&words);
    }
    if report.verdict.opens_gate() && matches!(kept, Recorded::Kept(_)) {
        let command = format!("ringfence publish {} --channel {}", report.file, contract.channel);
        settings.terminal.note(&format!("next: {command}"));
    }
    settings.terminal.text(&format!("{}\n", verdicts(report)))?;
    Ok(super::exit_of(report.verdict))
}

/// The last line: what the trial says of the file, and what it says of the consumers.
fn verdicts(report: &Report) -> String {
    let file = match report.verdict {
        Verdict::Pass => "this file may ship",
        Verdict::Fail => "this file must not ship",
        Verdict::Inconclusive | Verdict::NoSignal => "nothing is known about this file",
    };
    let mut versions: Vec<&str> =
        report.landmines.iter().flat_map(|mine| &mine.versions).map(|v| v.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let glyph = match report.verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Inconclusive | Verdict::NoSignal => "?",
    };
    if versions.is_empty() {
        return format!("{glyph} {file}");
    }
    let ways = crate::words::counted(report.landmines.len() as u64, "way");
    format!("{glyph} two verdicts: {file}; {} die on bad input ({ways})", versions.join(" and "))
}

/// Event files of all versions, each once.
fn events(contract: &Contract, plan: &Plan) -> Vec<PathBuf> {
    let consumers = contract.consumer.iter();
    let mut all: Vec<PathBuf> =
        consumers.flat_map(|one| events_of(contract, one, &plan.events)).collect();
    all.sort();
    all.dedup();
    all
}

fn ran(report: &Report) -> Vec<decide::id::ConsumerVersion> {
    let versions = report.versions.iter();
    versions
        .filter(|one| !matches!(one.candidate, Class::NotRun { .. }))
        .map(|one| one.version.clone())
        .collect()
}

fn passed(report: &Report) -> Vec<String> {
    let versions = report.versions.iter();
    versions
        .filter(|one| one.candidate == Class::Loaded)
        .map(|one| format!("consumer {}", one.version))
        .collect()
}

fn contract_of(bench: &Bench, project: Option<&Project>, file: &Path) -> Result<Contract, Failure> {
    if let Some(path) = &bench.contract {
        return Ok(Contract::load(path)?);
    }
    let (name, project) = channel_of(bench.channel.as_ref(), project, file)?;
    project.contract(&name)
}

fn plan(
    args: &Trial,
    file: &Path,
    contract: &Contract,
    project: Option<&Project>,
    bytes: Vec<u8>,
) -> Result<Plan, Failure> {
    let mut plan = bare_plan(&args.bench, contract, project)?;
    plan.file = file.display().to_string();
    plan.bytes = bytes;
    plan.variants = usize::try_from(args.variants).unwrap_or(usize::MAX);
    Ok(plan)
}

fn bare_plan(
    bench: &Bench,
    contract: &Contract,
    project: Option<&Project>,
) -> Result<Plan, Failure> {
    let own = std::env::current_exe().map_err(|error| {
        Failure::new(codes::BUG, format!("this program's own file is not known: {error}"))
    })?;
    let beside = own.parent().map_or_else(PathBuf::new, Path::to_owned);
    let bin = bench.bin.clone().or_else(|| project.and_then(Project::bin)).unwrap_or(beside);
    let bin = std::fs::canonicalize(&bin).map_err(|error| Failure::not_read(&bin, &error))?;
    let events = match (bench.events.is_empty(), project) {
        (true, Some(project)) => project.events(&contract.channel),
        _ => bench.events.clone(),
    };
    for path in &events {
        std::fs::metadata(path).map_err(|error| Failure::not_read(path, &error))?;
    }
    Ok(Plan {
        file: String::new(),
        bytes: Vec::new(),
        events,
        bin,
        variants: 0,
        seed: bench.seed,
        corpus: Corpus::at(&corpus(&contract.channel, project)),
        launcher: Launcher::at(&own),
    })
}

/// Where landmines are kept: in the project, or in the user's cache where there is none.
fn corpus(channel: &ChannelName, project: Option<&Project>) -> PathBuf {
    if let Some(project) = project.filter(|project| project.channels().contains_key(channel)) {
        return project.corpus(channel);
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    cache.join("ringfence/corpus").join(channel.as_str())
}

fn again(args: &Replay, settings: &Settings) -> Result<Exit, Failure> {
    let project = settings.project()?;
    let contract = replay_contract(args, project)?;
    let plan = bare_plan(&args.bench, &contract, project)?;
    let (landmine, _) = plan.corpus.read(&args.id).map_err(|error| {
        let place = corpus(&contract.channel, project);
        let sentence = format!("no landmine '{}' in {}: {error}", args.id, place.display());
        Failure::new(codes::UNKNOWN_NAME, sentence)
    })?;
    let endings = trial::replay(&contract, &plan, &args.id)
        .map_err(|error| Failure::not_written(&std::env::temp_dir(), &error))?;
    let mut text = format!("{}  {}\n", landmine.id, landmine.change);
    for (version, class) in &endings {
        text.push_str(&format!("  {:<10} {}\n", version.as_str(), class.words()));
    }
    let killed = endings.iter().filter(|(_, class)| class.unclean()).count();
    let ran = endings.iter().filter(|(_, class)| !matches!(class, Class::NotRun { .. })).count();
    let verdict = match (killed, ran) {
        (1.., _) => Verdict::Fail,
        (0, ran) if ran == endings.len() && ran > 0 => Verdict::Pass,
        _ => Verdict::NoSignal,
    };
    let classes: Vec<_> = endings
        .iter()
        .map(|(version, class)| json!({ "version": version, "ending": class }))
        .collect();
    settings.terminal.document(&json!({
        "schema": "ringfence/replay/v1", "landmine": landmine, "verdict": verdict,
        "versions": classes,
    }))?;
    let glyph = if verdict.opens_gate() { "✓" } else { "✗" };
    text.push_str(&format!(
        "{glyph} it still kills {killed} of {} consumer versions\n",
        endings.len()
    ));
    settings.terminal.text(&text)?;
    Ok(super::exit_of(verdict))
}

/// The contract of the channel whose corpus has the landmine.
fn replay_contract(args: &Replay, project: Option<&Project>) -> Result<Contract, Failure> {
    if args.bench.contract.is_none()
        && args.bench.channel.is_none()
        && let Some(project) = project
    {
        let mut names = project.channels().keys();
        let named = format!("{}.json", args.id);
        let found = names.find(|name| project.corpus(name).join(&named).is_file());
        if let Some(name) = found {
            return project.contract(name);
        }
    }
    contract_of(&args.bench, project, Path::new(&args.id))
}
