//! The main job with a program nobody here wrote: check, trial, publish, rollout, bad file, halt,
//! revert, with three agents and three nginx processes on loopback.
#![allow(missing_docs)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask::process::{Running, wait_for};
use xtask::stage::{Programs, Said, Stage, free_port, get, repository, scratch, write};
use xtask::tools::{NGINX, ensure};

/// Longest wait for three machines to do something.
const WAIT: Duration = Duration::from_secs(60);
const MACHINES: usize = 3;
const CHANNEL: &str = "nginx-include";

struct Machine {
    _agent: Running,
    directory: PathBuf,
    port: u16,
}

impl Machine {
    /// A machine as `examples/nginx/agent.toml` describes it, with its own name, port and fleet.
    fn start(stage: &Stage, index: usize) -> Machine {
        let directory = stage.project.join(format!("machines/web-{index}"));
        let port = free_port().expect("a port");
        let example = std::fs::read_to_string(repository().join("examples/nginx/agent.toml"));
        let text = example
            .expect("the example")
            .replace("web-1", &format!("web-{index}"))
            .replace("127.0.0.1:8081", &format!("127.0.0.1:{port}"))
            .replace("http://127.0.0.1:7460", &stage.address())
            .replace("time = \"10m\"\nheartbeats = 10", "time = \"2s\"\nheartbeats = 2");
        write(&directory.join("agent.toml"), &text).expect("written");
        let copies = [
            (repository().join("examples/nginx/nginx.conf.in"), "nginx.conf.in"),
            (repository().join("examples/nginx/served-good.conf"), "seed.conf"),
            (stage.project.join("root.json"), "root.json"),
            (stage.project.join("tokens/enroll"), "enroll.token"),
        ];
        for (from, to) in copies {
            std::fs::copy(&from, directory.join(to)).expect("copied");
        }
        let mut command = stage.programs.command("ringfence-agent");
        command.arg("--config").arg(directory.join("agent.toml")).arg("run");
        let name = format!("web-{index}");
        let agent = Running::start(&name, &mut command, &directory.join("agent.log"));
        Machine { _agent: agent.expect("started"), directory, port }
    }
    fn served(&self, path: &str) -> Option<String> {
        get(&format!("http://127.0.0.1:{}{path}", self.port), None).ok()
    }
    fn journal(&self) -> String {
        std::fs::read_to_string(self.directory.join("state/journal.log")).unwrap_or_default()
    }
}

fn ringfence(stage: &Stage, words: &[&str], code: i32) -> Said {
    stage.ringfence(words).expect("it runs").expect(code).expect("the expected exit code")
}

/// Check, trial and publish, as an author does it.
fn publish(stage: &Stage, file: &str) {
    let path = stage.project.join(file);
    std::fs::copy(repository().join("examples/nginx").join(file), &path).expect("copied");
    let path = path.display().to_string();
    let contract = stage.project.join("contracts/nginx-include.toml").display().to_string();
    ringfence(stage, &["check", &path, "--contract", &contract], 0);
    ringfence(stage, &["trial", &path, "--contract", &contract, "--variants", "20"], 0);
    ringfence(stage, &["publish", &path, "--channel", CHANNEL], 0);
}

fn roll_out(stage: &Stage, number: u64) -> String {
    let plan = stage.project.join("plan.json").display().to_string();
    let release = format!("{CHANNEL}@{number}");
    ringfence(stage, &["rollout", "plan", &release, "-o", &plan], 0);
    let apply = ["rollout", "apply", &plan, "--reason", "test", "--output", "json"];
    let status = ringfence(stage, &apply, 0).json().expect("a document");
    status["rollout"].as_str().expect("a name").to_owned()
}

fn wait_phase(stage: &Stage, rollout: &str, phases: &[&str]) -> Value {
    let mut last = Value::Null;
    let waited = wait_for(&phases.join(" or "), WAIT, || {
        last = stage.api(&format!("/v1/rollouts/{rollout}"))?;
        let phase = last["view"]["phase"].as_str().unwrap_or_default();
        Ok(phases.contains(&phase).then_some(()))
    });
    waited.unwrap_or_else(|fault| panic!("{fault}: {}", last["view"]));
    last
}

/// The project: the contract from the repository, a policy of seconds.
fn project(programs: &Programs, directory: &Path) -> Stage {
    let stage = Stage::open_for(programs, &directory.join("p"), CHANNEL).expect("a project");
    let copies = ["contracts/nginx-include.toml", "examples/nginx/nginx.conf.in"];
    for name in copies {
        let text = std::fs::read_to_string(repository().join(name)).expect("readable");
        write(&stage.project.join(name), &text).expect("written");
    }
    let policy = stage.project.join("policies/standard.toml");
    let text = std::fs::read_to_string(&policy).expect("readable");
    std::fs::write(&policy, xtask::demo::shortened(&text)).expect("written");
    stage
}

#[test]
fn a_file_that_nginx_accepts_and_that_does_not_answer_is_stopped_at_one_machine() {
    ensure(&[&NGINX]).expect("nginx");
    let programs = Programs::build("dev").expect("built");
    let directory = scratch("t-nginx").expect("a directory");
    let stage = project(&programs, &directory);
    let _server = stage.serve().expect("a server");
    let machines: Vec<Machine> = (1..=MACHINES).map(|i| Machine::start(&stage, i)).collect();
    let each = |what: &str, done: &dyn Fn(&Machine) -> bool| {
        let waited = wait_for(what, WAIT, || Ok(machines.iter().all(done).then_some(())));
        waited.unwrap_or_else(|fault| {
            panic!("{fault}: {}", machines.iter().map(Machine::journal).collect::<String>())
        });
    };
    each("three nginx with their seed", &|m| m.served("/healthz").is_some());
    wait_for("three machines", WAIT, || {
        let known = stage.api("/v1/machines")?["items"].as_array().map_or(0, Vec::len);
        Ok((known == MACHINES).then_some(()))
    })
    .expect("enrolled");

    // A syntax error is refused by nginx itself, in the trial.
    let broken = repository().join("examples/nginx/served-broken.conf").display().to_string();
    let contract = stage.project.join("contracts/nginx-include.toml").display().to_string();
    let said =
        ringfence(&stage, &["trial", &broken, "--contract", &contract, "--variants", "4"], 1);
    assert!(said.out.contains("RF02"), "{}", said.out);

    publish(&stage, "served-fixed.conf");
    let good = roll_out(&stage, 1);
    wait_phase(&stage, &good, &["soaking", "done"]);
    each("the new page everywhere", &|m| m.served("/new").is_some_and(|t| t == "a new page\n"));

    // nginx accepts this one. Only the probe knows.
    publish(&stage, "served-bad.conf");
    let bad = roll_out(&stage, 2);
    let status = wait_phase(&stage, &bad, &["reverted"]);
    let view = &status["view"];
    assert_eq!((&view["assigned"], &view["harmed"]), (&1.into(), &1.into()), "{view}");
    assert_eq!(view["withdrawn"], true);
    assert_eq!(status["hands_needed"], 0);
    each("the new page again", &|m| m.served("/new").is_some_and(|t| t == "a new page\n"));
    let touched = machines.iter().filter(|m| m.journal().contains("takes release 2")).count();
    assert_eq!(touched, 1, "one machine met the bad file");
    let why = ringfence(&stage, &["why", &bad], 0);
    assert!(why.out.contains("RF0421"), "{}", why.out);
    let again = stage.project.join("served-bad.conf").display().to_string();
    ringfence(&stage, &["publish", &again, "--channel", CHANNEL], 4);
}
