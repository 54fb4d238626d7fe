//! What a trial has to say, as findings.

use crate::campaign::Plan;
use crate::codes;
use crate::consumer::{Bench, Tried, events_of};
use crate::narrow;
use crate::report::{Class, Landmine};
use contract::model::Consumer;
use decide::finding::{Finding, Place, Severity};
use sandbox::Strength;
use std::path::PathBuf;

fn at(file: &str) -> Place {
    Place { file: file.to_owned(), ..Place::default() }
}

/// `7.10, 7.11 and 7.12`.
fn list(versions: &[String]) -> String {
    match versions.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => versions.concat(),
    }
}

/// A sandbox that does not confine is said to be weak, with what is missing and why.
pub(crate) fn sandbox(strength: &Strength, file: &str) -> Option<Finding> {
    if strength.confines() {
        return None;
    }
    let message = format!("the sandbox is weak here: {}", strength.words());
    let mut finding = Finding::new(codes::WEAK_SANDBOX, Severity::Warning, message, at(file));
    finding.measured = strength.words();
    finding.limit = "limits, privileges, landlock, and net or seccomp".into();
    finding.help = "run the trial where the kernel grants Landlock and seccomp".into();
    Some(finding)
}

/// A consumer that could execute the file but has no events to do it with.
pub(crate) fn events(consumer: &Consumer, events: &[PathBuf], file: &str) -> Option<Finding> {
    if !events.is_empty() || consumer.attempt.is_empty() {
        return None;
    }
    let version = consumer.version.to_string();
    let message = format!("consumer {version} loads the file but never executes it: no events");
    let mut finding = Finding::new(codes::NO_EVENTS, Severity::Warning, message, at(file));
    finding.consumers = vec![version];
    finding.measured = "0 event files".into();
    finding.limit = "at least 1".into();
    finding.help = "name event files in the contract, or give --events FILE".into();
    Some(finding)
}

/// What the versions did with the file as it is written; versions that ended alike share a finding.
pub(crate) fn candidates(
    bench: &Bench<'_>,
    plan: &Plan,
    tried: &[(&Consumer, Tried)],
) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    if tried.is_empty() {
        let message = "the contract names no consumer, so nothing was run".to_owned();
        let mut none = Finding::new(codes::NOT_RUN, Severity::Error, message, at(&plan.file));
        none.help = "add a [[consumer]] with a load command to the contract".into();
        return vec![none];
    }
    let mut done: Vec<&Class> = Vec::new();
    for (consumer, first) in tried {
        if done.contains(&&first.class) {
            continue;
        }
        done.push(&first.class);
        let alike = tried.iter().filter(|(_, other)| other.class == first.class);
        let versions: Vec<String> = alike.map(|(c, _)| c.version.to_string()).collect();
        out.extend(candidate(bench, plan, consumer, first, versions));
    }
    out.extend(tried.iter().filter_map(|(consumer, tried)| said(consumer, tried, &plan.file)));
    out
}

fn candidate(
    bench: &Bench<'_>,
    plan: &Plan,
    consumer: &Consumer,
    tried: &Tried,
    versions: Vec<String>,
) -> Option<Finding> {
    let class = &tried.class;
    let (code, help) = match class {
        Class::Loaded => return None,
        Class::Crashed { .. } => (codes::CRASHED, SHIP),
        Class::Hung => (codes::HUNG, SHIP),
        Class::OutOfMemory => (codes::OUT_OF_MEMORY, SHIP),
        Class::Violated { .. } => (codes::VIOLATED, SHIP),
        Class::Refused => (codes::REFUSED, "fix the file, or narrow who gets it"),
        Class::Undeclared { .. } => {
            (codes::UNDECLARED, "say in the contract what this exit code means: ok or refused")
        }
        Class::NotRun { .. } => {
            (codes::NOT_RUN, "look at the contract's commands and at where {bin} points (--bin)")
        }
    };
    let message = format!("consumer {} {} on the file as written", list(&versions), class.words());
    let mut finding = Finding::new(code, Severity::Error, message, at(&plan.file));
    if class.kills() {
        let events = events_of(bench.contract, consumer, &plan.events);
        let kills = |bytes: &[u8]| bench.try_bytes(consumer, bytes, &events) == *class;
        if let Some(narrowed) = narrow::narrow(bench.contract, &plan.bytes, kills) {
            finding.message = format!("{}; {}", finding.message, narrowed.words);
            finding.place = Place { file: plan.file.clone(), ..narrowed.place };
        }
    }
    finding.measured = class.words();
    finding.limit = "loaded".into();
    finding.consumers = versions;
    finding.help = match tried.said.as_str() {
        "" => help.to_owned(),
        said => format!("{help}; it said: {said}"),
    };
    Some(finding)
}

const SHIP: &str = "this file must not ship while this version is in the field";

/// A consumer that loads a file and complains about it: often the only sign before an outage.
fn said(consumer: &Consumer, tried: &Tried, file: &str) -> Option<Finding> {
    if tried.class != Class::Loaded || tried.said.is_empty() {
        return None;
    }
    let version = consumer.version.to_string();
    let message = format!("consumer {version} loaded the file and said: {}", tried.said);
    let mut finding = Finding::new(codes::SAID, Severity::Warning, message, at(file));
    finding.consumers = vec![version];
    finding.measured = "a line on standard error".into();
    finding.limit = "nothing said".into();
    finding.help = "find out whether it says the same of the last good release".into();
    Some(finding)
}

/// A landmine in the file's neighbourhood.
pub(crate) fn landmine(landmine: &Landmine, file: &str) -> Finding {
    let versions: Vec<String> = landmine.versions.iter().map(ToString::to_string).collect();
    let times = match landmine.variants {
        1 => "1 variant".to_owned(),
        more => format!("{more} variants"),
    };
    let message = format!(
        "landmine: consumer {} {} when {} ({times})",
        list(&versions),
        landmine.class.words(),
        landmine.change,
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
