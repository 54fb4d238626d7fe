//! What to run, and within which limits.

use decide::time::Span;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Limits of one run. A consumer that reaches one is stopped or sees a failing call, as it would on
/// a machine that has no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Longest run by the clock on the wall; then everything is killed.
    pub time: Span,
    /// Most processor time of each process, in whole seconds.
    pub cpu_seconds: u64,
    /// Most address space of each process, in bytes.
    pub memory_bytes: u64,
    /// Largest file that may be written, in bytes.
    pub file_bytes: u64,
    /// Most open files.
    pub files: u64,
    /// Most processes and threads. For root the kernel counts per namespace, and not below 301.
    pub processes: u64,
    /// Stack of the main thread, in bytes. Keep the value of the machines in the field: how deeply
    /// a parser may recurse depends on it.
    pub stack_bytes: u64,
    /// How much of standard output and of standard error is kept, in bytes each.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            time: Span::seconds(5),
            cpu_seconds: 5,
            memory_bytes: 512 << 20,
            file_bytes: 64 << 20,
            files: 256,
            processes: 256,
            stack_bytes: 8 << 20,
            output_bytes: 64 << 10,
        }
    }
}

/// One process to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments; a program without a slash is looked for in the system's usual places.
    pub argv: Vec<String>,
    /// The working directory, and the only place that may be written to. Must exist.
    pub work: PathBuf,
    /// Files and directories that may be read, beyond the system's and the program's own directory.
    pub readable: Vec<PathBuf>,
    /// The limits.
    pub limits: Limits,
}
