//! Evidence: made, read back, and every way it must not be believed.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use decide::id::Digest;
use decide::release::Kind;
use decide::verdict::Verdict;
use ringfence_trust as trust;
use serde_json::{Value, json};
use support::{NOW, key};
use trust::evidence::statement::{Descriptor, Extra};
use trust::evidence::{EvidenceError, EvidenceKeys, Outcome, Statement, facts, pae, sign};

fn statement(verdict: Verdict) -> Statement {
    Statement::new(Outcome {
        file_name: "rules.bin".to_owned(),
        subject: Digest::of(b"content"),
        configuration: vec![Descriptor::new("contract.toml", Digest::of(b"contract"))],
        passed: vec!["loads in 7.11".to_owned()],
        warned: vec![],
        failed: vec![],
        extra: Extra {
            kind: Kind::Trial,
            channel: "rules".parse().unwrap(),
            verdict,
            consumer_versions: vec!["7.10".parse().unwrap(), "7.11".parse().unwrap()],
            made: NOW,
            tool: "ringfence 0.1.0".to_owned(),
            sandbox: "landlock, seccomp".to_owned(),
            executions: 12,
            report: Some(Digest::of(b"report")),
        },
    })
}

fn keys() -> EvidenceKeys {
    EvidenceKeys::of(&[key(1).public().clone(), key(2).public().clone()])
}

#[test]
fn the_signed_bytes_are_those_of_the_specification() {
    // The example of the DSSE protocol description.
    let bytes = pae("http://example.com/HelloWorld", b"hello world");
    assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    assert_eq!(pae("\u{e4}", b"x"), "DSSEv1 2 \u{e4} 1 x".as_bytes());
}

#[test]
fn facts_read_back_what_was_stated() {
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::NoSignal] {
        let envelope = statement(verdict).sign(&[&key(2)]);
        let facts = facts(&envelope, &keys()).unwrap();
        assert_eq!((facts.kind, facts.verdict, facts.made), (Kind::Trial, verdict, NOW));
        assert_eq!(facts.subject, Digest::of(b"content"));
        assert_eq!(facts.versions.len(), 2);
    }
    let read = EvidenceKeys::read(&keys().bytes()).unwrap();
    assert_eq!(read, keys());
    assert!(EvidenceKeys::read(b"{\"schema\":\"x\",\"keys\":[]}").is_err());
}

/// Signs a statement after `change`, with a key that may sign.
fn changed(change: impl FnOnce(&mut Value)) -> Result<(), EvidenceError> {
    let mut value = serde_json::to_value(statement(Verdict::Pass)).unwrap();
    change(&mut value);
    let envelope = sign(&serde_json::to_vec(&value).unwrap(), &[&key(1)]);
    facts(&envelope, &keys()).map(|_| ())
}

#[test]
fn statements_that_say_something_else_are_refused() {
    changed(|_| ()).unwrap();
    changed(|value| value["predicate"]["url"] = json!("https://example.invalid/run/1")).unwrap();
    type Case = (Box<dyn FnOnce(&mut Value)>, u16);
    let cases: Vec<Case> = vec![
        (Box::new(|v| v["_type"] = json!("https://in-toto.io/Statement/v0.1")), 365),
        (Box::new(|v| v["predicateType"] = json!("https://slsa.dev/provenance/v1")), 365),
        (Box::new(|v| v["subject"] = json!([])), 365),
        (Box::new(|v| v["subject"] = json!([v["subject"][0], v["subject"][0]])), 365),
        (Box::new(|v| v["subject"][0]["digest"] = json!({"sha1": "00"})), 365),
        (Box::new(|v| v["subject"][0]["digest"]["sha256"] = json!("00")), 365),
        (Box::new(|v| v["predicate"]["result"] = json!("FAILED")), 366),
        (Box::new(|v| v["predicate"]["ringfence"]["verdict"] = json!("fail")), 366),
        (Box::new(|v| v["predicate"]["failedTests"] = json!(["one"])), 366),
        (Box::new(|v| v["predicate"]["ringfence"]["kind"] = json!("guess")), 365),
        (Box::new(|v| v["predicate"]["ringfence"]["extra"] = json!(1)), 365),
        (Box::new(|v| v["predicate"]["ringfence"]["consumer_versions"] = json!(["../x"])), 365),
    ];
    for (number, (change, code)) in cases.into_iter().enumerate() {
        let error = changed(change).unwrap_err();
        assert_eq!(trust::Refusal::code(&error).0, code, "case {number}: {error}");
    }
}

#[test]
fn envelopes_that_prove_nothing_are_refused() {
    let good = statement(Verdict::Pass).sign(&[&key(1)]);
    let envelope: Value = serde_json::from_slice(&good).unwrap();
    let with = |field: &str, value: Value| {
        let mut copy = envelope.clone();
        copy[field] = value;
        serde_json::to_vec(&copy).unwrap()
    };
    let repeated = String::from_utf8(good.clone()).unwrap().replacen('{', "{\"payload\":\"\",", 1);
    let payload = br#"{"_type":"a","_type":"b"}"#;
    let cases = [
        (statement(Verdict::Pass).sign(&[&key(3)]), 364),
        (with("signatures", json!([])), 364),
        (with("signatures", json!([{"keyid": key(1).public().id(), "sig": "AAAA"}])), 364),
        (with("signatures", vec![envelope["signatures"][0].clone(); 17].into()), 362),
        (with("payload", json!(STANDARD.encode(b"{}"))), 364),
        (with("payload", json!("***")), 362),
        (with("payloadType", json!("text/plain")), 363),
        (repeated.into_bytes(), 362),
        (sign(payload, &[&key(1)]), 365),
        (vec![b' '; (1 << 20) + 1], 361),
        (Vec::new(), 362),
    ];
    for (number, (bytes, code)) in cases.into_iter().enumerate() {
        let error = facts(&bytes, &keys()).unwrap_err();
        assert_eq!(trust::Refusal::code(&error).0, code, "case {number}: {error}");
    }
    // A wrong hint is harmless: the key is found by trying.
    let sig = envelope["signatures"][0]["sig"].clone();
    let hint = with("signatures", json!([{"keyid": "somebody", "sig": sig}]));
    assert!(facts(&hint, &keys()).is_ok());
}
