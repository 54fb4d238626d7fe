//! Static files for machines: metadata, targets and objects, with strong entity tags.

use super::Shared;
use crate::error::Refusal;
use crate::shelf::{Held, safe_name};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// `GET /tuf/...` and `GET /objects/{digest}`.
pub(super) async fn file(State(app): Shared, request: Request) -> Response {
    let missing = || Refusal::unknown("the file").into_response();
    let Some(name) = safe_name(request.uri().path()) else { return missing() };
    if let Some(held) = app.shelf.get(name) {
        return answer(&held, request.headers());
    }
    let (shelf, name) = (app.shelf.clone(), name.to_owned());
    let loaded = tokio::task::spawn_blocking(move || shelf.load(&name)).await;
    match loaded.ok().flatten() {
        Some(held) => answer(&held, request.headers()),
        None => missing(),
    }
}

fn answer(held: &Held, asked: &HeaderMap) -> Response {
    let unchanged = asked.get(header::IF_NONE_MATCH).is_some_and(|tags| {
        tags.as_bytes() == held.etag.as_bytes() || listed(tags.as_bytes(), held.etag.as_bytes())
    });
    let body = if unchanged { Body::empty() } else { Body::from(held.bytes.clone()) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, held.etag.clone());
    headers.insert(header::CACHE_CONTROL, held.cache.clone());
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, held.content_type.clone());
    }
    response
}

/// True if a list of tags names ours, or any.
fn listed(tags: &[u8], ours: &[u8]) -> bool {
    let trimmed = |tag: &[u8]| tag.trim_ascii().to_vec();
    tags.trim_ascii() == b"*"
        || tags.split(|byte| *byte == b',').any(|tag| {
            let tag = trimmed(tag);
            tag == ours || tag.strip_prefix(b"W/") == Some(ours)
        })
}
