//! The consumer as a child process: start, reload, stop, and how it is.

mod left;

use crate::config::{Config, Health, Reload};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a consumer may take to end before it is killed.
const END_WAIT: Duration = Duration::from_secs(3);
/// Longest HTTP probe.
const PROBE_TIME: Duration = Duration::from_millis(800);
/// Time between two probes.
const PROBE_EVERY: Duration = Duration::from_millis(400);
/// Probes that must fail in a row before a consumer counts as sick.
const PROBE_FAILURES_MAX: u32 = 3;
/// When a consumer that says nothing is taken to be past its first steps.
const SETTLE_TIME: Duration = Duration::from_secs(1);
/// Datagrams read in one turn; the rest is read in the next one.
const DATAGRAMS_MAX: usize = 256;
/// How the process ends when it does not become the consumer.
const EXIT_NOT_STARTED: i32 = 125;
/// The hidden first argument that makes this program become a consumer which dies with its agent.
pub const BECOME: &str = "__ringfence_consumer";

/// What the consumer has said or done since it was asked last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It has loaded the content with this digest (as it says).
    Loaded(String),
    /// It is healthy.
    Healthy {
        /// The digest it says it runs; empty where it does not say.
        digest: String,
        /// Events evaluated, where it says.
        events: Option<u64>,
        /// Decisions made, where it says.
        decisions: Option<u64>,
    },
    /// It kept its old content.
    Refused(String),
    /// It is gone: how it ended.
    Ended(String),
    /// It lives but its probe fails.
    Sick(String),
}

/// The supervised consumer.
#[derive(Debug)]
pub struct Consumer {
    config: crate::config::Consumer,
    state: PathBuf,
    socket: Option<(UnixDatagram, PathBuf)>,
    child: Option<Child>,
    started: Instant,
    /// It has shown since its start that it is past its first steps, and so takes signals.
    settled: bool,
    agent: ureq::Agent,
    probed: Instant,
    probe_failures: u32,
}

/// Becomes the consumer if this process was started for that; returns at once otherwise. The
/// consumer gets a signal when its agent dies, so that a new agent never runs two.
pub fn become_consumer() {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_none_or(|word| word != BECOME) {
        return;
    }
    let agent = words.next();
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    // The agent may have died before the line above.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().to_string());
    let orphaned = agent.as_deref() != parent.as_deref().map(std::ffi::OsStr::new);
    let Some(program) = words.next().filter(|_| !orphaned) else {
        std::process::exit(EXIT_NOT_STARTED)
    };
    let error = Command::new(&program).args(words).exec();
    eprintln!("cannot start {}: {error}", program.display());
    std::process::exit(EXIT_NOT_STARTED);
}

