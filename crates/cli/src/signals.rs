//! What the process does when something stops it: a person, or a bug.

use crate::codes;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Says of a panic, in one sentence, that it is a bug of this program.
pub(crate) fn bug(info: &PanicHookInfo<'_>) {
    use std::io::Write as _;
    let payload = info.payload();
    let said = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let sentence = format!(
        "error[{}]: a bug in Ringfence, not your mistake: {} ({place})\n   = more: ringfence explain {}\n",
        codes::BUG,
        said.lines().next().unwrap_or_default(),
        codes::BUG
    );
    let _ = std::io::stderr().lock().write_all(sentence.as_bytes());
    if std::env::var_os("RUST_BACKTRACE").is_some() {
        eprintln!("{}", std::backtrace::Backtrace::force_capture());
    }
}

static STOPPED: AtomicBool = AtomicBool::new(false);
/// How often a wait looks whether a person stopped it.
const LOOK: Duration = Duration::from_millis(50);

/// From now on Ctrl-C is noted instead of ending the process.
pub(crate) fn watch() {
    // A second watcher, or a system without signals: Ctrl-C then simply ends the process.
    let _ = ctrlc::set_handler(|| STOPPED.store(true, Ordering::SeqCst));
}

/// True once a person has pressed Ctrl-C.
pub(crate) fn stopped() -> bool {
    STOPPED.load(Ordering::SeqCst)
}

/// Waits, but not longer than until a person presses Ctrl-C.
pub(crate) fn pause(time: Duration) {
    let until = Instant::now() + time;
    while !stopped() && Instant::now() < until {
        std::thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
    }
}
