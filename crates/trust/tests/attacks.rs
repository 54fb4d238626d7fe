//! What a mirror, a thief of one key, or a torn disk may try, and what the client says to it.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::time::Time;
use ringfence_trust as trust;
use std::collections::BTreeMap;
use support::{BYTES_MAX, NOW, Repo, days, key};
use trust::client::{Client, Fetch, Floors, MemoryStore, TrustError};
use trust::metadata::target_address;
use trust::repository::{self, NewRole, RotateRoot};

const FENCE: &str = "fence/rules.json";

/// One refresh, then everything that an agent reads.
fn use_all(client: &mut Client, fetch: &mut dyn Fetch, now: Time) -> Result<(), TrustError> {
    client.refresh(fetch, now)?;
    client.target(FENCE, fetch, BYTES_MAX)?;
    client.target("release/rules/1.json", fetch, BYTES_MAX)?;
    client.target(trust::EVIDENCE_KEYS_PATH, fetch, BYTES_MAX).map(|_| ())
}

fn published() -> Repo {
    let mut repo = Repo::new();
    repo.fence("one");
    repo.release(1, "manifest");
    repo
}

#[test]
fn a_flipped_bit_in_any_file_is_refused_or_changes_nothing() {
    let repo = published();
    let mut refused = 0;
    let mut used = 0;
    for (address, bytes) in &repo.files {
        for at in (0..bytes.len()).step_by(bytes.len() / 24 + 1) {
            let mut files = repo.files.clone();
            files.get_mut(address).unwrap()[at] ^= 1;
            let mut client = repo.client();
            used += 1;
            if use_all(&mut client, &mut files, NOW).is_ok() {
                let fence = client.target(FENCE, &mut files, BYTES_MAX).unwrap();
                assert_eq!(fence, b"one", "{address} at {at}");
            } else {
                refused += 1;
            }
        }
    }
    // Superseded versions lie in the repository too; flipping those harms nobody.
    assert!(refused > 100, "{refused} of {used}");
}

#[test]
fn an_older_state_of_the_repository_is_refused_role_by_role() {
    for role in ["timestamp", "everything"] {
        let mut repo = published();
        let old = repo.files.clone();
        repo.fence("two");
        let mut client = repo.client();
        use_all(&mut client, &mut repo.files, NOW).unwrap();
        let mut files = old.clone();
        if role == "timestamp" {
            files = repo.files.clone();
            let stamp = old["metadata/timestamp.json"].clone();
            files.insert("metadata/timestamp.json".to_owned(), stamp);
        }
        let error = client.refresh(&mut files, NOW).unwrap_err();
        assert!(matches!(error, TrustError::Rollback { .. }), "{role}: {error}");
        assert_eq!(client.target(FENCE, &mut repo.files, BYTES_MAX).unwrap(), b"two");
    }
}

#[test]
fn floors_hold_when_the_cache_is_gone_torn_or_old() {
    let mut repo = published();
    let old = repo.files.clone();
    repo.fence("two");
    let mut client = repo.client();
    use_all(&mut client, &mut repo.files, NOW).unwrap();
    let floors = client.floors().clone();
    let stores = || {
        let mut torn = BTreeMap::new();
        for name in ["timestamp", "snapshot", "targets", "fences"] {
            let bytes = &repo.newest[name];
            torn.insert(format!("{name}.json"), bytes[..bytes.len() / 2].to_vec());
        }
        let mut superseded = BTreeMap::new();
        let stamp = old["metadata/timestamp.json"].clone();
        superseded.insert("timestamp.json".to_owned(), stamp);
        [MemoryStore::default(), MemoryStore(torn), MemoryStore(superseded)]
    };
    for store in stores() {
        let mut client = repo.client_with(store, floors.clone());
        let error = client.refresh(&mut old.clone(), NOW).unwrap_err();
        assert!(matches!(error, TrustError::Rollback { .. }), "{error}");
        assert_eq!(client.floors(), &floors);
    }
    for store in stores() {
        let mut client = repo.client_with(store, floors.clone());
        use_all(&mut client, &mut repo.files.clone(), NOW).unwrap();
    }
    // Each floor by itself: raised by one, the same repository is refused.
    for role in ["root", "timestamp", "snapshot", "targets", "fences"] {
        let mut above = floors.clone();
        match role {
            "root" => above.root += 1,
            "timestamp" => above.timestamp += 1,
            "snapshot" => above.snapshot += 1,
            "targets" => above.targets += 1,
            _ => *above.roles.get_mut(role).unwrap() += 1,
        }
        let mut client = repo.client_with(MemoryStore::default(), above);
        match client.refresh(&mut repo.files.clone(), NOW).unwrap_err() {
            TrustError::Rollback { role: found, .. } => assert_eq!(found, role),
            other => panic!("{role}: {other}"),
        }
    }
}

