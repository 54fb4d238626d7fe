//! The setting of the story: project, server, fleet, weather; and the few questions that every
//! part asks of them.

use super::fleet::{self, Machine};
use super::weather::Weather;
use super::{TRIGGER_ONE_IN, Voice, policy};
use crate::process::wait_for;
use crate::stage::{Programs, Said, Server, Stage, repository, write};
use crate::{Fault, Outcome};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a release must prove on a machine before it is known good there, shortened like the ladder.
const PROBATION: &str = "time = \"4s\"\nheartbeats = 3\nevents = 3\npolls = 1";
/// Longest wait for the fleet to do something.
pub(super) const FLEET_WAIT: Duration = Duration::from_secs(60);
/// Seed of the weather.
const WEATHER_SEED: u64 = 291;
/// The contents, by name.
const FILES: [&str; 5] = ["seed", "good", "bad-291", "bad-292", "fixed"];

/// Everything that the story needs.
pub(super) struct Setting {
    /// Project and programs.
    pub(super) stage: Stage,
    /// The server, while it runs.
    pub(super) server: Option<Server>,
    /// The machines.
    pub(super) machines: Vec<Machine>,
    /// How the policy was shortened, in words.
    pub(super) policy: String,
    /// Where the story is told.
    pub(super) voice: Voice,
    /// The rollout of the bad file, once it has begun.
    pub(super) bad: Option<String>,
    weather: Option<Weather>,
    published: u64,
}

impl Setting {
    /// Makes the project and its files; nothing runs yet.
    ///
    /// # Errors
    /// When a program or the disk refuses.
    pub(super) fn open(
        programs: &Programs,
        directory: &Path,
        machines: usize,
        voice: Voice,
    ) -> Outcome<Setting> {
        let stage = Stage::open(programs, &directory.join("p"))?;
        let policy = policy::shorten(&stage)?;
        copy_examples(&stage)?;
        for name in FILES {
            encode(&stage, name)?;
        }
        voice.say("Ringfence: no data file takes down the fleet");
        voice.say(format!("this run: {machines} real agents, each with a real sensor; {policy}"));
        let mut setting = Setting {
            stage,
            server: None,
            machines: Vec::new(),
            policy,
            voice,
            bad: None,
            weather: None,
            published: 0,
        };
        for index in 0..machines {
            setting.machines.push(Machine::new(&setting.stage, index, PROBATION)?);
        }
        Ok(setting)
    }

