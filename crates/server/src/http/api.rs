//! What people ask through the command line and scripts: exactly the routes of `wire::api`.

use super::{Shared, document, document_of};
use crate::clock::wall;
use crate::error::Refusal;
use crate::model::{Role, Viewer};
use crate::store::AUDIT_PAGE_MAX;
use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use decide::id::{MachineId, RolloutId};
use serde::{Deserialize, Serialize};
use wire::api::{
    AuditLine, HoldRequest, List, MachineStatus, OrderRequest, PlanAnswer, Publish, Release,
    RolloutRequest, RolloutStatus, WithdrawRequest,
};

/// Audit lines of one retrospective.
const RETRO_LINES_MAX: usize = 10_000;

fn list<T: Serialize>(items: Vec<T>) -> Json<List<T>> {
    Json(List { schema: "ringfence/list/v1".into(), items, as_of: wall() })
}

fn reader(app: &super::App, headers: &HeaderMap) -> Result<Viewer, Refusal> {
    app.doors.person(headers, Role::Viewer, true)
}

fn actor(app: &super::App, headers: &HeaderMap, role: Role) -> Result<String, Refusal> {
    app.doors.person(headers, role, false).map(|viewer| viewer.name)
}

fn rollout_id(id: &str) -> Result<RolloutId, Refusal> {
    RolloutId::try_from(id).map_err(|_| Refusal::unknown("a rollout of that name"))
}

/// `GET /v1/releases`.
pub(super) async fn releases(
    State(app): Shared,
    headers: HeaderMap,
) -> Result<Json<List<Release>>, Refusal> {
    reader(&app, &headers)?;
    app.desk.ask(|control, _| Ok(control.releases())).await.map(list)
}

/// `POST /v1/releases`.
pub(super) async fn publish(
    State(app): Shared,
    request: Request,
) -> Result<Json<Release>, Refusal> {
    let by = actor(&app, request.headers(), Role::Author)?;
    let publish: Publish = document_of(request).await?;
    let parts = publish.parts()?;
    let release =
        app.desk.ask(move |control, now| control.publish_release(&parts, &by, now)).await?;
    Ok(Json(release))
}

/// `POST /v1/plans`.
pub(super) async fn plan(
    State(app): Shared,
    request: Request,
) -> Result<Json<PlanAnswer>, Refusal> {
    actor(&app, request.headers(), Role::Operator)?;
    let wanted: RolloutRequest = document_of(request).await?;
    app.desk.ask(move |control, now| control.plan(&wanted, now)).await.map(Json)
}

/// `GET /v1/rollouts`.
pub(super) async fn rollouts(
    State(app): Shared,
    headers: HeaderMap,
) -> Result<Json<List<RolloutStatus>>, Refusal> {
    reader(&app, &headers)?;
    app.desk.ask(|control, now| Ok(control.rollouts(now))).await.map(list)
}

/// `POST /v1/rollouts`.
pub(super) async fn start(
    State(app): Shared,
    request: Request,
) -> Result<Json<RolloutStatus>, Refusal> {
    let by = actor(&app, request.headers(), Role::Operator)?;
    let wanted: RolloutRequest = document_of(request).await?;
    app.desk.ask(move |control, now| control.start(&wanted, &by, now)).await.map(Json)
}

