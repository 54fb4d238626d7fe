//! The stage that watches the consumer: captures, measures, kills, reports.
//!
//! In a process namespace of its own it is process 1, and its end is the end of everything in
//! there. Without one it is the reaper of all that the consumer leaves, and kills it one by one.

use crate::command::{Command, Limits};
use crate::outcome::{Outcome, Run, Said, Strength};
use crate::protocol::{self, EXIT_BROKEN, MARK, Task};
use decide::time::Span;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process, kill_process_group, pidfd_open,
    set_child_subreaper, set_parent_process_death_signal, wait,
};
use rustix::time::Timespec;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Bytes read at once from the consumer.
const CHUNK: usize = 16 << 10;
/// Room for the lines that the consumer stage writes before it is the consumer.
const MARK_BYTES_MAX: usize = 8 << 10;
/// Rounds of killing what the consumer left, where there is no process namespace.
const REAP_ROUNDS_MAX: u32 = 500;
/// The smallest number of processes that the kernel can limit a namespace to.
const NAMESPACE_PIDS_MIN: u64 = 301;

/// Runs the consumer and writes the outcome to standard output.
pub(crate) fn main() -> i32 {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let Some(mut task) = protocol::read_task() else { return EXIT_BROKEN };
    let alone = task.strength.has("pid") && std::process::id() == 1;
    if !alone {
        let _ = set_child_subreaper(Some(Pid::INIT));
    }
    limit_processes(alone, &task.command.limits, &mut task.strength);
    let outcome = watch(task, alone);
    let written = serde_json::to_vec(&outcome).map(|text| std::io::stdout().write_all(&text));
    if matches!(written, Ok(Ok(()))) { 0 } else { EXIT_BROKEN }
}

/// Root is exempt from the usual limit of processes, but not from that of its namespace.
fn limit_processes(alone: bool, limits: &Limits, strength: &mut Strength) {
    let root = rustix::process::getuid().is_root();
    if !root && strength.has("user") {
        strength.add("processes", Ok(format!("{}", limits.processes)));
    } else if alone {
        let most = limits.processes.max(NAMESPACE_PIDS_MIN);
        let set = std::fs::write("/proc/sys/kernel/pid_max", most.to_string());
        strength.add(
            "processes",
            set.map(|()| most.to_string()).map_err(|error| {
                format!("root, and the namespace's own limit cannot be set: {error}")
            }),
        );
    } else {
        strength.add("processes", Err("no user or process namespace".to_owned()));
    }
}

fn watch(task: Task, alone: bool) -> Run {
    let started = Instant::now();
    let limits = task.command.limits.clone();
    let mut strength = task.strength.clone();
    let mut child = match start(&task.command, &task) {
        Ok(child) => child,
        Err(error) => return Run::not_started(format!("the consumer's stage: {error}")),
    };
    let deadline = started + Duration::from_millis(limits.time.0);
    let mut stdout = Pipe::new(child.stdout.take().map(OwnedFd::from), limits.output_bytes);
    let mut stderr =
        Pipe::new(child.stderr.take().map(OwnedFd::from), limits.output_bytes + MARK_BYTES_MAX);
    let ended = attend(&mut child, &mut stdout, &mut stderr, deadline);
    let timed_out = !ended;
    if timed_out && let Some(group) = Pid::from_raw(child.id().cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.kill();
    }
    let status = child.wait();
    let strays = end_strays(alone);
    stdout.drain();
    stderr.drain();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok();
    let (mut errors, refused) = unmark(&String::from_utf8_lossy(&stderr.kept), &mut strength);
    errors.truncate(errors.floor_char_boundary(limits.output_bytes));
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Run {
        outcome: end(status, timed_out, refused),
        said: Said { output: String::from_utf8_lossy(&stdout.kept).into_owned(), errors },
        took: Span(took),
        cpu: usage.map_or(Span::ZERO, |usage| {
            let time =
                usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds();
            Span(u64::try_from(time).unwrap_or(0))
        }),
        rss_bytes: usage.map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0) << 10),
        strays,
        strength,
    }
}

fn start(command: &Command, task: &Task) -> std::io::Result<Child> {
    let mut stage = protocol::next_stage(protocol::CONSUMER);
    stage.env_clear().stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    stage.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    stage.env("LANG", "C.UTF-8").env("HOME", &command.work).env("TMPDIR", &command.work);
    let mut child = stage.spawn()?;
    protocol::hand_over(&mut child, task)?;
    Ok(child)
}

