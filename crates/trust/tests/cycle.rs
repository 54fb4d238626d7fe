//! Publishing and refreshing, round after round, and what stays readable when time passes.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ringfence_trust as trust;
use support::{BYTES_MAX, NOW, Repo, days, key};
use trust::client::{
    Client, DirectoryStore, Fetch, FetchError, Fetched, Floors, Offline, TrustError,
};
use trust::repository::{self, NewRole, RotateRoot};

const FENCE: &str = "fence/rules.json";

#[test]
fn a_fence_and_a_release_reach_a_client_round_after_round() {
    let mut repo = Repo::new();
    let mut client = repo.client();
    for round in 1..=4 {
        let text = format!("fence {round}");
        repo.fence(&text);
        repo.release(round, &format!("manifest {round}"));
        let refresh = client.refresh(&mut repo.files, NOW).unwrap();
        assert!(refresh.changed && refresh.is_fresh(), "{refresh:?}");
        assert_eq!(client.target(FENCE, &mut repo.files, BYTES_MAX).unwrap(), text.as_bytes());
        for number in 1..=round {
            let path = format!("release/rules/{number}.json");
            let bytes = client.target(&path, &mut repo.files, BYTES_MAX).unwrap();
            assert_eq!(bytes, format!("manifest {number}").as_bytes());
        }
        assert_eq!(client.floors().of("fences"), round + 1);
        assert!(!client.refresh(&mut repo.files, NOW).unwrap().changed);
    }
    let keys = client.target(trust::EVIDENCE_KEYS_PATH, &mut repo.files, BYTES_MAX).unwrap();
    let keys = trust::evidence::EvidenceKeys::read(&keys).unwrap();
    assert_eq!(keys.keys(), [key(9).public().clone()]);
    let unknown = client.target("release/rules/9.json", &mut repo.files, BYTES_MAX);
    assert!(matches!(unknown, Err(TrustError::TargetUnknown { .. })), "{unknown:?}");
}

/// Counts what is fetched, and answers conditional fetches.
struct Counting<'a> {
    repo: &'a mut Repo,
    asked: Vec<String>,
}

impl Fetch for Counting<'_> {
    fn fetch(&mut self, path: &str, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        self.asked.push(path.to_owned());
        self.repo.files.fetch(path, bytes_max)
    }
    fn fetch_if_changed(
        &mut self,
        path: &str,
        etag: Option<&str>,
        bytes_max: usize,
    ) -> Result<Fetched, FetchError> {
        let bytes = self.fetch(path, bytes_max)?;
        let tag = decide::id::Digest::of(&bytes).short();
        if etag == Some(&tag) {
            return Ok(Fetched::Unchanged);
        }
        Ok(Fetched::Bytes { bytes, etag: Some(tag) })
    }
}

#[test]
fn a_poll_without_news_asks_for_two_small_files_and_other_channels_are_never_loaded() {
    let mut repo = Repo::new();
    repo.fence("one");
    let mut client = repo.client();
    let mut fetch = Counting { repo: &mut repo, asked: Vec::new() };
    client.refresh(&mut fetch, NOW).unwrap();
    client.target(FENCE, &mut fetch, BYTES_MAX).unwrap();
    assert!(!fetch.asked.iter().any(|path| path.contains("channel-")), "{:?}", fetch.asked);
    fetch.asked.clear();
    client.refresh(&mut fetch, NOW).unwrap();
    assert_eq!(fetch.asked, ["metadata/2.root.json", "metadata/timestamp.json"]);
    fetch.asked.clear();
    client.target(FENCE, &mut fetch, BYTES_MAX).unwrap();
    assert_eq!(fetch.asked, [""; 0], "a known target comes from the cache");
}

#[test]
fn what_is_cached_survives_a_restart_and_needs_no_network() {
    let directory = tempfile::tempdir().unwrap();
    let mut repo = Repo::new();
    repo.fence("one");
    let open = |repo: &Repo, floors| {
        let store = DirectoryStore::open(directory.path()).unwrap();
        Client::open(&repo.installed_root(), store, floors).unwrap()
    };
    let mut client = open(&repo, Floors::default());
    let refresh = client.refresh(&mut repo.files, NOW).unwrap();
    assert_eq!(refresh.cache_faults, [""; 0]);
    client.target(FENCE, &mut repo.files, BYTES_MAX).unwrap();
    let floors = client.floors().clone();

    let mut again = open(&repo, floors.clone());
    assert_eq!(again.target_though_stale(FENCE, &mut Offline, BYTES_MAX).unwrap(), b"one");
    let advancing = again.target(FENCE, &mut Offline, BYTES_MAX);
    assert_eq!(advancing, Err(TrustError::NotRefreshed));
    assert!(matches!(again.refresh(&mut Offline, NOW), Err(TrustError::Unreachable { .. })));
    assert_eq!(again.floors(), &floors);
}

