//! The trial on the real sensors: the bad file is seen, the landmine is found in the good one.
#![allow(missing_docs)]

use contract::Contract;
use ringfence_trial as trial;

use decide::verdict::Verdict;
use sandbox::Launcher;
use std::path::{Path, PathBuf};
use std::process::Command;
use trial::corpus::Corpus;
use trial::{Class, Plan, Report};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// Where the programs of this build are; built first if they are not there yet.
fn programs() -> PathBuf {
    let test = std::env::current_exe().expect("known");
    let directory = test.parent().and_then(Path::parent).expect("target/PROFILE").to_owned();
    let mut build = Command::new(env!("CARGO"));
    build.args([
        "build",
        "--quiet",
        "--package",
        "sensor",
        "--package",
        "ringfence-sandbox",
        "--bins",
    ]);
    if directory.ends_with("release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(directory.parent().expect("target")).current_dir(root());
    assert!(build.status().expect("cargo runs").success());
    directory
}

fn content(programs: &Path, directory: &Path, name: &str) -> Vec<u8> {
    let out = directory.join(format!("{name}.bin"));
    let from = root().join(format!("examples/content/{name}.toml"));
    let status =
        Command::new(programs.join("sensor-7-12")).arg("encode").arg(from).arg(&out).status();
    assert!(status.expect("the sensor runs").success());
    std::fs::read(out).expect("readable")
}

fn attempt(
    contract: &str,
    name: &str,
    events: &str,
    variants: usize,
) -> (Report, Contract, Plan, tempfile::TempDir) {
    let programs = programs();
    let directory = tempfile::tempdir().expect("a directory");
    let contract =
        Contract::load(&root().join("contracts").join(contract)).expect("a good contract");
    let plan = Plan {
        file: format!("{name}.bin"),
        bytes: content(&programs, directory.path(), name),
        events: vec![root().join("examples/events").join(events)],
        bin: programs.clone(),
        variants,
        seed: 1,
        corpus: Corpus::at(&directory.path().join("corpus")),
        launcher: Launcher::at(&programs.join("ringfence-sandbox-launcher")),
    };
    let report = trial::run(&contract, &plan, &mut |_| {}).expect("scratch");
    (report, contract, plan, directory)
}

#[test]
fn the_bad_file_kills_old_versions_with_events_and_nobody_without() {
    let (full, ..) = attempt("ipc-rules-2024.toml", "bad-291", "full.jsonl", 4);
    let candidates: Vec<&Class> = full.versions.iter().map(|version| &version.candidate).collect();
    let dies = Class::Crashed { signal: 11 };
    assert_eq!(candidates, [&dies, &dies, &Class::Loaded]);
    assert_eq!(full.verdict, Verdict::Fail);
    let (blind, ..) = attempt("ipc-rules-2024.toml", "bad-291", "blind.jsonl", 4);
    assert!(blind.versions.iter().all(|version| version.candidate == Class::Loaded));
    assert_eq!(blind.verdict, Verdict::Pass);
}

#[test]
fn the_landmine_is_found_in_the_good_file_and_replays() {
    let (report, contract, plan, _directory) =
        attempt("ipc-rules-2024.toml", "good", "full.jsonl", 240);
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    let mine = report
        .landmines
        .iter()
        .find(|mine| mine.change.contains("criteria[21]"))
        .unwrap_or_else(|| panic!("no landmine at input 21 in {:?}", report.landmines));
    assert_eq!(mine.versions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["7.10", "7.11"]);
    let again = trial::replay(&contract, &plan, &mine.id).expect("kept");
    let dies: Vec<bool> = again.iter().map(|(_, class)| class.kills()).collect();
    assert_eq!(dies, [true, true, false]);
    assert!(report.findings.iter().all(|f| f.severity < decide::finding::Severity::Error));
}

#[test]
fn a_missing_consumer_is_no_pass() {
    let (_, contract, mut plan, _directory) =
        attempt("ipc-rules-2024.toml", "good", "full.jsonl", 1);
    plan.bin = PathBuf::from("/nonexistent");
    let report = trial::run(&contract, &plan, &mut |_| {}).expect("scratch");
    assert_eq!(report.verdict, Verdict::NoSignal);
}
