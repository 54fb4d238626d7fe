//! What a machine does not take: it keeps what it runs, and says why.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::id::Digest;
use decide::time::Span;
use support::field::Options;
use support::{Field, Hub, content};
use wire::fence::OfferState;
use wire::report::What;

/// Starts a machine on the good file and waits until it is healthy on fence `number`.
fn settled(hub: &Hub, options: Options) -> Field {
    let mut field = Field::with(hub, &content("good"), options);
    field.start();
    let number = hub.fence.number;
    field.until("a healthy seed", |s| s.attempts == 0 && s.fence == number);
    field
}

fn until_code(field: &Field, code: u16) {
    field.until(&format!("RF{code:04}"), |status| {
        status.now.stays_because.as_ref().is_some_and(|reason| reason.code.0 == code)
    });
    field.reads("good");
    assert!(field.consumer().is_some(), "the consumer runs on");
}

#[test]
fn a_taste_that_fails_refuses_once_and_never_activates() {
    let mut hub = Hub::new();
    let mut broken = content("fixed");
    broken.truncate(60);
    let release = hub.release(1, &broken);
    let field = settled(&hub, Options { tastes: true, ..Options::default() });
    hub.offer(&release, OfferState::Open);
    until_code(&field, 510);
    field.wait("the report", || hub.told(1) == [What::Refused]);
    let report = hub.reports().into_iter().find(|r| r.what == What::Refused).unwrap();
    assert!(report.detail.contains("exit code 1"), "{}", report.detail);
    let before = field.status().fence;
    hub.publish_fence();
    field.until("another fence", |status| status.fence > before);
    until_code(&field, 510);
    assert_eq!(hub.told(1), [What::Refused], "tasted once, told once");
}

#[test]
fn flipped_bytes_missing_evidence_and_other_consumers_are_refused() {
    let cases = ["content", "evidence", "version"];
    for case in cases {
        let mut hub = Hub::new();
        let fixed = content("fixed");
        let versions: &[&str] = if case == "version" { &["7.12"] } else { &["7.11"] };
        let release = hub.release_tried_on(1, &fixed, versions);
        let flip = |address: &str| {
            let mut shared = hub.shared.lock().unwrap();
            let bytes = shared.files.get_mut(address).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        };
        let address = format!("objects/{}", release.digest);
        let envelopes: Vec<String> = {
            let shared = hub.shared.lock().unwrap();
            let objects = shared.files.keys().filter(|name| name.starts_with("objects/"));
            objects.filter(|name| **name != address).cloned().collect()
        };
        match case {
            "content" => flip(&address),
            "evidence" => flip(&envelopes[0]),
            _ => {}
        }
        let field = settled(&hub, Options::default());
        hub.offer(&release, OfferState::Open);
        until_code(&field, 511);
        field.wait("the report", || hub.told(1) == [What::Refused]);
        assert!(!field.state().join("cas").join(release.digest.to_string()).exists(), "{case}");
    }
}

#[test]
fn flipped_metadata_is_not_believed_and_mended_metadata_is() {
    for role in ["timestamp", "snapshot", "fences", "channel-rules"] {
        let mut hub = Hub::new();
        let release = hub.release(1, &content("fixed"));
        let field = settled(&hub, Options::default());
        hub.down(true);
        hub.offer(&release, OfferState::Open);
        let whole = {
            let mut shared = hub.shared.lock().unwrap();
            let newest = shared.files.keys().filter(|name| name.ends_with(&format!("{role}.json")));
            let version = |name: &str| -> u64 {
                let file = name.rsplit('/').next().unwrap();
                file.split('.').next().unwrap().parse().unwrap_or(0)
            };
            let address = newest.max_by_key(|name| version(name)).unwrap().clone();
            let bytes = shared.files.get_mut(&address).unwrap();
            let whole = bytes.clone();
            let signature = whole.windows(5).position(|five| five == b"\"sig\"").unwrap();
            bytes[signature + 9] ^= 1;
            (address, whole)
        };
        hub.down(false);
        let code = if role == "channel-rules" { 511 } else { 503 };
        until_code(&field, code);
        if role != "channel-rules" {
            let stale = |report: &wire::report::Report| report.what == What::Stale;
            field.wait("a stale report", || hub.reports().iter().any(stale));
            hub.put(&whole.0, whole.1);
            field.until("the release", |status| status.current.number == 1);
        }
    }
}

#[test]
fn an_expired_lease_keeps_what_runs_and_a_renewed_one_goes_on() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("fixed"));
    let field = settled(&hub, Options::default());
    hub.down(true);
    hub.offer(&release, OfferState::Open);
    hub.stamp(Span(1));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    hub.down(false);
    until_code(&field, 503);
    let stale = |report: &wire::report::Report| report.what == What::Stale;
    field.wait("a stale report", || hub.reports().iter().any(stale));
    assert_eq!(hub.told(1), []);
    hub.stamp(Span::hours(1));
    field.until("the release", |status| status.current.number == 1);
}

/// An older repository, complete and well signed, is served again: refused, also when the
/// metadata cache is deleted or torn, and across a restart.
#[test]
fn an_older_fence_is_refused_whatever_became_of_the_cache() {
    for cache in ["kept", "deleted", "torn"] {
        let mut hub = Hub::new();
        let release = hub.release(1, &content("bad-291"));
        hub.offer(&release, OfferState::Open);
        let old = hub.shared.lock().unwrap().files.clone();
        hub.offer(&release, OfferState::Halted);
        hub.fence.withdrawn.push(release.digest);
        hub.publish_fence();
        let mut field = settled(&hub, Options::default());
        let seen = field.status().fence;
        field.kill();
        match cache {
            "deleted" => std::fs::remove_dir_all(field.state().join("tuf")).unwrap(),
            "torn" => {
                for entry in std::fs::read_dir(field.state().join("tuf")).unwrap().flatten() {
                    let bytes = std::fs::read(entry.path()).unwrap();
                    std::fs::write(entry.path(), &bytes[..bytes.len() / 2]).unwrap();
                }
            }
            _ => {}
        }
        {
            let mut shared = hub.shared.lock().unwrap();
            shared.files = old;
            shared.fence = 1;
        }
        field.start();
        until_code(&field, 503);
        assert_eq!(field.status().fence, seen, "{cache}");
        assert_eq!(hub.told(1), [], "{cache}");
    }
}

#[test]
fn a_repository_of_somebody_else_is_not_believed() {
    let mine = Hub::new();
    let mut other = Hub::with_keys(100);
    let release = other.release(1, &content("bad-291"));
    other.offer(&release, OfferState::Open);
    let mut field = Field::new(&other, &content("good"));
    std::fs::write(field.path().join("root.json"), &mine.root).unwrap();
    field.start();
    until_code(&field, 503);
    assert_eq!((field.status().fence, field.status().current.number), (0, 0));
}

/// Anything that is no answer: the machine keeps what it runs.
#[test]
fn a_captive_portal_changes_nothing() {
    let mut hub = Hub::new();
    let field = settled(&hub, Options::default());
    let release = hub.release(1, &content("bad-291"));
    {
        let mut shared = hub.shared.lock().unwrap();
        for bytes in shared.files.values_mut() {
            *bytes = b"<html>please log in</html>".to_vec();
        }
    }
    until_code(&field, 503);
    assert_eq!(field.status().current.digest, Digest::of(&content("good")));
    assert_eq!(hub.told(release.number), []);
}
