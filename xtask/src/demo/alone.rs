//! Wall 4: the agent alone. The server is dead, then the agent is dead too.

use super::fleet::{Machine, named};
use super::report::{Wall, verdict};
use super::setting::{FLEET_WAIT, Setting};
use super::weather::{append, trigger};
use crate::process::{Running, wait_for};
use crate::{Fault, Outcome};
use std::process::Command;
use std::time::{Duration, Instant};

/// Starts of a crashing consumer before the test gives up on rescue; the product's bound is 3.
const STARTS_MAX: usize = 12;
/// How long a started consumer is given to die of the event, or to survive it.
const TRY_WAIT: Duration = Duration::from_millis(700);

/// Tells both halves of the wall.
///
/// # Errors
/// When a step before the wall fails.
pub(super) fn tell(setting: &mut Setting) -> Outcome<Vec<Wall>> {
    let voice = setting.voice;
    voice.head("WALL 4, THE AGENT ALONE: a second bad file is out when the server dies");
    let number = setting.publish("bad-292")?;
    let rollout = setting.roll_out(number, "standard", "two more detections")?;
    let bad = setting.digest("bad-292")?;
    wait_for("two machines to run the second bad file", FLEET_WAIT, || {
        Ok((setting.running(&bad) >= 2).then_some(()))
    })?;
    setting.kill_server();
    let victims: Vec<String> = setting
        .machines
        .iter()
        .filter(|machine| machine.runs() == bad)
        .map(|machine| machine.name.clone())
        .collect();
    voice.say(format!(
        "  {rollout}: {} run release {number}; the server is killed",
        victims.join(", ")
    ));
    let alone = alone(setting, &victims)?;
    let rescue = rescue(setting, &victims)?;
    // The server comes back to reports of what happened while it was dead.
    setting.serve()?;
    setting.restart(&victims[1])?;
    let status = setting.wait_phase(&rollout, &["reverted"])?;
    voice.say(format!(
        "  the server is back: {}",
        status["view"]["reasons"][0]["sentence"].as_str().unwrap_or_default()
    ));
    setting.wait_running(&setting.digest("good")?)?;
    Ok(vec![alone, rescue])
}

fn alone(setting: &mut Setting, victims: &[String]) -> Outcome<Wall> {
    let began = Instant::now();
    let good = setting.digest("good")?;
    let machine = named(&mut setting.machines, &victims[0])?;
    append(&machine.events(), &trigger());
    wait_for("the agent to put the good file back without a server", FLEET_WAIT, || {
        Ok((machine.runs() == good).then_some(()))
    })?;
    let took = began.elapsed();
    let name = machine.name.clone();
    let journal = machine.journal();
    let last = journal.iter().rev().take(6).rev().map(|(_, line)| line.clone());
    let lines: Vec<String> = last.collect();
    setting.voice.quote(&lines.join("\n"), 6);
    let seen = format!(
        "with the server dead, {name} met the event, lost its sensor and went back by itself in {} ms",
        took.as_millis()
    );
    setting.voice.say(format!("  {seen}"));
    Ok(Wall {
        wall: "agent",
        verdict: verdict(true),
        machines: 1,
        exposed: 1,
        harmed: 1,
        reverted: 1,
        seen,
        seconds: took.as_secs_f64(),
        ..Wall::default()
    })
}

/// The agent is dead as well; whatever starts the consumer runs rescue before each start.
fn rescue(setting: &mut Setting, victims: &[String]) -> Outcome<Wall> {
    let began = Instant::now();
    let (good, stage, voice) = (setting.digest("good")?, setting.stage.clone(), setting.voice);
    let machine = named(&mut setting.machines, &victims[1])?;
    machine.kill();
    let mut starts = 0;
    let survived = loop {
        starts += 1;
        if starts > STARTS_MAX {
            break false;
        }
        let said = crate::process::run(&mut machine.rescue(&stage))?;
        voice.say(format!("  start {starts}: rescue says: {}", said.trim()));
        if survives(machine, stage.programs.path(&sensor(machine)))? {
            break true;
        }
    };
    let held = survived && machine.runs() == good;
    let seen = format!(
        "with the agent dead too, {}'s sensor died at {} of {starts} starts; before the last, rescue \
         had put the good file back",
        machine.name,
        starts - 1
    );
    voice.say(format!("  {seen}"));
    Ok(Wall {
        wall: "rescue",
        verdict: verdict(held),
        machines: 1,
        exposed: 1,
        harmed: 1,
        reverted: u64::from(held),
        hands_needed: u64::from(!held),
        seen,
        seconds: began.elapsed().as_secs_f64(),
        ..Wall::default()
    })
}

fn sensor(machine: &Machine) -> String {
    format!("sensor-{}", machine.version.replace('.', "-"))
}

/// Starts the sensor as an init system would, lets it meet the event, and looks.
fn survives(machine: &Machine, sensor: std::path::PathBuf) -> Outcome<bool> {
    let mut command = Command::new(&sensor);
    command.arg("run").arg("--content").arg(machine.directory.join("state/current"));
    command.arg("--events").arg(machine.events());
    let log = machine.directory.join("sensor.log");
    let mut running = Running::start("the sensor", &mut command, &log)?;
    // The sensor follows the file from its end: it must have opened it before the event comes.
    let began = Instant::now();
    while began.elapsed() < TRY_WAIT {
        append(&machine.events(), &trigger());
        std::thread::sleep(Duration::from_millis(50));
        if !running.lives() {
            return Ok(false);
        }
    }
    running.end();
    if running.lives() { Err(Fault("the sensor does not end".into())) } else { Ok(true) }
}
