//! One run of one consumer version: placeholders, templates, sandbox, class.

use crate::report::Class;
use contract::Contract;
use contract::model::Consumer;
use sandbox::{Command, Launcher, Limits, Outcome};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

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
}

impl Bench<'_> {
    /// Loads `bytes`, then executes them with every event file. The worst ending counts.
    pub fn try_bytes(&self, consumer: &Consumer, bytes: &[u8], events: &[PathBuf]) -> Class {
        let number = self.executions.fetch_add(1, Ordering::Relaxed);
        let work = self.scratch.join(format!("run-{number}"));
        let class = self.try_in(consumer, bytes, events, &work);
        // A work directory that cannot be removed is only garbage; the scratch goes at the end.
        let _ = std::fs::remove_dir_all(&work);
        class
    }

    fn try_in(&self, consumer: &Consumer, bytes: &[u8], events: &[PathBuf], work: &Path) -> Class {
        let file = work.join("candidate");
        let prepared = std::fs::create_dir_all(work)
            .and_then(|()| std::fs::write(&file, bytes))
            .and_then(|()| self.render(consumer, &file, work));
        if let Err(error) = prepared {
            return Class::NotRun { why: format!("{}: {error}", work.display()) };
        }
        let loaded = self.command(consumer, &consumer.load, &file, None, work);
        if loaded != Class::Loaded || consumer.attempt.is_empty() {
            return loaded;
        }
        for events in events {
            self.executions.fetch_add(1, Ordering::Relaxed);
            let tried = self.command(consumer, &consumer.attempt, &file, Some(events), work);
            if tried != Class::Loaded {
                return tried;
            }
        }
        Class::Loaded
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
    ) -> Class {
        let mut readable = vec![self.bin.clone()];
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
        match run.outcome {
            Outcome::Exited(code) if consumer.ok.contains(&code) => Class::Loaded,
            Outcome::Exited(code) if consumer.refused.contains(&code) => Class::Refused,
            Outcome::Exited(code) => Class::Undeclared { code },
            Outcome::Signalled(signal) => Class::Crashed { signal },
            Outcome::TimedOut => Class::Hung,
            Outcome::NotStarted(why) => Class::NotRun { why },
        }
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
