//! A trial from beginning to end.

use crate::codes;
use crate::consumer::{Bench, events_of};
use crate::corpus::Corpus;
use crate::minimise::minimise;
use crate::mutate::{self, Draws, Variant};
use crate::report::{Class, Landmine, Report, VersionReport};
use contract::Contract;
use contract::model::Consumer;
use decide::finding::{Finding, Place, Severity, verdict};
use decide::id::{ConsumerVersion, Digest};
use decide::verdict::Verdict;
use sandbox::Launcher;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Variants tried per version when nothing else is said.
pub const VARIANTS_DEFAULT: usize = 240;
/// Workers; the machine's other work goes on.
const WORKERS: usize = 2;
/// Times a killing variant must kill again to count.
const CONFIRMATIONS: usize = 2;
/// Landmines reported for one version; further ones are counted with the first of their cause.
const LANDMINES_MAX: usize = 8;

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
    let bench = Bench {
        contract,
        bin: plan.bin.clone(),
        launcher: plan.launcher.clone(),
        scratch: scratch.0.clone(),
        executions: AtomicU64::new(0),
    };
    let strength = plan.launcher.strength(&scratch.0);
    let mut findings = Vec::new();
    if !strength.confines() {
        let message = format!("the sandbox is weak here: {}", strength.words());
        findings.push(Finding::new(
            codes::WEAK_SANDBOX,
            Severity::Warning,
            message,
            at(&plan.file),
        ));
    }
    let variants = variants(contract, plan);
    let (mut versions, mut landmines) = (Vec::new(), Vec::new());
    for consumer in &contract.consumer {
        progress(&format!(
            "consumer {}: as written, then {} variants",
            consumer.version,
            variants.len()
        ));
        let events = events_of(contract, consumer, &plan.events);
        let candidate = bench.try_bytes(consumer, &plan.bytes, &events);
        findings.extend(candidate_finding(consumer, &candidate, &events, &plan.file));
        let mut report = empty(consumer, candidate);
        if !matches!(report.candidate, Class::NotRun { .. }) {
            let classes = all_variants(&bench, consumer, &variants, &events);
            count(&mut report, &classes);
            let found = mines(&bench, consumer, plan, &variants, &classes, &events);
            merge(&mut landmines, found);
        }
        versions.push(report);
    }
    for landmine in &landmines {
        findings.push(landmine_finding(landmine, &plan.file));
    }
    let ran = versions.iter().filter(|v| !matches!(v.candidate, Class::NotRun { .. })).count();
    let mut names: Vec<String> = contract
        .consumer
        .iter()
        .flat_map(|consumer| events_of(contract, consumer, &plan.events))
        .map(|path| path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned()))
        .collect();
    names.dedup();
    Ok(Report {
        schema: "ringfence/trial-report/v1",
        file: plan.file.clone(),
        digest: Digest::of(&plan.bytes),
        contract: contract.path.display().to_string(),
        seed: plan.seed,
        executions: bench.executions.load(Ordering::Relaxed),
        sandbox: strength.words(),
        events: names,
        versions,
        landmines,
        verdict: if ran == 0 { Verdict::NoSignal } else { verdict(&findings, ran as u64) },
        findings,
    })
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

fn at(file: &str) -> Place {
    Place { file: file.to_owned(), ..Place::default() }
}

/// The corpus first, then the systematic sweep (thinned evenly to its share), then random ones.
fn variants(contract: &Contract, plan: &Plan) -> Vec<Variant> {
    let mut variants: Vec<Variant> = Vec::new();
    for id in plan.corpus.ids() {
        if let Ok((landmine, bytes)) = plan.corpus.read(&id) {
            let change = format!("kept landmine {id}: {}", landmine.change);
            variants.push(Variant { kind: "corpus", change, bytes, edits: Vec::new() });
        }
    }
    let systematic = mutate::systematic(contract, &plan.bytes);
    let share = (plan.variants * 3 / 4).max(1);
    let step = systematic.len().div_ceil(share).max(1);
    let offset = (plan.seed as usize) % step;
    variants.extend(systematic.into_iter().skip(offset).step_by(step));
    let mut draws = Draws::new(plan.seed);
    while variants.len() < plan.variants {
        variants.push(mutate::random(contract, &plan.bytes, &mut draws));
    }
    variants
}

fn empty(consumer: &Consumer, candidate: Class) -> VersionReport {
    VersionReport {
        version: consumer.version.clone(),
        candidate,
        variants: 0,
        loaded: 0,
        refused: 0,
        crashed: 0,
        hung: 0,
        other: 0,
    }
}

fn all_variants(
    bench: &Bench<'_>,
    consumer: &Consumer,
    variants: &[Variant],
    events: &[PathBuf],
) -> Vec<Class> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(variant) = variants.get(index) else { return done };
            done.push((index, bench.try_bytes(consumer, &variant.bytes, events)));
        }
    };
    let mut all: Vec<(usize, Class)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, class)| class).collect()
}

fn count(report: &mut VersionReport, classes: &[Class]) {
    report.variants = classes.len() as u64;
    for class in classes {
        match class {
            Class::Loaded => report.loaded += 1,
            Class::Refused => report.refused += 1,
            Class::Crashed { .. } => report.crashed += 1,
            Class::Hung => report.hung += 1,
            Class::Undeclared { .. } | Class::NotRun { .. } => report.other += 1,
        }
    }
}

