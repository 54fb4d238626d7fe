//! The page `/`: the worst rollout's answers first, then its picture, the others, the fleet, events.

use super::fleet::Fleet;
use super::layout::{self, Fragment, Page};
use super::words::{self, number};
use super::{banner, clock, forms, rollout_page, timeline};
use crate::model::{Snapshot, Viewer};
use decide::rollout::Phase;
use maud::{Markup, html};
use wire::api::RolloutStatus;

/// Cards drawn for running rollouts; the rest are rows of a table.
const CARDS_MAX: usize = 6;
/// Rows of the table of other rollouts.
const ROWS_MAX: usize = 200;
/// Events shown.
const EVENTS_MAX: usize = 10;

/// True when a newer rollout of the same channel has taken over.
fn superseded(status: &RolloutStatus, snapshot: &Snapshot) -> bool {
    snapshot.rollouts.iter().any(|other| {
        other.release.channel == status.release.channel && other.started > status.started
    })
}

/// How urgently people must see it; 0 is most.
fn rank(status: &RolloutStatus, snapshot: &Snapshot) -> u8 {
    let view = &status.view;
    match view.phase {
        _ if status.hands_needed > 0 && !superseded(status, snapshot) => 0,
        Phase::Reverting => 1,
        Phase::Halted if !superseded(status, snapshot) => 2,
        Phase::Holding => 3,
        Phase::Advancing => 4,
        Phase::Soaking => 5,
        Phase::Reverted if !superseded(status, snapshot) => 6,
        Phase::Done => 7,
        Phase::Halted | Phase::Reverted => 8,
    }
}

fn running(status: &RolloutStatus) -> bool {
    matches!(status.view.phase, Phase::Advancing | Phase::Holding | Phase::Soaking)
}

/// All rollouts, the most urgent first; among equals the newest.
fn by_urgency(snapshot: &Snapshot) -> Vec<&RolloutStatus> {
    let mut ordered: Vec<(u8, &RolloutStatus)> =
        snapshot.rollouts.iter().map(|status| (rank(status, snapshot), status)).collect();
    ordered.sort_by_key(|(rank, status)| (*rank, std::cmp::Reverse(status.started)));
    ordered.into_iter().map(|(_, status)| status).collect()
}

