//! The page of one rollout: the seven answers, picture and ladder, why, orders, numbers, timeline.

use super::cells;
use super::layout::{self, Fragment, Page};
use super::waffle::{Front, Waffle};
use super::words::{self, number};
use super::{banner, forms, ladder, timeline, why};
use crate::model::{Snapshot, Viewer};
use decide::id::RolloutId;
use decide::rollout::View;
use maud::{Markup, html};
use wire::api::{AuditLine, RolloutStatus};

/// Rows of the table of strata; the rest are in the JSON twin.
const STRATA_MAX: usize = 200;

fn find<'a>(snapshot: &'a Snapshot, id: &RolloutId) -> Option<&'a RolloutStatus> {
    snapshot.rollouts.iter().find(|status| status.rollout == *id)
}

/// The live parts.
pub(crate) fn fragments(
    snapshot: &Snapshot,
    id: &RolloutId,
    viewer: &Viewer,
) -> Option<Vec<Fragment>> {
    let status = find(snapshot, id)?;
    Some(vec![
        layout::link_state(snapshot.as_of),
        banner::of_rollout("ro-verdict", status, snapshot, viewer, true),
        picture("ro-picture", status, snapshot),
        orders(status, viewer),
        events(status, snapshot),
    ])
}

/// The whole page.
pub(crate) fn page(snapshot: &Snapshot, id: &RolloutId, viewer: &Viewer) -> Option<String> {
    let parts = fragments(snapshot, id, viewer)?;
    let page = Page {
        title: format!("{id}"),
        viewer,
        as_of: snapshot.as_of,
        events: format!("/events?rollout={id}"),
        twin: format!("/v1/rollouts/{id}"),
        here: Some(id.to_string()),
    };
    Some(page.render(
        html! { @for part in parts.iter().filter(|part| part.id != "link") { (part.html) } },
    ))
}

/// Waffle, ladder and reasons of one rollout.
pub(crate) fn picture(id: &'static str, status: &RolloutStatus, snapshot: &Snapshot) -> Fragment {
    let view = &status.view;
    let rows = cells::rows(view);
    let waffle_id = format!("{id}-waffle");
    let waffle = Waffle {
        id: &waffle_id,
        title: format!("{} over the fleet, by ring and stratum", banner::release(status)),
        description: describe(view),
        rows: &rows,
        front: Some(Front { open: ladder::open_ring(view), stopped: view.phase.stopped() }),
    };
    let html = html! {
        div.split.hero id=(id) {
            section.panel aria-labelledby=(format!("{id}-title")) {
                h2 id=(format!("{id}-title")) { "Fleet" span.quiet { " " (words::machines(view.machines)) } }
                (waffle.render())
                details id=(format!("{id}-numbers")) {
                    summary { "Show numbers" }
                    (strata(view))
                }
            }
            section.panel { (ladder::ladder(&format!("{id}-gate"), status)) }
            section.panel.whole { (why::reasons(&format!("{id}-why"), status, snapshot)) }
        }
    };
    Fragment { id, html }
}

fn describe(view: &View) -> String {
    format!(
        "{} offered; {} got it, {} proved healthy, {} down, {} refused it, {} back on the previous \
         file; ring {} is the last that is open{}.",
        words::of(view.assigned, view.machines),
        number(view.attempted),
        number(view.confirmed),
        number(view.down),
        number(view.refused),
        number(view.reverted),
        ladder::open_ring(view),
        if view.phase.stopped() { ", and nobody further gets it" } else { "" }
    )
}

fn strata(view: &View) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Strata" {
            table {
                thead { tr { th scope="col" { "Stratum" } th scope="col" { "Machines" } th scope="col" { "Offered" }
                    th scope="col" { "Got it" } th scope="col" { "Healthy" } th scope="col" { "Ever harmed" }
                    th scope="col" { "Down" } th scope="col" { "Refused" } th scope="col" { "Back" } } }
                tbody { @for stratum in view.strata.iter().take(STRATA_MAX) { tr {
                    th scope="row" { (stratum.name) @if stratum.quarantined { " " span.badge.caution { (words::Glyph::Pause.draw()) "quarantined" } } }
                    td.n { (number(stratum.machines)) }
                    td.n { (words::of(stratum.assigned, stratum.machines)) }
                    td.n { (number(stratum.attempted)) }
                    td.n { (number(stratum.confirmed)) }
                    td.n { (number(stratum.harmed)) }
                    td.n.harm[stratum.down > 0] {
                        @if stratum.down > 0 { (words::Glyph::Cross.draw()) } (number(stratum.down)) }
                    td.n { (number(stratum.refused)) }
                    td.n { (number(stratum.reverted)) }
                } } }
            }
        }
        @if view.strata.len() > STRATA_MAX {
            p.quiet { "and " (view.strata.len() - STRATA_MAX) " more strata in the JSON twin" }
        }
    }
}

fn orders(status: &RolloutStatus, viewer: &Viewer) -> Fragment {
    let html =
        html! { section.panel #ro-orders { div #orders { (forms::orders(status, viewer)) } } };
    Fragment { id: "ro-orders", html }
}

fn events(status: &RolloutStatus, snapshot: &Snapshot) -> Fragment {
    let id = &status.rollout;
    let release = format!("{}@{}", status.release.channel, status.release.number);
    let digest = status.release.digest.to_string();
    let about = |line: &&AuditLine| {
        line.target == id.as_str()
            || line.target == release
            || line.target.trim_start_matches("sha256:") == digest
    };
    let html = html! {
        section.panel #ro-events aria-labelledby="ro-events-title" {
            h2 #ro-events-title { "Timeline" }
            (timeline::lines(snapshot.audit.iter().filter(about), snapshot.as_of))
            p.quiet {
                a href=(format!("/v1/rollouts/{id}/retro")) { "Retrospective (Markdown)" } " · "
                (forms::command(&format!("ringfence retro {id}"))) " · "
                a href=(format!("/v1/audit?target={id}")) type="application/json" { "as JSON" }
            }
        }
    };
    Fragment { id: "ro-events", html }
}