/// Reads output until the consumer ends; false when it did not by the deadline.
fn attend(child: &mut Child, stdout: &mut Pipe, stderr: &mut Pipe, deadline: Instant) -> bool {
    let pid = Pid::from_raw(child.id().cast_signed());
    let Some(handle) = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        return attend_without_handle(child, stdout, stderr, deadline);
    };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let mut waited = vec![PollFd::new(&handle, PollFlags::IN)];
        let pipes = [stdout.fd.as_ref(), stderr.fd.as_ref()];
        waited.extend(pipes.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        // An interrupted wait is repeated with the time that is left.
        let _ = poll(&mut waited, Some(&timeout));
        let ended = !waited[0].revents().is_empty();
        drop(waited);
        stdout.drain();
        stderr.drain();
        if ended {
            return true;
        }
    }
}

/// The same on kernels without process handles: looks every few milliseconds.
fn attend_without_handle(
    child: &mut Child,
    stdout: &mut Pipe,
    stderr: &mut Pipe,
    deadline: Instant,
) -> bool {
    while Instant::now() < deadline {
        stdout.drain();
        stderr.drain();
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Kills whatever the consumer left; true when there was something.
fn end_strays(alone: bool) -> bool {
    if alone && std::process::id() == 1 {
        // As process 1 of its own namespace, "everybody else" is what the consumer left there.
        let everybody = nix::unistd::Pid::from_raw(-1);
        return nix::sys::signal::kill(everybody, nix::sys::signal::Signal::SIGKILL).is_ok();
    }
    let mut found = false;
    for _ in 0..REAP_ROUNDS_MAX {
        let children = children();
        found |= !children.is_empty();
        for child in &children {
            let _ = kill_process(*child, Signal::KILL);
        }
        if children.is_empty() {
            break;
        }
        // Their children become ours once they are reaped, and are found in the next round.
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        std::thread::sleep(Duration::from_millis(2));
    }
    found
}

/// Processes whose parent is this one.
fn children() -> Vec<Pid> {
    let own = std::process::id().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pid = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let pid = Pid::from_raw(name.parse().ok()?)?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name in brackets may hold anything, so the fields are counted behind it.
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.to_owned();
        (parent == own).then_some(pid)
    };
    entries.flatten().filter_map(pid).collect()
}

fn end(status: std::io::Result<ExitStatus>, timed_out: bool, refused: Option<String>) -> Outcome {
    if timed_out {
        return Outcome::TimedOut;
    }
    match (status, refused) {
        (Err(error), _) => {
            Outcome::NotStarted(format!("the consumer cannot be waited for: {error}"))
        }
        (Ok(_), Some(why)) => Outcome::NotStarted(why),
        (Ok(status), None) => match (status.code(), status.signal()) {
            (Some(code), _) => Outcome::Exited(code),
            (None, Some(signal)) => Outcome::Signalled(signal),
            (None, None) => Outcome::NotStarted("the consumer ended in no known way".to_owned()),
        },
    }
}

/// Takes the consumer stage's own lines off the front; returns the rest, and why the consumer could
/// not be started. Without any line the stage failed before it could say why.
fn unmark(text: &str, strength: &mut Strength) -> (String, Option<String>) {
    let Some((line, mut rest)) = text.strip_prefix(MARK).and_then(|text| text.split_once('\n'))
    else {
        return (text.to_owned(), Some("the consumer's stage died before it ran".to_owned()));
    };
    match serde_json::from_str::<Strength>(line) {
        Ok(more) => strength.layers.extend(more.layers),
        Err(error) => return (text.to_owned(), Some(error.to_string())),
    }
    let mut why = None;
    if let Some((line, behind)) = rest.strip_prefix(MARK).and_then(|text| text.split_once('\n')) {
        why = Some(line.to_owned());
        rest = behind;
    }
    (rest.to_owned(), why)
}

/// One pipe of the consumer: read without waiting, kept up to a limit.
struct Pipe {
    fd: Option<OwnedFd>,
    kept: Vec<u8>,
    most: usize,
}

impl Pipe {
    fn new(fd: Option<OwnedFd>, most: usize) -> Pipe {
        if let Some(fd) = &fd {
            let _ = rustix::io::ioctl_fionbio(fd.as_fd(), true);
        }
        Pipe { fd, kept: Vec::new(), most }
    }

    /// Reads what is there; what exceeds the limit is dropped.
    fn drain(&mut self) {
        let Some(fd) = self.fd.take() else { return };
        let mut file = std::fs::File::from(fd);
        let mut chunk = [0u8; CHUNK];
        // One pipe's worth at a time, so that a flood does not outlive the deadline.
        for _ in 0..64 {
            match file.read(&mut chunk) {
                Ok(0) => return,
                Ok(count) => {
                    let room = self.most.saturating_sub(self.kept.len()).min(count);
                    self.kept.extend_from_slice(&chunk[..room]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.fd = Some(file.into());
    }
}
