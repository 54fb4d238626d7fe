//! What machines ask: to enrol, and to report.

use super::{Shared, document_of};
use crate::codes;
use crate::error::Refusal;
use axum::Json;
use axum::extract::{Request, State};
use wire::report::{Enroll, Enrolled, Reports, ReportsTaken};

/// `POST /v1/enroll`.
pub(super) async fn enroll(
    State(app): Shared,
    request: Request,
) -> Result<Json<Enrolled>, Refusal> {
    app.doors.enroller(request.headers())?;
    let enroll: Enroll = document_of(request).await?;
    let machine = enroll.machine.clone();
    let (machine_token, digest) =
        app.desk.ask(move |control, now| control.enroll(&enroll, now)).await?;
    app.doors.enrolled(machine, digest);
    Ok(Json(Enrolled { schema: "ringfence/enrolled/v1".into(), machine_token }))
}

/// `POST /v1/reports`. The token is proved before the body is read.
pub(super) async fn reports(
    State(app): Shared,
    request: Request,
) -> Result<Json<ReportsTaken>, Refusal> {
    let machine = app.doors.machine(request.headers())?;
    let reports: Reports = document_of(request).await?;
    if reports.machine != machine {
        let sentence = format!("the token is {machine}'s, the reports are {}'s", reports.machine);
        return Err(Refusal::new(403, codes::ROLE, sentence));
    }
    let heard = app.desk.ask(move |control, now| control.reports(&reports, now)).await?;
    Ok(Json(ReportsTaken {
        schema: "ringfence/reports-taken/v1".into(),
        sequence: heard.sequence,
        fences: (*app.desk.fences()).clone(),
    }))
}
