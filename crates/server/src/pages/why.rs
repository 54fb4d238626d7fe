//! Why a rollout is where it is: every reason with its code, numbers, evidence and next command.

use super::forms::command;
use super::words::of;
use super::{banner, clock};
use crate::model::Snapshot;
use decide::finding::catalogue;
use decide::reason::Reason;
use maud::{Markup, html};
use wire::api::RolloutStatus;

/// The reasons, the most important first. `prefix` keeps ids unique in the page.
pub(crate) fn reasons(prefix: &str, status: &RolloutStatus, snapshot: &Snapshot) -> Markup {
    let view = &status.view;
    let earlier = banner::stop(status, &snapshot.audit).filter(|stop| stop.reason.is_none());
    html! {
        h2 { "Why" }
        @if view.reasons.is_empty() {
            p.quiet { "No reason to wait, hold or halt. As of "
                (clock::stamp(status.as_of, snapshot.as_of)) "." }
        }
        ol.reasons {
            @for (place, reason) in view.reasons.iter().enumerate() {
                li { (one(&format!("{prefix}-{place}"), reason)) }
            }
            @if let Some(stop) = earlier {
                li { p { code.code { (stop.code) } " " (stop.sentence) }
                    (explanation(&format!("{prefix}-stop"), stop.code)) }
            }
        }
        p.quiet { "Odds against chance that it does harm: " b { (view.evidence) " to 1" } "." }
    }
}

fn one(id: &str, reason: &Reason) -> Markup {
    html! {
        p { code.code { (reason.code) } " " (reason.sentence) }
        @if !reason.limit.is_empty() || reason.count.is_some() {
            dl.pairs {
                @if !reason.limit.is_empty() {
                    div { dt { "measured" } dd { (reason.measured) } }
                    div { dt { "limit" } dd { (reason.limit) } }
                }
                @if let Some(count) = reason.count { div { dt { "n of N" } dd { (of(count.n, count.of)) } } }
            }
        }
        @if !reason.evidence.is_empty() {
            p.quiet { "Evidence: " @for (place, pointer) in reason.evidence.iter().enumerate() {
                @if place > 0 { ", " } code { (pointer) } } }
        }
        @if !reason.next.is_empty() { p { "Next: " (command(&reason.next)) } }
        (explanation(id, reason.code))
    }
}

fn explanation(id: &str, code: decide::reason::Code) -> Markup {
    html! {
        @if let Some(entry) = catalogue::entry(code) {
            details id=(format!("{id}-more")) {
                summary { (entry.title) }
                p { (entry.explanation) }
            }
        }
    }
}
