//! Every route that is served, with what the description says about it. The router and the
//! OpenAPI document are both made from this list, so neither can have what the other lacks.

use super::{App, agents, api, events, forms, pages, stock};
use axum::routing::{MethodRouter, delete, get, post};
use std::sync::Arc;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Anybody.
    Anybody,
    /// The fleet's enrolment token.
    Enroller,
    /// A machine's token.
    Machine,
    /// A person of at least this role.
    Person(crate::model::Role),
    /// A session's cookie.
    Session,
}

/// One operation of a route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub method: &'static str,
    pub summary: &'static str,
    pub who: Who,
    /// Name of the request's schema.
    pub request: Option<&'static str>,
    /// Media type and, for JSON, name of the answer's schema.
    pub answer: (&'static str, &'static str),
}

/// One path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub path: &'static str,
    /// Static files of machines: outside the bounds on requests.
    pub stock: bool,
    pub operations: &'static [Operation],
}

type Handler = MethodRouter<Arc<App>>;

use crate::model::Role::{Author, Operator, Viewer};
use Who::{Anybody, Enroller, Machine, Person, Session};

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const FILE: &str = "application/octet-stream";

const fn read(summary: &'static str, who: Who, answer: (&'static str, &'static str)) -> Operation {
    Operation { method: "get", summary, who, request: None, answer }
}
const fn send(
    summary: &'static str,
    who: Who,
    request: &'static str,
    answer: (&'static str, &'static str),
) -> Operation {
    Operation { method: "post", summary, who, request: Some(request), answer }
}

macro_rules! routes {
    ($($path:literal, $stock:literal, $handler:expr, [$($operation:expr),+ $(,)?];)+) => {
        /// All routes with their handlers.
        pub(super) fn all() -> Vec<(Route, Handler)> {
            vec![$((
                Route { path: $path, stock: $stock, operations: const { &[$($operation),+] } },
                $handler,
            )),+]
        }
    };
}

routes! {
    "/tuf/{*path}", true, get(stock::file), [
        read("Signed metadata and targets (TUF), with entity tags", Anybody, (FILE, "")),
    ];
    "/objects/{digest}", true, get(stock::file), [
        read("A file or a piece of evidence by its SHA-256", Anybody, (FILE, "")),
    ];
    "/v1/enroll", false, post(agents::enroll), [
        send("A machine enrols", Enroller, "Enroll", (JSON, "Enrolled")),
    ];
    "/v1/reports", false, post(agents::reports), [
        send("A machine reports; repeats are dropped", Machine, "Reports", (JSON, "ReportsTaken")),
    ];
    "/v1/releases", false, get(api::releases).post(api::publish), [
        read("All releases", Person(Viewer), (JSON, "ReleaseList")),
        send("Publish a release; everything is verified first", Person(Author), "Publish", (JSON, "Release")),
    ];
    "/v1/plans", false, post(api::plan), [
        send("What a rollout would do", Person(Operator), "RolloutRequest", (JSON, "PlanAnswer")),
    ];
    "/v1/rollouts", false, get(api::rollouts).post(api::start), [
        read("All rollouts", Person(Viewer), (JSON, "RolloutStatusList")),
        send("Start a rollout", Person(Operator), "RolloutRequest", (JSON, "RolloutStatus")),
    ];
    "/v1/rollouts/{id}", false, get(api::rollout), [
        read("One rollout", Person(Viewer), (JSON, "RolloutStatus")),
    ];
    "/v1/rollouts/{id}/orders", false, post(api::order), [
        send("Halt, revert, withdraw or resume a rollout", Person(Operator), "OrderRequest", (JSON, "RolloutStatus")),
    ];
    "/v1/rollouts/{id}/retro", false, get(api::retro), [
        read("The retrospective, in Markdown", Person(Viewer), ("text/markdown", "")),
    ];
    "/v1/orders", false, post(api::order_all), [
        send("One order for all running rollouts", Person(Operator), "OrderRequest", (JSON, "RolloutStatusList")),
    ];
    "/v1/withdrawals", false, post(api::withdraw), [
        send("Withdraw a digest for ever", Person(Operator), "WithdrawRequest", (JSON, "Release")),
    ];
    "/v1/holds", false, post(api::hold), [
        send("Hold machines at what they run", Person(Operator), "HoldRequest", (JSON, "MachineStatusList")),
    ];
    "/v1/holds/{machine}", false, delete(api::lift), [
        Operation {
            method: "delete",
            summary: "Lift a hold",
            who: Person(Operator),
            request: None,
            answer: (JSON, "MachineStatus"),
        },
    ];
    "/v1/machines", false, get(api::machines), [
        read("All machines", Person(Viewer), (JSON, "MachineStatusList")),
    ];
    "/v1/audit", false, get(api::audit), [
        read("Audit lines after a number, about a target or anything", Person(Viewer), (JSON, "AuditLineList")),
    ];
    "/v1/openapi.json", false, get(api::openapi), [
        read("This document", Anybody, (JSON, "")),
    ];
    "/healthz", false, get(api::health), [
        read("Says that the server works", Anybody, ("text/plain", "")),
    ];
    "/", false, get(pages::now), [
        read("The page of what is going on, or its JSON twin", Session, (HTML, "")),
    ];
    "/login", false, get(pages::login).post(forms::login), [
        read("The login page", Anybody, (HTML, "")),
        send("Log in with a token", Anybody, "Form", (HTML, "")),
    ];
    "/logout", false, post(forms::logout), [
        send("Log out", Session, "Form", (HTML, "")),
    ];
    "/orders", false, post(forms::order_all), [
        send("The page's button: halt all", Session, "Form", (HTML, "")),
    ];
    "/rollouts/{id}", false, get(pages::rollout), [
        read("The page of one rollout, or its JSON twin", Session, (HTML, "")),
    ];
    "/rollouts/{id}/orders", false, post(forms::order), [
        send("The page's orders", Session, "Form", (HTML, "")),
    ];
    "/events", false, get(events::events), [
        read("Changed parts of a page as server-sent events", Session, ("text/event-stream", "")),
    ];
    "/assets/{name}", false, get(pages::asset), [
        read("Style, script and pictures of the pages", Anybody, (FILE, "")),
    ];
}
