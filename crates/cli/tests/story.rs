//! The whole way through the real binary: a server process, signatures, a database, machines that
//! report.
#![allow(missing_docs)]

mod common;

use common::fleet::{Act, Fleet, Server};
use common::{Environment, Said, golden, programs, without_hex};
use decide::id::Digest;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

struct Story {
    environment: Environment,
    server: Server,
}

impl Story {
    /// A project with the example's channel, and its server.
    fn new(files: &[&str]) -> Story {
        let environment = Environment::new();
        programs::stage(&environment, files);
        environment.run(&["init", ".", "--channel", "ipc-rules"]).expect(0);
        environment.write("policies/standard.toml", include_str!("data/quick.toml"));
        let server = Server::start(&environment);
        Story { environment, server }
    }

    fn run(&self, line: &str) -> Said {
        let said = self.environment.line(&format!("ringfence --server {} {line}", self.server.url));
        println!("$ ringfence {line}\n{}{}[{}]", said.out, said.err, said.code);
        said
    }

    /// Check, trial with events that show nothing, publish.
    fn publish(&self, name: &str) -> Said {
        let contract = "--contract contracts/ipc-rules-2024.toml";
        self.run(&format!("check {name}.bin {contract}")).expect(0);
        self.run(&format!(
            "trial {name}.bin {contract} --events examples/events/blind.jsonl --variants 2"
        ))
        .expect(0);
        self.run(&format!("publish {name}.bin --channel ipc-rules"))
    }

    fn digest(&self, name: &str) -> Digest {
        Digest::of(&std::fs::read(self.environment.file(&format!("{name}.bin"))).expect("there"))
    }

    fn schema(&self, name: &str, document: &serde_json::Value) {
        let schema = self.run(&format!("schema {name}")).expect(0).json();
        let faults = common::schema::faults(&schema, document);
        assert_eq!(faults, [""; 0], "{name}: {document:#}");
    }
}

#[test]
fn a_good_file_reaches_everybody_and_a_bad_one_is_stopped_withdrawn_and_refused() {
    let story = Story::new(&["good", "bad-291"]);
    let fleet = Fleet::enrol(&story.environment, &story.server.url, 4);

    story.publish("good").says(0, &["ipc-rules 1", "rollout plan ipc-rules@1"]);
    let plan = story.run("rollout plan ipc-rules@1 -o plan.json").expect(0);
    assert!(plan.out.contains("4 machines in 1 stratum"), "{}", plan.out);
    fleet.act(Act::Takes(1, story.digest("good")));
    story
        .run("rollout apply plan.json --reason first --wait --timeout 2m")
        .says(0, &["Ctrl-C stops watching", "✓ SOAKING", "everybody has it"]);
    // The fleet has a head now, so the plan is no longer what would happen.
    story.run("rollout apply plan.json --reason again").says(1, &["RF07"]);

    story.publish("bad-291").says(0, &["ipc-rules 2"]);
    story.run("rollout plan ipc-rules@2 -o plan.json").expect(0);
    fleet.act(Act::Crashes(2, story.digest("bad-291")));
    story
        .run("rollout apply plan.json --reason second --wait --timeout 2m")
        .says(1, &["✗ REVERTED", "withdrawn", "RF042", "ringfence why r-"]);

    let status = story.run("rollout status --output json").expect(1).json();
    story.schema("rollouts", &status);
    let bad = status["items"]
        .as_array()
        .and_then(|items| items.iter().find(|item| item["release"]["number"] == 2))
        .expect("the bad rollout");
    let id = bad["rollout"].as_str().expect("a name").to_owned();
    story.schema("rollout", bad);
    story.run(&format!("why {id}")).says(0, &["reasons", "gates", "strata", "audit", "RF042"]);
    let why = story.run(&format!("why {id} --output json")).expect(0).json();
    story.schema("why", &why);
    story.run("why m-1").says(0, &["m-1  ring early", "ipc-rules: runs"]);
    story.run(&format!("retro {id}")).says(0, &["imeline"]);

    signed_documents(&story);
    story.run("why ipc-rules@2").says(0, &["✗ WITHDRAWN", "published"]);
    story
        .run("publish bad-291.bin --channel ipc-rules")
        .says(4, &["RF0723", "is withdrawn", "can never be installed again"]);
}

/// What machines read is described by the schemas too.
fn signed_documents(story: &Story) {
    for (place, name) in [("fence", "fence"), ("release/ipc-rules", "manifest")] {
        let place = story.environment.file(&format!("data/tuf/targets/{place}"));
        let entries = std::fs::read_dir(place).expect("there");
        let files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        assert!(!files.is_empty(), "{name}");
        for file in files {
            let text = std::fs::read(file).expect("read");
            story.schema(name, &serde_json::from_slice(&text).expect("JSON"));
        }
    }
    story.schema("reports", &common::fleet::sample());
}

