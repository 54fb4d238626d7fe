//! The trial on the real sensors: the bad file is seen, the landmine is found in the good one.
#![allow(missing_docs)]

use contract::Contract;
use ringfence_trial as trial;

use decide::finding::Severity;
use decide::verdict::Verdict;
use sandbox::Launcher;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use trial::corpus::Corpus;
use trial::{Class, Plan, Report};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// Where the programs of this build are; built first if they are not there yet.
fn programs() -> PathBuf {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let test = std::env::current_exe().expect("known");
        let directory = test.parent().and_then(Path::parent).expect("target/PROFILE").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--bins"]);
        build.args(["--package", "sensor", "--package", "ringfence-sandbox"]);
        if directory.ends_with("release") {
            build.arg("--release");
        }
        build.arg("--target-dir").arg(directory.parent().expect("target")).current_dir(root());
        assert!(build.status().expect("cargo runs").success());
        directory
    };
    PROGRAMS.get_or_init(build).clone()
}

fn content(directory: &Path, name: &str) -> Vec<u8> {
    let out = directory.join(format!("{name}.bin"));
    let from = root().join(format!("examples/content/{name}.toml"));
    let mut encode = Command::new(programs().join("sensor-7-12"));
    let status = encode.arg("encode").arg(from).arg(&out).status();
    assert!(status.expect("the sensor runs").success());
    std::fs::read(out).expect("readable")
}

struct Stage {
    contract: Contract,
    plan: Plan,
    directory: tempfile::TempDir,
}

fn stage(contract: &str, name: &str, events: &str, variants: usize) -> Stage {
    let directory = tempfile::tempdir().expect("a directory");
    let contract =
        Contract::load(&root().join("contracts").join(contract)).expect("a good contract");
    let plan = Plan {
        file: format!("{name}.bin"),
        bytes: content(directory.path(), name),
        events: vec![root().join("examples/events").join(events)],
        bin: programs(),
        variants,
        seed: 1,
        corpus: Corpus::at(&directory.path().join("corpus")),
        launcher: Launcher::at(&programs().join("ringfence-sandbox-launcher")),
    };
    Stage { contract, plan, directory }
}

fn run(stage: &Stage) -> Report {
    trial::run(&stage.contract, &stage.plan, &mut |_| {}).expect("scratch")
}

fn codes(report: &Report) -> Vec<(String, Severity)> {
    report.findings.iter().map(|f| (f.code.to_string(), f.severity)).collect()
}

#[test]
fn the_bad_file_kills_old_versions_with_events_and_nobody_without() {
    let full = run(&stage("ipc-rules-2024.toml", "bad-291", "full.jsonl", 24));
    let candidates: Vec<&Class> = full.versions.iter().map(|version| &version.candidate).collect();
    let dies = Class::Crashed { signal: 11 };
    assert_eq!(candidates, [&dies, &dies, &Class::Loaded]);
    assert_eq!(
        full.versions.iter().map(|v| v.confirmed).collect::<Vec<_>>(),
        [(3, 3), (3, 3), (1, 1)]
    );
    assert_eq!(full.verdict, Verdict::Fail);
    let crash = &full.findings[0];
    assert_eq!(crash.code, trial::codes::CRASHED);
    assert_eq!(crash.consumers, ["7.10", "7.11"]);
    assert_eq!(crash.place.field.as_deref(), Some("instances[4].criteria[21]"));
    assert_eq!(crash.place.record, Some(4));
    assert!(
        crash.message.ends_with("instances[4].criteria[21] alone is enough"),
        "{}",
        crash.message
    );
    // 7.12 has the bounds check, and complains.
    assert_eq!(full.findings[1].code, trial::codes::SAID);
    assert_eq!(full.findings[1].consumers, ["7.12"]);
    // What dies on the file itself is not tried on variants of it.
    let tried: Vec<_> = full.versions.iter().map(|v| (v.variants, v.untried)).collect();
    assert_eq!(tried, [(0, 24), (0, 24), (24, 0)]);
    assert_eq!(full.landmines, []);
    let text = trial::render::human(&full);
    assert!(text.contains("offset 453 (0x1c5), record 4, instances[4].criteria[21]"), "{text}");
    let blind = run(&stage("ipc-rules-2024.toml", "bad-291", "blind.jsonl", 0));
    assert!(blind.versions.iter().all(|version| version.candidate == Class::Loaded));
    assert_eq!(blind.verdict, Verdict::Pass);
}

