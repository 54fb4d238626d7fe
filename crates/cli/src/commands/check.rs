//! `ringfence check`.

use crate::codes;
use crate::error::Failure;
use crate::evidence::{self, Recorded, Tested};
use crate::exit::Exit;
use crate::files;
use crate::project::Project;
use crate::reports::{self, Wanted};
use crate::settings::Settings;
use contract::model::FILE_BYTES_MAX;
use contract::{CheckReport, Contract, Facts, render};
use decide::finding::{Finding, Severity};
use decide::id::ChannelName;
use decide::release::Kind;
use decide::verdict::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Hold files against their contract
///
/// Reports everything that is wrong, each at its exact place. Inside a project the verdict is
/// signed and kept as evidence, whatever it is. Without FILE, checks all files that the project's
/// channels list.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The files
    files: Vec<PathBuf>,
    /// The contract [default: that of the file's channel in the project]
    #[arg(long, value_name = "FILE", conflicts_with = "channel")]
    contract: Option<PathBuf>,
    /// The channel of the project that the files belong to
    #[arg(long, value_name = "NAME")]
    channel: Option<ChannelName>,
    /// The last good release, for limits on growth [default: the newest one published from here]
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Also write a report: json, sarif, junit, github, gitlab, markdown or html; repeatable
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Wanted>,
    /// Nothing to check is good
    #[arg(long)]
    allow_empty: bool,
}

/// The schema name of the run's document.
const SCHEMA: &str = "ringfence/check/v1";

/// The document of one run.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    verdict: Verdict,
    counts: Counts,
    files: &'a [CheckReport],
    evidence: &'a [Option<String>],
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counts {
    named: u64,
    checked: u64,
    passed: u64,
    refused: u64,
    skipped: u64,
}

impl Counts {
    fn line(self) -> String {
        format!(
            "checked {} of {} files · {} pass · {} refused · {} skipped",
            self.checked, self.named, self.passed, self.refused, self.skipped
        )
    }
    fn verdict(self) -> Verdict {
        if self.refused > 0 {
            Verdict::Fail
        } else if self.skipped > 0 || self.checked == 0 {
            Verdict::NoSignal
        } else {
            Verdict::Pass
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Check, settings: &Settings) -> Result<Exit, Failure> {
    let project = settings.project()?;
    let wanted = wanted(args, project)?;
    if wanted.is_empty() {
        return empty(args, settings);
    }
    let mut contracts = Contracts::new(args, project);
    let (mut counts, mut all, mut kept) = (Counts::default(), Vec::new(), Vec::new());
    for file in &wanted {
        let checked = one(args, project, contracts.of(file)?, file)?;
        counts.named += 1;
        match checked.report.verdict {
            Verdict::Pass => counts.passed += 1,
            Verdict::Fail => counts.refused += 1,
            Verdict::Inconclusive | Verdict::NoSignal => counts.skipped += 1,
        }
        counts.checked = counts.passed + counts.refused;
        settings.terminal.text(&checked.text)?;
        if settings.terminal.format == crate::terminal::Format::Jsonl {
            settings.terminal.document(&checked.report)?;
        }
        all.push(checked.report);
        kept.push(checked.evidence);
    }
    let listed =
        if settings.terminal.format == crate::terminal::Format::Jsonl { &[] } else { &all[..] };
    let paths: Vec<Option<String>> =
        kept.iter().map(|one| one.as_ref().and_then(Recorded::path)).collect();
    let verdict = counts.verdict();
    let document = Document { schema: SCHEMA, verdict, counts, files: &all, evidence: &paths };
    let whole = serde_json::to_value(&document).map_err(|error| {
        Failure::new(codes::BUG, format!("the report could not be written as JSON: {error}"))
    })?;
    reports::write(&args.report, &all, &whole)?;
    settings.terminal.document(&Document { files: listed, ..document })?;
    notes(settings, &wanted, &kept, verdict);
    settings.terminal.text(&format!("{}\n", counts.line()))?;
    Ok(super::exit_of(verdict))
}

fn notes(settings: &Settings, files: &[PathBuf], kept: &[Option<Recorded>], verdict: Verdict) {
    let signed = kept.iter().flatten().filter(|one| one.path().is_some()).count();
    if signed > 0 {
        settings.terminal.note(&format!("evidence signed for {signed} of {}", kept.len()));
    } else if let Some(Recorded::Not(why)) = kept.iter().flatten().next() {
        settings.terminal.note(&format!("no evidence signed: {why}"));
    }
    if verdict.opens_gate()
        && let [only] = files
    {
        settings.terminal.note(&format!("next: ringfence trial {}", only.display()));
    }
}

fn empty(args: &Check, settings: &Settings) -> Result<Exit, Failure> {
    let counts = Counts::default();
    if !args.allow_empty {
        return Err(Failure::new(
            codes::NOTHING_CHECKED,
            "no file was named, and the project's channels list none that is there",
        )
        .next("ringfence check FILE")
        .hint("where nothing to check is good: --allow-empty"));
    }
    let document =
        Document { schema: SCHEMA, verdict: Verdict::NoSignal, counts, files: &[], evidence: &[] };
    settings.terminal.document(&document)?;
    settings.terminal.text(&format!("{}\n", counts.line()))?;
    Ok(Exit::Good)
}

/// The named files, or all that the project lists.
fn wanted(args: &Check, project: Option<&Project>) -> Result<Vec<PathBuf>, Failure> {
    if !args.files.is_empty() {
        return Ok(args.files.clone());
    }
    let Some(project) = project else {
        return Ok(Vec::new());
    };
    if let Some(name) = &args.channel {
        project.channel(name)?;
    }
    let channels = project.channels().iter();
    let mut found: Vec<PathBuf> = channels
        .filter(|(name, _)| args.channel.as_ref().is_none_or(|wanted| wanted == *name))
        .flat_map(|(_, channel)| &channel.files)
        .flat_map(|pattern| files::matching(&project.directory, pattern))
        .collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// Contracts, each read once.
struct Contracts<'a> {
    args: &'a Check,
    project: Option<&'a Project>,
    named: Option<Contract>,
    known: BTreeMap<ChannelName, Contract>,
}

impl<'a> Contracts<'a> {
    fn new(args: &'a Check, project: Option<&'a Project>) -> Contracts<'a> {
        Contracts { args, project, named: None, known: BTreeMap::new() }
    }

    fn of(&mut self, file: &Path) -> Result<&Contract, Failure> {
        if let Some(path) = &self.args.contract {
            let contract = match self.named.take() {
                Some(contract) => contract,
                None => Contract::load(path)?,
            };
            return Ok(self.named.insert(contract));
        }
        let (name, project) = channel_of(self.args.channel.as_ref(), self.project, file)?;
        if !self.known.contains_key(&name) {
            self.known.insert(name.clone(), project.contract(&name)?);
        }
        self.known.get(&name).ok_or_else(|| Failure::new(codes::BUG, "a contract vanished"))
    }
}

/// The channel of a file, by name or by the project's patterns.
pub(crate) fn channel_of<'a>(
    named: Option<&ChannelName>,
    project: Option<&'a Project>,
    file: &Path,
) -> Result<(ChannelName, &'a Project), Failure> {
    let Some(project) = project else {
        return Err(Failure::new(codes::USAGE, "no contract: no --contract, and no project here")
            .hint("name one: --contract FILE")
            .next("ringfence init --channel NAME"));
    };
    match named {
        Some(name) => project.channel(name).map(|_| (name.clone(), project)),
        None => project.channel_of(file).map(|name| (name, project)),
    }
}

