//! The long-running sensor: tails events, reloads its file on SIGHUP, says how it is.

use crate::engine::Engine;
use crate::{Version, command, event};
use sha2::{Digest, Sha256};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often the sensor says that it is healthy.
const HEALTHY_EVERY: Duration = Duration::from_millis(200);
/// Most bytes of events read at once; the rest is read in the next turn.
const EVENT_BYTES_MAX: u64 = 1024 * 1024;

/// Where the sensor finds what it needs.
pub struct Options {
    /// The channel file.
    pub content: PathBuf,
    /// The growing file of events.
    pub events: PathBuf,
    /// Time between two looks at the events, in milliseconds.
    pub tick_ms: u64,
    /// Where to say how it is: a Unix datagram socket.
    pub socket: Option<PathBuf>,
}

struct Voice {
    socket: Option<(UnixDatagram, PathBuf)>,
}

impl Voice {
    fn say(&self, message: &serde_json::Value) {
        if let Some((socket, path)) = &self.socket {
            // Nobody listening is no reason to stop protecting the machine.
            let _ = socket.send_to(message.to_string().as_bytes(), path);
        }
    }
}

struct Live {
    engine: Engine,
    digest: String,
}

/// Runs until SIGTERM.
///
/// # Errors
/// When the first load fails. A refused reload keeps the file that is loaded.
pub fn run(version: Version, options: &Options) -> Result<(), String> {
    let (reload, stop) = (signals::flag(signals::HANGUP), signals::flag(signals::TERMINATE));
    let socket = options.socket.as_ref().and_then(|path| {
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        Some((socket, path.clone()))
    });
    let voice = Voice { socket };
    let mut live = load(version, options, &voice)?;
    let mut position = std::fs::metadata(&options.events).map_or(0, |meta| meta.len());
    let mut said = Instant::now();
    loop {
        if stop.take() {
            return Ok(());
        }
        if reload.take() {
            match load(version, options, &voice) {
                Ok(fresh) => live = fresh,
                Err(why) => eprintln!("sensor {}: keeps its file: {why}", version.name()),
            }
        }
        for line in new_lines(&options.events, &mut position) {
            if let Some(event) = event::parse(&line) {
                live.engine.evaluate(&event);
            }
        }
        if said.elapsed() >= HEALTHY_EVERY {
            said = Instant::now();
            let counts = live.engine.counts();
            voice.say(&serde_json::json!({
                "event": "healthy", "digest": live.digest,
                "events": counts.events, "decisions": counts.decisions,
            }));
        }
        std::thread::sleep(Duration::from_millis(options.tick_ms));
    }
}

fn load(version: Version, options: &Options, voice: &Voice) -> Result<Live, String> {
    match command::load(version, &options.content) {
        Ok((engine, bytes)) => {
            let digest: String =
                Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
            voice.say(&serde_json::json!({ "event": "loaded", "digest": digest }));
            Ok(Live { engine, digest })
        }
        Err(why) => {
            voice.say(&serde_json::json!({ "event": "refused", "why": why }));
            Err(why)
        }
    }
}

/// Whole lines that were added since `position`. A file that shrank is read from its start.
fn new_lines(path: &PathBuf, position: &mut u64) -> Vec<String> {
    let Ok(mut file) = std::fs::File::open(path) else { return Vec::new() };
    let length = file.metadata().map_or(0, |meta| meta.len());
    if length < *position {
        *position = 0;
    }
    if length == *position || file.seek(SeekFrom::Start(*position)).is_err() {
        return Vec::new();
    }
    let mut text = Vec::new();
    if file.take(EVENT_BYTES_MAX).read_to_end(&mut text).is_err() {
        return Vec::new();
    }
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    *position += whole as u64;
    String::from_utf8_lossy(&text[..whole]).lines().map(str::to_owned).collect()
}

/// Signals as flags: a thread that waits for a signal would need a library; a pipe is enough.
mod signals {
    pub use signal_hook::consts::{SIGHUP as HANGUP, SIGTERM as TERMINATE};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A flag that a signal raises.
    pub struct Flag(Arc<AtomicBool>);

    impl Flag {
        /// True once for each raise.
        pub fn take(&self) -> bool {
            self.0.swap(false, Ordering::Relaxed)
        }
    }

    /// Raises a flag on `signal`; without a handler the system's default stays.
    pub fn flag(signal: i32) -> Flag {
        let flag = Arc::new(AtomicBool::new(false));
        let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
        Flag(flag)
    }
}
