//! The caller's side: starts the launcher and waits, never longer than the deadline and a little.

use crate::command::{Command, Limits};
use crate::outcome::{Run, Strength};
use crate::protocol::{self, Task};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How much longer than the consumer's deadline the launcher may take, on a loaded machine.
const LAUNCHER_GRACE: Duration = Duration::from_secs(10);
/// Most bytes of the supervisor's report.
const REPORT_BYTES_MAX: u64 = 16 << 20;

/// How to start the launcher: usually this very program.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
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

    /// Which layers the system grants here; none at all when the launcher does not start.
    pub fn strength(&self, work: &Path) -> Strength {
        let argv = vec!["true".to_owned()];
        let limits = Limits::default();
        self.run(&Command { argv, work: work.to_owned(), readable: Vec::new(), limits }).strength
    }

    /// Runs `command` to its end. Returns within its time and ten seconds; nothing that the command
    /// started is left. A run that could not be set up is [`crate::Outcome::NotStarted`].
    pub fn run(&self, command: &Command) -> Run {
        let started = Instant::now();
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => return Run::not_started(format!("{}: {error}", self.program.display())),
        };
        let task = Task { command: command.clone(), strength: Strength::default() };
        let handed = protocol::hand_over(&mut child, &task);
        let Some(output) = child.stdout.take() else {
            end(&mut child);
            return Run::not_started("the launcher has no output");
        };
        let (sender, receiver) = mpsc::channel();
        let reader = std::thread::Builder::new().spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(REPORT_BYTES_MAX).read_to_end(&mut bytes);
            // The receiver may have given up waiting; then nobody needs the bytes.
            let _ = sender.send(read.map(|_| bytes));
        });
        let patience = Duration::from_millis(command.limits.time.0) + LAUNCHER_GRACE;
        let heard = receiver.recv_timeout(patience.saturating_sub(started.elapsed()));
        end(&mut child);
        if let Ok(reader) = reader {
            let _ = reader.join();
        }
        if let Err(error) = handed {
            return Run::not_started(format!("the launcher took no task: {error}"));
        }
        let Ok(Ok(bytes)) = heard else {
            return Run::not_started(format!("the launcher said nothing within {patience:?}"));
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            Run::not_started(
                "the launcher gave no report; does its program call sandbox::launcher_main first?",
            )
        })
    }

    fn start(&self) -> std::io::Result<Child> {
        std::process::Command::new(&self.program)
            .arg(crate::LAUNCHER_ARGUMENT)
            .arg(protocol::NAMESPACES)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
    }
}

/// Ends the launcher's group, which ends its process namespace, and reaps the launcher.
fn end(child: &mut Child) {
    if let Ok(None) = child.try_wait()
        && let Some(group) = Pid::from_raw(child.id().cast_signed())
    {
        // It may have ended in between; then there is nothing to kill.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}
