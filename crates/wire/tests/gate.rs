//! The validation gate: what each message looks like, and what is not let through.
#![allow(missing_docs, clippy::unwrap_used)]

use decide::id::{Digest, ReleaseRef};
use decide::time::Time;
use ringfence_wire as wire;
use serde::Serialize;
use serde_json::{Value, json};
use wire::api::{HoldRequest, OrderRequest, Publish, PublishParts, WithdrawRequest};
use wire::fence::Fence;
use wire::manifest::{EvidenceKind, EvidenceRef, Manifest};
use wire::report::{Enroll, Enrolled, Report, Reports, ReportsTaken, RunningRelease, What};
use wire::{Document, ReadError, read};

fn digest() -> String {
    Digest::of(b"content").to_string()
}

fn manifest() -> Value {
    json!({
        "schema": "ringfence/manifest/v1",
        "release": {"channel": "rules", "number": 3, "digest": digest(), "length": 7},
        "file_name": "rules.bin",
        "created": 1_766_000_000_000_u64,
        "evidence": [{"kind": "check", "digest": digest(), "length": 900}],
    })
}

fn enroll() -> Value {
    json!({
        "schema": "ringfence/enroll/v1", "machine": "m-1", "labels": {"os": "linux"},
        "ring": "standard", "channels": ["rules"],
    })
}

fn report() -> Value {
    json!({
        "sequence": 4, "channel": "rules", "age": 250, "what": "healthy",
        "release": {"number": 3, "digest": digest()}, "fence": 12,
    })
}

fn reports() -> Value {
    json!({"schema": "ringfence/reports/v1", "machine": "m-1", "reports": [report()]})
}

fn publish() -> Value {
    json!({
        "schema": "ringfence/publish/v1", "manifest": "e30=", "channel_role": "e30=",
        "evidence": ["e30="], "content": "AAEC",
    })
}

fn withdraw() -> Value {
    json!({
        "schema": "ringfence/withdraw/v1", "channel": "rules", "digest": digest(), "reason": "x",
    })
}

