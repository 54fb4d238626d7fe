//! The pages: server-rendered HTML, drawn from a [`Snapshot`]. Must never read the state itself.

use crate::model::{Snapshot, Viewer};
use decide::id::RolloutId;

/// One file served under `/assets/`.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// True when the address names the content: it may be cached for ever.
    pub immutable: bool,
}
/// The page of what is going on now.
pub fn now(snapshot: &Snapshot, _viewer: &Viewer) -> String {
    format!("<!doctype html><title>Ringfence</title><p>{} machines", snapshot.machines.len())
}
/// The page of one rollout; `None` when it is not known.
pub fn rollout(snapshot: &Snapshot, id: &RolloutId, _viewer: &Viewer) -> Option<String> {
    let known = snapshot.rollouts.iter().any(|status| status.rollout == *id);
    known.then(|| format!("<!doctype html><title>{id}</title>"))
}
/// The login page.
pub fn login(problem: Option<&str>) -> String {
    let problem = problem.unwrap_or_default();
    format!("<!doctype html><title>Login</title><p>{problem}<form method=\"post\"><input name=\"token\">")
}
/// The parts of the pages that change while one looks: element id and HTML.
pub fn fragments(snapshot: &Snapshot, _viewer: &Viewer) -> Vec<(String, String)> {
    vec![("rollouts".into(), format!("<p>{}", snapshot.rollouts.len()))]
}
/// The live parts of one rollout's page.
pub fn rollout_fragments(
    snapshot: &Snapshot,
    id: &RolloutId,
    viewer: &Viewer,
) -> Option<Vec<(String, String)>> {
    rollout(snapshot, id, viewer).map(|page| vec![("rollout".into(), page)])
}
/// The data of one `fragments` event.
pub fn event_data(fragments: &[(String, String)]) -> String {
    serde_json::to_string(fragments).unwrap_or_else(|_| "[]".to_owned())
}
/// A static file.
pub fn asset(_name: &str) -> Option<Asset> {
    None
}
