//! The story told: why, the retrospective, the page.

use super::report::{Wall, verdict};
use super::setting::Setting;
use crate::{Fault, Outcome};
use std::time::Instant;

/// Tells it.
///
/// # Errors
/// When a command or the page cannot be had.
pub(super) fn tell(setting: &mut Setting) -> Outcome<Vec<Wall>> {
    let began = Instant::now();
    let voice = setting.voice;
    let bad = setting.bad.clone().ok_or_else(|| Fault("there was no bad rollout".into()))?;
    voice.head("THE STORY TOLD, from stored data alone");
    voice.say(format!("  $ ringfence why {bad}"));
    // The rollout was stopped, so `why` ends with 0 and says so: it answers a question.
    let why = setting.stage.ringfence(&["why", &bad])?;
    voice.quote(&why.out, 14);
    voice.say(format!("  $ ringfence retro {bad}"));
    let retro = setting.stage.ringfence(&["retro", &bad])?.expect(0)?;
    voice.quote(&retro.out, 16);
    let page = setting.stage.page("/")?;
    let held = why.out.contains("RF04")
        && retro.out.contains("imeline")
        && page.contains("<svg")
        && page.contains(&bad);
    let seen = format!(
        "why has {} lines, the retrospective {}, the page {} bytes",
        why.out.lines().count(),
        retro.out.lines().count(),
        page.len()
    );
    voice.say(format!("  {seen}"));
    Ok(vec![Wall {
        wall: "story",
        verdict: verdict(held),
        machines: setting.machines.len() as u64,
        seen,
        seconds: began.elapsed().as_secs_f64(),
        ..Wall::default()
    }])
}
