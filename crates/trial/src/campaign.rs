//! A trial from beginning to end.

use crate::consumer::{Bench, Tried, events_of};
use crate::corpus::Corpus;
use crate::findings;
use crate::mutate::{self, Draws, Variant};
use crate::report::{Class, Landmine, Report, VersionReport};
use contract::Contract;
use contract::model::Consumer;
use decide::finding::{Finding, Severity};
use decide::id::{ConsumerVersion, Digest};
use decide::verdict::Verdict;
use sandbox::Launcher;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Variants tried per version when nothing else is said.
pub const VARIANTS_DEFAULT: usize = 240;
/// Workers; a run is mostly waiting for the kernel, so a few more than processors do not help.
const WORKERS_MAX: usize = 8;
/// Longest time for the variants of one version; what is left then is counted as untried. Only
/// consumers that hang on many variants get there.
const VARIANTS_TIME: Duration = Duration::from_secs(120);
/// Times a candidate that did not load is tried again, so that a rare crash is told from a sure one.
const CONFIRMATIONS: u64 = 2;
/// Memory for variants; a file that is so large that they would need more has fewer.
const VARIANT_BYTES_MAX: usize = 512 << 20;
/// Random variants drawn for one that is new, before the trial has fewer than it was asked for.
const DRAWS_PER_VARIANT: usize = 8;

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The file as the user named it.
    pub file: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Event files instead of the contract's.
    pub events: Vec<PathBuf>,
    /// Where `{bin}` points.
    pub bin: PathBuf,
    /// Variants per version.
    pub variants: usize,
    /// Seed of the random part.
    pub seed: u64,
    /// The corpus.
    pub corpus: Corpus,
    /// How the sandbox is started.
    pub launcher: Launcher,
}

/// Runs a trial. `progress` hears one line a phase.
///
/// # Errors
/// Only when no scratch directory can be made; everything else is a finding.
pub fn run(
    contract: &Contract,
    plan: &Plan,
    progress: &mut dyn FnMut(&str),
) -> std::io::Result<Report> {
    let scratch = Scratch::new()?;
    let bench = bench(contract, plan, &scratch);
    let strength = plan.launcher.strength(&scratch.0);
    let mut out: Vec<Finding> = Vec::from_iter(findings::sandbox(&strength, &plan.file));
    let mut candidates: Vec<(&Consumer, Tried)> = Vec::new();
    let (mut versions, mut mines) = (Vec::new(), Vec::new());
    for consumer in &contract.consumer {
        let events = events_of(contract, consumer, &plan.events);
        let mut variants = variants(contract, plan, &events);
        let count = variants.len();
        progress(&format!("consumer {}: as written, then {count} variants", consumer.version));
        out.extend(findings::events(consumer, &events, &plan.file));
        let candidate = bench.measure(consumer, &plan.bytes, &events);
        // What dies on the file dies on most variants of it, and of the same cause.
        variants.retain(|variant| variant.kept || !candidate.class.kills());
        let mut report = version(&bench, consumer, plan, &candidate, &events);
        if !matches!(report.candidate, Class::NotRun { .. }) {
            let classes = all_variants(&bench, consumer, &variants, &events);
            tally(&mut report, count, &classes);
            let found = crate::mines::find(&bench, consumer, plan, &variants, &classes, &events);
            crate::mines::merge(&mut mines, found);
        }
        versions.push(report);
        candidates.push((consumer, candidate));
    }
    out.extend(findings::candidates(&bench, plan, &candidates));
    let landmines = crate::mines::keep(&plan.corpus, mines);
    out.extend(landmines.iter().map(|landmine| findings::landmine(landmine, &plan.file)));
    out.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let verdict = verdict(&out, &versions);
    Ok(Report {
        schema: "ringfence/trial-report/v1",
        file: plan.file.clone(),
        digest: Digest::of(&plan.bytes),
        contract: contract.path.display().to_string(),
        seed: plan.seed,
        executions: bench.executions.load(Ordering::Relaxed),
        sandbox: strength.words(),
        events: event_names(contract, plan),
        versions,
        landmines,
        findings: out,
        verdict,
    })
}

fn bench<'a>(contract: &'a Contract, plan: &Plan, scratch: &Scratch) -> Bench<'a> {
    Bench {
        contract,
        bin: plan.bin.clone(),
        launcher: plan.launcher.clone(),
        scratch: scratch.0.clone(),
        executions: AtomicU64::new(0),
        places: AtomicU64::new(0),
    }
}

/// What is known about the file, not about the means: a consumer that could not be run says
/// nothing, and then there is no pass, but no fail either unless another version gave one.
fn verdict(out: &[Finding], versions: &[VersionReport]) -> Verdict {
    let against = |f: &&Finding| f.severity == Severity::Error && f.code != crate::codes::NOT_RUN;
    let silent = |v: &VersionReport| matches!(v.candidate, Class::NotRun { .. });
    if out.iter().any(|finding| against(&finding)) {
        Verdict::Fail
    } else if versions.is_empty() || versions.iter().any(silent) {
        Verdict::NoSignal
    } else {
        Verdict::Pass
    }
}

