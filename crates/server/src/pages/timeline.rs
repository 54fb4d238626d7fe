//! What happened, from the audit log: newest first, UTC with age.

use super::banner::by_person;
use super::clock;
use super::words::{Glyph, Tone};
use decide::reason::Code;
use decide::time::Time;
use maud::{Markup, html};
use wire::api::AuditLine;

/// Glyph and tone of a verb; words the server may add later are drawn as plain steps.
fn sign(line: &AuditLine) -> (Glyph, Tone) {
    let code = line.code.clone().and_then(|code| Code::try_from(code).ok());
    match line.verb.as_str() {
        "halted" if code.is_some_and(by_person) => (Glyph::Stop, Tone::Caution),
        "halted" | "crashed" => (Glyph::Cross, Tone::Harm),
        "withdrawn" | "refused" => (Glyph::Stop, Tone::Caution),
        "reverting" | "reverted" | "rescued" => (Glyph::Back, Tone::Calm),
        "held" | "holding" => (Glyph::Pause, Tone::Caution),
        "known_good" | "completed" => (Glyph::Check, Tone::Good),
        "exposed" | "gate_opened" | "rollout_started" | "resumed" | "published" => {
            (Glyph::Forward, Tone::Good)
        }
        _ => (Glyph::Ring, Tone::Unknown),
    }
}

/// The lines as a list, in the order given.
pub(crate) fn lines<'a>(lines: impl Iterator<Item = &'a AuditLine>, as_of: Time) -> Markup {
    let mut lines = lines.peekable();
    html! {
        @if lines.peek().is_none() {
            p.quiet { "Nothing yet." }
        } @else {
            ol.timeline {
                @for line in lines {
                    @let (glyph, tone) = sign(line);
                    li.(tone.class()) {
                        span.rung { (glyph.draw()) }
                        p.when { (clock::stamp(line.at, as_of)) }
                        div {
                            p { strong { (line.verb.replace('_', " ")) } " "
                                (target(line)) " " span.quiet { "by " (line.actor) } }
                            p { @if let Some(code) = &line.code { code.code { (code) } " " } (line.sentence) }
                        }
                    }
                }
            }
        }
    }
}

/// A rollout as a link; anything else as it is.
fn target(line: &AuditLine) -> Markup {
    html! {
        @if line.target.starts_with("r-") && !line.target.contains(['/', '?', '#', ' ']) {
            a href=(format!("/rollouts/{}", line.target)) { (line.target) }
        } @else { (line.target) }
    }
}
