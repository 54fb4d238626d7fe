//! `ringfence completions`.

use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::Settings;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Name,
}

/// The shells that scripts are kept for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Name {
    Bash,
    Zsh,
    Fish,
}

/// Runs the command.
pub(crate) fn run(args: &Completions, settings: &Settings) -> Result<Exit, Failure> {
    let shell = match args.shell {
        Name::Bash => Shell::Bash,
        Name::Zsh => Shell::Zsh,
        Name::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::Arguments::command(), "ringfence", &mut script);
    settings.terminal.raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Good)
}
