//! What the server accepts as a channel's new metadata, case by case.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ringfence_trust as trust;
use support::{NOW, Repo, days, key};
use trust::channel::{ChannelError, verify_channel_role};
use trust::metadata::{Signed, TargetFile, Targets, time_text};
use trust::repository;

/// New metadata of the channel `rules` after one release, changed by `change` and signed by all.
fn verify(change: impl FnOnce(&mut Targets)) -> Result<trust::channel::VerifiedRole, ChannelError> {
    let mut repo = Repo::new();
    repo.release(1, "one");
    let published = repo.newest["channel-rules"].clone();
    let role: Signed<Targets> = serde_json::from_slice(&published).unwrap();
    let mut targets = role.signed;
    targets.version += 1;
    change(&mut targets);
    let new = Signed::new(targets, &[&repo.rules[0], &repo.rules[1]]).bytes();
    let channel = "rules".parse().unwrap();
    verify_channel_role(&repo.newest["targets"], &published, &new, &channel, NOW)
}

#[test]
fn one_more_release_is_accepted_and_a_renewal_too() {
    let file = TargetFile::of(b"two");
    let verified = verify(|role| {
        role.targets.insert("release/rules/2.json".to_owned(), file);
    })
    .unwrap();
    assert_eq!((verified.version(), verified.role()), (3, "channel-rules"));
    assert_eq!(verified.added().len(), 1);
    assert_eq!(verified.added()[0].digest, decide::id::Digest::of(b"two"));
    assert_eq!(verify(|_| ()).unwrap().added(), []);
}

#[test]
fn everything_else_is_refused() {
    let put = |path: &'static str| {
        move |role: &mut Targets| {
            role.targets.insert(path.to_owned(), TargetFile::of(b"x"));
        }
    };
    type Case = (Box<dyn FnOnce(&mut Targets)>, &'static str);
    let cases: Vec<Case> = vec![
        (Box::new(|role| role.targets.clear()), "is missing"),
        (Box::new(put("release/rules/1.json")), "is different"),
        (Box::new(put("release/models/1.json")), "may not list"),
        (Box::new(put("fence/rules.json")), "may not list"),
        (Box::new(put("release/rules/a/b")), "may not list"),
        (Box::new(put("release/rules/..")), "may not list"),
        (Box::new(|role| role.version += 1), "the next version is 3"),
        (Box::new(|role| role.version -= 1), "the next version is 3"),
        (Box::new(|role| role.expires = time_text(NOW)), "expired"),
        (Box::new(|role| role.delegations = Some(Default::default())), "may not delegate"),
        (
            Box::new(|role| {
                let mut file = TargetFile::of(b"x");
                file.hashes.clear();
                role.targets.insert("release/rules/2.json".to_owned(), file);
            }),
            "may not list",
        ),
    ];
    for (change, wanted) in cases {
        let error = verify(change).unwrap_err();
        assert!(error.to_string().contains(wanted), "wanted '{wanted}', found '{error}'");
    }
}

#[test]
fn signatures_and_channels_are_checked() {
    let mut repo = Repo::new();
    repo.release(1, "one");
    let published = repo.newest["channel-rules"].clone();
    let targets = &repo.newest["targets"];
    let add = |signers: &[&trust::key::KeyPair]| {
        let path = "release/rules/2.json";
        repository::add_target(&published, path, b"two", signers, NOW.plus(days(9))).unwrap()
    };
    let verify = |new: &[u8], channel: &str| {
        verify_channel_role(targets, &published, new, &channel.parse().unwrap(), NOW)
    };
    for (new, found) in [
        (add(&[&repo.rules[0]]), 1),
        (add(&[&key(77), &key(78)]), 0),
        (add(&[&repo.rules[0], &key(77)]), 1),
        (add(&[&repo.fences, &repo.models]), 0),
    ] {
        let error = verify(&new, "rules").unwrap_err();
        let role = "channel-rules".to_owned();
        assert_eq!(error, ChannelError::Signatures { role, found, threshold: 2 });
    }
    let good = repository::sign_more(&add(&[&repo.rules[0]]), &[&repo.rules[1]]).unwrap();
    assert!(verify(&good, "rules").is_ok());
    assert!(matches!(verify(&good, "other"), Err(ChannelError::UnknownChannel { .. })));
    let twice = String::from_utf8(good).unwrap().replacen("{", "{\"signed\":{},", 1);
    let error = verify(twice.as_bytes(), "rules").unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
    let again = repository::add_target(
        &published,
        "release/rules/1.json",
        b"other",
        &[&repo.rules[0]],
        NOW,
    );
    assert!(again.is_err(), "a release is immutable");
}