fn event_names(contract: &Contract, plan: &Plan) -> Vec<String> {
    let mut names: Vec<String> = contract
        .consumer
        .iter()
        .flat_map(|consumer| events_of(contract, consumer, &plan.events))
        .map(|path| path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned()))
        .collect();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// A directory that goes when the trial ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Scratch> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("ringfence-trial-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The corpus first, then the systematic sweep to its share, then random ones. No bytes twice.
fn variants(contract: &Contract, plan: &Plan, events: &[PathBuf]) -> Vec<Variant> {
    let mut seen = BTreeSet::from([Digest::of(&plan.bytes)]);
    let mut variants: Vec<Variant> = Vec::new();
    let mut add = |variants: &mut Vec<Variant>, variant: Variant| {
        if seen.insert(Digest::of(&variant.bytes)) {
            variants.push(variant);
        }
    };
    for id in plan.corpus.ids() {
        if let Ok((landmine, bytes)) = plan.corpus.read(&id) {
            let Landmine { kind, change, cause, .. } = landmine;
            let cause = if cause.is_empty() { id } else { cause };
            let edits = Vec::new();
            add(&mut variants, Variant { kind, change, cause, bytes, edits, kept: true });
        }
    }
    let most = plan.variants.min(VARIANT_BYTES_MAX / plan.bytes.len().max(1));
    let share = most * 3 / 4;
    let dictionary = crate::events::dictionary(events);
    for variant in mutate::systematic(contract, &plan.bytes, &dictionary, plan.seed, share) {
        add(&mut variants, variant);
    }
    let mut draws = Draws::new(plan.seed);
    for _ in 0..most.saturating_mul(DRAWS_PER_VARIANT) {
        if variants.len() >= most {
            break;
        }
        add(&mut variants, mutate::random(contract, &plan.bytes, &mut draws));
    }
    variants
}

/// The report of one version before its variants; a candidate that did not load is tried again.
fn version(
    bench: &Bench<'_>,
    consumer: &Consumer,
    plan: &Plan,
    candidate: &Tried,
    events: &[PathBuf],
) -> VersionReport {
    let mut confirmed = (1, 1);
    if !matches!(candidate.class, Class::Loaded | Class::NotRun { .. }) {
        for _ in 0..CONFIRMATIONS {
            let again = bench.measure(consumer, &plan.bytes, events);
            confirmed.0 += u64::from(again.class == candidate.class);
            confirmed.1 += 1;
        }
    }
    VersionReport {
        version: consumer.version.clone(),
        candidate: candidate.class.clone(),
        confirmed,
        cpu: candidate.cpu,
        rss_bytes: candidate.rss_bytes,
        said: candidate.said.clone(),
        variants: 0,
        loaded: 0,
        refused: 0,
        crashed: 0,
        hung: 0,
        other: 0,
        untried: 0,
    }
}

/// How each variant ended; `None` for those that were not tried within [`VARIANTS_TIME`].
fn all_variants(
    bench: &Bench<'_>,
    consumer: &Consumer,
    variants: &[Variant],
    events: &[PathBuf],
) -> Vec<Option<Class>> {
    let (next, started) = (AtomicUsize::new(0), Instant::now());
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(variant) = variants.get(index) else { return done };
            if started.elapsed() < VARIANTS_TIME {
                done.push((index, bench.try_bytes(consumer, &variant.bytes, events)));
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX);
    let mut all: Vec<Option<Class>> = vec![None; variants.len()];
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for (index, class) in workers.into_iter().flat_map(|w| w.join().unwrap_or_default()) {
            all[index] = Some(class);
        }
    });
    all
}

fn tally(report: &mut VersionReport, variants: usize, classes: &[Option<Class>]) {
    report.variants = classes.iter().flatten().count() as u64;
    report.untried = (variants as u64).saturating_sub(report.variants);
    for class in classes.iter().flatten() {
        match class {
            Class::Loaded => report.loaded += 1,
            Class::Refused => report.refused += 1,
            Class::Crashed { .. } => report.crashed += 1,
            Class::Hung => report.hung += 1,
            _ => report.other += 1,
        }
    }
}

/// Runs a kept landmine again on every version.
///
/// # Errors
/// When the corpus has no such landmine, or no scratch directory can be made.
pub fn replay(
    contract: &Contract,
    plan: &Plan,
    id: &str,
) -> std::io::Result<Vec<(ConsumerVersion, Class)>> {
    let (_, bytes) = plan.corpus.read(id)?;
    let scratch = Scratch::new()?;
    let bench = bench(contract, plan, &scratch);
    let run = |consumer: &Consumer| {
        let events = events_of(contract, consumer, &plan.events);
        (consumer.version.clone(), bench.measure(consumer, &bytes, &events).class)
    };
    Ok(contract.consumer.iter().map(run).collect())
}
