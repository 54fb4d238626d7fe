//! Every refusal: publishing, roles, hostile requests, forms from elsewhere.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::id::{Digest, Ring};
use decide::release::Kind;
use decide::verdict::Verdict;
use serde_json::{Value, json};
use support::fleet::Machine;
use support::{Candidate, World, channel, envelope, quick, rollout_request};
use wire::api::{List, PlanAnswer, Publish, Release, RolloutStatus};

/// A way to spoil a release, and the code that it must be refused with.
type Case = (&'static str, u16, &'static str, fn(&World, &mut Candidate));

const CASES: &[Case] = &[
    ("no evidence at all", 403, "RF0301", |_, c| {
        c.evidence.clear();
        c.list();
    }),
    ("a check alone", 403, "RF0301", |_, c| {
        c.evidence.pop();
        c.list();
    }),
    ("a negative trial", 403, "RF0302", |w, c| {
        let digest = c.manifest.release.digest;
        c.evidence[1] =
            envelope(w, Kind::Trial, digest, Verdict::Fail, &channel(), &["7.11", "7.12"]);
        c.list();
    }),
    ("a version in the field was not tried", 403, "RF0303", |w, c| {
        let digest = c.manifest.release.digest;
        c.evidence[1] = envelope(w, Kind::Trial, digest, Verdict::Pass, &channel(), &["7.12"]);
        c.list();
    }),
    ("evidence about other bytes", 403, "RF0304", |w, c| {
        let other = Digest::of(b"other");
        c.evidence[1] =
            envelope(w, Kind::Trial, other, Verdict::Pass, &channel(), &["7.11", "7.12"]);
        c.list();
    }),
    ("evidence for another channel", 403, "RF0725", |w, c| {
        let (digest, models) = (c.manifest.release.digest, "models".parse().unwrap());
        c.evidence[1] = envelope(w, Kind::Trial, digest, Verdict::Pass, &models, &["7.11"]);
        c.list();
    }),
    ("evidence that nobody signed", 403, "RF0364", |_, c| {
        let text = String::from_utf8(c.evidence[0].clone()).unwrap();
        let mut envelope: Value = serde_json::from_str(&text).unwrap();
        envelope["signatures"][0]["sig"] = json!("AAAA");
        c.evidence[0] = envelope.to_string().into_bytes();
        c.list();
    }),
    ("evidence that is not listed", 403, "RF0724", |_, c| {
        c.evidence[0].push(b'\n');
    }),
    ("kinds exchanged", 403, "RF0724", |_, c| {
        c.list();
        let kind = c.manifest.evidence[0].kind;
        c.manifest.evidence[0].kind = c.manifest.evidence[1].kind;
        c.manifest.evidence[1].kind = kind;
    }),
    ("other content", 403, "RF0722", |_, c| c.content = b"not what was tested".to_vec()),
    ("a number left out", 409, "RF0721", |_, c| c.manifest.release.number = 7),
    ("a channel that nobody delegated", 403, "RF0352", |_, c| {
        c.manifest.release.channel = "models".parse().unwrap();
    }),
    ("a manifest of another schema", 400, "RF0712", |_, c| {
        c.manifest.schema = "ringfence/manifest/v9".into();
    }),
];

#[test]
fn nothing_is_published_that_does_not_pass_every_gate() {
    let world = World::new();
    Machine::join(&world, "m-1", "7.11", Ring::Standard);
    for (name, status, code, spoil) in CASES {
        let mut candidate = world.release(1, b"rules");
        spoil(&world, &mut candidate);
        let (request, _) = candidate.sign(&world);
        let refused = world.post::<Value>("/v1/releases", &world.tokens.author, &request);
        let (found, problem) = refused.expect_err(name);
        assert_eq!((found, problem["code"].as_str()), (*status, Some(*code)), "{name}: {problem}");
    }
    signatures_are_counted(&world);
    let objects = std::fs::read_dir(world.data().join("objects")).unwrap().count();
    assert_eq!(objects, 0, "nothing of a refused release is kept");
    let (request, _) = world.release(1, b"rules").sign(&world);
    world.post::<Release>("/v1/releases", &world.tokens.author, &request).unwrap();
}

