//! The HTTP side: who may ask what, within which bounds. Decides nothing; asks the desk.

mod agents;
mod api;
pub(crate) mod connections;
mod description;
mod doors;
mod events;
mod forms;
mod pages;
mod problem;
mod routes;
mod stock;

pub(crate) use description::document;
pub(crate) use doors::Doors;

use crate::codes;
use crate::desk::Desk;
use crate::error::Refusal;
use crate::shelf::Shelf;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wire::Document;

/// Requests worked on at once, beside static files; more are refused, never queued without end.
const REQUESTS_MAX: usize = 512;
/// Time for one request, its body included; a release of tens of megabytes must get through.
const REQUEST_SECONDS_MAX: u64 = 120;
/// Live pages served at once.
const WATCHERS_MAX: usize = 64;

/// What every handler has.
pub(crate) struct App {
    pub desk: Desk,
    pub shelf: Arc<Shelf>,
    pub doors: Doors,
    requests: Semaphore,
    watchers: Arc<Semaphore>,
}

pub(crate) type Shared = State<Arc<App>>;

impl App {
    pub(crate) fn new(desk: Desk, shelf: Arc<Shelf>, doors: Doors) -> Arc<App> {
        Arc::new(App {
            desk,
            shelf,
            doors,
            requests: Semaphore::new(REQUESTS_MAX),
            watchers: Arc::new(Semaphore::new(WATCHERS_MAX)),
        })
    }
}

/// Everything that is served. Static files stand outside the bounds on requests, because they
/// cost next to nothing and a busy server must not keep machines from reading a halt.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut bounded = Router::new();
    let mut open = Router::new();
    for (route, handler) in routes::all() {
        if route.stock {
            open = open.route(route.path, handler);
        } else {
            bounded = bounded.route(route.path, handler);
        }
    }
    bounded
        .method_not_allowed_fallback(wrong_method)
        .fallback(nothing_here)
        .layer(from_fn_with_state(app.clone(), within_bounds))
        .merge(open.method_not_allowed_fallback(wrong_method))
        .with_state(app)
}

async fn nothing_here(request: Request) -> Refusal {
    let path: String = request.uri().path().chars().take(96).collect();
    Refusal::unknown(format!("the address '{}'", path.escape_debug()))
}

async fn wrong_method(request: Request) -> Refusal {
    let sentence = format!("this address does not take {}", request.method());
    Refusal::new(405, codes::UNKNOWN, sentence)
}

async fn within_bounds(State(app): Shared, request: Request, next: Next) -> Response {
    let Ok(_permit) = app.requests.try_acquire() else {
        let sentence = format!("{REQUESTS_MAX} requests are being worked on, limit {REQUESTS_MAX}");
        return Refusal::new(503, codes::BUSY, sentence).into_response();
    };
    let limit = Duration::from_secs(REQUEST_SECONDS_MAX);
    let mut response = match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let sentence = format!("the request took longer than {REQUEST_SECONDS_MAX} s");
            Refusal::new(503, codes::TOO_SLOW, sentence).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A whole body, within a bound.
pub(crate) async fn body(request: Request, bytes_max: usize) -> Result<Bytes, Refusal> {
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let too_large = || {
        let sentence = match declared {
            Some(bytes) => format!("the body has {bytes} bytes, allowed are {bytes_max}"),
            None => format!("the body has more than the {bytes_max} bytes allowed"),
        };
        Refusal::new(413, codes::TOO_LARGE, sentence)
    };
    if declared.is_some_and(|bytes| bytes > bytes_max as u64) {
        return Err(too_large());
    }
    to_bytes(request.into_body(), bytes_max).await.map_err(|error| match declared {
        // What was declared would have been few enough, so it is the connection that failed.
        Some(_) => Refusal::new(400, codes::MALFORMED, format!("the body was cut short: {error}")),
        None => too_large(),
    })
}

/// A document through the wire's gate.
pub(crate) async fn document_of<D: Document>(request: Request) -> Result<D, Refusal> {
    Ok(wire::read(&body(request, D::BYTES_MAX).await?)?)
}
