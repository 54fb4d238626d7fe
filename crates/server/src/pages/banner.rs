//! The first thirty seconds: seven answers in the order in which people on call ask.

use super::cells::{self, Cell};
use super::layout::Fragment;
use super::words::{self, Glyph, Tone, number};
use super::{clock, forms};
use crate::model::{Snapshot, Viewer};
use decide::finding::catalogue;
use decide::reason::{Code, Reason};
use decide::rollout::{Phase, View, codes};
use decide::verdict::Verdict;
use maud::{Markup, html};
use wire::api::{AuditLine, RolloutStatus};

/// Codes that say why growth was stopped for good.
const STOPS: [Code; 7] = [
    codes::EVIDENCE_REVERT,
    codes::FIRST_HARM,
    codes::HOLD_TOO_LONG,
    codes::ORDERED_HALT,
    codes::ORDERED_REVERT,
    codes::ORDERED_WITHDRAW,
    codes::NO_LADDER,
];
/// Strata that are named when machines are down.
const HARMED_STRATA_MAX: usize = 3;

/// True for codes of orders given by people.
pub(crate) fn by_person(code: Code) -> bool {
    [codes::ORDERED_HALT, codes::ORDERED_REVERT, codes::ORDERED_WITHDRAW].contains(&code)
}

/// Why a rollout was stopped: its code, and the sentence said at that time.
pub(crate) struct Stop<'a> {
    /// The rule.
    pub(crate) code: Code,
    /// What was said.
    pub(crate) sentence: &'a str,
    /// The whole reason, while the rollout still carries it.
    pub(crate) reason: Option<&'a Reason>,
}

/// The rule that stopped a rollout: from its reasons, or, once those speak of the way back, from
/// the audit log.
pub(crate) fn stop<'a>(status: &'a RolloutStatus, audit: &'a [AuditLine]) -> Option<Stop<'a>> {
    let mut reasons = status.view.reasons.iter();
    if let Some(reason) = reasons.find(|reason| STOPS.contains(&reason.code)) {
        return Some(Stop { code: reason.code, sentence: &reason.sentence, reason: Some(reason) });
    }
    if !status.view.phase.stopped() {
        return None;
    }
    audit.iter().filter(|line| line.target == status.rollout.as_str()).find_map(|line| {
        let code = Code::try_from(line.code.clone()?).ok()?;
        STOPS.contains(&code).then_some(Stop { code, sentence: &line.sentence, reason: None })
    })
}

/// The title of a code, or the code alone.
pub(crate) fn rule(code: Code) -> String {
    catalogue::entry(code).map_or_else(|| code.to_string(), |entry| entry.title.to_owned())
}

/// One sentence for ears: what a screen reader is told when the phase changes.
fn spoken(status: &RolloutStatus) -> String {
    let view = &status.view;
    format!(
        "{} {}: {}, {}. {} of {} machines got it, {} down, {} back.",
        status.rollout,
        status.release.channel,
        state_word(view.phase),
        state_more(view),
        number(view.attempted),
        number(view.machines),
        number(view.down),
        number(view.reverted)
    )
}

/// The banner of one rollout.
pub(crate) fn of_rollout(
    id: &'static str,
    status: &RolloutStatus,
    snapshot: &Snapshot,
    viewer: &Viewer,
    own_page: bool,
) -> Fragment {
    let (glyph, tone, word) = words::phase(&status.view);
    let stop = stop(status, &snapshot.audit);
    let html = html! {
        section.verdict.(tone.class()) id=(id) data-say=(spoken(status))
            data-phase=(word) data-urgent=(urgent(status))
            aria-labelledby=(format!("{id}-title")) {
            div.headline {
                p.state { (state_glyph(glyph, tone, status.view.phase).draw()) span { (state_word(status.view.phase)) }
                    small { (state_more(&status.view)) } }
                div {
                    h1 id=(format!("{id}-title")) {
                        @if own_page { (status.rollout) }
                        @else { a href=(format!("/rollouts/{}", status.rollout)) { (status.rollout) } }
                        " " span.release { (release(status)) }
                    }
                    p.lead { (lead(status, stop.as_ref())) }
                    p.quiet { "since " (clock::stamp(status.view.since, snapshot.as_of))
                        " · lane " (status.lane.name()) }
                }
            }
            dl.answers {
                (answer("spreading", "Still spreading?", spreading(status)))
                (answer("reach", "Who has it, is down, is back", reach(status)))
                (answer("did", "What the system did", did(status, stop.as_ref(), snapshot)))
                (answer("changed", "What changed", changed(status, snapshot)))
                (answer("recovery", "Recovering by themselves?", recovery(status)))
                (answer("action", "What you can do", forms::halt(status, viewer)))
                (answer("told", "Who knows", told(status, snapshot)))
            }
        }
    };
    Fragment { id, html }
}

/// The one word of the banner: a revert is first of all a halt.
fn state_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Reverting => Phase::Halted.word(),
        phase => phase.word(),
    }
}

