//! The commands, one file each. A command's doc comment is its help.
//!
//! A command takes its arguments and the settings, calls who decides, and shows what was said. It
//! ends with an [`Exit`], or with a [`Failure`] when it came to no answer.

mod check;
mod completions;
mod drill;
mod explain;
mod halt;
mod help;
mod hold;
mod init;
mod publish;
mod retro;
mod revert;
mod rollout;
mod schema;
mod serve;
mod trial;
mod why;
mod withdraw;

use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::Settings;

/// What can be asked of `ringfence`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a project: keys, tokens, a contract to fill in, and the server's data
    Init(init::Init),
    /// Hold files against their contract
    Check(check::Check),
    /// Run the real consumers on a file and on variants of it, in a sandbox
    Trial(trial::Trial),
    /// Sign a checked and tried file as a release; no machine gets it yet
    Publish(publish::Publish),
    /// Plan, start and watch how a release reaches the fleet
    Rollout(rollout::Rollout),
    /// Stop: no further machine gets it. One word, no questions
    Halt(halt::Halt),
    /// Send machines that have a release back to what they know is good
    Revert(revert::Revert),
    /// Make sure that a digest can never be installed again, by anything
    Withdraw(withdraw::Withdraw),
    /// Pin machines to what they run, or let them go again
    Hold(hold::Hold),
    /// Say why a rollout, a release or a machine is where it is
    Why(why::Why),
    /// Print the retrospective of a rollout
    Retro(retro::Retro),
    /// Simulate rollouts and past outages with the production decisions
    Drill(drill::Drill),
    /// Run the server: API, signed files, page
    Serve(serve::Serve),
    /// Say what a stable code means
    Explain(explain::Explain),
    /// Print the JSON Schema of a file or document
    Schema(schema::Schema),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Show help for a command or a topic
    Help(help::Help),
}

/// Runs one command.
pub(crate) fn run(command: &Command, settings: &Settings) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(args, settings),
        Command::Check(args) => check::run(args, settings),
        Command::Trial(args) => trial::run(args, settings),
        Command::Publish(args) => publish::run(args, settings),
        Command::Rollout(args) => rollout::run(args, settings),
        Command::Halt(args) => halt::run(args, settings),
        Command::Revert(args) => revert::run(args, settings),
        Command::Withdraw(args) => withdraw::run(args, settings),
        Command::Hold(args) => hold::run(args, settings),
        Command::Why(args) => why::run(args, settings),
        Command::Retro(args) => retro::run(args, settings),
        Command::Drill(args) => drill::run(args, settings),
        Command::Serve(args) => serve::run(args, settings),
        Command::Explain(args) => explain::run(args, settings),
        Command::Schema(args) => schema::run(args, settings),
        Command::Completions(args) => completions::run(args, settings),
        Command::Help(args) => help::run(args, settings),
    }
}

/// The exit code of a verdict.
pub(crate) fn exit_of(verdict: decide::verdict::Verdict) -> Exit {
    use decide::verdict::Verdict;
    match verdict {
        Verdict::Pass => Exit::Good,
        Verdict::Fail => Exit::Against,
        Verdict::Inconclusive | Verdict::NoSignal => Exit::Undecided,
    }
}
