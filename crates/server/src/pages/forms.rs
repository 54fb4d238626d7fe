//! Orders as forms. Halt is one press; everything else states its consequence and asks for the
//! rollout's name and a reason. Who may not order is told so instead of being shown a dead button.

use super::banner::by_person;
use super::words::{Glyph, machines, of};
use crate::model::{Role, Viewer};
use decide::rollout::{Order, Phase, codes};
use maud::{Markup, html};
use wire::api::RolloutStatus;

fn word(order: Order) -> &'static str {
    match order {
        Order::Halt => "halt",
        Order::Revert => "revert",
        Order::Withdraw => "withdraw",
        Order::Resume => "resume",
    }
}

/// A command to copy; the script shows the button.
pub(crate) fn command(command: &str) -> Markup {
    html! {
        span.command {
            code { (command) }
            button.plain.copy type="button" hidden data-copy=(command)
                aria-label=(format!("Copy: {command}")) { "Copy" }
        }
    }
}

fn hidden(viewer: &Viewer, order: Order) -> Markup {
    html! {
        input type="hidden" name="csrf" value=(viewer.csrf);
        input type="hidden" name="order" value=(word(order));
    }
}

fn not_allowed(viewer: &Viewer, what: &str) -> Markup {
    html! {
        p { "You are logged in as " strong { (viewer.role.name()) } ": " (what)
            " takes the role " strong { (Role::Operator.name()) } "." }
    }
}

/// The one button of the banner, its command, or why there is none.
pub(crate) fn halt(status: &RolloutStatus, viewer: &Viewer) -> Markup {
    let id = &status.rollout;
    html! {
        @if status.view.phase.stopped() {
            p { strong { "It is stopped." } " "
                @match status.view.phase {
                    Phase::Halted => { "Next: send back those that have it, "
                        a href=(format!("/rollouts/{id}#orders")) { "revert" } "." },
                    Phase::Reverting => "Nothing to press: machines go back by themselves.",
                    _ => { "Read how it went: "
                        a href=(format!("/v1/rollouts/{id}/retro")) { "retrospective" } "." },
                } }
            (command(&if status.view.phase == Phase::Reverted { format!("ringfence retro {id}") } else { format!("ringfence why {id}") }))
        } @else if status.view.phase == Phase::Done {
            p { "Nothing is left to halt: it is known good everywhere." }
            (command(&format!("ringfence why {id}")))
        } @else if viewer.role.may_order() {
            form method="post" action=(format!("/rollouts/{id}/orders")) {
                (hidden(viewer, Order::Halt))
                button.halt type="submit" { (Glyph::Stop.draw()) "Halt " (id) }
            }
            (command(&format!("ringfence halt {id}")))
        } @else {
            (not_allowed(viewer, "halting"))
            (command(&format!("ringfence halt {id}")))
        }
    }
}

/// Halts every running rollout at once; shown where more than one runs.
pub(crate) fn halt_all(running: usize, viewer: &Viewer) -> Markup {
    html! {
        @if running > 1 && viewer.role.may_order() {
            form.inline method="post" action="/orders" {
                (hidden(viewer, Order::Halt))
                button.halt.small type="submit" { (Glyph::Stop.draw()) "Halt all " (running) " running" }
                (command("ringfence halt"))
            }
        }
    }
}

struct Offer {
    order: Order,
    title: &'static str,
    consequence: String,
    command: Option<String>,
}

/// The orders that are possible in the rollout's phase, with what each would do.
fn offers(status: &RolloutStatus) -> Vec<Offer> {
    let view = &status.view;
    let id = &status.rollout;
    let mut offers = Vec::new();
    let out = view.attempted.saturating_sub(view.reverted);
    let going_back = matches!(view.phase, Phase::Reverting | Phase::Reverted);
    if !going_back {
        offers.push(Offer {
            order: Order::Revert,
            title: "Revert",
            consequence: format!(
                "Nobody further gets it, and {} that have it go back to {}. Final for this rollout.",
                machines(out),
                status.previous.as_ref().map_or_else(
                    || "what they ran before".to_owned(),
                    |previous| format!("{} {}", previous.channel, previous.number)
                )
            ),
            command: Some(format!("ringfence revert {id} --reason \"…\"")),
        });
    }
    if !view.withdrawn {
        offers.push(Offer {
            order: Order::Withdraw,
            title: "Withdraw",
            consequence: format!(
                "The digest sha256:{} can never be installed again, by anything; those that have \
                 it go back. A fixed file is a new release.",
                status.release.digest.short()
            ),
            command: Some(format!(
                "ringfence withdraw {}@{} --reason \"…\"",
                status.release.channel, status.release.number
            )),
        });
    }
    let by_hand = view.reasons.iter().any(|reason| reason.code == codes::ORDERED_HALT);
    if view.phase == Phase::Halted && by_hand {
        offers.push(Offer {
            order: Order::Resume,
            title: "Resume",
            consequence: format!(
                "The halt ordered by a person is lifted and the ladder goes on from {}.",
                of(view.assigned, view.machines)
            ),
            command: None,
        });
    }
    offers
}

/// All orders of one rollout. Outside the live parts that are swapped often: it changes only with
/// the phase, so that nobody's half-written reason is lost.
pub(crate) fn orders(status: &RolloutStatus, viewer: &Viewer) -> Markup {
    let offers = offers(status);
    html! {
        h2 { "Orders" }
        @if offers.is_empty() {
            p { "Nothing is left to order: the release is withdrawn and machines are back or going back."
                @if status.view.reasons.iter().any(|reason| by_person(reason.code)) { " A person ordered it." } }
        } @else if !viewer.role.may_order() {
            (not_allowed(viewer, "ordering a halt, a revert or a withdrawal"))
            ul.commands { @for offer in &offers { @if let Some(text) = &offer.command { li { (command(text)) } } } }
        } @else {
            div.orders { @for offer in &offers { (form(status, viewer, offer)) } }
        }
    }
}

fn form(status: &RolloutStatus, viewer: &Viewer, offer: &Offer) -> Markup {
    let id = &status.rollout;
    let name = word(offer.order);
    html! {
        form.order.stack method="post" action=(format!("/rollouts/{id}/orders"))
            aria-labelledby=(format!("{name}-title")) {
            (hidden(viewer, offer.order))
            h3 id=(format!("{name}-title")) { (offer.title) }
            p { (offer.consequence) }
            label for=(format!("{name}-reason")) { "Reason" }
            input id=(format!("{name}-reason")) name="reason" required maxlength="500" autocomplete="off";
            label for=(format!("{name}-confirm")) { "Type " b { (id) } " to confirm" }
            input id=(format!("{name}-confirm")) name="confirm" required autocomplete="off"
                spellcheck="false" pattern=(id.as_str().replace('.', "\\."));
            button.strong type="submit" { (offer.title) " " (id) }
            @if let Some(text) = &offer.command { (command(text)) }
        }
    }
}
