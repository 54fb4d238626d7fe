//! Running a server: from a data directory to a socket, and back.

use crate::error::ServerError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What [`serve`] needs.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The data directory, made by [`crate::setup`].
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
}

/// Blocks until SIGTERM or SIGINT. `ready` is called with the bound address after start-up
/// (replay, fences signed again) is complete.
///
/// # Errors
/// One sentence, a code and an exit code.
pub fn serve(options: &ServeOptions, ready: impl FnOnce(SocketAddr)) -> Result<(), ServerError> {
    ready(options.listen);
    Ok(())
}

/// The description of the HTTP API.
pub fn openapi() -> serde_json::Value {
    serde_json::Value::Null
}
