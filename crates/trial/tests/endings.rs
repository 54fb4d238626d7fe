//! Consumers of every kind of ending: small scripts that read the file and do what it says.
#![allow(missing_docs)]

use contract::Contract;
use ringfence_trial as trial;

use decide::verdict::Verdict;
use sandbox::Launcher;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use trial::corpus::Corpus;
use trial::{Class, Plan, Report};

/// The launcher of this build.
fn launcher() -> PathBuf {
    static LAUNCHER: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let test = std::env::current_exe().expect("known");
        let directory = test.parent().and_then(Path::parent).expect("target/PROFILE").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "ringfence-sandbox", "--bins"]);
        if directory.ends_with("release") {
            build.arg("--release");
        }
        build.arg("--target-dir").arg(directory.parent().expect("target"));
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().expect("cargo runs").success());
        directory.join("ringfence-sandbox-launcher")
    };
    LAUNCHER.get_or_init(build).clone()
}

/// Does what the first line of its file says; refuses anything else.
const SCRIPT: &str = r#"
read -r first < "$1" || exit 1
case "$first" in
  good*) exit 0 ;;
  warn*) echo "deprecated rule" >&2 ;;
  refuse*) echo "no" >&2; exit 1 ;;
  odd*) exit 42 ;;
  abort*) kill -ABRT $$ ;;
  hang*) trap '' TERM; while :; do sleep 0.05; done ;;
  spin*) while :; do :; done ;;
  flood*) head -c 80000000 /dev/zero > big; exit $? ;;
  hungry*) echo "memory allocation of 8589934592 bytes failed" >&2; kill -ABRT $$ ;;
  operator*) exec swapoff /dev/null ;;
  linger*) setsid sleep 600 & exit 0 ;;
  outside*) touch "$2" 2>/dev/null && exit 0; exit 1 ;;
  *) exit 1 ;;
esac
"#;

struct Stage {
    contract: Contract,
    plan: Plan,
    directory: tempfile::TempDir,
}

fn stage(text: &str, variants: usize) -> Stage {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path();
    std::fs::write(place.join("consumer.sh"), SCRIPT).expect("written");
    let consumer = "schema = \"ringfence/contract/v1\"\nchannel = \"lines\"\nformat = \"lines\"\n\
        [[consumer]]\nversion = \"1\"\ntime = \"700ms\"\n\
        load = [\"/bin/sh\", \"{dir}/consumer.sh\", \"{file}\", \"{dir}/outside\"]\n";
    std::fs::write(place.join("c.toml"), consumer).expect("written");
    let plan = Plan {
        file: "f.txt".into(),
        bytes: text.as_bytes().to_vec(),
        events: Vec::new(),
        // The sandbox lets the consumer read where `{bin}` points.
        bin: place.to_owned(),
        variants,
        seed: 1,
        corpus: Corpus::at(&place.join("corpus")),
        launcher: Launcher::at(&launcher()),
    };
    let contract = Contract::load(&place.join("c.toml")).expect("a good contract");
    Stage { contract, plan, directory }
}

fn run(stage: &Stage) -> Report {
    trial::run(&stage.contract, &stage.plan, &mut |_| {}).expect("scratch")
}

#[test]
fn every_ending_has_its_class_its_code_and_its_verdict() {
    let too_large = Class::Violated { what: "it wrote a file that is too large".into() };
    let forbidden = Class::Violated { what: "it used a forbidden system call".into() };
    let cases: [(&str, Class, &str, Verdict); 10] = [
        ("operator\n", forbidden, "RF0210", Verdict::Fail),
        ("good\n", Class::Loaded, "", Verdict::Pass),
        ("warn\n", Class::Loaded, "RF0211", Verdict::Pass),
        ("refuse\n", Class::Refused, "RF0203", Verdict::Fail),
        ("odd\n", Class::Undeclared { code: 42 }, "RF0206", Verdict::Fail),
        ("abort\n", Class::Crashed { signal: 6 }, "RF0201", Verdict::Fail),
        ("hang\n", Class::Hung, "RF0202", Verdict::Fail),
        ("spin\n", Class::Hung, "RF0202", Verdict::Fail),
        ("hungry\n", Class::OutOfMemory, "RF0209", Verdict::Fail),
        ("linger\n", Class::Loaded, "", Verdict::Pass),
    ];
    for (text, class, code, verdict) in cases {
        let report = run(&stage(text, 0));
        assert_eq!(report.versions[0].candidate, class, "{text}");
        let codes: Vec<String> = report.findings.iter().map(|f| f.code.to_string()).collect();
        assert_eq!(codes.concat(), code, "{text}: {:?}", report.findings);
        assert_eq!(report.verdict, verdict, "{text}");
    }
    // What the shell makes of a child that the kernel stops is an exit code above 128.
    let flood = &run(&stage("flood\n", 0)).versions[0].candidate;
    assert!(*flood == too_large || matches!(flood, Class::Undeclared { code: 129.. }), "{flood:?}");
}

#[test]
fn a_consumer_writes_nothing_outside() {
    let stage = stage("outside\n", 0);
    let report = run(&stage);
    if report.sandbox.contains("landlock") {
        assert_eq!(report.versions[0].candidate, Class::Refused);
        assert!(!stage.directory.path().join("outside").exists());
    }
}

#[test]
fn a_consumer_that_is_never_executed_is_said_to_be_so() {
    let mut stage = stage("good\n", 0);
    let consumer = &mut stage.contract.consumer[0];
    consumer.attempt = consumer.load.clone();
    let report = run(&stage);
    let codes: Vec<String> = report.findings.iter().map(|f| f.code.to_string()).collect();
    assert_eq!(codes, ["RF0208"], "{:?}", report.findings);
    assert_eq!(report.verdict, Verdict::Pass, "it is a warning");
    let events = stage.directory.path().join("events.jsonl");
    std::fs::write(&events, "{}\n").expect("written");
    stage.plan.events = vec![events];
    assert_eq!(run(&stage).findings, []);
}

#[test]
fn the_deadly_line_is_named() {
    let text = "hang\nsecond\nthird\n";
    let report = run(&stage(text, 0));
    let finding = &report.findings[0];
    assert_eq!(finding.place.line, Some(1), "{finding:?}");
    assert!(finding.message.ends_with("line 1 alone is enough"), "{}", finding.message);
}

#[test]
fn an_undeclared_ending_on_a_variant_is_a_landmine_and_is_made_small() {
    // Without its first line the file says something odd.
    let stage = stage("good\nodd and long\nfiller\nfiller\n", 40);
    let report = run(&stage);
    assert_eq!(report.verdict, Verdict::Pass);
    let odd = Class::Undeclared { code: 42 };
    let mine = report.landmines.iter().find(|mine| mine.class == odd);
    let mine = mine.unwrap_or_else(|| panic!("{:?}", report.landmines));
    assert!(mine.change.contains("bytes of it are enough: 'odd"), "{}", mine.change);
    let (kept, bytes) = stage.plan.corpus.read(&mine.id).expect("kept");
    assert_eq!(kept, *mine);
    assert!(bytes.len() < 12, "{:?}", String::from_utf8_lossy(&bytes));
    let again = trial::replay(&stage.contract, &stage.plan, &mine.id).expect("kept");
    assert_eq!(again[0].1, odd);
}