fn signatures_are_counted(world: &World) {
    let candidate = world.release(1, b"rules");
    let refuse = |request: &Publish| {
        let refused = world.post::<Value>("/v1/releases", &world.tokens.author, request);
        refused.unwrap_err().1["code"].as_str().unwrap().to_owned()
    };
    let (one, _) = candidate.sign_by(world, &[&world.people[0]]);
    assert_eq!(refuse(&one), "RF0353");
    let stranger = support::key(77);
    let (strange, _) = candidate.sign_by(world, &[&stranger, &world.people[0]]);
    assert_eq!(refuse(&strange), "RF0353");
    // The signed role lists another manifest than the one that is sent.
    let (mut swapped, _) = candidate.sign(world);
    let (other, _) = world.release(1, b"others").sign(world);
    swapped.manifest = other.manifest;
    swapped.content = other.content;
    swapped.evidence = other.evidence;
    assert_eq!(refuse(&swapped), "RF0720");
    let (mut garbled, _) = candidate.sign(world);
    garbled.content = "%%%".into();
    assert_eq!(refuse(&garbled), "RF0712");
}

#[test]
fn a_role_does_what_it_may_and_no_more() {
    let mut world = World::new();
    let machine = Machine::join(&world, "m-1", "7.11", Ring::Early);
    world.publish(1, b"rules");
    world.rollout(1, &quick()).unwrap();
    let order = json!({"schema": "ringfence/order/v1", "order": "halt", "reason": ""});
    let (viewer, author) = (world.tokens.viewer.clone(), world.tokens.author.clone());
    let (operator, enroll) = (world.tokens.operator.clone(), world.tokens.enroll.clone());
    let path = "/v1/rollouts/r-0001/orders";
    let cases: &[(&str, &str, u16, &str)] = &[
        (path, &viewer, 403, "RF0711"),
        (path, &author, 403, "RF0711"),
        (path, &enroll, 401, "RF0710"),
        (path, &machine.token, 401, "RF0710"),
        (path, "guess", 401, "RF0710"),
        (path, "", 401, "RF0710"),
        ("/v1/plans", &author, 403, "RF0711"),
        ("/v1/rollouts", &author, 403, "RF0711"),
        ("/v1/orders", &viewer, 403, "RF0711"),
        ("/v1/withdrawals", &author, 403, "RF0711"),
        ("/v1/holds", &viewer, 403, "RF0711"),
        ("/v1/releases", &viewer, 403, "RF0711"),
        ("/v1/enroll", &operator, 403, "RF0711"),
        ("/v1/reports", &operator, 401, "RF0710"),
        ("/v1/reports", "m-1~guess", 401, "RF0710"),
        ("/v1/reports", "m-2~guess", 401, "RF0710"),
    ];
    for (path, token, status, code) in cases {
        let (found, problem) = world.post::<Value>(path, token, &order).unwrap_err();
        assert_eq!((found, problem["code"].as_str()), (*status, Some(*code)), "{path} {token}");
    }
    for path in ["/v1/releases", "/v1/rollouts", "/v1/machines", "/v1/audit"] {
        assert_eq!(world.get(path, "").0, 401, "{path}");
        assert_eq!(world.get(path, &world.tokens.viewer).0, 200, "{path}");
    }
    let other = Machine::join(&world, "m-2", "7.11", Ring::Early);
    let foreign = json!({"schema": "ringfence/reports/v1", "machine": "m-1", "reports": []});
    let (status, _) = world.post::<Value>("/v1/reports", &other.token, &foreign).unwrap_err();
    assert_eq!(status, 403, "a machine speaks for itself only");
    world.post::<RolloutStatus>(path, &operator, &order).unwrap();
}

