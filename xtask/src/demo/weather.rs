//! The events that the machines of the demonstration live with.
//!
//! One thread appends ordinary events to every machine's event file, and now and then, by a
//! seeded draw for each machine, the one that matches the bad file: a pipe opened by name. The
//! same events rain on machines with the good file, where they do nothing.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Inputs that the sensors supply with each event.
const INPUTS: usize = 20;
/// Time between two events of a machine.
const PERIOD: Duration = Duration::from_millis(250);

/// The thread, which ends with its owner.
pub(super) struct Weather {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One event as a line of JSON.
pub(super) fn event(inputs: &[(usize, &str)]) -> String {
    let mut values = vec![String::new(); INPUTS];
    for (index, value) in inputs {
        values[*index] = (*value).to_owned();
    }
    serde_json::json!({ "kind": "ipc", "inputs": values }).to_string()
}

/// The event that fires the defect: it matches every criterion of the bad file before field 21.
pub(super) fn trigger() -> String {
    event(&[(0, "pipe"), (1, r"\Device\NamedPipe\supply")])
}

fn ordinary(turn: u64) -> String {
    let names = ["file", "registry", "pipe", "socket"];
    let index = usize::try_from(turn % 4).unwrap_or(0);
    event(&[(0, names[index]), (1, r"\Device\NamedPipe\browser")])
}

/// A small mixing function (splitmix64), enough to spread events over machines and time.
fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Weather {
    /// Starts to rain on `files`. Each machine meets the trigger about once in `one_in` events.
    pub(super) fn start(files: Vec<PathBuf>, seed: u64, one_in: u64) -> Weather {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut turn = 0u64;
            while !seen.load(Ordering::Relaxed) {
                for (machine, file) in files.iter().enumerate() {
                    let draw = mix(seed ^ mix(machine as u64 ^ mix(turn)));
                    let hit = one_in > 0 && draw.is_multiple_of(one_in);
                    let line = if hit { trigger() } else { ordinary(draw >> 8) };
                    append(file, &line);
                }
                turn += 1;
                std::thread::sleep(PERIOD);
            }
        });
        Weather { stop, thread: Some(thread) }
    }
}

/// Adds one line to an event file. A line that cannot be written is an event that never happened.
pub(super) fn append(file: &PathBuf, line: &str) {
    if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(file) {
        let _ = writeln!(file, "{line}");
    }
}

impl Drop for Weather {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