#[test]
fn the_landmine_is_found_in_the_good_file_and_replays() {
    let mut stage = stage("ipc-rules-2024.toml", "good", "full.jsonl", 60);
    let report = run(&stage);
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    assert!(report.findings.iter().all(|f| f.severity < Severity::Error));
    let [mine] = report.landmines.as_slice() else { panic!("{:?}", report.landmines) };
    assert!(mine.change.contains("criteria[21].op is"), "{}", mine.change);
    assert!(mine.change.contains("instead of wildcard (0)"), "{}", mine.change);
    assert_eq!(mine.versions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["7.10", "7.11"]);
    let again = trial::replay(&stage.contract, &stage.plan, &mine.id).expect("kept");
    let dies: Vec<bool> = again.iter().map(|(_, class)| class.kills()).collect();
    assert_eq!(dies, [true, true, false]);
    // The same trial again, and the corpus alone: the landmine stays one landmine.
    let ids = |report: &Report| report.landmines.iter().map(|m| m.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&run(&stage)), ids(&report));
    stage.plan.variants = 0;
    let kept = run(&stage);
    assert_eq!(ids(&kept), ids(&report), "{:?}", kept.landmines);
    assert_eq!(kept.versions[0].variants, 1);
}

#[test]
fn the_project_ships_a_corpus_and_every_landmine_in_it_is_still_one() {
    let mut stage = stage("ipc-rules-2024.toml", "good", "full.jsonl", 0);
    stage.plan.corpus = Corpus::at(&root().join("examples/corpus/ipc-rules"));
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        stage.plan.variants = 240;
        run(&stage);
    }
    let ids = stage.plan.corpus.ids();
    assert!(!ids.is_empty());
    for id in ids {
        let again = trial::replay(&stage.contract, &stage.plan, &id).expect("kept");
        let dies: Vec<bool> = again.iter().map(|(_, class)| class.kills()).collect();
        assert_eq!(dies, [true, true, false], "{id}");
    }
}

#[test]
fn a_seed_gives_the_same_trial_again() {
    let mut stage = stage("ipc-rules-2024.toml", "good", "blind.jsonl", 24);
    let first = run(&stage);
    stage.plan.corpus = Corpus::at(&stage.directory.path().join("other"));
    let second = run(&stage);
    let counts = |report: &Report| -> Vec<[u64; 5]> {
        let row = |v: &trial::VersionReport| [v.variants, v.loaded, v.refused, v.crashed, v.other];
        report.versions.iter().map(row).collect()
    };
    assert_eq!(counts(&first), counts(&second));
    assert_eq!(codes(&first), codes(&second));
}

#[test]
fn a_missing_consumer_is_no_pass() {
    let mut stage = stage("ipc-rules-2024.toml", "good", "full.jsonl", 0);
    // One version of three is missing.
    let word = &mut stage.contract.consumer[1].load[0];
    *word = word.replace("7-11", "9-99");
    let report = run(&stage);
    assert_eq!(report.verdict, Verdict::NoSignal);
    assert_eq!(codes(&report), [("RF0204".into(), Severity::Error)]);
    assert_eq!(report.findings[0].consumers, ["7.11"]);
    stage.plan.bin = PathBuf::from("/nonexistent");
    assert_eq!(run(&stage).verdict, Verdict::NoSignal);
    stage.contract.consumer.clear();
    assert_eq!(run(&stage).verdict, Verdict::NoSignal);
}

#[test]
fn a_sandbox_that_is_not_there_is_named_and_nothing_runs_without_it() {
    let mut stage = stage("ipc-rules-2024.toml", "good", "full.jsonl", 0);
    stage.plan.launcher = Launcher::at(Path::new("/bin/true"));
    let report = run(&stage);
    assert_eq!(report.verdict, Verdict::NoSignal);
    assert_eq!(report.sandbox, "none");
    assert!(codes(&report).contains(&("RF0207".into(), Severity::Warning)));
    assert_eq!(report.versions.iter().map(|v| v.variants).sum::<u64>(), 0);
}

#[test]
fn check_refuses_what_the_trial_sees_die_and_the_contract_of_2024_does_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let load = |name: &str| Contract::load(&root().join("contracts").join(name)).expect("good");
    let (now, then) = (load("ipc-rules.toml"), load("ipc-rules-2024.toml"));
    let cases = [("good", None), ("fixed", None), ("bad-291", Some(453)), ("bad-292", Some(435))];
    for (name, offset) in cases {
        let bytes = content(directory.path(), name);
        let wrong = contract::check(&then, name, &bytes, None);
        assert!(wrong.verdict.opens_gate(), "{name}: {:?}", wrong.findings);
        let report = contract::check(&now, name, &bytes, None);
        assert_eq!(report.verdict.opens_gate(), offset.is_none(), "{name}: {:?}", report.findings);
        if offset.is_some() {
            let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
            let field = finding.place.field.as_deref();
            assert_eq!(field, Some("instances[4].criteria[21].field"));
            assert_eq!(finding.place.offset, offset);
            assert_eq!(finding.place.record, Some(4));
            assert_eq!(finding.consumers, ["7.10", "7.11"]);
        }
    }
}
