//! `ringfence`: what authors, operators and owners type.
//!
//! This crate contains no judgement. It collects arguments, resolves them once into settings,
//! calls the crates that decide, and shows what they said: data on standard output, everything
//! else on standard error, one exit code a kind of ending.
#![forbid(unsafe_code)]

mod api;
mod clock;
mod codes;
mod commands;
mod error;
mod evidence;
mod exit;
mod files;
mod names;
mod project;
mod reports;
mod repository;
mod schemas;
mod settings;
mod signals;
mod terminal;
mod words;

use clap::Parser;
use error::Failure;
use exit::Exit;
use settings::{Global, Settings};
use std::process::ExitCode;

/// Keeps a bad data file from taking down a fleet.
#[derive(Debug, Parser)]
#[command(
    name = "ringfence",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: ringfence help exit-codes. What a code means: ringfence explain CODE."
)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    // A trial starts this program again as the sandbox of a consumer; that comes before anything.
    sandbox::launcher_main();
    std::panic::set_hook(Box::new(signals::bug));
    let exit = std::panic::catch_unwind(run).unwrap_or(Exit::Usage);
    ExitCode::from(exit.code())
}

fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            let good = !message.use_stderr();
            // Help into a pipe that closes early is no failure.
            let _ = message.print();
            return if good { Exit::Good } else { Exit::Usage };
        }
    };
    let settings = Settings::resolve(arguments.global);
    match commands::run(&arguments.command, &settings) {
        Ok(exit) => exit,
        Err(failure) => fail(&settings, &failure),
    }
}

fn fail(settings: &Settings, failure: &Failure) -> Exit {
    settings.terminal.failure(failure);
    failure.kind.exit()
}
