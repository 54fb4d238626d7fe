//! `ringfence serve`.

use crate::codes;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::Settings;
use server::ServeOptions;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Run the server: API, signed files, page
///
/// Prints one line with its address once it serves, and runs until it is told to end. It decides
/// nothing that is not stored, so it can be killed and started again at any time.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes any free one [default: the project's server address]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The data directory [default: that of the project]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Serve, settings: &Settings) -> Result<Exit, Failure> {
    let data = match &args.data {
        Some(data) => data.clone(),
        None => settings.needed_project()?.data(),
    };
    let listen = address(args, settings)?;
    let terminal = settings.terminal;
    let tokens = settings.project()?.map(|project| project.token(""));
    let mut shown = Ok(());
    let options = ServeOptions { data, listen };
    let served = server::serve(&options, |address| {
        if let Some(tokens) = &tokens {
            terminal.note(&format!("tokens: {}  (log in to the page with one)", tokens.display()));
        }
        shown = if terminal.is_human() {
            terminal.text(&format!("listening on http://{address}\n"))
        } else {
            terminal.document(&serde_json::json!({
                "schema": "ringfence/serving/v1", "url": format!("http://{address}"),
            }))
        };
    });
    served.map_err(|error| {
        let failure = Failure::new(error.code(), error.to_string());
        match error.exit() {
            4 => failure.kind(crate::error::Kind::Trust),
            _ => failure.kind(crate::error::Kind::Configuration),
        }
    })?;
    shown?;
    terminal.note("the server has ended; what it knew is stored");
    Ok(Exit::Good)
}

fn address(args: &Serve, settings: &Settings) -> Result<SocketAddr, Failure> {
    let text = match &args.listen {
        Some(text) => text.clone(),
        None => settings.url()?.trim_start_matches("http://").to_owned(),
    };
    let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| {
        let sentence = format!("'{text}' is not an address to listen on: HOST:PORT");
        Failure::new(codes::USAGE, sentence).hint("for this machine only: 127.0.0.1:7460")
    })
}
