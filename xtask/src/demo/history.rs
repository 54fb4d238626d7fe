//! As it happened: the outage of July 2024, simulated with no walls at all.

use super::report::{NO_WALL, Wall, grouped};
use super::setting::Setting;
use crate::{Fault, Outcome};
use serde_json::Value;
use std::time::Instant;

/// Tells the history.
///
/// # Errors
/// When the drill cannot be run.
pub(super) fn tell(setting: &mut Setting) -> Outcome<Vec<Wall>> {
    let began = Instant::now();
    let voice = setting.voice;
    voice.head("AS IT HAPPENED, 19 July 2024, simulated without any wall");
    let words = ["drill", "run", "crowdstrike_channel_291", "--policy", "all-at-once"];
    voice.say(format!("  $ ringfence {}", words.join(" ")));
    let mut json: Vec<&str> = words.to_vec();
    json.extend(["--output", "json"]);
    // A drill exits with 1 when machines were harmed, which is the point of this one.
    let said = setting.stage.ringfence(&json)?;
    let report = said.json()?;
    let outcome = &report["outcome"];
    let number = |name: &str| number(outcome, name);
    let wall = Wall {
        wall: "as_it_happened",
        verdict: NO_WALL,
        machines: number("of")?,
        exposed: number("exposed")?,
        harmed: number("harmed")?,
        reverted: number("healed_alone")?,
        hands_needed: number("hands_needed")?,
        first_crash_to_halt_ms: outcome["first_harm_to_halt_s"].as_u64().map(|s| s * 1_000),
        seen: String::new(),
        seconds: began.elapsed().as_secs_f64(),
    };
    let seen = format!(
        "{} of {} simulated machines got the file, {} were harmed and {} needed hands",
        grouped(wall.exposed),
        grouped(wall.machines),
        grouped(wall.harmed),
        grouped(wall.hands_needed)
    );
    voice.say(format!("  {seen}"));
    Ok(vec![Wall { seen, ..wall }])
}

fn number(report: &Value, name: &str) -> Outcome<u64> {
    report[name].as_u64().ok_or_else(|| Fault(format!("the drill's report has no '{name}'")))
}