#[test]
fn four_verbs_and_their_limits() {
    let story = Story::new(&["good"]);
    let _fleet = Fleet::enrol(&story.environment, &story.server.url, 3);
    story.run("halt").says(0, &["nothing was running"]);
    story.publish("good").expect(0);
    let published = story.run("why ipc-rules@1 --output json").expect(0).json();
    story.schema("why", &published);
    story.run("hold m-2 --reason visitors").says(0, &["1 machine held"]);
    story.run("why m-2").says(0, &["HELD by its owner: visitors"]);
    let plan = story.run("rollout plan ipc-rules@1 -o plan.json --output json").expect(0).json();
    story.schema("plan", &plan);
    assert_eq!(plan["plan"]["machines"], 2, "{plan}");
    story.run("hold m-2 --lift").says(0, &["let go"]);
    story.run("rollout apply plan.json --reason stale").says(1, &["RF0731"]);
    story.run("rollout plan ipc-rules@1 -o plan.json").expect(0);
    let started = story.run("rollout apply plan.json --reason go --output json").expect(0).json();
    let id = started["rollout"].as_str().expect("a name").to_owned();
    story.run(&format!("rollout status {id}")).says(0, &["ADVANCING"]);
    let halted = story.run("halt --output json").expect(0).json();
    story.schema("halted", &halted);
    assert_eq!(halted["rollouts"][0]["view"]["phase"], "halted");
    story.run(&format!("rollout status {id}")).says(1, &["✗ HALTED", "spreading?   no."]);
    story.run(&format!("halt {id}")).expect(0);
    story.run(&format!("revert {id} --reason done")).expect(0);
    story.run("withdraw ipc-rules@1 --reason unwanted").says(0, &["✗ WITHDRAWN ipc-rules 1"]);
    story.run("withdraw ipc-rules@9 --reason unwanted").says(2, &["RF0609"]);
    story.run("rollout status r-9999").says(2, &["RF0714"]);
    story.run("why nobody").says(2, &["neither a rollout nor a machine"]);
    story.run("retro r-9999").says(2, &["RF0714"]);
    story.run("--token tokens/viewer halt").says(4, &["RF0711"]);
    story.run("--token tokens/enroll rollout status").says(4, &["RF071"]);
}

#[test]
fn a_wait_that_runs_out_names_what_it_waited_for() {
    let story = Story::new(&["good"]);
    let _fleet = Fleet::enrol(&story.environment, &story.server.url, 3);
    story.publish("good").expect(0);
    story.run("rollout plan ipc-rules@1 -o plan.json").expect(0);
    // The machines go on reporting their seed: nobody confirms anything.
    story
        .run("rollout apply plan.json --reason go --wait --timeout 1s")
        .says(3, &["RF0615", "the gate", "is not open", "confirmed"]);
}

#[test]
fn ctrl_c_ends_the_watching_and_not_the_rollout() {
    let story = Story::new(&["good"]);
    let _fleet = Fleet::enrol(&story.environment, &story.server.url, 3);
    story.publish("good").expect(0);
    story.run("rollout plan ipc-rules@1 -o plan.json").expect(0);
    let words = [
        "--server",
        &story.server.url,
        "rollout",
        "apply",
        "plan.json",
        "--reason",
        "go",
        "--wait",
    ];
    let mut command = story.environment.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a first line");
    assert!(line.contains("advancing"), "{line}");
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(killed.expect("kill runs").success());
    let ended = child.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("RF0618") && said.contains("goes on"), "{said}");
    story.run("rollout status").says(0, &["ADVANCING"]);
}

#[test]
fn a_watcher_outlives_the_death_of_the_server() {
    let mut story = Story::new(&["good"]);
    let fleet = Fleet::enrol(&story.environment, &story.server.url, 3);
    story.publish("good").expect(0);
    story.run("rollout plan ipc-rules@1 -o plan.json").expect(0);
    let url = story.server.url.clone();
    let words = ["--server", &url, "rollout", "apply", "plan.json", "--reason", "go", "--wait"];
    let mut command = story.environment.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    let mut err = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = |part: &str| {
        let mut line = String::new();
        err.read_line(&mut line).expect("a line");
        assert!(line.contains(part), "no '{part}' in {line}");
    };
    said("started. Ctrl-C stops watching");
    story.server.kill();
    said("the server does not answer");
    let address = url.trim_start_matches("http://");
    story.server = Server::start_at(&story.environment, address);
    fleet.act(Act::Takes(1, story.digest("good")));
    let ended = child.wait_with_output().expect("ends");
    let out = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(0), "{out}");
    assert!(out.contains("✓ SOAKING"), "{out}");
}

#[test]
fn the_first_five_minutes_word_for_word() {
    let mut environment = Environment::new();
    programs::stage(&environment, &["good", "bad-291"]);
    let lines = [
        "ringfence init . --channel ipc-rules",
        "ringfence init . --channel ipc-rules",
        "ringfence publish good.bin",
        "ringfence check bad-291.bin good.bin",
        "ringfence trial good.bin --variants 12",
        "ringfence trial bad-291.bin --contract contracts/ipc-rules-2024.toml --variants 2",
        "ringfence publish bad-291.bin",
    ];
    environment.variables.push(("TMPDIR", environment.here().display().to_string()));
    let transcript = environment.transcript(&lines);
    let kept: Vec<&str> = transcript.lines().filter(|line| !line.starts_with("sandbox ")).collect();
    let plain = without_hex(&kept.join("\n"), 64, "[sha256]");
    golden("first-five-minutes", &without_hex(&plain, 12, "[short]"));
}

#[test]
fn replay_runs_a_kept_landmine_again() {
    let environment = Environment::new();
    programs::stage(&environment, &["good"]);
    let trial = environment
        .line("ringfence trial good.bin --contract contracts/ipc-rules-2024.toml --variants 240 --output json")
        .expect(0);
    let report = trial.json();
    let mine = report["landmines"][0]["id"].as_str().expect("a landmine").to_owned();
    environment
        .line(&format!("ringfence trial replay {mine} --contract contracts/ipc-rules-2024.toml"))
        .says(1, &["7.10", "crashed", "it still kills 2 of 3 consumer versions"]);
    environment
        .line("ringfence trial replay 000000000000 --contract contracts/ipc-rules-2024.toml")
        .says(2, &["RF0609"]);
    let schema = environment.line("ringfence schema trial-report").expect(0).json();
    assert_eq!(common::schema::faults(&schema, &report), [""; 0]);
}