impl Consumer {
    /// A consumer that is not started yet. One that an earlier agent has left is ended.
    ///
    /// # Errors
    /// When its socket cannot be made.
    pub fn new(config: &Config) -> std::io::Result<Consumer> {
        left::end(&config.state);
        let socket = match config.consumer.health {
            Health::Socket => Some(socket(&config.state)?),
            Health::Probe(_) | Health::Alive => None,
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PROBE_TIME))
            .proxy(None)
            .http_status_as_error(false)
            .build()
            .new_agent();
        Ok(Consumer {
            config: config.consumer.clone(),
            state: config.state.clone(),
            socket,
            child: None,
            started: Instant::now(),
            settled: false,
            agent,
            probed: Instant::now(),
            probe_failures: 0,
        })
    }

    /// True while a process runs.
    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Starts it. What an earlier process has said is forgotten.
    ///
    /// # Errors
    /// When the process cannot be made.
    pub fn start(&mut self) -> std::io::Result<()> {
        let (current, work) = (self.state.join("current"), self.state.join("work"));
        self.config.render(&self.config.files, &current, &work)?;
        // This very program, even when its file was replaced meanwhile.
        let mut command = Command::new("/proc/self/exe");
        command.arg(BECOME).arg(std::process::id().to_string()).stdin(Stdio::null());
        command
            .args(self.config.command.iter().map(|word| self.config.fill(word, &current, &work)));
        command.process_group(0);
        // A full disk costs the log, not the consumer.
        if let Ok(log) = std::fs::File::create(self.state.join("consumer.log")) {
            command.stderr(log.try_clone().map_or_else(|_| Stdio::null(), Stdio::from)).stdout(log);
        } else {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        if let Some((_, path)) = &self.socket {
            command.env("RINGFENCE_SOCKET", path);
        }
        self.probe_failures = 0;
        let _ = self.heard();
        let child = command.spawn()?;
        left::note(&self.state, child.id());
        self.child = Some(child);
        self.started = Instant::now();
        self.settled = false;
        Ok(())
    }

    /// Its process, while one runs.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Its resident memory in KiB.
    pub fn rss_kib(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process()?)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    }

    fn pid(&self) -> Option<Pid> {
        self.child.as_ref().and_then(|child| Pid::from_raw(i32::try_from(child.id()).ok()?))
    }

    /// Asks it to take its file again. False when it takes none while it runs: it must be started
    /// again.
    pub fn reload(&mut self) -> bool {
        self.probe_failures = 0;
        match (self.config.reload, self.pid()) {
            // A signal before the handler is there would kill it, and the file would be blamed.
            (Reload::Signal(signal), Some(pid)) if self.settled => {
                kill_process(pid, signal).is_ok()
            }
            _ => false,
        }
    }

    /// Ends it, with everything it has started.
    pub fn stop(&mut self) {
        let Some(pid) = self.pid() else { return };
        let _ = kill_process(pid, Signal::TERM);
        let asked = Instant::now();
        while let Some(child) = self.child.as_mut() {
            if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) || asked.elapsed() > END_WAIT {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = kill_process_group(pid, Signal::KILL);
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// What it has said and done since the last call. Never blocks but for one short probe.
    pub fn signs(&mut self) -> Vec<Sign> {
        let mut signs = self.heard();
        if let Some(child) = self.child.as_mut()
            && let Ok(Some(status)) = child.try_wait()
        {
            let how = match (status.code(), status.signal()) {
                (_, Some(signal)) => format!("died of signal {signal}"),
                (Some(code), None) => format!("ended with exit code {code}"),
                (None, None) => "ended".to_owned(),
            };
            if let Some(pid) = self.pid() {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            self.child = None;
            signs.push(Sign::Ended(how));
        }
        if self.child.is_some() {
            signs.extend(self.probe());
        }
        let says = self.config.health != Health::Alive || self.started.elapsed() > SETTLE_TIME;
        let spoke = signs.iter().any(|sign| matches!(sign, Sign::Loaded(_) | Sign::Healthy { .. }));
        self.settled |= says && spoke;
        signs
    }

    fn heard(&self) -> Vec<Sign> {
        let mut signs = Vec::new();
        let Some((socket, _)) = &self.socket else { return signs };
        let mut buffer = [0u8; 4096];
        for _ in 0..DATAGRAMS_MAX {
            let Ok(length) = socket.recv(&mut buffer) else { break };
            let Ok(message) = serde_json::from_slice::<serde_json::Value>(&buffer[..length]) else {
                continue;
            };
            let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
            match message["event"].as_str() {
                Some("loaded") => signs.push(Sign::Loaded(text("digest"))),
                Some("refused") => signs.push(Sign::Refused(text("why"))),
                Some("healthy") => signs.push(Sign::Healthy {
                    digest: text("digest"),
                    events: message["events"].as_u64(),
                    decisions: message["decisions"].as_u64(),
                }),
                _ => {}
            }
        }
        signs
    }

    fn probe(&mut self) -> Option<Sign> {
        if self.probed.elapsed() < PROBE_EVERY {
            return None;
        }
        self.probed = Instant::now();
        let healthy = Sign::Healthy { digest: String::new(), events: None, decisions: None };
        match &self.config.health {
            Health::Socket => None,
            Health::Alive => Some(healthy),
            Health::Probe(url) => {
                let why = match self.agent.get(url).call() {
                    Ok(answer) if answer.status() == 200 => {
                        self.probe_failures = 0;
                        return Some(healthy);
                    }
                    Ok(answer) => format!("the probe answers {}", answer.status().as_u16()),
                    Err(error) => format!("the probe fails: {error}"),
                };
                self.probe_failures += 1;
                (self.probe_failures >= PROBE_FAILURES_MAX).then_some(Sign::Sick(why))
            }
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn socket(state: &Path) -> std::io::Result<(UnixDatagram, PathBuf)> {
    let path = state.join("s");
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path)?;
    socket.set_nonblocking(true)?;
    Ok((socket, path))
}