#[test]
fn expired_metadata_is_stale_readable_and_never_advances() {
    let mut repo = Repo::new();
    repo.fence("one");
    let mut client = repo.client();
    for (later, stale) in [
        (days(2), vec!["timestamp"]),
        (days(10), vec!["timestamp", "snapshot"]),
        (days(100), vec!["timestamp", "snapshot", "targets"]),
        (days(400), vec!["root", "timestamp", "snapshot", "targets"]),
    ] {
        let refresh = client.refresh(&mut repo.files, NOW.plus(later)).unwrap();
        let roles: Vec<&str> = refresh.stale.iter().map(|one| one.role.as_str()).collect();
        assert_eq!(roles, stale, "after {later}");
        let target = client.target(FENCE, &mut repo.files, BYTES_MAX);
        assert!(matches!(target, Err(TrustError::Stale { .. })), "{target:?}");
        let read = client.target_though_stale(FENCE, &mut repo.files, BYTES_MAX);
        assert_eq!(read.unwrap(), b"one");
    }
    // The clock is put right again: nothing is left over.
    assert!(client.refresh(&mut repo.files, NOW).unwrap().is_fresh());
    assert_eq!(client.target(FENCE, &mut repo.files, BYTES_MAX).unwrap(), b"one");
    // A stale client still takes newer metadata: a halt must not be lost to a wrong clock.
    repo.fence("halted");
    assert!(!client.refresh(&mut repo.files, NOW.plus(days(400))).unwrap().is_fresh());
    let read = client.target_though_stale(FENCE, &mut repo.files, BYTES_MAX);
    assert_eq!(read.unwrap(), b"halted");
}

#[test]
fn a_clock_that_stands_behind_is_corrected_and_one_that_steps_never_bricks() {
    let mut repo = Repo::new();
    repo.now = NOW.plus(days(100));
    repo.fence("one");
    let mut client = repo.client();
    // In 1970 everything would look fresh; the timestamp's own time shows that targets expired.
    let refresh = client.refresh(&mut repo.files, decide::time::Time(0)).unwrap();
    assert_eq!(refresh.stale.len(), 1, "{refresh:?}");
    assert_eq!(refresh.stale[0].role, "targets");
    // The server's clock was ahead and is put right: the newer timestamp counts.
    repo.now = NOW.plus(days(1));
    repo.stamp();
    let now = repo.now;
    for now in [now, decide::time::Time(0), now] {
        assert!(client.refresh(&mut repo.files, now).unwrap().is_fresh(), "at {now:?}");
    }
}

#[test]
fn keys_rotate_and_a_channel_is_added_later() {
    let mut repo = Repo::new();
    repo.fence("one");
    let mut client = repo.client();
    client.refresh(&mut repo.files, NOW).unwrap();
    let new_root = key(21);
    let rotated = repository::rotate_root(&RotateRoot {
        previous: &repo.newest["root"],
        changes: vec![NewRole {
            role: "root".to_owned(),
            keys: vec![new_root.public().clone()],
            threshold: 1,
        }],
        signers: vec![&repo.root, &new_root],
        expires: NOW.plus(days(365)),
    });
    repo.take("root", rotated.unwrap());
    let channel = "signatures".parse().unwrap();
    let (keys, expires) = ([key(22).public().clone()], NOW.plus(days(90)));
    let current = repo.newest["targets"].clone();
    let targets =
        repository::delegate_channel(&current, &channel, &keys, 1, &[&repo.targets], expires);
    repo.take("targets", targets.unwrap());
    let role = repository::empty_role(&[&key(22)], expires);
    let path = "release/signatures/1.json";
    let role = repository::add_target(&role, path, b"first", &[&key(22)], expires).unwrap();
    repo.take("channel-signatures", role);
    repo.target(path, b"first");
    repo.seal();
    assert!(client.refresh(&mut repo.files, NOW).unwrap().is_fresh());
    assert_eq!(client.floors().root, 2);
    assert_eq!(client.target(path, &mut repo.files, BYTES_MAX).unwrap(), b"first");
    // Signed by the new key only: the old root's holders have not agreed.
    let alone = repository::rotate_root(&RotateRoot {
        previous: &repo.files["metadata/1.root.json"],
        changes: vec![],
        signers: vec![&new_root],
        expires,
    });
    assert!(alone.is_err());
}
