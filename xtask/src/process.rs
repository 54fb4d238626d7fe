//! Processes that a step starts, and ends by id. Nothing else is ever ended.

use crate::{Fault, Outcome};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take to end after a polite request before it is killed.
const END_WAIT: Duration = Duration::from_secs(5);

/// A child process that ends with its owner.
pub struct Running {
    /// What it is, for messages.
    pub name: String,
    child: Child,
}

impl Running {
    /// Starts `command` with standard output and error appended to `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Outcome<Running> {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| Fault::about(log.display(), error))?;
        let errors = file.try_clone().map_err(|error| Fault::about(log.display(), error))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(|error| Fault::about(format!("cannot start {name}"), error))?;
        Ok(Running { name: name.to_owned(), child })
    }
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
    /// True while it lives.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
    /// Sends one signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended meanwhile; then there is nothing to signal.
            let _ = kill_process(pid, signal);
        }
    }
    /// Kills it at once, as a power cut or `kill -9` would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
    /// Asks it to end, and kills it if it does not.
    pub fn end(&mut self) {
        if !self.lives() {
            return;
        }
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < END_WAIT {
            if !self.lives() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Asks `ready` until it answers or `limit` is over.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut ready: impl FnMut() -> Outcome<Option<T>>,
) -> Outcome<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ready()? {
            return Ok(answer);
        }
        if began.elapsed() > limit {
            return Err(Fault(format!("waited {} s for {what}, in vain", limit.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// User and system CPU seconds that a live process has used, from `/proc/ID/stat`.
pub fn cpu_seconds(id: u32) -> Outcome<f64> {
    let path = format!("/proc/{id}/stat");
    let text = std::fs::read_to_string(&path).map_err(|error| Fault::about(&path, error))?;
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    match (ticks(11), ticks(12)) {
        // The unit is 1/100 s on every Linux that Rust supports (USER_HZ).
        (Some(user), Some(system)) => Ok((user + system) / 100.0),
        _ => Err(Fault(format!("{path} has no CPU times"))),
    }
}

/// Runs a command to its end; error output is in the fault.
pub fn run(command: &mut Command) -> Outcome<String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| Fault::about(&name, error))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(Fault(format!("{name} ended with {}: {}", output.status, errors.trim())))
    }
}
