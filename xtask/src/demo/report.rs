//! What the demonstration prints: one entry a wall, a table at the end, one JSON document.

use serde::Serialize;

/// The document that `--output json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// `ringfence/demo/v1`.
    pub(super) schema: &'static str,
    /// Agent and consumer processes that were started.
    pub(super) fleet: u64,
    /// How the ladder was shortened, in words.
    pub(super) policy: String,
    /// Seconds of the run, without building.
    pub(super) seconds: f64,
    /// One entry a wall, in the order of the story.
    pub(super) walls: Vec<Wall>,
}

/// What one wall did.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Wall {
    /// `as_it_happened`, `check`, `trial`, `rings`, `agent`, `rescue`, `recall`, `story`.
    pub(super) wall: &'static str,
    /// `held` or `did not hold`; for the history: `no wall`.
    pub(super) verdict: &'static str,
    /// Machines concerned.
    pub(super) machines: u64,
    /// Machines that were exposed to the bad file (for recall: to the good one).
    pub(super) exposed: u64,
    /// Machines whose consumer it killed.
    pub(super) harmed: u64,
    /// Machines that went back by themselves or on the server's word.
    pub(super) reverted: u64,
    /// Machines that needed a person.
    pub(super) hands_needed: u64,
    /// From the first crash, by the machine's report, to the signed halt; `null` where nothing
    /// crashed.
    pub(super) first_crash_to_halt_ms: Option<u64>,
    /// What was seen, in one sentence with its numbers.
    pub(super) seen: String,
    /// Seconds that this part took.
    pub(super) seconds: f64,
}

impl Wall {
    /// True unless the wall failed to hold.
    pub(super) fn good(&self) -> bool {
        self.verdict != DID_NOT_HOLD
    }
}

/// The verdict of a wall that stopped what it must stop.
pub(super) const HELD: &str = "held";
/// The verdict of a wall that did not.
pub(super) const DID_NOT_HOLD: &str = "did not hold";
/// The history had none.
pub(super) const NO_WALL: &str = "no wall";

/// `held` if `good`.
pub(super) fn verdict(good: bool) -> &'static str {
    if good { HELD } else { DID_NOT_HOLD }
}

/// Digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Report {
    /// The last lines: the outage as it happened beside this run.
    pub(super) fn table(&self) -> String {
        let find = |name: &str| self.walls.iter().find(|wall| wall.wall == name);
        let (Some(history), Some(rings)) = (find("as_it_happened"), find("rings")) else {
            return String::new();
        };
        let of = |wall: &Wall, n: u64| {
            format!(
                "{} of {} ({:.1} %)",
                grouped(n),
                grouped(wall.machines),
                share(n, wall.machines)
            )
        };
        let halt = |wall: &Wall| match wall.first_crash_to_halt_ms {
            Some(ms) if ms < 1_000 => format!("{ms} ms"),
            Some(ms) if ms < 60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
            Some(ms) => format!("{} min", ms / 60_000),
            None => "-".to_owned(),
        };
        let rows = [
            ("", "as it happened (simulated)".to_owned(), "behind the rings (this run)".to_owned()),
            ("exposed", of(history, history.exposed), of(rings, rings.exposed)),
            ("harmed", of(history, history.harmed), of(rings, rings.harmed)),
            ("first crash to halt", halt(history), halt(rings)),
            ("back by themselves", of(history, history.reverted), of(rings, rings.reverted)),
            ("need hands", grouped(history.hands_needed), grouped(rings.hands_needed)),
        ];
        let lines: Vec<String> =
            rows.iter().map(|(name, a, b)| format!("  {name:<20} {a:>34} {b:>34}")).collect();
        lines.join("\n")
    }
}

fn share(n: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { 100.0 * n as f64 / of as f64 }
}
