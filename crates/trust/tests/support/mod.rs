//! A small repository in memory, with all its keys, as test cases need it.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use decide::time::{Span, Time};
use ringfence_trust as trust;
use std::collections::BTreeMap;
use trust::client::{Client, Floors, MemoryStore};
use trust::key::KeyPair;
use trust::metadata::{metadata_address, target_address};
use trust::repository::{self, ChannelKeys, Expiries, InitRequest, Signers};

pub const NOW: Time = Time(1_766_000_000_000);
pub const BYTES_MAX: usize = 1 << 20;

pub fn key(seed: u8) -> KeyPair {
    KeyPair::from_seed(&[seed; 32]).unwrap()
}

pub fn days(n: u64) -> Span {
    Span::hours(24 * n)
}

pub struct Repo {
    pub root: KeyPair,
    pub targets: KeyPair,
    pub snapshot: KeyPair,
    pub timestamp: KeyPair,
    pub fences: KeyPair,
    pub rules: [KeyPair; 2],
    pub models: KeyPair,
    /// Everything that was ever published, by address.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Newest metadata by role.
    pub newest: BTreeMap<String, Vec<u8>>,
    pub now: Time,
}

impl Repo {
    pub fn new() -> Repo {
        Repo::at(NOW)
    }

    pub fn at(now: Time) -> Repo {
        let mut repo = Repo {
            root: key(1),
            targets: key(2),
            snapshot: key(3),
            timestamp: key(4),
            fences: key(5),
            rules: [key(6), key(7)],
            models: key(8),
            files: BTreeMap::new(),
            newest: BTreeMap::new(),
            now,
        };
        let one = |pair| Signers { keys: vec![pair], threshold: 1 };
        let request = InitRequest {
            root: one(&repo.root),
            targets: one(&repo.targets),
            snapshot: one(&repo.snapshot),
            timestamp: one(&repo.timestamp),
            fences: one(&repo.fences),
            channels: vec![
                ChannelKeys {
                    channel: "rules".parse().unwrap(),
                    signers: Signers { keys: repo.rules.iter().collect(), threshold: 2 },
                },
                ChannelKeys { channel: "models".parse().unwrap(), signers: one(&repo.models) },
            ],
            evidence: vec![key(9).public().clone()],
            now,
            expiries: Expiries::default(),
        };
        let files = repository::init(&request).unwrap();
        for (address, bytes) in files {
            if let Some(name) = address.strip_prefix("metadata/") {
                let role = name.trim_end_matches(".json").trim_start_matches("1.");
                repo.newest.insert(role.to_owned(), bytes.clone());
            }
            repo.files.insert(address, bytes);
        }
        repo
    }

    pub fn take(&mut self, role: &str, bytes: Vec<u8>) {
        let version = repository::version(role, &bytes).unwrap();
        self.files.insert(metadata_address(role, version), bytes.clone());
        self.newest.insert(role.to_owned(), bytes);
    }

    pub fn seal(&mut self) {
        let names: Vec<String> = self.newest.keys().cloned().collect();
        let roles: Vec<(&str, &[u8])> = names
            .iter()
            .filter(|name| !["root", "snapshot", "timestamp"].contains(&name.as_str()))
            .map(|name| (name.as_str(), self.newest[name].as_slice()))
            .collect();
        let (previous, expires) =
            (Some(self.newest["snapshot"].as_slice()), self.now.plus(days(7)));
        let snapshot = repository::snapshot(previous, &roles, &[&self.snapshot], expires).unwrap();
        self.take("snapshot", snapshot);
        self.stamp();
    }

    pub fn stamp(&mut self) {
        let previous = Some(self.newest["timestamp"].as_slice());
        let expires = self.now.plus(days(1));
        let signers = [&self.timestamp];
        let snapshot = &self.newest["snapshot"];
        let timestamp =
            repository::timestamp(previous, snapshot, &signers, self.now, expires).unwrap();
        self.take("timestamp", timestamp);
    }

    pub fn fence(&mut self, text: &str) {
        let (path, bytes) = ("fence/rules.json", text.as_bytes());
        let expires = self.now.plus(days(7));
        let role =
            repository::put_target(&self.newest["fences"], path, bytes, &[&self.fences], expires);
        self.take("fences", role.unwrap());
        self.target(path, bytes);
        self.seal();
    }

    pub fn target(&mut self, path: &str, bytes: &[u8]) {
        let digest = decide::id::Digest::of(bytes).to_string();
        self.files.insert(target_address(path, &digest), bytes.to_vec());
    }

    pub fn release(&mut self, number: u64, text: &str) {
        let path = format!("release/rules/{number}.json");
        let expires = self.now.plus(days(90));
        let current = &self.newest["channel-rules"];
        let role =
            repository::add_target(current, &path, text.as_bytes(), &[&self.rules[0]], expires)
                .unwrap();
        let role = repository::sign_more(&role, &[&self.rules[1]]).unwrap();
        self.take("channel-rules", role);
        self.target(&path, text.as_bytes());
        self.seal();
    }

    pub fn installed_root(&self) -> Vec<u8> {
        self.files["metadata/1.root.json"].clone()
    }

    pub fn client(&self) -> Client {
        self.client_with(MemoryStore::default(), Floors::default())
    }

    pub fn client_with(&self, store: MemoryStore, floors: Floors) -> Client {
        Client::open(&self.installed_root(), store, floors).unwrap()
    }
}