fn hold() -> Value {
    json!({"schema": "ringfence/hold/v1", "machines": ["m-1", "m-2"], "reason": "quarter end"})
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// Reads, writes, reads again; then refuses each way of being wrong.
fn passes_the_gate<D>(good: &Value)
where
    D: Document + Serialize + PartialEq + std::fmt::Debug,
{
    let document: D = read(&bytes(good)).unwrap();
    let again = serde_json::to_vec(&document).unwrap();
    assert_eq!(read::<D>(&again).unwrap(), document, "{}", D::SCHEMA);

    let mut other = good.clone();
    other["schema"] = json!("ringfence/other/v9");
    assert!(matches!(read::<D>(&bytes(&other)), Err(ReadError::Schema { .. })), "{}", D::SCHEMA);
    let mut unknown = good.clone();
    unknown["surprise"] = json!(1);
    let refused = read::<D>(&bytes(&unknown));
    assert!(matches!(refused, Err(ReadError::Malformed { .. })), "{}: {refused:?}", D::SCHEMA);
    for field in good.as_object().unwrap().keys() {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(field);
        assert!(read::<D>(&bytes(&without)).is_err(), "{} without {field}", D::SCHEMA);
    }
    let large = vec![b' '; D::BYTES_MAX + 1];
    let limit = D::BYTES_MAX;
    assert_eq!(read::<D>(&large), Err(ReadError::TooLarge { bytes: limit + 1, limit }));
    for cut in [0, 1, again.len() / 2, again.len() - 1] {
        assert!(read::<D>(&again[..cut]).is_err(), "{} cut at {cut}", D::SCHEMA);
    }
}

#[test]
fn requests_pass_whole_and_nothing_else_does() {
    passes_the_gate::<Manifest>(&manifest());
    passes_the_gate::<Enroll>(&enroll());
    passes_the_gate::<Reports>(&reports());
    passes_the_gate::<Publish>(&publish());
    passes_the_gate::<WithdrawRequest>(&withdraw());
    passes_the_gate::<HoldRequest>(&hold());
}

#[test]
fn answers_may_grow_and_are_read_by_older_agents() {
    let enrolled = json!({"schema": "ringfence/enrolled/v1", "machine_token": "t", "later": 1});
    assert_eq!(read::<Enrolled>(&bytes(&enrolled)).unwrap().machine_token, "t");
    let taken =
        json!({"schema": "ringfence/reports-taken/v1", "sequence": 4, "fences": {"rules": 12}});
    assert_eq!(read::<ReportsTaken>(&bytes(&taken)).unwrap().sequence, 4);
}

#[test]
fn names_numbers_and_words_are_checked_at_the_gate() {
    let change = |good: Value, pointer: &str, to: Value| {
        let mut value = good;
        *value.pointer_mut(pointer).unwrap() = to;
        bytes(&value)
    };
    let refused = |result: Result<(), ReadError>, what: &str| {
        assert!(matches!(result, Err(ReadError::Malformed { .. })), "{what}: {result:?}");
    };
    for (pointer, to) in [
        ("/machine", json!("../etc")),
        ("/machine", json!("")),
        ("/ring", json!("first")),
        ("/channels/0", json!("a/b")),
        ("/labels/os", json!(7)),
    ] {
        let result = read::<Enroll>(&change(enroll(), pointer, to)).map(|_| ());
        refused(result, pointer);
    }
    for (pointer, to) in [
        ("/reports/0/what", json!("fine")),
        ("/reports/0/sequence", json!(-1)),
        ("/reports/0/age", json!(1.5)),
        ("/reports/0/release/digest", json!("abc")),
        ("/reports/0/release", json!({"number": 1, "digest": digest(), "extra": 1})),
    ] {
        let result = read::<Reports>(&change(reports(), pointer, to)).map(|_| ());
        refused(result, pointer);
    }
    for (pointer, to) in [
        ("/release/channel", json!("-rf")),
        ("/release/length", json!("7")),
        ("/evidence/0/kind", json!("rumour")),
    ] {
        let result = read::<Manifest>(&change(manifest(), pointer, to)).map(|_| ());
        refused(result, pointer);
    }
    let order = json!({"schema": "ringfence/order/v1", "order": "sideways", "reason": ""});
    refused(read::<OrderRequest>(&bytes(&order)).map(|_| ()), "order");
}

#[test]
fn an_error_names_the_place() {
    let text = b"{\n  \"schema\": \"ringfence/hold/v1\",\n  \"machines\": [\"..\"]\n}";
    match read::<HoldRequest>(text) {
        Err(ReadError::Malformed { line: 3, column, why }) => {
            assert!(column > 1 && why.contains("not a usable name"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fence_reads_back_and_its_path_is_that_of_its_channel() {
    let fence = json!({
        "schema": "ringfence/fence/v1", "channel": "rules", "number": 5, "issued": 1, "expires": 2,
        "base": null, "offers": [], "withdrawn": [digest()], "strata": ["os"],
        "cadence": {"poll": "60s", "heartbeat": "30s"},
    });
    let read: Fence = read(&bytes(&fence)).unwrap();
    assert_eq!(Fence::target_path(&read.channel), "fence/rules.json");
    assert_eq!(wire::read::<Fence>(&serde_json::to_vec(&read).unwrap()).unwrap(), read);
}

#[test]
fn paths_and_roles_are_those_that_the_trust_layer_delegates() {
    let manifest = Manifest {
        schema: Manifest::SCHEMA.to_owned(),
        release: ReleaseRef {
            channel: "rules".parse().unwrap(),
            number: 3,
            digest: Digest::of(b"content"),
            length: 7,
        },
        file_name: "rules.bin".to_owned(),
        created: Time(1),
        evidence: vec![EvidenceRef {
            kind: EvidenceKind::Trial,
            digest: Digest::of(b"evidence"),
            length: 8,
        }],
    };
    let channel = &manifest.release.channel;
    assert_eq!(Manifest::target_path(channel, 3), "release/rules/3.json");
    assert!(trust::metadata::is_safe_path(&Manifest::target_path(channel, 3)));
    assert_eq!(Manifest::role(channel), trust::channel_role(channel));
}

#[test]
fn optional_numbers_of_a_report_may_be_left_out() {
    let report: Report = serde_json::from_value(report()).unwrap();
    assert_eq!((report.events, report.decisions, report.rss_kib), (None, None, None));
    assert_eq!(report.what, What::Healthy);
    assert_eq!(report.release, RunningRelease { number: 3, digest: Digest::of(b"content") });
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains("events") && !text.contains("detail"), "{text}");
}

#[test]
fn what_is_published_arrives_byte_by_byte_or_not_at_all() {
    let parts = PublishParts {
        manifest: vec![0, 255, 10],
        channel_role: Vec::new(),
        evidence: vec![b"one".to_vec(), vec![128; 300]],
        content: (0..=255).collect(),
    };
    let publish = Publish::of(&parts);
    let sent = serde_json::to_vec(&publish).unwrap();
    assert_eq!(read::<Publish>(&sent).unwrap().parts(), Ok(parts));
    let spoils: [fn(&mut Publish); 4] = [
        |p| p.manifest = "AP8K=".into(),
        |p| p.channel_role = "%".into(),
        |p| p.evidence[1].truncate(399),
        |p| p.content.push('\n'),
    ];
    for (index, spoil) in spoils.into_iter().enumerate() {
        let mut spoiled = publish.clone();
        spoil(&mut spoiled);
        let error = spoiled.parts().expect_err("not base64").to_string();
        assert!(error.contains("is not base64"), "{index}: {error}");
    }
}

#[test]
fn a_fence_without_holds_reads_as_before() {
    let fence = json!({
        "schema": "ringfence/fence/v1", "channel": "rules", "number": 1, "issued": 1, "expires": 2,
        "base": null, "offers": [], "withdrawn": [], "strata": ["os"],
        "cadence": {"poll": "2s", "heartbeat": "2s"},
    });
    let read: Fence = read(fence.to_string().as_bytes()).unwrap();
    assert_eq!(read.held, vec![]);
    assert_eq!(serde_json::to_value(&read).unwrap(), fence, "no holds, no field");
}
