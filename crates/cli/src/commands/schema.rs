//! `ringfence schema`.

use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::schemas;
use crate::settings::Settings;
use contract::strict;

/// Print the JSON Schema of a file or document
///
/// Without a name, lists all of them: first the files that people write, then the documents that
/// this version prints and exchanges.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// The name, such as contract or check
    name: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Schema, settings: &Settings) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        let names = schemas::names();
        settings.terminal.text(&format!("{}\n", names.join("\n")))?;
        let list = serde_json::json!({ "schema": "ringfence/schemas/v1", "names": names });
        settings.terminal.document(&list)?;
        return Ok(Exit::Good);
    };
    let schema = schemas::named(name).ok_or_else(|| {
        let names = schemas::names();
        let failure = Failure::new(codes::UNKNOWN_NAME, format!("no schema is called '{name}'"))
            .next("ringfence schema");
        match strict::suggestion(name, &names) {
            Some(meant) => failure.hint(format!("did you mean '{meant}'?")),
            None => failure,
        }
    })?;
    // The schema is JSON by itself, whatever output was asked for.
    settings.terminal.raw(&format!("{schema:#}\n"))?;
    Ok(Exit::Good)
}
