//! Runs one process under limits, and says how strong the limits were.
//!
//! A consumer is a foreign program that is about to read a hostile file. Here it gets its own
//! namespaces, limits, a directory of its own to write to, and a deadline; when it ends, everything
//! that it started ends with it. What an outcome means is for the caller to judge.
//!
//! The caller's program calls [`launcher_main`] first thing in `main`. [`Launcher`] starts that program
//! again with a hidden argument, because limits are set by a process upon itself, before it becomes
//! the consumer; a process with threads could not do so safely. Four processes in a row:
//!
//! 1. [`Launcher::run`] holds the outer deadline;
//! 2. the *namespaces* stage leaves the caller's namespaces;
//! 3. the *supervisor* stage is process 1 of the new process namespace: it captures output,
//!    measures, kills at the deadline, and with its own end the kernel ends all others;
//! 4. the *consumer* stage limits itself and becomes the consumer.
#![forbid(unsafe_code)]

mod command;
mod layers;
mod namespaces;
mod outcome;
mod protocol;
mod run;
mod supervisor;

pub use command::{Command, Limits};
pub use outcome::{Grade, Layer, Outcome, Run, Said, Strength};
pub use run::Launcher;

/// The hidden first argument by which a program knows that it is to be a launcher.
pub const LAUNCHER_ARGUMENT: &str = "__ringfence_sandbox";

/// Does the launcher's work and ends the process, when the program was started as a launcher;
/// returns at once otherwise. Must be called first in `main`, before any thread is started.
pub fn launcher_main() {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_none_or(|word| word != LAUNCHER_ARGUMENT) {
        return;
    }
    let stage = words.next().unwrap_or_default();
    let code = match stage.to_str() {
        Some(protocol::NAMESPACES) => namespaces::main(),
        Some(protocol::SUPERVISOR) => supervisor::main(),
        Some(protocol::CONSUMER) => layers::main(),
        _ => protocol::EXIT_BROKEN,
    };
    std::process::exit(code);
}
