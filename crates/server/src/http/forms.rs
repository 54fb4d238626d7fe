//! Forms of the pages: each is proved to come from our own page in the person's own session.

use super::doors::allowed;
use super::pages::{logged_in, logged_out};
use super::{Shared, body};
use crate::codes;
use crate::error::Refusal;
use crate::model::{Role, Viewer};
use crate::secret::same;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use decide::id::{Digest, RolloutId};
use decide::rollout::Order;
use serde::Deserialize;
use wire::api::OrderRequest;

/// Largest form, in bytes.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// All fields that our forms have.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    token: String,
    order: Option<Order>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    confirm: String,
}

async fn fields(request: Request) -> Result<Fields, Refusal> {
    let headers = request.headers().clone();
    let bytes = body(request, FORM_BYTES_MAX).await?;
    let mut copy = Request::new(axum::body::Body::from(bytes));
    *copy.method_mut() = axum::http::Method::POST;
    *copy.headers_mut() = headers;
    axum::Form::<Fields>::from_request(copy, &())
        .await
        .map(|form| form.0)
        .map_err(|error| Refusal::new(400, codes::MALFORMED, error.body_text()))
}

/// Browsers say where a form comes from; another site's is refused.
fn own_page(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    let origin = text(header::ORIGIN);
    let host = text(header::HOST);
    let same_origin = origin.zip(host).map(|(origin, host)| {
        origin.split_once("://").is_some_and(|(_, authority)| authority == host)
    });
    match (site, same_origin) {
        (Some("same-origin" | "none"), Some(true) | None) | (None, Some(true)) => Ok(()),
        _ => Err(Refusal::new(
            403,
            codes::FOREIGN_FORM,
            "the form does not come from a page of this server",
        )),
    }
}

/// The session's person, if the form carries the session's own secret.
fn sender(app: &super::App, headers: &HeaderMap, fields: &Fields) -> Result<Viewer, Refusal> {
    let viewer = app
        .doors
        .session(headers)
        .ok_or_else(|| Refusal::new(401, codes::NO_TOKEN, "the session is over; log in again"))?;
    let digest = |text: &str| Digest::of(text.as_bytes());
    if fields.csrf.is_empty() || !same(&digest(&fields.csrf), &digest(&viewer.csrf)) {
        let sentence = "the form does not belong to this session; load the page again";
        return Err(Refusal::new(403, codes::FOREIGN_FORM, sentence));
    }
    Ok(viewer)
}

/// `POST /login`.
pub(super) async fn login(State(app): Shared, request: Request) -> Result<Response, Refusal> {
    own_page(request.headers())?;
    let fields = fields(request).await?;
    Ok(logged_in(&app, &fields.token))
}

/// `POST /logout`.
pub(super) async fn logout(State(app): Shared, request: Request) -> Result<Response, Refusal> {
    own_page(request.headers())?;
    let headers = request.headers().clone();
    let fields = fields(request).await?;
    sender(&app, &headers, &fields)?;
    Ok(logged_out(&app, &headers))
}

async fn ordered(
    app: &super::App,
    request: Request,
) -> Result<(Viewer, OrderRequest, String), Refusal> {
    own_page(request.headers())?;
    let headers = request.headers().clone();
    let fields = fields(request).await?;
    let viewer = sender(app, &headers, &fields)?;
    allowed(&viewer, Role::Operator)?;
    let order =
        fields.order.ok_or_else(|| Refusal::new(400, codes::MALFORMED, "the form has no order"))?;
    let request =
        OrderRequest { schema: "ringfence/order/v1".into(), order, reason: fields.reason };
    Ok((viewer, request, fields.confirm))
}

/// `POST /rollouts/{id}/orders`. All but halt must be confirmed with the rollout's name.
pub(super) async fn order(
    State(app): Shared,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (viewer, order, confirm) = ordered(&app, request).await?;
    let id = RolloutId::try_from(id).map_err(|_| Refusal::unknown("a rollout of that name"))?;
    if order.order != Order::Halt && confirm != id.as_str() {
        let sentence = format!("to confirm, '{id}' must be typed, found was something else");
        return Err(Refusal::new(400, codes::MALFORMED, sentence));
    }
    let back = format!("/rollouts/{id}");
    app.desk.ask(move |control, now| control.order(&id, &order, &viewer.name, now)).await?;
    Ok(Redirect::to(&back).into_response())
}

/// `POST /orders`: halts everything that runs; other orders are given one by one.
pub(super) async fn order_all(State(app): Shared, request: Request) -> Result<Response, Refusal> {
    let (viewer, order, _) = ordered(&app, request).await?;
    if order.order != Order::Halt {
        let sentence = "only halt is ordered for all rollouts at once";
        return Err(Refusal::new(400, codes::MALFORMED, sentence));
    }
    app.desk.ask(move |control, now| control.order_all(&order, &viewer.name, now)).await?;
    Ok(Redirect::to("/").into_response())
}