#[test]
fn metadata_by_foreign_keys_is_refused_and_one_signature_of_two_is_not_enough() {
    let mut repo = published();
    repo.timestamp = key(66);
    repo.stamp();
    let error = repo.client().refresh(&mut repo.files, NOW).unwrap_err();
    assert!(matches!(error, TrustError::Signatures { found: 0, threshold: 1, .. }), "{error}");

    let mut repo = published();
    let current = repo.newest["channel-rules"].clone();
    let path = "release/rules/2.json";
    let role =
        repository::add_target(&current, path, b"x", &[&repo.rules[0]], NOW.plus(days(9))).unwrap();
    repo.take("channel-rules", role);
    repo.target(path, b"x");
    repo.seal();
    let mut client = repo.client();
    client.refresh(&mut repo.files, NOW).unwrap();
    let error = client.target(path, &mut repo.files, BYTES_MAX).unwrap_err();
    assert!(matches!(error, TrustError::Signatures { found: 1, threshold: 2, .. }), "{error}");
    // And nobody else is harmed by it.
    assert_eq!(client.target(FENCE, &mut repo.files, BYTES_MAX).unwrap(), b"one");
}

#[test]
fn a_role_cannot_speak_for_paths_outside_its_delegation() {
    let mut repo = published();
    // The online key lists a release; the models' key lists a fence and another's release.
    let expires = NOW.plus(days(5));
    for (role, pair, path) in [
        ("fences", key(5), "release/rules/7.json"),
        ("channel-models", key(8), "release/rules/7.json"),
        ("channel-models", key(8), "fence/models.json"),
    ] {
        let current = repo.newest[role].clone();
        let new = repository::put_target(&current, path, b"evil", &[&pair], expires).unwrap();
        repo.take(role, new);
        repo.target(path, b"evil");
    }
    repo.seal();
    let mut client = repo.client();
    use_all(&mut client, &mut repo.files, NOW).unwrap();
    for path in ["release/rules/7.json", "fence/models.json", "../x", "fence/../root.json", ""] {
        let error = client.target(path, &mut repo.files, BYTES_MAX).unwrap_err();
        assert!(matches!(error, TrustError::TargetUnknown { .. }), "{path}: {error}");
    }
}

