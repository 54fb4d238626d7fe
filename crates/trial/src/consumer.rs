//! One run of one consumer version: placeholders, templates, sandbox, class.

use crate::report::Class;
use contract::Contract;
use contract::model::Consumer;
use decide::time::Span;
use sandbox::{Command, Launcher, Limits, Outcome, Run};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Most lines kept of what a consumer says.
const SAID_LINES_MAX: usize = 3;
/// Most characters kept of what a consumer says.
const SAID_CHARS_MAX: usize = 300;
/// The signal of `abort`.
const ABORT: i32 = 6;
/// The signal for too much processor time.
const CPU_TIME: i32 = 24;
/// The signal for a file over its limit.
const FILE_SIZE: i32 = 25;
/// The signal for a forbidden system call.
const FORBIDDEN_CALL: i32 = 31;
/// How programs say, in lower case, that they got no memory.
const NO_MEMORY: [&str; 5] =
    ["memory allocation of", "out of memory", "bad_alloc", "cannot allocate memory", "memoryerror"];

/// Where runs take place.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// Where `{bin}` points.
    pub bin: PathBuf,
    /// The launcher.
    pub launcher: Launcher,
    /// A directory of our own for work directories.
    pub scratch: PathBuf,
    /// Processes run so far.
    pub executions: AtomicU64,
    /// Directories made so far; each run has its own.
    pub places: AtomicU64,
}

/// What the runs of one input showed: the worst ending, the most that was used.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The ending.
    pub class: Class,
    /// Most processor time of one process.
    pub cpu: Span,
    /// Most resident memory, in bytes.
    pub rss_bytes: u64,
    /// The last lines on standard error of the last process, shortened.
    pub said: String,
}

impl Tried {
    /// Before anything was run.
    fn nothing() -> Tried {
        Tried { class: Class::Loaded, cpu: Span::ZERO, rss_bytes: 0, said: String::new() }
    }
    fn not_run(why: String) -> Tried {
        Tried { class: Class::NotRun { why }, ..Tried::nothing() }
    }
}

