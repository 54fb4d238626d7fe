//! Wall 3: check and trial are blind, publishing succeeds, and the rings hold.

use super::fleet::Machine;
use super::report::{Wall, verdict};
use super::setting::Setting;
use crate::stage::Stage;
use crate::{Fault, Outcome};
use serde_json::Value;
use std::time::{Instant, UNIX_EPOCH};

/// How the agents' journals name the end of a consumer by a memory fault.
const MEMORY_FAULT: &str = "signal 11";

/// Tells the wall.
///
/// # Errors
/// When a step before the wall fails.
pub(super) fn tell(setting: &mut Setting) -> Outcome<Vec<Wall>> {
    let voice = setting.voice;
    voice.head("THE FLEET comes up, and the good file goes out by the standard ladder");
    setting.start_fleet()?;
    setting.rain(false);
    let number = setting.publish("good")?;
    let rollout = setting.roll_out(number, "standard", "first release")?;
    let status = setting.wait_phase(&rollout, &["soaking", "done"])?;
    setting.wait_running(&setting.digest("good")?)?;
    let view = &status["view"];
    voice.say(format!(
        "  {rollout}: {} of {} machines have release {number}, {} harmed, gates {}",
        view["assigned"],
        view["machines"],
        view["harmed"],
        gates(view)
    ));
    setting.wait_known_good()?;
    bad(setting).map(|wall| vec![wall])
}

fn gates(view: &Value) -> String {
    let gates = view["gates"].as_array().into_iter().flatten();
    let sizes: Vec<String> = gates.map(|gate| gate["machines"].to_string()).collect();
    sizes.join(", ")
}

fn bad(setting: &mut Setting) -> Outcome<Wall> {
    let began = Instant::now();
    let voice = setting.voice;
    voice.head(
        "WALL 3, RINGS: contract and trial are blind (no event that matches), so it is published",
    );
    let number = setting.publish("bad-291")?;
    setting.rain(true);
    let rollout = setting.roll_out(number, "standard", "two new detections")?;
    setting.bad = Some(rollout.clone());
    voice.say(format!(
        "  {rollout}: release {number} (bad-291) starts with 1 machine; it rains events"
    ));
    let status = setting.wait_phase(&rollout, &["reverted"])?;
    let good = setting.digest("good")?;
    setting.wait_running(&good)?;
    setting.rain(false);
    let view = &status["view"];
    let count = |name: &str| view[name].as_u64().unwrap_or_default();
    let crash = first_crash(&setting.machines);
    let halt = signed_halt(&setting.stage, &rollout)?;
    let to_halt = crash.zip(halt).map(|(crash, halt)| halt.saturating_sub(crash));
    let reason = &view["reasons"][0]["sentence"];
    voice.say(format!("  {}", reason.as_str().unwrap_or_default()));
    let seen = format!(
        "exposed {} of {}, harmed {}, back on the good file {} of {}; first crash to signed halt {} ms; \
         withdrawn: {}; hands needed {}",
        count("assigned"),
        count("machines"),
        count("harmed"),
        setting.running(&good),
        setting.machines.len(),
        to_halt.map_or("?".to_owned(), |ms| ms.to_string()),
        view["withdrawn"],
        status["hands_needed"]
    );
    voice.say(format!("  {seen}"));
    let held = count("harmed") >= 1
        && count("assigned") * 2 <= count("machines")
        && view["withdrawn"] == true
        && status["hands_needed"] == 0
        && to_halt.is_some();
    Ok(Wall {
        wall: "rings",
        verdict: verdict(held),
        machines: count("machines"),
        exposed: count("assigned"),
        harmed: count("harmed"),
        reverted: count("reverted"),
        hands_needed: status["hands_needed"].as_u64().unwrap_or(u64::MAX),
        first_crash_to_halt_ms: to_halt,
        seen,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// When the first fence that stops the rollout was signed and published, by its file's time.
fn signed_halt(stage: &Stage, rollout: &str) -> Outcome<Option<u64>> {
    let directory = stage.project.join("data/tuf/targets/fence");
    let about = |error: std::io::Error| Fault::about(directory.display(), error);
    let mut first = None;
    for entry in std::fs::read_dir(&directory).map_err(about)?.flatten() {
        let bytes = std::fs::read(entry.path()).map_err(about)?;
        let fence: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let offers = fence["offers"].as_array().into_iter().flatten();
        let stops = |offer: &Value| offer["rollout"] == rollout && offer["state"] != "open";
        if offers.into_iter().any(stops) {
            let changed = entry.metadata().and_then(|meta| meta.modified()).map_err(about)?;
            let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
            let at = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            first = Some(first.map_or(at, |first: u64| first.min(at)));
        }
    }
    Ok(first)
}

/// When the first consumer died, by the machines' own journals.
fn first_crash(machines: &[Machine]) -> Option<u64> {
    let lines = machines.iter().flat_map(Machine::journal);
    lines.filter(|(_, line)| line.contains(MEMORY_FAULT)).map(|(at, _)| at).min()
}
