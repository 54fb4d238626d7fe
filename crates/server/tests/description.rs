//! The OpenAPI document is what is served: every route, and the fields of every document.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::id::Ring;
use serde::Serialize;
use serde_json::{Value, json};
use support::fleet::{Machine, enrolment};
use support::{World, quick, rollout_request};
use wire::api::{HoldRequest, OrderRequest, PlanAnswer, WithdrawRequest};
use wire::report::{Enroll, Enrolled, Reports, What};

#[test]
fn everything_served_is_described_and_everything_described_is_served() {
    let world = World::new();
    let (status, bytes) = world.get("/v1/openapi.json", "");
    assert_eq!(status, 200);
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document, ringfence_server::openapi());
    let paths = document["paths"].as_object().unwrap();
    let bearer = format!("Bearer {}", world.tokens.operator);
    for (path, item) in paths {
        for method in item.as_object().unwrap().keys() {
            let address = format!("http://{}{}", world.address, path.replace(['{', '}'], ""));
            let answer = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .build()
                .new_agent()
                .run(
                    ureq::http::Request::builder()
                        .method(method.to_uppercase().as_str())
                        .uri(address)
                        .header("Authorization", &bearer)
                        .body(())
                        .unwrap(),
                )
                .unwrap();
            assert_ne!(answer.status(), 405, "{method} {path} is described but not served");
        }
    }
    let text = document.to_string();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(
            text.contains(&format!("#/components/schemas/{name}")),
            "the schema {name} is used by no operation"
        );
    }
}

/// Holds a real document against its description.
fn compare(described: &Value, name: &str, real: &impl Serialize) {
    let schema = &described["components"]["schemas"][name];
    let real = serde_json::to_value(real).unwrap();
    let real = real.as_object().unwrap_or_else(|| panic!("{name} is no object"));
    let known = schema["properties"].as_object().unwrap();
    for (field, value) in real {
        let kind = known.get(field).unwrap_or_else(|| panic!("{name}.{field} is not described"));
        let found = match value {
            Value::Null => continue,
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Number(_) => "integer",
            Value::Bool(_) => "boolean",
            Value::String(_) => "string",
        };
        assert_eq!(kind["type"], found, "{name}.{field}");
    }
    for field in schema["required"].as_array().into_iter().flatten() {
        assert!(real.contains_key(field.as_str().unwrap()), "{name}.{field} is required");
    }
}

#[test]
fn documents_have_the_fields_that_are_described() {
    let mut world = World::new();
    let described = ringfence_server::openapi();
    let enroll: Enroll = enrolment("m-2", "7.11", Ring::Early);
    compare(&described, "Enroll", &enroll);
    let enrolled: Enrolled = world.enroll(&enroll);
    compare(&described, "Enrolled", &enrolled);
    let mut machine = Machine::join(&world, "m-1", "7.11", Ring::Early);
    let report = machine.report(What::Healthy, support::fleet::seed(), "");
    let reports = Reports {
        schema: "ringfence/reports/v1".into(),
        machine: machine.id.clone(),
        reports: vec![report.clone()],
    };
    compare(&described, "Reports", &reports);
    compare(&described, "ReportsTaken", &machine.send(&world, vec![report]));
    let (publish, role) = world.release(1, b"rules").sign(&world);
    compare(&described, "Publish", &publish);
    let release: Value = world.post("/v1/releases", &world.tokens.author, &publish).unwrap();
    world.role = role;
    compare(&described, "Release", &release);
    let request = rollout_request(1, &quick());
    compare(&described, "RolloutRequest", &request);
    let plan: PlanAnswer = world.post("/v1/plans", &world.tokens.operator, &request).unwrap();
    compare(&described, "PlanAnswer", &plan);
    compare(&described, "RolloutStatus", &world.rollout(1, &quick()).unwrap());
    let schema = String::from("a schema");
    let order = decide::rollout::Order::Halt;
    compare(&described, "OrderRequest", &OrderRequest { schema, order, reason: "".into() });
    let withdraw = WithdrawRequest {
        schema: "ringfence/withdraw/v1".into(),
        channel: support::channel(),
        digest: decide::id::Digest::of(b"rules"),
        reason: "typo".into(),
    };
    compare(&described, "WithdrawRequest", &withdraw);
    let hold = HoldRequest {
        schema: "ringfence/hold/v1".into(),
        machines: vec![machine.id],
        reason: "exam week".into(),
    };
    compare(&described, "HoldRequest", &hold);
    for (path, list, item) in [
        ("/v1/machines", "MachineStatusList", "MachineStatus"),
        ("/v1/audit", "AuditLineList", "AuditLine"),
        ("/v1/releases", "ReleaseList", "Release"),
        ("/v1/rollouts", "RolloutStatusList", "RolloutStatus"),
    ] {
        let real: Value = world.json(path);
        compare(&described, list, &real);
        compare(&described, item, &real["items"][0]);
    }
    let (_, problem) = world.post::<Value>("/v1/orders", "", &json!({})).unwrap_err();
    compare(&described, "Problem", &problem);
}
