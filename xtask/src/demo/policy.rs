//! The demonstration's policy: the shipped one with its times divided, nothing else changed.

use crate::stage::Stage;
use crate::{Fault, Outcome};

/// Spans of the ladders up to this are divided by [`MINUTES_BY`], longer ones by [`HOURS_BY`].
const MINUTES_MAX_MS: u64 = 60 * 60_000;
/// Ten minutes become half a second.
pub(super) const MINUTES_BY: u64 = 1_200;
/// A day becomes about three seconds.
pub(super) const HOURS_BY: u64 = 28_800;
/// How often machines report; it is an order of magnitude slower than the ladder's steps would
/// ask for, because sixty agents, sixty consumers and a server share this machine.
pub(super) const HEARTBEAT: &str = "600ms";
/// How often the rollout is judged.
pub(super) const TICK: &str = "100ms";

const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The milliseconds of a span as policies write it.
fn span(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A policy's text with its spans divided, heartbeat and tick replaced.
pub fn shortened(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let key = line.split('=').next().unwrap_or_default().trim();
        lines.push(match key {
            "heartbeat" => format!("heartbeat = \"{HEARTBEAT}\""),
            "tick" => format!("tick = \"{TICK}\""),
            "name" => "name = \"standard, minutes as fractions of a second\"".to_owned(),
            _ => divided(line),
        });
    }
    lines.join("\n") + "\n"
}

/// A line with every quoted span divided; comments stay as they are.
fn divided(line: &str) -> String {
    if line.trim_start().starts_with('#') {
        return line.to_owned();
    }
    let parts = line.split('"').enumerate().map(|(index, part)| match span(part) {
        Some(ms) if index % 2 == 1 => {
            let by = if ms <= MINUTES_MAX_MS { MINUTES_BY } else { HOURS_BY };
            format!("{}ms", (ms / by).max(1))
        }
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// Shortens the project's policy.
///
/// # Errors
/// When it cannot be read or written.
pub(super) fn shorten(stage: &Stage) -> Outcome<String> {
    let path = stage.project.join("policies/standard.toml");
    let about = |error| Fault::about(path.display(), error);
    let text = std::fs::read_to_string(&path).map_err(about)?;
    std::fs::write(&path, shortened(&text)).map_err(about)?;
    Ok(format!(
        "the standard ladder with its minutes divided by {MINUTES_BY} and its hours by {HOURS_BY}; \
         machines report every {HEARTBEAT}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_change() {
        let text = "name = \"standard\"\nheartbeat = \"1m\"\nhold_at = 20\n# wait = \"10m\"\nwait = \"10m\" # \"24h\"\ngates = [{ wait = \"20m\", ring = \"late\" }]\nprobation = \"24h\"\n";
        let short = shortened(text);
        assert!(short.contains("wait = \"500ms\""), "{short}");
        assert!(short.contains("{ wait = \"1000ms\", ring = \"late\" }"), "{short}");
        assert!(short.contains("probation = \"3000ms\""), "{short}");
        assert!(short.contains("hold_at = 20\n# wait = \"10m\"\n"), "{short}");
        assert!(short.contains("heartbeat = \"600ms\""), "{short}");
    }
}