/// The landmines of one version: grouped by cause, confirmed, minimised, kept.
fn mines(
    bench: &Bench<'_>,
    consumer: &Consumer,
    plan: &Plan,
    variants: &[Variant],
    classes: &[Class],
    events: &[PathBuf],
) -> Vec<(Landmine, Vec<u8>)> {
    let mut causes: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for (index, class) in classes.iter().enumerate().filter(|(_, class)| class.kills()) {
        let cause = format!("{}{}", class.words(), cause(&variants[index]));
        causes.entry(cause).or_insert((index, 0)).1 += 1;
    }
    let mut found = Vec::new();
    let mut order: Vec<(usize, u64)> = causes.into_values().collect();
    order.sort_unstable();
    for (index, times) in order.into_iter().take(LANDMINES_MAX) {
        let (variant, class) = (&variants[index], &classes[index]);
        let kills = |bytes: &[u8]| bench.try_bytes(consumer, bytes, events) == *class;
        if !(0..CONFIRMATIONS).all(|_| kills(&variant.bytes)) {
            continue;
        }
        let small = minimise(bench.contract, &plan.bytes, variant, kills);
        let landmine = Landmine {
            id: Corpus::id(&small.bytes),
            versions: vec![consumer.version.clone()],
            class: class.clone(),
            kind: small.kind.to_owned(),
            change: small.change.clone(),
            variants: times,
        };
        // A corpus that cannot be written costs the next trial its head start, nothing more.
        let _ = plan.corpus.keep(&landmine, &small.bytes);
        found.push((landmine, small.bytes));
    }
    found
}

/// What variants with the same cause have in common: the declared name of the changed leaf.
fn cause(variant: &Variant) -> String {
    match variant.edits.first() {
        Some(edit) => edit.path.chars().filter(|c| !c.is_ascii_digit()).collect::<String>(),
        None => variant.kind.to_owned(),
    }
}

fn merge(landmines: &mut Vec<Landmine>, found: Vec<(Landmine, Vec<u8>)>) {
    for (landmine, _) in found {
        let same = landmines.iter_mut().find(|known| {
            known.id == landmine.id
                || (known.kind == landmine.kind
                    && known.class == landmine.class
                    && known.kind != "corpus")
        });
        match same {
            Some(known) => {
                let new: Vec<ConsumerVersion> = landmine
                    .versions
                    .iter()
                    .filter(|v| !known.versions.contains(v))
                    .cloned()
                    .collect();
                known.versions.extend(new);
                known.variants += landmine.variants;
            }
            None => landmines.push(landmine),
        }
    }
}

fn candidate_finding(
    consumer: &Consumer,
    class: &Class,
    events: &[PathBuf],
    file: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = match class {
        Class::Loaded => None,
        Class::Crashed { .. } => Some(codes::CRASHED),
        Class::Hung => Some(codes::HUNG),
        Class::Refused => Some(codes::REFUSED),
        Class::Undeclared { .. } => Some(codes::UNDECLARED),
        Class::NotRun { .. } => Some(codes::NOT_RUN),
    };
    if let Some(code) = code {
        let message =
            format!("consumer {} {} on the file as written", consumer.version, class.words());
        let mut finding = Finding::new(code, Severity::Error, message, at(file));
        finding.consumers = vec![consumer.version.to_string()];
        finding.measured = class.words();
        finding.limit = "loaded".into();
        finding.help = "this file must not ship while this version is in the field".into();
        findings.push(finding);
    }
    if events.is_empty() && !consumer.attempt.is_empty() {
        let message =
            format!("consumer {} was loaded but never executed: no events", consumer.version);
        let mut finding = Finding::new(codes::NO_EVENTS, Severity::Warning, message, at(file));
        finding.consumers = vec![consumer.version.to_string()];
        findings.push(finding);
    }
    findings
}

fn landmine_finding(landmine: &Landmine, file: &str) -> Finding {
    let versions: Vec<String> = landmine.versions.iter().map(ToString::to_string).collect();
    let message = format!(
        "landmine: consumer {} {} when {} ({} variants)",
        versions.join(" and "),
        landmine.class.words(),
        landmine.change,
        landmine.variants
    );
    let mut finding = Finding::new(codes::LANDMINE, Severity::Warning, message, at(file));
    finding.consumers = versions;
    finding.measured = landmine.class.words();
    finding.limit = "loaded or refused cleanly".into();
    finding.help = format!(
        "a consumer that dies on bad input will die one day; replay: ringfence trial replay {}",
        landmine.id
    );
    finding
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
    let bench = Bench {
        contract,
        bin: plan.bin.clone(),
        launcher: plan.launcher.clone(),
        scratch: scratch.0.clone(),
        executions: AtomicU64::new(0),
    };
    let run = |consumer: &Consumer| {
        let events = events_of(contract, consumer, &plan.events);
        (consumer.version.clone(), bench.try_bytes(consumer, &bytes, &events))
    };
    Ok(contract.consumer.iter().map(run).collect())
}
