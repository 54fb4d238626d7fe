//! Running a server: from a data directory to a socket, and back.

use crate::clock::wall;
use crate::codes;
use crate::control::Control;
use crate::desk::Desk;
use crate::error::ServerError;
use crate::files::Lock;
use crate::http::connections::Listener;
use crate::http::{App, Doors, document, router};
use crate::publisher::Publisher;
use crate::setup::DATABASE;
use crate::shelf::Shelf;
use crate::store::SqliteStore;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Threads for requests. One writer stands beside them; more threads would wait for it, and for
/// polls one thread answers about as many as the machines of a large fleet send.
const THREADS: usize = 1;
/// How long requests that have begun may take to end once the server stops.
const STOP_SECONDS_MAX: u64 = 3;

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
    serve_until(options, ready, async {
        let terminate = signal(SignalKind::terminate());
        let interrupt = signal(SignalKind::interrupt());
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            // Without handlers the signals end the process, which is safe at any time.
            _ => std::future::pending().await,
        }
    })
}

/// Like [`serve`], but blocks until `stop` is done: for tests and for programs that embed it.
///
/// # Errors
/// As [`serve`].
pub fn serve_until(
    options: &ServeOptions,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let database = options.data.join(DATABASE);
    if !database.is_file() {
        let sentence = format!(
            "{} has no {DATABASE}: a server's directory is made by `ringfence init`",
            options.data.display()
        );
        return Err(ServerError::new(codes::NO_DATA, sentence));
    }
    let _lock = Lock::take(&options.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| ServerError::new(codes::INTERNAL, format!("no threads: {error}")))?;
    let listener = runtime.block_on(TcpListener::bind(options.listen)).map_err(|error| {
        let sentence = format!("cannot listen on {}: {error}", options.listen);
        ServerError::new(codes::CANNOT_LISTEN, sentence)
    })?;
    let address = listener.local_addr().map_err(|error| {
        ServerError::new(codes::CANNOT_LISTEN, format!("{}: {error}", options.listen))
    })?;

    let shelf = Arc::new(Shelf::new(&options.data));
    let publisher = Publisher::open(&options.data, shelf.clone())?;
    let store = SqliteStore::open(&database)?;
    let control = Control::open(Box::new(store), publisher, wall())?;
    let doors = Doors::new(control.tokens(), control.machine_tokens());
    let (desk, thread) = Desk::open(control)?;
    let app = App::new(desk.clone(), shelf, doors);
    ready(address);
    let ended = runtime.block_on(listen(listener, app, &desk, stop));
    desk.stop();
    runtime.shutdown_timeout(Duration::from_secs(STOP_SECONDS_MAX));
    let decided = thread
        .join()
        .unwrap_or_else(|_| Err(ServerError::new(codes::INTERNAL, "the writer ended by a defect")));
    ended.and(decided)
}

/// Serves until told to stop, or until the writer has ended.
async fn listen(
    listener: TcpListener,
    app: Arc<App>,
    desk: &Desk,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let (stopping, mut stopped) = watch::channel(false);
    let graceful = async move {
        // An error means that the sender is gone, which is a stop, too.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let server = axum::serve(Listener::new(listener), router(app))
        .with_graceful_shutdown(graceful)
        .into_future();
    let mut server = tokio::spawn(server);
    let mut revision = desk.revision();
    let writer_gone = async move { while revision.changed().await.is_ok() {} };
    tokio::select! {
        () = stop => {}
        () = writer_gone => {}
        _ = &mut server => {
            return Err(ServerError::new(codes::INTERNAL, "the listener ended by itself"));
        }
    }
    // The receiver lives in the server's task; if that has ended, nothing is left to stop.
    let _ = stopping.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), server).await;
    Ok(())
}

/// The description of the HTTP API.
pub fn openapi() -> serde_json::Value {
    document()
}
