//! Pages for people with a browser: logged in, or sent to the login page.

use super::Shared;
use super::doors::{COOKIE, SESSION_LENGTH};
use crate::error::Refusal;
use crate::model::{Snapshot, Viewer};
use crate::pages;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use decide::id::RolloutId;
use serde_json::json;
use std::sync::Arc;

/// Nothing but our own files; no inline script or style, no frame around us.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; object-src 'none'";

/// A page with its headers.
pub(super) fn html(status: StatusCode, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, text).into_response()
}

/// What pages are drawn from; shared by everybody who looks.
pub(super) async fn snapshot(app: &super::App) -> Result<Arc<Snapshot>, Refusal> {
    app.desk.ask(|control, now| Ok(control.snapshot(now))).await
}

/// True when the JSON twin of a page is wanted.
fn wants_json(headers: &HeaderMap, query: Option<&str>) -> bool {
    let asked = query.is_some_and(|query| query.split('&').any(|part| part == "format=json"));
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    asked || accept.is_some_and(|accept| accept.starts_with("application/json"))
}

fn viewer(app: &super::App, headers: &HeaderMap, json: bool) -> Result<Viewer, Response> {
    if json {
        let person = app.doors.person(headers, crate::model::Role::Viewer, true);
        return person.map_err(IntoResponse::into_response);
    }
    app.doors.session(headers).ok_or_else(|| Redirect::to("/login").into_response())
}

/// `GET /`.
pub(super) async fn now(
    State(app): Shared,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let json = wants_json(&headers, query.as_deref());
    let viewer = viewer(&app, &headers, json)?;
    let snapshot = snapshot(&app).await.map_err(IntoResponse::into_response)?;
    if json {
        let twin = json!({
            "schema": "ringfence/now/v1",
            "as_of": snapshot.as_of,
            "rollouts": snapshot.rollouts,
            "machines": snapshot.machines,
            "releases": snapshot.releases,
            "audit": snapshot.audit,
        });
        return Ok(axum::Json(twin).into_response());
    }
    Ok(html(StatusCode::OK, pages::now(&snapshot, &viewer)))
}

/// `GET /rollouts/{id}`.
pub(super) async fn rollout(
    State(app): Shared,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let json = wants_json(&headers, query.as_deref());
    let viewer = viewer(&app, &headers, json)?;
    let unknown = || Refusal::unknown("a rollout of that name").into_response();
    let id = RolloutId::try_from(id).map_err(|_| unknown())?;
    if json {
        let status = super::api::status(&app, id).await.map_err(IntoResponse::into_response)?;
        return Ok(axum::Json(status).into_response());
    }
    let snapshot = snapshot(&app).await.map_err(IntoResponse::into_response)?;
    pages::rollout(&snapshot, &id, &viewer)
        .map(|page| html(StatusCode::OK, page))
        .ok_or_else(unknown)
}

/// `GET /login`.
pub(super) async fn login() -> Response {
    html(StatusCode::OK, pages::login(None))
}

/// Begins a session, or says once more what a token is.
pub(super) fn logged_in(app: &super::App, token: &str) -> Response {
    match app.doors.log_in(token) {
        Ok(Some(value)) => {
            let cookie = format!(
                "{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}",
                SESSION_LENGTH.0 / 1_000
            );
            let mut response = Redirect::to("/").into_response();
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Ok(None) => {
            let problem =
                "This token is not known here. Tokens are in the project's directory tokens.";
            html(StatusCode::UNAUTHORIZED, pages::login(Some(problem)))
        }
        Err(error) => Refusal::from(error).into_response(),
    }
}

/// Ends a session.
pub(super) fn logged_out(app: &super::App, headers: &HeaderMap) -> Response {
    app.doors.log_out(headers);
    let mut response = Redirect::to("/login").into_response();
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    if let Ok(cookie) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /assets/{name}`.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = pages::asset(&name) else {
        return Refusal::unknown("the file").into_response();
    };
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, cache)];
    (headers, asset.bytes).into_response()
}