fn state_glyph(glyph: Glyph, tone: Tone, phase: Phase) -> Glyph {
    match (phase, tone) {
        (Phase::Reverting, Tone::Harm) => Glyph::Cross,
        (Phase::Reverting, _) => Glyph::Stop,
        _ => glyph,
    }
}

/// What goes with the word.
fn state_more(view: &View) -> &'static str {
    match view.phase {
        Phase::Advancing => "it grows by the ladder",
        Phase::Holding if view.verdict == Verdict::NoSignal => "no signal, nobody grows blind",
        Phase::Holding => "growth is braked",
        Phase::Soaking => "everybody has it, on probation",
        Phase::Done => "known good",
        Phase::Halted => "nobody further gets it",
        Phase::Reverting => "machines are going back",
        Phase::Reverted => "everybody heard is back",
    }
}

/// Only a stop with harm interrupts what a screen reader is saying.
fn urgent(status: &RolloutStatus) -> &'static str {
    if words::phase(&status.view).1 == Tone::Harm { "true" } else { "false" }
}

fn answer(class: &str, question: &str, content: Markup) -> Markup {
    html! { div.answer.(class) { dt { (question) } dd { (content) } } }
}

/// `ipc-rules 43`.
pub(crate) fn release(status: &RolloutStatus) -> String {
    format!("{} {}", status.release.channel, status.release.number)
}

fn lead(status: &RolloutStatus, stop: Option<&Stop<'_>>) -> String {
    match stop {
        Some(stop) => stop.sentence.to_owned(),
        None => status.view.reasons.first().map_or_else(
            || match status.view.phase {
                Phase::Done => "known good: everybody has it and the probation is over".into(),
                _ => "no reason to hold it was found in the newest reports".into(),
            },
            |reason| reason.sentence.clone(),
        ),
    }
}

fn spreading(status: &RolloutStatus) -> Markup {
    let view = &status.view;
    let never = view.machines.saturating_sub(view.assigned);
    let next = view.gates.iter().find(|gate| gate.opened.is_none());
    html! {
        @match view.phase {
            Phase::Advancing => {
                strong { "Yes, by the ladder." } " "
                @match next {
                    Some(gate) => { "Offered to " (words::of(view.assigned, view.machines))
                        "; the next gate is at " (words::machines(gate.machines)) "." },
                    None => { "All gates are open; offered to "
                        (words::of(view.assigned, view.machines)) "." },
                }
            }
            Phase::Holding => {
                strong { "Held back." } " Growth is braked at "
                (words::of(view.assigned, view.machines)) "."
            }
            Phase::Soaking => { strong { "No." } " Everybody is offered it; it is on probation." }
            Phase::Done => { strong { "No." } " Everybody is offered it, and it is known good." }
            Phase::Halted | Phase::Reverting | Phase::Reverted => {
                strong { "No." } " " (words::of(never, view.machines)) " never got it, and will not."
            }
        }
    }
}

fn figure(tone: Tone, n: u64, words: String) -> Markup {
    html! { li.figure.(tone.class()) { b { (number(n)) } " " span { (words) } } }
}

fn reach(status: &RolloutStatus) -> Markup {
    let view = &status.view;
    let mut hurt = cells::rows(view);
    hurt.retain(|row| row.of(Cell::Down) > 0);
    hurt.sort_by_key(|row| std::cmp::Reverse(row.of(Cell::Down)));
    let down_tone = if view.down > 0 { Tone::Harm } else { Tone::Unknown };
    html! {
        ul.figures {
            (figure(Tone::Unknown, view.attempted, format!("of {} got it", number(view.machines))))
            (figure(down_tone, view.down, format!("down now of {}", number(view.attempted))))
            @if view.phase.stopped() || view.reverted > 0 {
                (figure(Tone::Unknown, view.reverted, format!("back of {}", number(view.attempted))))
            } @else {
                (figure(Tone::Unknown, view.confirmed, format!("healthy of {}", number(view.attempted))))
            }
        }
        p {
            (number(view.harmed)) " of " (number(view.assigned)) " offered ever harmed"
            @if view.refused > 0 { ", of these " (number(view.refused)) " refused by their agent" }
            "."
            @for row in hurt.iter().take(HARMED_STRATA_MAX) {
                " " span.hurt { (number(row.of(Cell::Down))) " down of " (number(row.total())) }
                " in " code { (row.name) } ", ring " (row.ring) "."
            }
        }
    }
}

