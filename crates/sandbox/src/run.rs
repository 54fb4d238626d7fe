//! The caller's side: start, watch, kill, say what happened.

use crate::confine::{LAUNCH, NOT_STARTED, PROBE, Strength};
use crate::{Command, Limits};
use decide::time::Span;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// First and longest pause between two looks at a running process.
const LOOK_MIN: Duration = Duration::from_micros(200);
const LOOK_MAX: Duration = Duration::from_millis(10);

/// How to start the launcher: usually this very program.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an exit code.
    Exited(i32),
    /// By a signal.
    Signalled(i32),
    /// It ran longer than its time and was killed.
    TimedOut,
    /// It never ran: the program is missing, or the launcher failed.
    NotStarted(String),
}

/// What a process wrote, cut at the limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

/// One finished run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// What it wrote.
    pub said: Said,
    /// Wall time.
    pub took: Span,
}

impl Launcher {
    /// This program, which must call [`crate::launcher_main`] first thing.
    ///
    /// # Errors
    /// When the system does not say where the program is.
    pub fn this_program() -> std::io::Result<Launcher> {
        Ok(Launcher { program: std::env::current_exe()? })
    }
    /// Another program that is a launcher.
    pub fn at(program: &Path) -> Launcher {
        Launcher { program: program.to_owned() }
    }

    /// Which layers the kernel grants here; nothing at all when the launcher does not start.
    pub fn strength(&self, work: &Path) -> Strength {
        let output = std::process::Command::new(&self.program)
            .arg(PROBE)
            .arg(work)
            .stdin(Stdio::null())
            .output();
        output.ok().and_then(|o| serde_json::from_slice(&o.stdout).ok()).unwrap_or_default()
    }

    /// Runs a command to its end or its limit. Nothing of it is left behind.
    pub fn run(&self, command: &Command) -> Run {
        let began = Instant::now();
        let not_started = |why: String| Run {
            outcome: Outcome::NotStarted(why),
            said: Said::default(),
            took: Span::ZERO,
        };
        let spec = match serde_json::to_string(command) {
            Ok(spec) => spec,
            Err(error) => return not_started(error.to_string()),
        };
        let spawned = std::process::Command::new(&self.program)
            .arg(LAUNCH)
            .arg(spec)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", &command.work)
            .env("TMPDIR", &command.work)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return not_started(format!("{}: {error}", self.program.display())),
        };
        let output = reader(child.stdout.take(), &command.limits);
        let errors = reader(child.stderr.take(), &command.limits);
        let status = watch(&mut child, command.limits.time, began);
        // Whatever it left behind is in its group: the launcher made one, seccomp forbids leaving.
        kill_group(&child);
        let _ = child.wait();
        let said = Said { output: output.join().unwrap_or_default(), errors: errors.join().unwrap_or_default() };
        let took = Span(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        Run { outcome: outcome(status, &said), said, took }
    }
}

fn reader<R: Read + Send + 'static>(
    source: Option<R>,
    limits: &Limits,
) -> std::thread::JoinHandle<String> {
    let keep = limits.output_bytes;
    std::thread::spawn(move || {
        let Some(mut source) = source else { return String::new() };
        let (mut kept, mut buffer) = (Vec::new(), [0u8; 8192]);
        // Reads on after the limit, so that a talkative process does not block.
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            let room = keep.saturating_sub(kept.len()).min(count);
            kept.extend_from_slice(&buffer[..room]);
        }
        String::from_utf8_lossy(&kept).into_owned()
    })
}

/// Waits for the end or the limit; `None` for the limit.
fn watch(child: &mut Child, limit: Span, began: Instant) -> Option<std::io::Result<ExitStatus>> {
    let mut pause = LOOK_MIN;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(Ok(status)),
            Ok(None) if began.elapsed() > Duration::from_millis(limit.0) => {
                kill_group(child);
                return None;
            }
            Ok(None) => std::thread::sleep(pause),
            Err(error) => return Some(Err(error)),
        }
        pause = (pause * 2).min(LOOK_MAX);
    }
}

fn kill_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn outcome(status: Option<std::io::Result<ExitStatus>>, said: &Said) -> Outcome {
    match status {
        None => Outcome::TimedOut,
        Some(Err(error)) => Outcome::NotStarted(error.to_string()),
        Some(Ok(status)) => match (status.code(), status.signal()) {
            (Some(NOT_STARTED), _) if said.errors.contains("sandbox: ") => {
                Outcome::NotStarted(said.errors.trim().to_owned())
            }
            (Some(code), _) => Outcome::Exited(code),
            (None, Some(signal)) => Outcome::Signalled(signal),
            (None, None) => Outcome::NotStarted("it ended in no known way".into()),
        },
    }
}
