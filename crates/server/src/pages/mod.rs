//! The pages: HTML drawn by the server from one [`Snapshot`], pictures as SVG, live by fragments.
//!
//! Reads no clock, no file, no database. Works without script; has no inline script or style, so
//! that `Content-Security-Policy: default-src 'self'` holds.
//!
//! What the routes provide:
//!
//! - `GET /`, `/rollouts/{id}`, `/login`, `/assets/{name}`; each page but the login has a JSON twin
//!   at the same address with `Accept: application/json` or `?format=json`.
//! - Forms, urlencoded, each with the session's `csrf` token: `POST /orders` and
//!   `POST /rollouts/{id}/orders` with `order` (`halt`, `revert`, `withdraw`, `resume`), `reason`
//!   (empty for halt) and, for all but halt, `confirm`, which must equal the rollout's name.
//!   `POST /login` with `token`, `POST /logout` with `csrf`. Answers are redirects (303).
//! - `GET /events`, `GET /events?rollout={id}`: server-sent events. `event: fragments`, its data
//!   from [`event_data`], at most twice a second; `event: beat` with any data at least every ten
//!   seconds. After [`STALE_AFTER_SECONDS`] without either the page says it is not connected.

mod assets;
mod banner;
mod cells;
pub(crate) mod clock;
mod fleet;
mod forms;
mod ladder;
mod layout;
mod login;
mod now;
mod rollout_page;
mod timeline;
mod waffle;
mod why;
pub(crate) mod words;

pub use assets::{Asset, asset};
pub use login::login;

use crate::model::{Snapshot, Viewer};
use decide::id::RolloutId;

/// Seconds without a sign of the server after which a page says that its numbers are old. The
/// script reads it from the page.
pub const STALE_AFTER_SECONDS: u64 = 15;

/// The page `/`: what is going on now.
pub fn now(snapshot: &Snapshot, viewer: &Viewer) -> String {
    now::page(snapshot, viewer)
}

/// The page of one rollout; `None` when there is no such rollout.
pub fn rollout(snapshot: &Snapshot, id: &RolloutId, viewer: &Viewer) -> Option<String> {
    rollout_page::page(snapshot, id, viewer)
}

/// The live parts of `/` as (id, HTML).
pub fn fragments(snapshot: &Snapshot, viewer: &Viewer) -> Vec<(String, String)> {
    named(now::fragments(snapshot, viewer))
}

/// The live parts of one rollout's page as (id, HTML); `None` when there is no such rollout.
pub fn rollout_fragments(
    snapshot: &Snapshot,
    id: &RolloutId,
    viewer: &Viewer,
) -> Option<Vec<(String, String)>> {
    rollout_page::fragments(snapshot, id, viewer).map(named)
}

/// The data of one `fragments` event: a JSON list of `[id, html]`, on one line.
pub fn event_data(fragments: &[(String, String)]) -> String {
    serde_json::to_string(fragments).unwrap_or_else(|_| "[]".to_owned())
}

fn named(fragments: Vec<layout::Fragment>) -> Vec<(String, String)> {
    fragments.into_iter().map(|part| (part.id.to_owned(), part.html.into_string())).collect()
}
