//! `cargo xtask demo`: the main job, with real agents, consumers, signatures and a real bad file.
//!
//! Every step is the production path: the product's own commands, files and sockets. Nothing is
//! scripted to succeed; each wall's verdict is read from what the machines and the server say, and
//! a wall that does not hold makes the run fail.

mod alone;
mod before;
mod fleet;
mod history;
mod policy;
mod recall;
mod report;
mod rings;
mod setting;
#[cfg(test)]
mod tests;
mod told;
mod weather;

use crate::arguments::Arguments;
pub use policy::shortened;

use crate::stage::{Programs, scratch};
use crate::{Fault, Outcome};
use report::{Report, Wall};
use setting::Setting;
use std::time::Instant;

/// Machines when nothing else is said.
const MACHINES: usize = 60;
/// Fewer machines would not fill the strata.
const MACHINES_MIN: usize = 30;
/// More would not fit a small machine.
const MACHINES_MAX: usize = 200;
/// Events after which a machine meets the one that fires the defect, on average.
const TRIGGER_ONE_IN: u64 = 10;

/// Where the story is told: standard output for people, standard error beside a JSON document.
#[derive(Clone, Copy, Debug)]
struct Voice {
    json: bool,
}

impl Voice {
    /// One line.
    fn say(&self, line: impl AsRef<str>) {
        if self.json {
            eprintln!("{}", line.as_ref());
        } else {
            println!("{}", line.as_ref());
        }
    }
    /// A heading.
    fn head(&self, line: impl AsRef<str>) {
        self.say("");
        self.say(line);
    }
    /// What a command printed, indented, at most `lines` lines.
    fn quote(&self, text: &str, lines: usize) {
        let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        all.iter().take(lines).for_each(|line| self.say(format!("    {line}")));
        if all.len() > lines {
            self.say(format!("    ... and {} lines more", all.len() - lines));
        }
    }
}

/// Runs the demonstration; 1 when a wall did not hold.
///
/// # Errors
/// When a step could not be made at all.
pub fn main(rest: &[String]) -> Outcome<u8> {
    let mut arguments = Arguments::new(rest);
    let keep = arguments.flag("--keep");
    let output = arguments.value("--output", &["human", "json"])?;
    let profile = arguments.value("--profile", &["release", "dev"])?;
    let machines = arguments.value("--machines", &[])?.map_or(Ok(MACHINES), |text| count(&text))?;
    arguments.words()?;
    let voice = Voice { json: output.as_deref() == Some("json") };
    eprintln!(
        "building the programs ({}); the first time takes a few minutes",
        profile.as_deref().unwrap_or("release")
    );
    let programs = Programs::build(profile.as_deref().unwrap_or("release"))?;
    let directory = scratch("demo")?;
    let began = Instant::now();
    let mut setting = Setting::open(&programs, &directory, machines, voice)?;
    let report = tell(&mut setting, began)?;
    if voice.json {
        let text = serde_json::to_string_pretty(&report).map_err(|e| Fault::about("report", e))?;
        println!("{text}");
    } else {
        println!("\n{}", report.table());
    }
    let good = report.walls.iter().all(Wall::good);
    voice.say(format!(
        "\n{} in {:.0} s",
        if good { "all walls held" } else { "A WALL DID NOT HOLD" },
        report.seconds
    ));
    if keep {
        stay(&setting, voice)?;
    } else {
        voice.say("next: cargo xtask demo --keep, and open the page");
    }
    Ok(u8::from(!good))
}

fn count(text: &str) -> Outcome<usize> {
    match text.parse::<usize>() {
        Ok(count) if (MACHINES_MIN..=MACHINES_MAX).contains(&count) => Ok(count),
        _ => Err(Fault(format!("--machines is {MACHINES_MIN} to {MACHINES_MAX}, not '{text}'"))),
    }
}

/// One part of the story.
type Part = fn(&mut Setting) -> Outcome<Vec<Wall>>;

/// The story, wall by wall.
fn tell(setting: &mut Setting, began: Instant) -> Outcome<Report> {
    let parts: [Part; 6] =
        [history::tell, before::tell, rings::tell, alone::tell, recall::tell, told::tell];
    let mut walls = Vec::new();
    for part in parts {
        walls.extend(part(setting)?);
    }
    Ok(Report {
        schema: "ringfence/demo/v1",
        fleet: setting.machines.len() as u64,
        policy: setting.policy.clone(),
        seconds: began.elapsed().as_secs_f64(),
        walls,
    })
}

/// Leaves everything up until a key or the end of input.
fn stay(setting: &Setting, voice: Voice) -> Outcome<()> {
    voice.say(format!("\nthe page is at {}", setting.page()?));
    voice.say("press Enter (or Ctrl-C) to end it");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Fault::about("standard input", error))?;
    Ok(())
}
