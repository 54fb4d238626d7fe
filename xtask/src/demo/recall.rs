//! Recall: the fixed file goes out in the emergency lane.

use super::report::{Wall, verdict};
use super::setting::{FLEET_WAIT, Setting};
use crate::Outcome;
use crate::process::wait_for;
use std::time::Instant;

/// Tells it.
///
/// # Errors
/// When the fixed file does not reach everybody.
pub(super) fn tell(setting: &mut Setting) -> Outcome<Vec<Wall>> {
    let began = Instant::now();
    let voice = setting.voice;
    voice.head("RECALL: the fixed file, in the emergency lane: shorter soak, the same gates");
    let again = refused_again(setting)?;
    setting.rain(true);
    let number = setting.publish("fixed")?;
    let rollout = setting.roll_out(number, "emergency", "the same detection without input 21")?;
    let status = setting.wait_phase(&rollout, &["soaking", "done"])?;
    let digest = setting.digest("fixed")?;
    setting.wait_running(&digest)?;
    let healthy = wait_for("all machines to be healthy", FLEET_WAIT, || {
        let machines = setting.stage.api("/v1/machines")?;
        let items = machines["items"].as_array().cloned().unwrap_or_default();
        let good = |word: &str| ["healthy", "known_good"].contains(&word);
        let healthy = items
            .iter()
            .filter(|item| {
                let running = &item["running"]["ipc-rules"];
                running["digest"] == digest && good(running["word"].as_str().unwrap_or_default())
            })
            .count();
        Ok((healthy == setting.machines.len()).then_some(healthy as u64))
    })?;
    let view = &status["view"];
    let gates = view["gates"].as_array().map_or(0, Vec::len);
    let harmed = view["harmed"].as_u64().unwrap_or(u64::MAX);
    let seen = format!(
        "release {number} passed {gates} gates and runs on {healthy} of {} machines, {harmed} harmed, \
         with the harmful events raining; the withdrawn file was offered again and refused: {again}",
        setting.machines.len()
    );
    voice.say(format!("  {seen}"));
    Ok(vec![Wall {
        wall: "recall",
        verdict: verdict(harmed == 0 && gates > 1 && again),
        machines: setting.machines.len() as u64,
        exposed: healthy,
        harmed,
        seen,
        seconds: began.elapsed().as_secs_f64(),
        ..Wall::default()
    }])
}

/// The withdrawn digest is offered once more, as a new release; nobody may take it.
fn refused_again(setting: &Setting) -> Outcome<bool> {
    let path = setting.file("bad-291");
    let said = setting.stage.ringfence(&["publish", &path, "--channel", "ipc-rules"])?;
    setting.voice.quote(&said.err, 3);
    Ok(said.code == 4)
}