/// The live parts.
pub(crate) fn fragments(snapshot: &Snapshot, viewer: &Viewer) -> Vec<Fragment> {
    let ordered = by_urgency(snapshot);
    let first = ordered.first().copied();
    let verdict = match first {
        Some(status) => banner::of_rollout("now-verdict", status, snapshot, viewer, false),
        None => banner::of_nothing("now-verdict", snapshot),
    };
    let picture = match first {
        Some(status) => rollout_page::picture("now-picture", status, snapshot),
        None => Fragment { id: "now-picture", html: html! { div #now-picture hidden {} } },
    };
    vec![
        layout::link_state(snapshot.as_of),
        verdict,
        picture,
        others(&ordered, snapshot, viewer),
        machines(snapshot),
        events(snapshot),
    ]
}

/// The whole page.
pub(crate) fn page(snapshot: &Snapshot, viewer: &Viewer) -> String {
    let parts = fragments(snapshot, viewer);
    Page {
        title: "Now".into(),
        viewer,
        as_of: snapshot.as_of,
        events: "/events".into(),
        twin: "/?format=json".into(),
        here: None,
    }
    .render(html! { @for part in parts.iter().filter(|part| part.id != "link") { (part.html) } })
}

fn others(ordered: &[&RolloutStatus], snapshot: &Snapshot, viewer: &Viewer) -> Fragment {
    let active = ordered.iter().filter(|status| running(status)).count();
    let (cards, rest): (Vec<&RolloutStatus>, Vec<&RolloutStatus>) = ordered
        .iter()
        .skip(1)
        .partition(|status| running(status) || status.view.phase == Phase::Reverting);
    let overflow = cards.len().min(CARDS_MAX);
    let rows: Vec<&RolloutStatus> =
        cards[overflow..].iter().chain(&rest).copied().take(ROWS_MAX).collect();
    let html = html! {
        section.panel #now-others aria-labelledby="now-others-title" hidden[ordered.len() < 2] {
            h2 #now-others-title { "Other rollouts" }
            (forms::halt_all(active, viewer))
            @if overflow > 0 {
                ul.cards { @for status in &cards[..overflow] { li { (card(status, snapshot)) } } }
            }
            @if !rows.is_empty() { (table(&rows, snapshot)) }
        }
    };
    Fragment { id: "now-others", html }
}

fn card(status: &RolloutStatus, snapshot: &Snapshot) -> Markup {
    let view = &status.view;
    html! {
        article.card {
            h3 { (words::badge(words::phase(view))) " "
                a href=(format!("/rollouts/{}", status.rollout)) { (status.rollout) }
                " " span.quiet { (banner::release(status)) } }
            (bar(status))
            p { (words::of(view.assigned, view.machines)) " offered"
                @if view.down > 0 { ", " span.hurt { (number(view.down)) " down" } } }
            p.quiet { @match view.reasons.first() {
                Some(reason) => { code.code { (reason.code) } " " (reason.sentence) },
                None => { "since " (clock::stamp(view.since, snapshot.as_of)) },
            } }
        }
    }
}

/// Offered, healthy and down of all, as one bar.
fn bar(status: &RolloutStatus) -> Markup {
    let view = &status.view;
    let width = |n: u64| n.min(view.machines).saturating_mul(1_000) / view.machines.max(1);
    let id = format!("bar-{}", status.rollout);
    // Harm is never too thin to be seen.
    let down = if view.down > 0 { width(view.down).max(12) } else { 0 };
    html! {
        svg.bar role="img" viewBox="0 0 1000 8" preserveAspectRatio="none"
            aria-labelledby=(format!("{id}-title {id}-desc")) {
            title id=(format!("{id}-title")) { "Reach of " (status.rollout) }
            desc id=(format!("{id}-desc")) { (words::of(view.assigned, view.machines)) " offered, "
                (number(view.confirmed)) " healthy, " (number(view.down)) " down" }
            rect.track width="1000" height="8" rx="4" {}
            rect.offered width=(width(view.assigned)) height="8" rx="4" {}
            rect.fill width=(width(view.confirmed)) height="8" rx="4" {}
            rect.hurt-fill width=(down) height="8" {}
        }
    }
}

fn table(rows: &[&RolloutStatus], snapshot: &Snapshot) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of other rollouts" {
            table {
                thead { tr { th scope="col" { "Rollout" } th scope="col" { "Release" }
                    th scope="col" { "State" } th scope="col" { "Since" }
                    th scope="col" { "Offered" } th scope="col" { "Ever harmed" } th scope="col" { "Back" } } }
                tbody { @for status in rows { tr {
                    th scope="row" { a href=(format!("/rollouts/{}", status.rollout)) { (status.rollout) } }
                    td { (banner::release(status)) }
                    td { (words::badge(words::phase(&status.view))) }
                    td { (clock::stamp(status.view.since, snapshot.as_of)) }
                    td.n { (words::of(status.view.assigned, status.view.machines)) }
                    td.n { (number(status.view.harmed)) }
                    td.n { (number(status.view.reverted)) }
                } } }
            }
        }
    }
}

fn machines(snapshot: &Snapshot) -> Fragment {
    let fleet = Fleet::of(&snapshot.machines, snapshot.as_of);
    let html = html! {
        section.panel #now-fleet aria-labelledby="now-fleet-title" {
            h2 #now-fleet-title { "Machines" }
            @if fleet.total() == 0 {
                p.quiet { "No machine has enrolled yet. Start an agent with an enrolment token." }
            } @else {
                p { (fleet.sentence(snapshot.as_of)) "." }
                div.split {
                    div { (fleet.picture(snapshot.as_of)) }
                    div { h3 { "What runs" } (fleet.releases()) }
                }
            }
        }
    };
    Fragment { id: "now-fleet", html }
}

fn events(snapshot: &Snapshot) -> Fragment {
    let html = html! {
        section.panel #now-events aria-labelledby="now-events-title" {
            h2 #now-events-title { "Last events" }
            (timeline::lines(snapshot.audit.iter().take(EVENTS_MAX), snapshot.as_of))
            p.quiet { a href="/v1/audit" type="application/json" { "The whole audit log as JSON" } }
        }
    };
    Fragment { id: "now-events", html }
}