struct Checked {
    report: CheckReport,
    text: String,
    evidence: Option<Recorded>,
}

fn one(
    args: &Check,
    project: Option<&Project>,
    contract: &Contract,
    file: &Path,
) -> Result<Checked, Failure> {
    let previous = match (&args.previous, project) {
        (Some(path), _) => Some(files::read(path, FILE_BYTES_MAX)?),
        (None, Some(project)) => match project.newest_release(&contract.channel) {
            Some(path) => files::read_if_there(&path, FILE_BYTES_MAX)?,
            None => None,
        },
        (None, None) => None,
    };
    let (report, bytes) = match contract::check_path(contract, file, previous.as_deref()) {
        Ok(checked) => checked,
        Err(finding) => return Ok(skipped(contract, file, *finding)),
    };
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&render::human(finding, &bytes));
        text.push('\n');
    }
    let evidence = match evidence::digest_of(&bytes, report.facts.bytes) {
        Some(digest) => Some(evidence::record(
            project,
            Tested {
                kind: Kind::Check,
                file,
                digest,
                contract,
                verdict: report.verdict,
                findings: &report.findings,
                versions: contract.consumer.iter().map(|one| one.version.clone()).collect(),
                passed: passed(&report),
                sandbox: String::new(),
                executions: 0,
                events: Vec::new(),
            },
        )?),
        None => None,
    };
    Ok(Checked { report, text, evidence })
}

fn passed(report: &CheckReport) -> Vec<String> {
    if report.verdict.opens_gate() { vec!["contract".to_owned()] } else { Vec::new() }
}

fn skipped(contract: &Contract, file: &Path, finding: Finding) -> Checked {
    debug_assert_eq!(finding.severity, Severity::Error);
    let text = format!("{}\n", render::human(&finding, &[]));
    let report = CheckReport {
        schema: "ringfence/check-report/v1",
        file: file.display().to_string(),
        contract: contract.path.display().to_string(),
        facts: Facts::default(),
        verdict: Verdict::NoSignal,
        findings: vec![finding],
    };
    Checked { report, text, evidence: None }
}
