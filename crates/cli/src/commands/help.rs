//! `ringfence help`.

use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::Settings;
use clap::CommandFactory;
use contract::strict;
use serde_json::json;

/// Show help for a command or a topic
///
/// The topic `exit-codes` lists what each exit code means.
#[derive(Debug, clap::Args)]
pub(crate) struct Help {
    /// A command, such as `rollout plan`, or the topic exit-codes
    topic: Vec<String>,
}

/// The one topic that is not a command.
const EXIT_CODES: &str = "exit-codes";

/// Runs the command.
pub(crate) fn run(args: &Help, settings: &Settings) -> Result<Exit, Failure> {
    if matches!(args.topic.as_slice(), [topic] if topic == EXIT_CODES) {
        return exit_codes(settings);
    }
    let mut root = crate::Arguments::command();
    root.build();
    let mut command = &mut root;
    for word in &args.topic {
        let names: Vec<String> =
            command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        command = match command.find_subcommand_mut(word) {
            Some(found) => found,
            None => return Err(unknown(word, &names)),
        };
    }
    settings.terminal.raw(&command.render_long_help().to_string())?;
    Ok(Exit::Good)
}

fn unknown(word: &str, names: &[String]) -> Failure {
    let mut known: Vec<&str> = names.iter().map(String::as_str).collect();
    known.push(EXIT_CODES);
    let failure = Failure::new(codes::UNKNOWN_NAME, format!("there is no help for '{word}'"))
        .next("ringfence help");
    match strict::suggestion(word, &known) {
        Some(meant) => failure.hint(format!("did you mean '{meant}'?")),
        None => failure,
    }
}

fn exit_codes(settings: &Settings) -> Result<Exit, Failure> {
    let mut text = String::from("Every command ends with one of these exit codes:\n\n");
    for exit in Exit::ALL {
        text.push_str(&format!("{:>5}  {}\n", exit.code(), exit.meaning()));
    }
    settings.terminal.text(&text)?;
    let codes: Vec<_> = Exit::ALL
        .iter()
        .map(|exit| json!({ "code": exit.code(), "meaning": exit.meaning() }))
        .collect();
    settings.terminal.document(&json!({ "schema": "ringfence/exit-codes/v1", "codes": codes }))?;
    Ok(Exit::Good)
}
