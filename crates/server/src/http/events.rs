//! Live pages: the parts of a page that have changed, at most twice a second.

use super::{App, Shared, pages::snapshot};
use crate::codes;
use crate::error::Refusal;
use crate::model::Viewer;
use crate::pages;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use decide::id::RolloutId;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;

/// Shortest time between two events.
const EVENT_EVERY: Duration = Duration::from_millis(500);
/// A page is drawn again at least this often, because its ages move on.
const DRAW_EVERY: Duration = Duration::from_secs(5);
/// A sign of life.
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// Events that wait for a slow reader; then the server waits for it.
const WAITING_MAX: usize = 4;

/// Which page.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    rollout: Option<RolloutId>,
}

/// `GET /events`.
pub(super) async fn events(
    State(app): Shared,
    headers: HeaderMap,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let viewer = app
        .doors
        .session(&headers)
        .ok_or_else(|| Refusal::new(401, codes::NO_TOKEN, "the session is over; log in again"))?;
    let Query(which) =
        which.map_err(|error| Refusal::new(400, codes::MALFORMED, error.body_text()))?;
    let Ok(permit) = app.watchers.clone().try_acquire_owned() else {
        let sentence = format!("{0} live pages are open, limit {0}", super::WATCHERS_MAX);
        return Err(Refusal::new(503, codes::WATCHERS, sentence));
    };
    let (send, receive) = channel(WAITING_MAX);
    tokio::spawn(async move {
        watch(&app, &viewer, which.rollout, &send).await;
        drop(permit);
    });
    let beat =
        KeepAlive::new().interval(BEAT_EVERY).event(Event::default().event("beat").data("-"));
    Ok(Sse::new(ReceiverStream::new(receive)).keep_alive(beat).into_response())
}

async fn watch(
    app: &Arc<App>,
    viewer: &Viewer,
    rollout: Option<RolloutId>,
    send: &Sender<Result<Event, Infallible>>,
) {
    let mut revision = app.desk.revision();
    let mut sent: BTreeMap<String, String> = BTreeMap::new();
    for number in 1u64.. {
        let next = Instant::now() + EVENT_EVERY;
        revision.mark_unchanged();
        let Ok(snapshot) = snapshot(app).await else { return };
        let all = match &rollout {
            None => pages::fragments(&snapshot, viewer),
            Some(id) => pages::rollout_fragments(&snapshot, id, viewer).unwrap_or_default(),
        };
        let changed: Vec<(String, String)> =
            all.into_iter().filter(|(id, html)| sent.get(id) != Some(html)).collect();
        if !changed.is_empty() {
            let data = pages::event_data(&changed);
            let event = Event::default().event("fragments").id(number.to_string()).data(data);
            if send.send(Ok(event)).await.is_err() {
                return;
            }
            sent.extend(changed);
        }
        tokio::select! {
            () = send.closed() => return,
            () = sleep_until(next) => {}
        }
        tokio::select! {
            () = send.closed() => return,
            changed = timeout(DRAW_EVERY, revision.changed()) => {
                // The writer has gone: the server stops.
                if matches!(changed, Ok(Err(_))) {
                    return;
                }
            }
        }
    }
}