fn did(status: &RolloutStatus, stop: Option<&Stop<'_>>, snapshot: &Snapshot) -> Markup {
    let view = &status.view;
    let opened = view.gates.iter().filter(|gate| gate.opened.is_some()).count();
    html! {
        @if let Some(stop) = stop {
            p {
                strong { @if by_person(stop.code) { "Stopped by a person" } @else { "Stopped it" } }
                @if let Some(at) = view.halted_at {
                    " at " (clock::stamp(at, snapshot.as_of))
                    @match view.first_harm.filter(|first| *first <= at) {
                        Some(first) if first == at => { ", " b { "at once" } " on the first harm" },
                        Some(first) => { ", " b { (at.since(first)) } " after the first harm" },
                        None => {},
                    }
                }
                @if view.phase != Phase::Halted { ", sent back those that have it" }
                @if view.withdrawn { ", withdrew the digest for ever" }
                "."
            }
            (rule_line(stop.code, stop.reason))
        } @else if let Some(reason) = view.reasons.first() {
            p { @if view.phase == Phase::Holding { strong { "Braked growth" } " since " (clock::stamp(view.since, snapshot.as_of)) "." }
                @else { "Opened " strong { (opened) " of " (view.gates.len()) " gates" } "." } }
            (rule_line(reason.code, Some(reason)))
        } @else {
            p { "Opened " strong { (opened) " of " (view.gates.len()) " gates" }
                ". Odds of " (view.evidence) " to 1 that it harms." }
        }
    }
}

fn rule_line(code: Code, reason: Option<&Reason>) -> Markup {
    html! {
        p.rule {
            code { (code) } " " (rule(code))
            @if let Some(reason) = reason.filter(|reason| !reason.limit.is_empty()) {
                ": measured " b { (reason.measured) } ", limit " b { (reason.limit) }
            }
        }
    }
}

fn changed(status: &RolloutStatus, snapshot: &Snapshot) -> Markup {
    let release = &status.release;
    let known = snapshot.releases.iter().find(|known| known.manifest.release == *release);
    html! {
        p {
            strong { (release.channel) " "
                @if let Some(previous) = &status.previous { (previous.number) } @else { "seed" }
                " → " (release.number) }
            ", " (number(release.length)) " bytes, "
            code title=(release.digest) { "sha256:" (release.digest.short()) }
        }
        @if let Some(known) = known {
            p { code { (known.manifest.file_name) } " published by " strong { (known.by) } " "
                (clock::stamp(known.published, snapshot.as_of)) ", with "
                (known.manifest.evidence.len()) " pieces of evidence" }
        } @else {
            p { "The release is not among those this server lists." }
        }
    }
}

fn recovery(status: &RolloutStatus) -> Markup {
    let view = &status.view;
    let out = view.attempted.saturating_sub(view.reverted);
    html! {
        @if view.phase.stopped() && view.attempted > 0 {
            p { strong { (number(view.reverted)) " of " (number(view.attempted)) " back" }
                @if view.phase == Phase::Halted && out > 0 {
                    ". A halt leaves " (words::machines(out)) " on the release; revert sends them back."
                } @else if out > 0 { " by themselves, " (number(out)) " not heard to be back yet." }
                @else { " by themselves." } }
        } @else if view.down > 0 {
            p { strong { (words::machines(view.down)) " down" } " and not heard to be back yet." }
        } @else {
            p { strong { "Nothing to recover from." } }
        }
        p.(if status.hands_needed > 0 { "hurt" } else { "quiet" }) {
            @if status.hands_needed > 0 { (words::Glyph::Cross.draw()) }
            "Hands needed: " b { (number(status.hands_needed)) } " of " (number(view.machines)) "."
        }
    }
}

fn told(status: &RolloutStatus, snapshot: &Snapshot) -> Markup {
    let about = |line: &&AuditLine| line.target == status.rollout.as_str();
    let newest = snapshot.audit.iter().find(about);
    let author = snapshot.releases.iter().find(|known| known.manifest.release == status.release);
    html! {
        p {
            "Started by " strong { (status.by) }
            @if let Some(author) = author { ", published by " strong { (author.by) } }
            @if !status.reason.is_empty() { ", because: " q { (status.reason) } }
            "."
        }
        p.quiet {
            @match newest {
                Some(line) => { "On record: " (line.verb.replace('_', " ")) ", audit line " (line.sequence) "." },
                None => "Nothing about it among the newest audit lines.",
            }
        }
    }
}

/// The banner of a server without rollouts.
pub(crate) fn of_nothing(id: &'static str, snapshot: &Snapshot) -> Fragment {
    let machines = snapshot.machines.len() as u64;
    let html = html! {
        section.verdict.calm id=(id) data-phase="none" data-urgent="false"
            data-say="Nothing is rolling out." aria-labelledby=(format!("{id}-title")) {
            div.headline {
                p.state { (words::Glyph::Ring.draw()) span { "quiet" } }
                div {
                    h1 id=(format!("{id}-title")) { "Nothing is rolling out" }
                    p.lead { (words::machines(machines)) " enrolled, "
                        (number(snapshot.releases.len() as u64)) " releases published." }
                    p.quiet { "Next: " code { "ringfence rollout plan CHANNEL@NUMBER -o plan.json" } }
                }
            }
        }
    };
    Fragment { id, html }
}