#[test]
fn mixed_missing_and_endless_files_are_refused() {
    let mut repo = published();
    let before = repo.newest.clone();
    repo.fence("two");
    let snapshot = "metadata/4.snapshot.json";
    assert!(repo.files.contains_key(snapshot));
    let fence = target_address(FENCE, &decide::id::Digest::of(b"two").to_string());
    let cases = [
        (snapshot, Some(before["snapshot"].clone()), "integrity"),
        ("metadata/3.fences.json", Some(before["fences"].clone()), "integrity"),
        (&fence, Some(b"one".to_vec()), "integrity"),
        (&fence, None, "missing"),
        ("metadata/3.fences.json", None, "missing"),
        ("metadata/timestamp.json", None, "missing"),
        ("metadata/timestamp.json", Some(vec![b' '; 1 << 20]), "large"),
        (snapshot, Some(vec![b' '; 1 << 20]), "large"),
        (&fence, Some(vec![b' '; 1 << 20]), "large"),
        ("metadata/2.root.json", Some(vec![b' '; 1 << 20]), "large"),
        ("metadata/2.root.json", Some(repo.installed_root()), "integrity"),
        ("metadata/timestamp.json", Some(b"<html>log in</html>".to_vec()), "malformed"),
        (snapshot, Some(repo.newest["timestamp"].clone()), "integrity"),
    ];
    for (address, bytes, wanted) in cases {
        let mut files = repo.files.clone();
        match bytes {
            Some(bytes) => files.insert(address.to_owned(), bytes),
            None => files.remove(address),
        };
        let error = use_all(&mut repo.client(), &mut files, NOW).unwrap_err();
        let found = match &error {
            TrustError::Integrity { .. } => "integrity",
            TrustError::Missing { .. } => "missing",
            TrustError::TooLarge { .. } => "large",
            TrustError::Malformed { .. } => "malformed",
            _ => "other",
        };
        assert_eq!(found, wanted, "{address}: {error}");
    }
    let error = {
        let mut client = repo.client();
        client.refresh(&mut repo.files, NOW).unwrap();
        client.target(FENCE, &mut repo.files, 2).unwrap_err()
    };
    assert_eq!(error, TrustError::TooLarge { file: FENCE.to_owned(), limit: 2 });
}

#[test]
fn numbers_run_up_by_a_thief_are_forgotten_when_the_keys_are_rotated() {
    let mut repo = published();
    let honest = repo.newest.clone();
    for _ in 0..50 {
        repo.stamp();
    }
    let mut client = repo.client();
    client.refresh(&mut repo.files, NOW).unwrap();
    let floors = client.floors().clone();
    assert!(floors.timestamp > 50);
    let fresh = key(31);
    let root = repository::rotate_root(&RotateRoot {
        previous: &repo.newest["root"],
        changes: vec![NewRole {
            role: "timestamp".to_owned(),
            keys: vec![fresh.public().clone()],
            threshold: 1,
        }],
        signers: vec![&repo.root],
        expires: NOW.plus(days(365)),
    });
    repo.take("root", root.unwrap());
    repo.timestamp = fresh;
    repo.newest.insert("timestamp".to_owned(), honest["timestamp"].clone());
    repo.stamp();
    repo.files.insert("metadata/timestamp.json".to_owned(), repo.newest["timestamp"].clone());
    for mut client in [client, repo.client_with(MemoryStore::default(), floors)] {
        use_all(&mut client, &mut repo.files, NOW).unwrap();
        assert!(client.floors().timestamp < 50, "{:?}", client.floors());
        // The new floors hold: the same root again forgets nothing.
        let mut above = client.floors().clone();
        above.timestamp += 1;
        let mut again = repo.client_with(MemoryStore::default(), above);
        assert!(again.refresh(&mut repo.files, NOW).is_err());
    }
}

#[test]
fn an_endless_root_chain_stops_and_goes_on_next_time() {
    let mut repo = published();
    for _ in 0..40 {
        let root = repository::rotate_root(&RotateRoot {
            previous: &repo.newest["root"],
            changes: vec![],
            signers: vec![&repo.root],
            expires: NOW.plus(days(365)),
        });
        repo.take("root", root.unwrap());
    }
    let mut client = repo.client_with(MemoryStore::default(), Floors::default());
    let error = client.refresh(&mut repo.files, NOW).unwrap_err();
    assert_eq!(error, TrustError::TooManyRoots { version: 33, limit: 32 });
    assert!(client.refresh(&mut repo.files, NOW).unwrap().is_fresh());
    assert_eq!(client.floors().root, 41);
}