    /// Starts the server and the fleet.
    ///
    /// # Errors
    /// When one does not come up.
    pub(super) fn start_fleet(&mut self) -> Outcome<()> {
        self.serve()?;
        for machine in &mut self.machines {
            machine.start(&self.stage)?;
        }
        let all = self.machines.len();
        let stage = self.stage.clone();
        wait_for("all machines to enrol", FLEET_WAIT, || {
            let known = stage.api("/v1/machines")?["items"].as_array().map_or(0, Vec::len);
            Ok((known == all).then_some(()))
        })
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When it does not come up.
    pub(super) fn serve(&mut self) -> Outcome<()> {
        self.server = Some(self.stage.serve()?);
        Ok(())
    }

    /// Kills the server as a power cut would.
    pub(super) fn kill_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.process.kill();
        }
    }

    /// A content file, as commands that run in the project name it.
    pub(super) fn file(&self, name: &str) -> String {
        format!("files/{name}.bin")
    }

    /// The digest of a content file, as machines name it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn digest(&self, name: &str) -> Outcome<String> {
        let text = crate::process::run(
            std::process::Command::new("sha256sum").arg(self.stage.project.join(self.file(name))),
        )?;
        Ok(text.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// A corpus of events.
    pub(super) fn corpus(&self, name: &str) -> String {
        format!("examples/events/{name}.jsonl")
    }

    /// A contract.
    pub(super) fn contract(&self, name: &str) -> String {
        format!("contracts/{name}.toml")
    }

    /// Runs `ringfence check`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn check(&self, file: &str, contract: &str, more: &[&str]) -> Outcome<Said> {
        let (file, contract) = (self.file(file), self.contract(contract));
        let mut words = vec!["check", file.as_str(), "--contract", contract.as_str()];
        words.extend(more);
        self.stage.ringfence(&words)
    }

    /// Runs `ringfence trial`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn trial(
        &self,
        file: &str,
        events: &str,
        variants: &str,
        more: &[&str],
    ) -> Outcome<Said> {
        let (file, contract) = (self.file(file), self.contract("ipc-rules-2024"));
        let events = self.corpus(events);
        let mut words = vec!["trial", file.as_str(), "--contract", contract.as_str()];
        words.extend(["--events", events.as_str(), "--variants", variants]);
        words.extend(more);
        self.stage.ringfence(&words)
    }

    /// Check, trial (with the blind corpus) and publish; the release's number.
    ///
    /// # Errors
    /// When a wall before publishing refuses.
    pub(super) fn publish(&mut self, file: &str) -> Outcome<u64> {
        self.check(file, "ipc-rules-2024", &[])?.expect(0)?;
        self.trial(file, "blind", "12", &[])?.expect(0)?;
        let path = self.file(file);
        self.stage.ringfence(&["publish", &path, "--channel", "ipc-rules"])?.expect(0)?;
        self.published += 1;
        Ok(self.published)
    }

    /// Plans and applies a rollout by the project's policy; its name.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) fn roll_out(&self, number: u64, lane: &str, reason: &str) -> Outcome<String> {
        self.roll_out_by(number, lane, reason, &[])
    }

    /// Plans with more words, such as another policy, and applies; the rollout's name.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) fn roll_out_by(
        &self,
        number: u64,
        lane: &str,
        reason: &str,
        more: &[&str],
    ) -> Outcome<String> {
        let plan = self.stage.project.join(format!("plan-{number}.json")).display().to_string();
        let release = format!("ipc-rules@{number}");
        let mut words = vec!["rollout", "plan", &release, "--lane", lane, "-o", &plan];
        words.extend(more);
        self.stage.ringfence(&words)?.expect(0)?;
        let apply = ["rollout", "apply", &plan, "--reason", reason, "--output", "json"];
        let status = self.stage.ringfence(&apply)?.expect(0)?.json()?;
        let rollout = status["rollout"].as_str();
        rollout.map(str::to_owned).ok_or_else(|| Fault(format!("apply named no rollout: {status}")))
    }

    /// The state of a rollout.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(super) fn status(&self, rollout: &str) -> Outcome<Value> {
        self.stage.api(&format!("/v1/rollouts/{rollout}"))
    }

    /// Waits until a rollout's phase is one of `phases`.
    ///
    /// # Errors
    /// When it does not get there in time; with the reasons that it gives.
    pub(super) fn wait_phase(&self, rollout: &str, phases: &[&str]) -> Outcome<Value> {
        let mut last = Value::Null;
        let waited = wait_for(&phases.join(" or "), FLEET_WAIT, || {
            last = self.status(rollout)?;
            let phase = last["view"]["phase"].as_str().unwrap_or_default();
            Ok(phases.contains(&phase).then(|| last.clone()))
        });
        waited.map_err(|fault| Fault(format!("{rollout}: {fault}; {}", last["view"]["reasons"])))
    }

    /// Machines that run the file with this digest.
    pub(super) fn running(&self, digest: &str) -> usize {
        self.machines.iter().filter(|machine| machine.runs() == digest).count()
    }

    /// Waits until every machine runs the file with this digest.
    ///
    /// # Errors
    /// When they do not in time.
    pub(super) fn wait_running(&self, digest: &str) -> Outcome<()> {
        let all = self.machines.len();
        let waited = wait_for("every machine to run it", FLEET_WAIT, || {
            Ok((self.running(digest) == all).then_some(()))
        });
        waited.map_err(|fault| Fault(format!("{fault}: {} of {all} do", self.running(digest))))
    }

    /// Waits until the good file is known good on every machine, so that it is what they go back
    /// to; before that it would be the seed.
    ///
    /// # Errors
    /// When it is not in time.
    pub(super) fn wait_known_good(&self) -> Outcome<()> {
        let digest = self.digest("good")?;
        let knows = |machine: &&Machine| {
            let noted = |(_, line): &(u64, String)| line.contains("known good here");
            machine.runs() == digest && machine.journal().iter().any(noted)
        };
        wait_for("the good file to be known good everywhere", FLEET_WAIT, || {
            let known = self.machines.iter().filter(knows).count();
            Ok((known == self.machines.len()).then_some(()))
        })
    }

    /// Lets it rain: ordinary events everywhere, and now and then, where `harmful`, the one that
    /// fires the defect.
    pub(super) fn rain(&mut self, harmful: bool) {
        self.weather = None;
        let files: Vec<PathBuf> = self.machines.iter().map(Machine::events).collect();
        let one_in = if harmful { TRIGGER_ONE_IN } else { 0 };
        self.weather = Some(Weather::start(files, WEATHER_SEED, one_in));
    }

    /// The page's address, and how to log in.
    ///
    /// # Errors
    /// When the token cannot be read.
    pub(super) fn page(&self) -> Outcome<String> {
        let token = self.stage.token("operator")?;
        Ok(format!("{}/  (log in with the operator token {token})", self.stage.address()))
    }

    /// Starts the agent of one machine again.
    ///
    /// # Errors
    /// When there is no such machine or no process.
    pub(super) fn restart(&mut self, name: &str) -> Outcome<()> {
        let stage = self.stage.clone();
        fleet::named(&mut self.machines, name)?.start(&stage)
    }
}

fn copy_examples(stage: &Stage) -> Outcome<()> {
    let pairs = [
        ("contracts/ipc-rules.toml", "contracts/ipc-rules.toml"),
        ("contracts/ipc-rules-2024.toml", "contracts/ipc-rules-2024.toml"),
        ("examples/events/full.jsonl", "examples/events/full.jsonl"),
        ("examples/events/blind.jsonl", "examples/events/blind.jsonl"),
    ];
    for (from, to) in pairs {
        let from = repository().join(from);
        let text = std::fs::read_to_string(&from).map_err(|e| Fault::about(from.display(), e))?;
        write(&stage.project.join(to), &text)?;
    }
    Ok(())
}

fn encode(stage: &Stage, name: &str) -> Outcome<()> {
    let from = repository().join("examples/content").join(format!("{name}.toml"));
    let to = stage.project.join("files").join(format!("{name}.bin"));
    write(&to, "")?;
    let mut command = stage.programs.command("sensor-7-12");
    crate::process::run(command.arg("encode").arg(from).arg(to)).map(|_| ())
}
