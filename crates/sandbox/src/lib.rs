//! One process under limits, and how strong the limits were.
//!
//! A program that wants a sandbox starts itself again as the launcher: [`launcher_main`] must be
//! the first thing in its `main`. The launcher, a process with one thread, takes rights away from
//! itself and then becomes the consumer by `exec`. So nothing runs between `fork` and `exec`, and
//! nothing here needs unsafe code.
//!
//! This crate never judges what an outcome means; it says what happened and how strong the sandbox
//! was. Without any working layer it still limits time, memory and processes.
#![forbid(unsafe_code)]

mod confine;
mod run;

pub use confine::{Strength, launcher_main};
pub use run::{Launcher, Outcome, Run, Said};

use decide::time::Span;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What one process may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time; then the whole process group is killed.
    pub time: Span,
    /// CPU time in whole seconds.
    pub cpu_seconds: u64,
    /// Address space in bytes.
    pub memory_bytes: u64,
    /// Largest file written, in bytes.
    pub file_bytes: u64,
    /// Open files.
    pub files: u64,
    /// Processes of the user (not enforced by the kernel for root).
    pub processes: u64,
    /// Bytes kept of standard output and of standard error.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            time: Span::seconds(5),
            cpu_seconds: 5,
            memory_bytes: 512 * 1024 * 1024,
            file_bytes: 64 * 1024 * 1024,
            files: 256,
            processes: 256,
            output_bytes: 64 * 1024,
        }
    }
}

/// A process to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments; the program is looked up on `PATH` if it has no slash.
    pub argv: Vec<String>,
    /// The working directory, and the only place that may be written.
    pub work: PathBuf,
    /// Files and directories that may be read besides the system's.
    pub readable: Vec<PathBuf>,
    /// The limits.
    pub limits: Limits,
}
