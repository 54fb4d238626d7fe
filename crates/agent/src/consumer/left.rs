//! A consumer that an earlier agent has left behind: noted by process and start time, so that a
//! process number which the system has given to somebody else is never touched.

use rustix::process::{Pid, Signal, kill_process_group};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a killed process may take to be gone, in steps.
const GONE_STEPS_MAX: u32 = 200;
const GONE_STEP: Duration = Duration::from_millis(10);

fn note_path(state: &Path) -> PathBuf {
    state.join("consumer.pid")
}

/// When a process was started, as the kernel counts; `None` once it is gone or only a zombie.
fn started(process: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything; the state is the first field after it.
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    (fields.first() != Some(&"Z")).then(|| fields.get(19).map(|field| (*field).to_owned()))?
}

/// Notes a process that was just started.
pub(super) fn note(state: &Path, process: u32) {
    let process = process.to_string();
    if let Some(started) = started(&process) {
        // Without the note the death signal alone must do.
        let _ = std::fs::write(note_path(state), format!("{process} {started}"));
    }
}

/// Ends the noted process and its group, if it still runs.
pub(super) fn end(state: &Path) {
    let text = std::fs::read_to_string(note_path(state)).unwrap_or_default();
    let Some((process, when)) = text.split_once(' ') else { return };
    let runs = || started(process).as_deref() == Some(when);
    let pid = process.parse().ok().and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|_| runs()) else { return };
    let _ = kill_process_group(pid, Signal::KILL);
    for _ in 0..GONE_STEPS_MAX {
        if !runs() {
            return;
        }
        std::thread::sleep(GONE_STEP);
    }
}