impl Bench<'_> {
    /// Tries a variant. A consumer that is executed with events loads the file by that, so that
    /// half of the processes are saved; only one without events is loaded by itself.
    pub fn try_bytes(&self, consumer: &Consumer, bytes: &[u8], events: &[PathBuf]) -> Class {
        let load = consumer.attempt.is_empty() || events.is_empty();
        self.in_a_place(consumer, bytes, events, load).class
    }

    /// Loads `bytes`, then executes them with every event file, and says what was used. The worst
    /// ending counts.
    pub fn measure(&self, consumer: &Consumer, bytes: &[u8], events: &[PathBuf]) -> Tried {
        self.in_a_place(consumer, bytes, events, true)
    }

    fn in_a_place(
        &self,
        consumer: &Consumer,
        bytes: &[u8],
        events: &[PathBuf],
        load: bool,
    ) -> Tried {
        let place = self.scratch.join(format!("run-{}", self.places.fetch_add(1, Relaxed)));
        // The file lies beside the work directory: a consumer may read it and not change it.
        let (file, work) = (place.join("candidate"), place.join("work"));
        let prepared = std::fs::create_dir_all(&work)
            .and_then(|()| std::fs::write(&file, bytes))
            .and_then(|()| self.render(consumer, &file, &work));
        let tried = match prepared {
            Ok(()) => self.try_in(consumer, events, load, &file, &work),
            Err(error) => Tried::not_run(format!("{}: {error}", place.display())),
        };
        // A directory that cannot be removed is only garbage; the scratch goes at the end.
        let _ = std::fs::remove_dir_all(&place);
        tried
    }

    fn try_in(
        &self,
        consumer: &Consumer,
        events: &[PathBuf],
        load: bool,
        file: &Path,
        work: &Path,
    ) -> Tried {
        let mut tried = Tried::nothing();
        if load {
            tried = self.command(consumer, &consumer.load, file, None, work);
        }
        if consumer.attempt.is_empty() {
            return tried;
        }
        for events in events {
            if tried.class != Class::Loaded {
                break;
            }
            let next = self.command(consumer, &consumer.attempt, file, Some(events), work);
            tried = Tried {
                cpu: next.cpu.max(tried.cpu),
                rss_bytes: next.rss_bytes.max(tried.rss_bytes),
                ..next
            };
        }
        tried
    }

    fn fill(&self, text: &str, file: &Path, events: Option<&Path>, work: &Path) -> String {
        text.replace("{file}", &file.display().to_string())
            .replace("{work}", &work.display().to_string())
            .replace("{bin}", &self.bin.display().to_string())
            .replace("{dir}", &self.contract.directory().display().to_string())
            .replace("{events}", &events.map_or(String::new(), |path| path.display().to_string()))
            .replace("{listen}", &format!("unix:{}/socket", work.display()))
    }

    fn render(&self, consumer: &Consumer, file: &Path, work: &Path) -> std::io::Result<()> {
        for render in &consumer.render {
            let template = std::fs::read_to_string(self.contract.directory().join(&render.from))?;
            std::fs::write(work.join(&render.to), self.fill(&template, file, None, work))?;
        }
        Ok(())
    }

    fn command(
        &self,
        consumer: &Consumer,
        argv: &[String],
        file: &Path,
        events: Option<&Path>,
        work: &Path,
    ) -> Tried {
        self.executions.fetch_add(1, Relaxed);
        let mut readable = vec![self.bin.clone(), file.to_owned()];
        readable.extend(events.map(Path::to_owned));
        let run = self.launcher.run(&Command {
            argv: argv.iter().map(|word| self.fill(word, file, events, work)).collect(),
            work: work.to_owned(),
            readable,
            limits: Limits {
                time: consumer.time,
                cpu_seconds: consumer.time.0.div_ceil(1_000).max(1),
                memory_bytes: consumer.memory_mib.saturating_mul(1024 * 1024),
                ..Limits::default()
            },
        });
        Tried {
            class: class(consumer, &run),
            cpu: run.cpu,
            rss_bytes: run.rss_bytes,
            said: last_lines(&run.said.errors),
        }
    }
}

/// The last lines of what a consumer says; some give the cause before the last line.
fn last_lines(errors: &str) -> String {
    let said: Vec<&str> = errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &said[said.len().saturating_sub(SAID_LINES_MAX)..];
    last.join("; ").chars().take(SAID_CHARS_MAX).collect()
}

fn class(consumer: &Consumer, run: &Run) -> Class {
    let starved = || {
        let said = run.said.errors.to_lowercase();
        NO_MEMORY.iter().any(|words| said.contains(words))
    };
    match &run.outcome {
        Outcome::Exited(code) if consumer.ok.contains(code) => Class::Loaded,
        Outcome::Exited(code) if consumer.refused.contains(code) => Class::Refused,
        Outcome::Exited(_) | Outcome::Signalled(ABORT) if starved() => Class::OutOfMemory,
        Outcome::Exited(code) => Class::Undeclared { code: *code },
        Outcome::Signalled(CPU_TIME) => Class::Hung,
        Outcome::Signalled(FILE_SIZE) => {
            Class::Violated { what: "it wrote a file that is too large".to_owned() }
        }
        Outcome::Signalled(FORBIDDEN_CALL) => {
            Class::Violated { what: "it used a forbidden system call".to_owned() }
        }
        Outcome::Signalled(signal) => Class::Crashed { signal: *signal },
        Outcome::TimedOut => Class::Hung,
        Outcome::NotStarted(why) => Class::NotRun { why: why.clone() },
    }
}

/// The event files of a consumer: those given, or those of the contract.
pub fn events_of(contract: &Contract, consumer: &Consumer, given: &[PathBuf]) -> Vec<PathBuf> {
    let absolute = |path: PathBuf| std::fs::canonicalize(&path).unwrap_or(path);
    if given.is_empty() {
        consumer.events.iter().map(|name| absolute(contract.directory().join(name))).collect()
    } else {
        given.iter().cloned().map(absolute).collect()
    }
}