#[test]
fn hostile_requests_get_one_clear_answer() {
    let world = World::new();
    let operator = world.tokens.operator.clone();
    let bearer = format!("Bearer {operator}");
    let headers = [("Authorization", bearer.as_str())];
    let order = "/v1/orders";
    let huge = format!("{{\"schema\":\"{}\"}}", "x".repeat(20_000));
    let bodies: &[(&str, &str, u16, &str, &str)] = &[
        (order, "", 400, "RF0712", "line 1"),
        (order, "[]", 400, "RF0712", "line 1"),
        (
            order,
            r#"{"schema":"ringfence/order/v1","order":"halt","reason":"","force":true}"#,
            400,
            "RF0712",
            "unknown field `force`",
        ),
        (
            order,
            r#"{"schema":"ringfence/order/v2","order":"halt","reason":""}"#,
            400,
            "RF0712",
            "schema",
        ),
        (
            order,
            r#"{"schema":"ringfence/order/v1","order":"explode","reason":""}"#,
            400,
            "RF0712",
            "explode",
        ),
        (order, &huge, 413, "RF0713", "16384"),
        ("/v1/nothing", "{}", 404, "RF0714", "/v1/nothing"),
        ("/v1/machines", "{}", 405, "RF0714", "POST"),
        (
            "/v1/rollouts/r-9/orders",
            r#"{"schema":"ringfence/order/v1","order":"halt","reason":""}"#,
            404,
            "RF0714",
            "r-9",
        ),
        ("/v1/rollouts/..%2f/orders", "{}", 404, "RF0714", "rollout"),
    ];
    for (path, body, status, code, part) in bodies {
        let mut answer = world.post_bytes(path, &headers, body.as_bytes());
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let problem: Value =
            serde_json::from_slice(&answer.body_mut().read_to_vec().unwrap()).unwrap();
        let found = (answer.status().as_u16(), problem["code"].as_str().unwrap());
        assert_eq!(found, (*status, *code), "{path} {body:.60}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
        assert_eq!(kind, "application/problem+json");
    }
    for path in ["/tuf/keys/fences.pem", "/tuf/metadata/..%2f..%2fringfence.db", "/objects/ab"] {
        assert_eq!(world.get(path, "").0, 404, "{path}");
    }
    assert_eq!(world.get("/v1/audit?after=x", &operator).0, 400);
    assert_eq!(world.get("/healthz", "").0, 200);
}

#[test]
fn polls_are_answered_with_entity_tags() {
    let mut world = World::new();
    Machine::join(&world, "m-1", "7.11", Ring::Early);
    world.publish(1, b"rules");
    let path = "/tuf/metadata/timestamp.json";
    let first = world.raw(path, &[]);
    assert_eq!(
        (first.status().as_u16(), &first.headers()["cache-control"]),
        (200, &"public, no-cache".parse().unwrap())
    );
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    for tags in [etag.clone(), format!("\"other\", {etag}"), format!("W/{etag}"), "*".into()] {
        let mut again = world.raw(path, &[("If-None-Match", &tags)]);
        assert_eq!(again.status(), 304, "{tags}");
        assert_eq!(again.headers()["etag"].to_str().unwrap(), etag);
        assert_eq!(again.body_mut().read_to_vec().unwrap(), b"");
    }
    let object = format!("/objects/{}", Digest::of(b"rules"));
    let (status, bytes) = world.get(&object, "");
    assert_eq!((status, bytes.as_slice()), (200, b"rules".as_slice()));
    world.publish(2, b"more rules");
    assert_eq!(world.raw(path, &[("If-None-Match", &etag)]).status(), 200, "it has changed");
}

#[test]
fn a_plan_is_checked_when_it_is_carried_out() {
    let mut world = World::new();
    Machine::join(&world, "m-1", "7.11", Ring::Early);
    world.publish(1, b"rules");
    let operator = world.tokens.operator.clone();
    let mut request = rollout_request(1, &quick());
    let plan: PlanAnswer = world.post("/v1/plans", &operator, &request).unwrap();
    let again: PlanAnswer = world.post("/v1/plans", &operator, &request).unwrap();
    assert_eq!((plan.digest, plan.plan.machines), (again.digest, 1));
    Machine::join(&world, "m-2", "7.11", Ring::Early);
    request.plan = Some(plan.digest);
    let (status, problem) = world.post::<Value>("/v1/rollouts", &operator, &request).unwrap_err();
    assert_eq!((status, problem["code"].as_str()), (409, Some("RF0731")));
    let plan: PlanAnswer = world.post("/v1/plans", &operator, &request).unwrap();
    let mut other = request.clone();
    (other.plan, other.policy.hold_at) = (Some(plan.digest), 30);
    let (_, problem) = world.post::<Value>("/v1/rollouts", &operator, &other).unwrap_err();
    assert_eq!(problem["code"].as_str(), Some("RF0731"), "another policy is another plan");
    let mut ungated = request.clone();
    ungated.policy.lanes.values_mut().for_each(|lane| lane.gates.clear());
    let (status, problem) = world.post::<Value>("/v1/plans", &operator, &ungated).unwrap_err();
    assert_eq!((status, problem["code"].as_str()), (400, Some("RF0610")));
    request.plan = Some(plan.digest);
    let status: RolloutStatus = world.post("/v1/rollouts", &operator, &request).unwrap();
    assert_eq!(status.view.machines, 2);
    let rollouts: List<RolloutStatus> = world.json("/v1/rollouts");
    assert_eq!(rollouts.items.len(), 1);
}
