//! The ladder: its gates in order, which are open, and how long the present one still waits.

use super::clock;
use super::words::{self, Glyph, Tone, machines};
use decide::id::Ring;
use decide::rollout::{GateView, View};
use decide::time::{Span, Time};
use decide::verdict::Verdict;
use maud::{Markup, html};
use wire::api::RolloutStatus;

/// Where one gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opened(Time),
    /// Its size is reached; it may open at this time, not before.
    Soaking(Time),
    /// It is the next one, its size is not reached.
    Filling,
    Ahead,
    /// The rollout ended before it.
    Stopped,
}

fn states(view: &View) -> Vec<State> {
    let present = view.gates.iter().position(|gate| gate.opened.is_none());
    let state = |(place, gate): (usize, &GateView)| match (gate.opened, gate.reached) {
        (Some(at), _) => State::Opened(at),
        _ if view.phase.stopped() => State::Stopped,
        (None, Some(reached)) => State::Soaking(reached.plus(gate.wait)),
        (None, None) if present == Some(place) => State::Filling,
        (None, None) => State::Ahead,
    };
    view.gates.iter().enumerate().map(state).collect()
}

/// The last ring that the ladder has opened so far.
pub(crate) fn open_ring(view: &View) -> Ring {
    let present = view.gates.iter().find(|gate| gate.opened.is_none());
    present.or(view.gates.last()).map_or(Ring::Lab, |gate| gate.ring)
}

/// The ladder as a list. `prefix` keeps ids unique in the page.
pub(crate) fn ladder(prefix: &str, status: &RolloutStatus) -> Markup {
    let view = &status.view;
    let states = states(view);
    let stopped_at = states.iter().position(|state| *state == State::Stopped);
    html! {
        h2 { "Ladder" span.quiet { " " (status.lane.name()) } }
        ol.ladder {
            @for (place, (gate, state)) in view.gates.iter().zip(&states).enumerate() {
                @let first_stopped = stopped_at == Some(place);
                li class=(class(*state, first_stopped))
                    aria-current=[matches!(state, State::Soaking(_) | State::Filling).then_some("step")] {
                    span.rung { @match glyph(*state, first_stopped, view) {
                        Some(glyph) => (glyph.draw()),
                        None => span aria-hidden="true" { (place + 1) },
                    } }
                    div {
                        p { strong { (gate.size) } span.quiet {
                            @if gate.size != machines(gate.machines) { " " (machines(gate.machines)) }
                            " · up to ring " (gate.ring) } }
                        (progress(&format!("{prefix}-{place}"), gate, *state, first_stopped, status))
                    }
                }
            }
        }
        details id=(format!("{prefix}-table")) {
            summary { "Show the gates as numbers" }
            (table(view, status.as_of))
        }
    }
}

fn class(state: State, first_stopped: bool) -> &'static str {
    match state {
        State::Opened(_) => "opened",
        State::Soaking(_) => "soaking",
        State::Filling => "filling",
        State::Ahead => "ahead",
        State::Stopped if first_stopped => "stopped-here",
        State::Stopped => "ahead",
    }
}

/// The sign of a gate; gates ahead have their number.
fn glyph(state: State, first_stopped: bool, view: &View) -> Option<Glyph> {
    match state {
        State::Opened(_) => Some(Glyph::Check),
        State::Soaking(_) => Some(Glyph::Clock),
        State::Filling => Some(Glyph::Forward),
        State::Stopped if first_stopped && view.harmed > 0 => Some(Glyph::Cross),
        State::Stopped if first_stopped => Some(Glyph::Stop),
        State::Ahead | State::Stopped => None,
    }
}

fn progress(
    id: &str,
    gate: &GateView,
    state: State,
    first_stopped: bool,
    status: &RolloutStatus,
) -> Markup {
    let assigned = status.view.assigned;
    let badge = || words::badge(verdict(gate, &status.view));
    html! {
        @match state {
            State::Opened(at) => p.quiet { (badge()) " opened " (clock::stamp(at, status.as_of)) },
            State::Soaking(until) if until > status.as_of => {
                p { (badge()) " soaks " (clock::rough(gate.wait)) "; opens at the earliest "
                    time datetime=(clock::iso(until)) { (clock::of_day(until)) } ", "
                    span.age data-age=(until.0) { (clock::age(until, status.as_of)) } }
                (bar(id, "Soak", elapsed(gate, status.as_of), gate.wait))
            },
            State::Soaking(_) => p { (badge()) " has waited " (clock::rough(gate.wait)) "; wants a pass in every stratum" },
            State::Filling => p { (words::number(assigned.min(gate.machines))) " of "
                (machines(gate.machines)) " offered" },
            State::Stopped if first_stopped => p { @if gate.reached.is_some() { (badge()) " " } strong { "Stopped here." } " It never opened." },
            State::Ahead | State::Stopped => p.quiet { "waits " (clock::rough(gate.wait)) " when reached" },
        }
    }
}

fn elapsed(gate: &GateView, as_of: Time) -> Span {
    gate.reached.map_or(Span::ZERO, |reached| Span(as_of.since(reached).0.min(gate.wait.0)))
}

/// How much of a wait is over.
fn bar(id: &str, title: &str, done: Span, whole: Span) -> Markup {
    let permille = done.0.saturating_mul(1_000) / whole.0.max(1);
    html! {
        svg.bar role="img" viewBox="0 0 1000 8" preserveAspectRatio="none"
            aria-labelledby=(format!("{id}-bar-title {id}-bar-desc")) {
            title id=(format!("{id}-bar-title")) { (title) }
            desc id=(format!("{id}-bar-desc")) { (clock::rough(done)) " of " (clock::rough(whole)) " are over" }
            rect.track width="1000" height="8" rx="4" {}
            rect.fill width=(permille) height="8" rx="4" {}
        }
    }
}

fn table(view: &View, as_of: Time) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Gates" {
            table {
                thead { tr { th scope="col" { "Gate" } th scope="col" { "Machines" } th scope="col" { "Ring" }
                    th scope="col" { "Wait" } th scope="col" { "Reached" } th scope="col" { "Opened" }
                    th scope="col" { "Verdict" } } }
                tbody { @for gate in &view.gates { tr {
                    th scope="row" { (gate.size) }
                    td.n { (words::number(gate.machines)) }
                    td { (gate.ring) }
                    td { (clock::rough(gate.wait)) }
                    td { @if let Some(at) = gate.reached { (clock::stamp(at, as_of)) } @else { "not yet" } }
                    td { @if let Some(at) = gate.opened { (clock::stamp(at, as_of)) } @else { "not yet" } }
                    td { (words::badge(verdict(gate, view))) }
                } } }
            }
        }
    }
}

/// A gate that nobody has reached has no verdict to show yet, and a stop without harm is no
/// failure of the release: neither is drawn as an alarm.
fn verdict(gate: &GateView, view: &View) -> (Glyph, Tone, &'static str) {
    match gate.verdict {
        Verdict::Fail if view.harmed == 0 => (Glyph::Stop, Tone::Caution, "stopped, no harm seen"),
        Verdict::NoSignal if gate.reached.is_none() => (Glyph::Ring, Tone::Unknown, "not reached"),
        verdict => words::verdict(verdict),
    }
}
