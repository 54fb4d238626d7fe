//! What all pages share: head, top bar, live regions, footer.

use super::assets::address;
use super::{STALE_AFTER_SECONDS, clock};
use crate::model::Viewer;
use decide::time::Time;
use maud::{DOCTYPE, Markup, html};

/// One part of a page that is replaced as a whole when it changes; `html` is one element whose
/// `id` is `id`.
pub(crate) struct Fragment {
    /// The element's id.
    pub(crate) id: &'static str,
    /// The element.
    pub(crate) html: Markup,
}

/// A page for somebody who is logged in.
pub(crate) struct Page<'a> {
    /// Title without the product's name.
    pub(crate) title: String,
    /// Who looks.
    pub(crate) viewer: &'a Viewer,
    /// Age of everything shown.
    pub(crate) as_of: Time,
    /// Address of the live events.
    pub(crate) events: String,
    /// Address of the same as JSON.
    pub(crate) twin: String,
    /// Where we are, for the top bar: nothing on the first page.
    pub(crate) here: Option<String>,
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            title { (title) " · Ringfence" }
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex";
            link rel="icon" type="image/svg+xml" href=(address("mark.svg"));
            link rel="stylesheet" href=(address("page.css"));
            script src=(address("live.js")) defer {}
        }
    }
}

/// The product's sign: a ring with a closed gate.
fn mark() -> Markup {
    html! {
        svg.mark-sign viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            path d="M12 3a9 9 0 1 1-6.4 2.7" {}
            path d="M7.5 12.2l3.2 3.2 6-6.6" {}
        }
    }
}

/// How old the page is. The script turns it into a warning when the server falls silent.
pub(crate) fn link_state(as_of: Time) -> Fragment {
    let html = html! {
        p #link .link data-as-of=(as_of.0) {
            span.link-word { "As of" }
            " "
            time datetime=(clock::iso(as_of)) title=(clock::full(as_of)) { (clock::of_day(as_of)) }
            span #link-age .link-age {}
        }
    };
    Fragment { id: "link", html }
}

impl Page<'_> {
    /// The whole document around `content`.
    pub(crate) fn render(&self, content: Markup) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                (head(&self.title))
                body data-events=(self.events) data-stale-seconds=(STALE_AFTER_SECONDS) {
                    a.skip href="#main" { "Skip to the content" }
                    (self.top())
                    p #lost .lost hidden { strong { "Not connected." } " " span #lost-age {} }
                    div #say-polite .unseen role="status" aria-live="polite" {}
                    div #say-assertive .unseen role="alert" aria-live="assertive" {}
                    main #main tabindex="-1" { (content) }
                    (self.foot())
                }
            }
        }
        .into_string()
    }

    fn top(&self) -> Markup {
        html! {
            header.top {
                a.brand href="/" { (mark()) "Ringfence" }
                nav aria-label="Where you are" {
                    @match &self.here {
                        None => span aria-current="page" { "Now" },
                        Some(here) => { a href="/" { "Now" } span aria-current="page" { (here) } },
                    }
                }
                (link_state(self.as_of).html)
                form.who method="post" action="/logout" {
                    input type="hidden" name="csrf" value=(self.viewer.csrf);
                    span { (self.viewer.name) " " span.quiet { (self.viewer.role.name()) } }
                    button.plain type="submit" { "Log out" }
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        html! {
            footer.foot {
                a href=(self.twin) type="application/json" { "This page as JSON" }
                a href="/v1/openapi.json" type="application/json" { "API description" }
                noscript { span { "Without script this page does not move by itself: reload it to see newer numbers." } }
            }
        }
    }
}

/// A document without viewer and live parts: the login.
pub(crate) fn bare(title: &str, content: Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body {
                main #main .alone { p.brand { (mark()) "Ringfence" } (content) }
            }
        }
    }
    .into_string()
}
