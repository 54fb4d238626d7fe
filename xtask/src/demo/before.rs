//! Walls 1 and 2, before anything is published: check and trial.

use super::report::{Wall, verdict};
use super::setting::Setting;
use crate::Outcome;
use serde_json::Value;
use std::time::Instant;

/// Variants tried on the good file to find what the next bad one would trip over.
const VARIANTS: &str = "90";

/// Tells both walls.
///
/// # Errors
/// When a command cannot be run.
pub(super) fn tell(setting: &mut Setting) -> Outcome<Vec<Wall>> {
    Ok(vec![check(setting)?, trial(setting)?])
}

fn check(setting: &Setting) -> Outcome<Wall> {
    let began = Instant::now();
    let voice = setting.voice;
    voice.head("WALL 1, CHECK: the contract knows what each sensor supplies");
    voice.say("  $ ringfence check files/bad-291.bin --contract contracts/ipc-rules.toml");
    let human = setting.check("bad-291", "ipc-rules", &[])?;
    voice.quote(&human.out, 16);
    let report = setting.check("bad-291", "ipc-rules", &["--output", "json"])?.json()?;
    let finding = findings(&report)
        .find(|finding| finding["severity"] == "error" && finding["place"]["field"].is_string())
        .cloned()
        .unwrap_or_default();
    let place = &finding["place"];
    let consumers = strings(&finding["consumers"]);
    let held = human.code == 1 && place["offset"].is_u64() && !consumers.is_empty();
    Ok(Wall {
        wall: "check",
        verdict: verdict(held),
        machines: setting.machines.len() as u64,
        seen: format!(
            "refused with {} at record {}, field {}, byte {}; cannot be taken by {}",
            text(&finding["code"]),
            place["record"],
            text(&place["field"]),
            place["offset"],
            consumers.join(", ")
        ),
        seconds: began.elapsed().as_secs_f64(),
        ..Wall::default()
    })
}

fn trial(setting: &Setting) -> Outcome<Wall> {
    let began = Instant::now();
    let voice = setting.voice;
    voice.head(
        "WALL 2, TRIAL: the contract is wrong as it was in 2024 (it says 21), so check passes",
    );
    voice.say("  $ ringfence check files/bad-291.bin --contract contracts/ipc-rules-2024.toml");
    let check = setting.check("bad-291", "ipc-rules-2024", &[])?;
    voice.quote(check.out.lines().last().unwrap_or_default(), 1);
    voice.say("  $ ringfence trial files/bad-291.bin --events examples/events/full.jsonl");
    let bad = setting.trial("bad-291", "full", "6", &[])?;
    voice.quote(&bad.out, 14);
    voice.say("  and the good file, for the landmines that the next one would step on:");
    voice.say(format!("  $ ringfence trial files/good.bin --events examples/events/full.jsonl --variants {VARIANTS}"));
    let good = setting.trial("good", "full", VARIANTS, &[])?;
    voice.quote(&good.out, 24);
    let report = setting.trial("good", "full", VARIANTS, &["--output", "json"])?.json()?;
    let mines = report["landmines"].as_array().cloned().unwrap_or_default();
    let mine = mines
        .iter()
        .find(|mine| text(&mine["change"]).contains("criteria[21]"))
        .or(mines.first())
        .cloned()
        .unwrap_or_default();
    let held = check.code == 0 && bad.code == 1 && good.code == 0 && !mines.is_empty();
    Ok(Wall {
        wall: "trial",
        verdict: verdict(held),
        machines: setting.machines.len() as u64,
        seen: format!(
            "check passed, trial refused the bad file; the good one passes with a warning: {} of \
             {} runs stepped on {} {}, such as {} ({}), which kills {}",
            mines.iter().filter_map(|mine| mine["variants"].as_u64()).sum::<u64>(),
            report["executions"],
            mines.len(),
            if mines.len() == 1 { "landmine" } else { "landmines" },
            text(&mine["id"]),
            text(&mine["change"]),
            strings(&mine["versions"]).join(", ")
        ),
        seconds: began.elapsed().as_secs_f64(),
        ..Wall::default()
    })
}

/// All findings of a report, whether it is about one file or several.
fn findings(report: &Value) -> impl Iterator<Item = &Value> {
    let own = report["findings"].as_array().into_iter().flatten();
    let files = report["files"].as_array().into_iter().flatten();
    own.chain(files.flat_map(|file| file["findings"].as_array().into_iter().flatten()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}
