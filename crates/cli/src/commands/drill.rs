//! `ringfence drill`: what can be asked, and how it is shown. The simulator is a crate of its own.

use crate::codes;
use crate::error::{Failure, Kind};
use crate::exit::Exit;
use crate::files;
use crate::settings::Settings;
use crate::signals;
use drill::fleet::Shape;
use drill::fuzz::FuzzRequest;
use drill::library::Library;
use drill::{
    CompareRequest, DrillError, IncidentsRequest, Request, SweepRequest, Watch, policies, render,
};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Simulate rollouts and past outages with the production decisions
///
/// A drill runs the code that server and agents run against a fleet in memory, under a virtual
/// clock. The same seed gives the same bytes.
#[derive(Debug, clap::Args)]
pub(crate) struct Drill {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the scenarios
    List(List),
    /// Run one scenario under a policy
    Run(Run),
    /// Run one scenario under several policies, ours and those of other tools
    Compare(Compare),
    /// Run every scenario under a policy
    Sweep(Sweep),
    /// List the policies that a drill can follow, with their sources
    Policies,
    /// Live through random histories until an invariant breaks; a failure is shrunk
    Fuzz(Fuzz),
    /// Run every incident of the library, as it happened and under a policy
    Incidents(Incidents),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only scenarios with this word in their name, maker, shape or line
    #[arg(default_value = "")]
    filter: String,
    /// Read incidents from this file instead of the shipped library
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The scenario, as `ringfence drill list` names it
    scenario: String,
    /// all-at-once (as it happened), standard, cautious, emergency, or a policy file
    #[arg(long, value_name = "POLICY", default_value = "standard")]
    policy: String,
    /// Machines of the fleet [default: the incident's own count, or 100,000]
    #[arg(long, value_name = "N")]
    machines: Option<u64>,
    /// The seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The fleet: systems, versions, rings, regions (schema ringfence/fleet/v1)
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// Read incidents from this file instead of the shipped library
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Incidents {
    /// standard, cautious, emergency, all-at-once, or a policy file
    #[arg(long, value_name = "POLICY", default_value = "standard")]
    policy: String,
    /// Machines of each fleet [default: 100,000]
    #[arg(long, value_name = "N")]
    machines: Option<u64>,
    /// The seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Read incidents from this file instead of the shipped library
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Compare {
    /// The scenario, as `ringfence drill list` names it
    scenario: String,
    /// A policy to compare, as `ringfence drill policies` names it, or a policy file; once each
    #[arg(long = "policy", value_name = "POLICY")]
    policies: Vec<String>,
    /// Compare with every other tool's policy
    #[arg(long)]
    peers: bool,
    /// Machines of the fleet [default: the incident's own count, or 100,000]
    #[arg(long, value_name = "N")]
    machines: Option<u64>,
    /// Runs of each policy
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The fleet: systems, versions, rings, regions (schema ringfence/fleet/v1)
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// Read incidents from this file instead of the shipped library
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// Write a report: html or json
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    reports: Vec<Wanted>,
}

#[derive(Debug, clap::Args)]
struct Sweep {
    /// Only scenarios with this word in their name or shapes
    #[arg(default_value = "")]
    filter: String,
    /// standard, cautious, emergency, another tool's policy, or a policy file
    #[arg(long, value_name = "POLICY", default_value = "standard")]
    policy: String,
    /// Machines of each fleet [default: 10,000]
    #[arg(long, value_name = "N")]
    machines: Option<u64>,
    /// Runs of each scenario
    #[arg(long, value_name = "N", default_value_t = 3)]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The fleet: systems, versions, rings, regions (schema ringfence/fleet/v1)
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// Read incidents from this file instead of the shipped library
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Fuzz {
    /// Stop after this many histories [default: 10,000, or no limit with --seconds]
    #[arg(long, value_name = "N")]
    histories: Option<u64>,
    /// Stop after this many seconds
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// The seed of the first history; the next has the next
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// A report of a comparison.
#[derive(Clone, Debug)]
struct Wanted {
    html: bool,
    path: PathBuf,
}

impl FromStr for Wanted {
    type Err = String;
    fn from_str(text: &str) -> Result<Wanted, String> {
        let (html, path) = match text.split_once('=') {
            Some(("html", path)) => (true, path),
            Some(("json", path)) => (false, path),
            _ => return Err(format!("'{text}' is not html=PATH or json=PATH")),
        };
        if path.is_empty() {
            return Err(format!("'{text}' names no path"));
        }
        Ok(Wanted { html, path: PathBuf::from(path) })
    }
}

/// Runs the command.
pub(crate) fn run(args: &Drill, settings: &Settings) -> Result<Exit, Failure> {
    signals::watch();
    match &args.what {
        What::List(args) => list(args, settings),
        What::Run(args) => one(args, settings),
        What::Compare(args) => compare(args, settings),
        What::Sweep(args) => sweep(args, settings),
        What::Fuzz(args) => fuzz(args, settings),
        What::Policies => {
            settings.terminal.text(&render::policies_text())?;
            settings.terminal.document(&drill::policies::listed())?;
            Ok(Exit::Good)
        }
        What::Incidents(args) => incidents(args, settings),
    }
}

fn library(path: Option<&PathBuf>) -> Result<Option<Library>, Failure> {
    path.map(|path| drill::library::read(path)).transpose().map_err(failure)
}

fn fleet(path: Option<&PathBuf>) -> Result<Option<Shape>, Failure> {
    path.map(|path| drill::fleet::read(path)).transpose().map_err(failure)
}

fn list(args: &List, settings: &Settings) -> Result<Exit, Failure> {
    let library = library(args.library.as_ref())?;
    let report = drill::list(library.as_ref(), &args.filter).map_err(failure)?;
    settings.terminal.text(&render::list_text(&report))?;
    settings.terminal.document(&report)?;
    Ok(Exit::Good)
}

fn one(args: &Run, settings: &Settings) -> Result<Exit, Failure> {
    let request = Request {
        scenario: args.scenario.clone(),
        library: library(args.library.as_ref())?,
        policy: policies::choose(&args.policy).map_err(failure)?,
        machines: args.machines,
        seed: args.seed,
        fleet: fleet(args.fleet.as_ref())?,
    };
    let mut progress = Progress::new();
    let report = drill::run(&request, &mut progress).map_err(failure)?;
    progress.clear();
    settings.terminal.text(&render::run_text(&report))?;
    settings.terminal.document(&report)?;
    Ok(Exit::Good)
}

fn compare(args: &Compare, settings: &Settings) -> Result<Exit, Failure> {
    let words: Vec<&str> = args.policies.iter().map(String::as_str).collect();
    let request = CompareRequest {
        policies: policies::compared(&args.scenario, &words, args.peers).map_err(failure)?,
        scenario: args.scenario.clone(),
        library: library(args.library.as_ref())?,
        machines: args.machines,
        seed: args.seed,
        seeds: args.seeds,
        fleet: fleet(args.fleet.as_ref())?,
    };
    let mut progress = Progress::new();
    let report = drill::compare(&request, &mut progress).map_err(failure)?;
    progress.clear();
    for Wanted { html, path } in &args.reports {
        let text = if *html { render::compare_html(&report) } else { render::json(&report) };
        files::replace(path, text.as_bytes())?;
    }
    settings.terminal.text(&render::compare_text(&report))?;
    settings.terminal.document(&report)?;
    Ok(Exit::Good)
}

fn sweep(args: &Sweep, settings: &Settings) -> Result<Exit, Failure> {
    let request = SweepRequest {
        library: library(args.library.as_ref())?,
        filter: args.filter.clone(),
        policy: policies::choose(&args.policy).map_err(failure)?,
        machines: args.machines,
        seed: args.seed,
        seeds: args.seeds,
        fleet: fleet(args.fleet.as_ref())?,
    };
    let mut progress = Progress::new();
    let report = drill::sweep(&request, &mut progress).map_err(failure)?;
    progress.clear();
    settings.terminal.text(&render::sweep_text(&report))?;
    settings.terminal.document(&report)?;
    Ok(Exit::Good)
}

/// Histories, when neither their number nor a time is said.
const HISTORIES: u64 = 10_000;

fn fuzz(args: &Fuzz, settings: &Settings) -> Result<Exit, Failure> {
    let limit = if args.seconds.is_some() { drill::fuzz::HISTORIES_MAX } else { HISTORIES };
    let request = FuzzRequest { seed: args.seed, histories: args.histories.unwrap_or(limit) };
    let began = Instant::now();
    let time = args.seconds.map(Duration::from_secs);
    let mut progress = Progress::new();
    let mut enough = || time.is_some_and(|time| began.elapsed() >= time);
    let report = drill::fuzz::fuzz(&request, &mut progress, &mut enough).map_err(failure)?;
    progress.clear();
    settings.terminal.text(&render::fuzz_text(&report))?;
    settings.terminal.document(&report)?;
    Ok(if report.failure.is_some() { Exit::Against } else { Exit::Good })
}

fn incidents(args: &Incidents, settings: &Settings) -> Result<Exit, Failure> {
    let name = args.library.as_ref().map(|path| path.display().to_string());
    let request = IncidentsRequest {
        library: library(args.library.as_ref())?,
        name: name.unwrap_or_else(|| drill::library::SHIPPED_NAME.to_owned()),
        policy: policies::choose(&args.policy).map_err(failure)?,
        machines: args.machines,
        seed: args.seed,
    };
    let mut progress = Progress::new();
    let report = drill::incidents(&request, &mut progress).map_err(failure)?;
    progress.clear();
    settings.terminal.text(&render::incidents_text(&report))?;
    settings.terminal.document(&report)?;
    Ok(Exit::Good)
}

fn failure(error: DrillError) -> Failure {
    match error {
        DrillError::Refused(reason) => Failure::because(vec![reason]),
        DrillError::Violated(reason) => Failure::because(vec![reason]).kind(Kind::Refused),
        DrillError::Interrupted => {
            Failure::new(codes::INTERRUPTED, "stopped; a drill that was stopped has no result")
                .kind(Kind::Interrupted)
        }
    }
}

/// How often progress is shown.
const SHOW_EVERY: Duration = Duration::from_millis(200);

/// One line on standard error that is written over, only where a person can see it.
struct Progress {
    seen: bool,
    shown: Option<Instant>,
}

impl Progress {
    fn new() -> Progress {
        Progress { seen: std::io::stderr().is_terminal(), shown: None }
    }
    fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Watch for Progress {
    fn progress(&mut self, done: u64, of: u64, what: &str) {
        if !self.seen || self.shown.is_some_and(|at| at.elapsed() < SHOW_EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let (done, of) = (render::count(done), render::count(of));
        // A line that cannot be written is no reason to stop.
        let _ = write!(std::io::stderr(), "\r\u{1b}[K{done} of {of} {what}");
    }
    fn interrupted(&self) -> bool {
        signals::stopped()
    }
}