/// `GET /v1/rollouts/{id}`.
pub(super) async fn rollout(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<RolloutStatus>, Refusal> {
    reader(&app, &headers)?;
    status(&app, rollout_id(&id)?).await.map(Json)
}

/// One rollout, if there is one.
pub(super) async fn status(app: &super::App, id: RolloutId) -> Result<RolloutStatus, Refusal> {
    let ask = move |control: &mut crate::control::Control, now| {
        control.rollout(&id, now).ok_or_else(|| Refusal::unknown(format!("the rollout '{id}'")))
    };
    app.desk.ask(ask).await
}

/// `POST /v1/rollouts/{id}/orders`.
pub(super) async fn order(
    State(app): Shared,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<RolloutStatus>, Refusal> {
    let by = actor(&app, request.headers(), Role::Operator)?;
    let id = rollout_id(&id)?;
    let order: OrderRequest = document_of(request).await?;
    app.desk.ask(move |control, now| control.order(&id, &order, &by, now)).await.map(Json)
}

/// `POST /v1/orders`.
pub(super) async fn order_all(
    State(app): Shared,
    request: Request,
) -> Result<Json<List<RolloutStatus>>, Refusal> {
    let by = actor(&app, request.headers(), Role::Operator)?;
    let order: OrderRequest = document_of(request).await?;
    app.desk.ask(move |control, now| control.order_all(&order, &by, now)).await.map(list)
}

/// `POST /v1/withdrawals`.
pub(super) async fn withdraw(
    State(app): Shared,
    request: Request,
) -> Result<Json<Release>, Refusal> {
    let by = actor(&app, request.headers(), Role::Operator)?;
    let wanted: WithdrawRequest = document_of(request).await?;
    app.desk.ask(move |control, now| control.withdraw(&wanted, &by, now)).await.map(Json)
}

/// `POST /v1/holds`.
pub(super) async fn hold(
    State(app): Shared,
    request: Request,
) -> Result<Json<List<MachineStatus>>, Refusal> {
    let by = actor(&app, request.headers(), Role::Operator)?;
    let wanted: HoldRequest = document_of(request).await?;
    let work = move |control: &mut crate::control::Control, now| {
        control.hold(&wanted.machines, &wanted.reason, &by, now)
    };
    app.desk.ask(work).await.map(list)
}

/// `DELETE /v1/holds/{machine}`.
pub(super) async fn lift(
    State(app): Shared,
    Path(machine): Path<String>,
    headers: HeaderMap,
) -> Result<Json<MachineStatus>, Refusal> {
    let by = actor(&app, &headers, Role::Operator)?;
    let machine =
        MachineId::try_from(machine).map_err(|_| Refusal::unknown("a machine of that name"))?;
    app.desk.ask(move |control, now| control.lift(&machine, &by, now)).await.map(Json)
}

/// `GET /v1/machines`.
pub(super) async fn machines(
    State(app): Shared,
    headers: HeaderMap,
) -> Result<Json<List<MachineStatus>>, Refusal> {
    reader(&app, &headers)?;
    app.desk.ask(|control, _| Ok(control.machines())).await.map(list)
}

/// What part of the audit log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    #[serde(default)]
    after: u64,
    target: Option<String>,
}

/// `GET /v1/audit`: at most [`AUDIT_PAGE_MAX`] lines; the next page begins after the last one's
/// number.
pub(super) async fn audit(
    State(app): Shared,
    headers: HeaderMap,
    query: Result<Query<AuditQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<List<AuditLine>>, Refusal> {
    reader(&app, &headers)?;
    let Query(query) =
        query.map_err(|error| Refusal::new(400, crate::codes::MALFORMED, error.body_text()))?;
    let ask = move |control: &mut crate::control::Control, _| {
        Ok(control.audit(query.after, query.target.as_deref(), AUDIT_PAGE_MAX)?)
    };
    app.desk.ask(ask).await.map(list)
}

/// `GET /v1/rollouts/{id}/retro`.
pub(super) async fn retro(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    reader(&app, &headers)?;
    let id = rollout_id(&id)?;
    let status = status(&app, id.clone()).await?;
    let mut lines: Vec<AuditLine> = Vec::new();
    loop {
        let (after, target) = (lines.last().map_or(0, |line| line.sequence), id.clone());
        let ask = move |control: &mut crate::control::Control, _| {
            Ok(control.audit(after, Some(target.as_str()), AUDIT_PAGE_MAX)?)
        };
        let page = app.desk.ask(ask).await?;
        let last = page.len() < AUDIT_PAGE_MAX;
        lines.extend(page);
        if last || lines.len() >= RETRO_LINES_MAX {
            break;
        }
    }
    let text = crate::retro::markdown(&status, &lines, status.as_of);
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response())
}

/// `GET /v1/openapi.json`.
pub(super) async fn openapi() -> Json<serde_json::Value> {
    Json(document())
}

/// `GET /healthz`: answers when the writer does.
pub(super) async fn health(State(app): Shared) -> Result<&'static str, Refusal> {
    app.desk.ask(|_, _| Ok("well\n")).await
}
