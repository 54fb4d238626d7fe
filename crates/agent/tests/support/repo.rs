//! A signed repository and the server that serves it.

use super::http::{Shared, serve};
use decide::exposure::{Salt, Threshold};
use decide::id::{Digest, ReleaseRef};
use decide::release::Kind;
use decide::time::{Span, Time};
use decide::verdict::Verdict;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use trust::evidence::statement::Extra;
use trust::evidence::{Outcome, Statement};
use trust::key::KeyPair;
use trust::metadata::{metadata_address, target_address};
use trust::repository::{self, ChannelKeys, Expiries, InitRequest, Signers};
use wire::fence::{Cadence, Fence, Offer, OfferState, StratumThreshold};
use wire::manifest::{EvidenceKind, EvidenceRef, Manifest};
use wire::report::{Report, What};

pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Time(u64::try_from(since.as_millis()).unwrap())
}

fn key(seed: u8) -> KeyPair {
    KeyPair::from_seed(&[seed; 32]).unwrap()
}

pub struct Hub {
    pub shared: Arc<Mutex<Shared>>,
    pub url: String,
    pub root: Vec<u8>,
    newest: BTreeMap<String, Vec<u8>>,
    pub fence: Fence,
    evidence: KeyPair,
    keys: u8,
}

impl Default for Hub {
    fn default() -> Hub {
        Hub::new()
    }
}

impl Hub {
    pub fn new() -> Hub {
        Hub::with_keys(0)
    }

    /// A repository whose keys differ from those of others.
    pub fn with_keys(first: u8) -> Hub {
        let keys: Vec<KeyPair> = (1..=7).map(|n| key(first + n)).collect();
        let one = |at: usize| Signers { keys: vec![&keys[at]], threshold: 1 };
        let channel = ChannelKeys { channel: "rules".parse().unwrap(), signers: one(5) };
        let request = InitRequest {
            root: one(0),
            targets: one(1),
            snapshot: one(2),
            timestamp: one(3),
            fences: one(4),
            channels: vec![channel],
            evidence: vec![keys[6].public().clone()],
            now: now(),
            expiries: Expiries::default(),
        };
        let shared = Arc::new(Mutex::new(Shared::default()));
        let url = serve(Arc::clone(&shared));
        let fence = Fence {
            schema: "ringfence/fence/v1".into(),
            channel: "rules".parse().unwrap(),
            number: 0,
            issued: now(),
            expires: now().plus(Span::hours(24)),
            base: None,
            offers: Vec::new(),
            withdrawn: Vec::new(),
            held: Vec::new(),
            strata: vec!["os".into()],
            cadence: Cadence { poll: Span(100), heartbeat: Span(150) },
        };
        let evidence = key(first + 7);
        let mut hub = Hub {
            shared,
            url,
            root: Vec::new(),
            newest: BTreeMap::new(),
            fence,
            evidence,
            keys: first,
        };
        for (address, bytes) in repository::init(&request).unwrap() {
            if let Some(name) = address.strip_prefix("metadata/") {
                let role = name.trim_end_matches(".json").trim_start_matches("1.");
                hub.newest.insert(role.to_owned(), bytes.clone());
            }
            hub.put(&format!("tuf/{address}"), bytes);
        }
        hub.root = hub.newest["root"].clone();
        hub.publish_fence();
        hub
    }

    pub fn put(&self, address: &str, bytes: Vec<u8>) {
        self.shared.lock().unwrap().files.insert(address.to_owned(), bytes);
    }

    pub fn down(&self, down: bool) {
        self.shared.lock().unwrap().down = down;
    }

    fn take(&mut self, role: &str, bytes: Vec<u8>) {
        let version = repository::version(role, &bytes).unwrap();
        self.put(&format!("tuf/{}", metadata_address(role, version)), bytes.clone());
        self.newest.insert(role.to_owned(), bytes);
    }

    fn target(&self, path: &str, bytes: &[u8]) {
        let address = target_address(path, &Digest::of(bytes).to_string());
        self.put(&format!("tuf/{address}"), bytes.to_vec());
    }

    fn seal(&mut self) {
        let roles: Vec<(&str, &[u8])> = ["targets", "fences", "channel-rules"]
            .into_iter()
            .map(|name| (name, self.newest[name].as_slice()))
            .collect();
        let (previous, expires) = (&self.newest["snapshot"], now().plus(Span::hours(24 * 7)));
        let signer = key(self.keys + 3);
        let snapshot = repository::snapshot(Some(previous), &roles, &[&signer], expires).unwrap();
        self.take("snapshot", snapshot);
        self.stamp(Span::hours(24));
    }

    /// A new timestamp that is good for `span`.
    pub fn stamp(&mut self, span: Span) {
        let (previous, snapshot) = (&self.newest["timestamp"], &self.newest["snapshot"]);
        let signer = key(self.keys + 4);
        let expires = now().plus(span);
        let timestamp =
            repository::timestamp(Some(previous), snapshot, &[&signer], now(), expires).unwrap();
        self.take("timestamp", timestamp);
    }

    /// Publishes `self.fence` with the next number.
    pub fn publish_fence(&mut self) {
        self.fence.number += 1;
        self.fence.issued = now();
        self.publish_fence_as_it_is();
        self.shared.lock().unwrap().fence = self.fence.number;
    }

    pub fn publish_fence_as_it_is(&mut self) {
        let bytes = serde_json::to_vec(&self.fence).unwrap();
        let path = "fence/rules.json";
        let (signer, expires) = (key(self.keys + 5), now().plus(Span::hours(24 * 7)));
        let role =
            repository::put_target(&self.newest["fences"], path, &bytes, &[&signer], expires);
        self.target(path, &bytes);
        self.take("fences", role.unwrap());
        self.seal();
    }

    /// Publishes a release with positive evidence for all sensors.
    pub fn release(&mut self, number: u64, bytes: &[u8]) -> ReleaseRef {
        self.release_tried_on(number, bytes, &["7.10", "7.11", "7.12"])
    }

    pub fn release_tried_on(&mut self, number: u64, bytes: &[u8], versions: &[&str]) -> ReleaseRef {
        let digest = Digest::of(bytes);
        let channel = "rules".parse().unwrap();
        let release = ReleaseRef { channel, number, digest, length: bytes.len() as u64 };
        let evidence = [Kind::Check, Kind::Trial].map(|kind| self.envelope(digest, kind, versions));
        let manifest = Manifest {
            schema: "ringfence/manifest/v1".into(),
            release: release.clone(),
            file_name: format!("{number}.bin"),
            created: now(),
            evidence: evidence.to_vec(),
        };
        self.put(&format!("objects/{digest}"), bytes.to_vec());
        let text = serde_json::to_vec(&manifest).unwrap();
        let path = Manifest::target_path(&release.channel, number);
        let (signer, expires) = (key(self.keys + 6), now().plus(Span::hours(24 * 90)));
        let current = &self.newest["channel-rules"];
        let role = repository::add_target(current, &path, &text, &[&signer], expires).unwrap();
        self.target(&path, &text);
        self.take("channel-rules", role);
        self.seal();
        release
    }

    fn envelope(&self, subject: Digest, kind: Kind, versions: &[&str]) -> EvidenceRef {
        let statement = Statement::new(Outcome {
            file_name: "file".into(),
            subject,
            configuration: Vec::new(),
            passed: vec!["all".into()],
            warned: Vec::new(),
            failed: Vec::new(),
            extra: Extra {
                kind,
                channel: "rules".parse().unwrap(),
                verdict: Verdict::Pass,
                consumer_versions: versions.iter().map(|v| v.parse().unwrap()).collect(),
                made: now(),
                tool: "test".into(),
                sandbox: String::new(),
                executions: 1,
                report: None,
            },
        });
        let bytes = statement.sign(&[&self.evidence]);
        let (digest, length) = (Digest::of(&bytes), bytes.len() as u64);
        self.put(&format!("objects/{digest}"), bytes);
        let kind = match kind {
            Kind::Check => EvidenceKind::Check,
            Kind::Trial => EvidenceKind::Trial,
        };
        EvidenceRef { kind, digest, length }
    }

    /// Offers a release to everybody, and publishes that.
    pub fn offer(&mut self, release: &ReleaseRef, state: OfferState) {
        self.fence.offers.retain(|offer| offer.release != *release);
        self.fence.offers.push(Offer {
            rollout: format!("r-{}", release.number).parse().unwrap(),
            release: release.clone(),
            salt: Salt(format!("salt-{}", release.number)),
            state,
            thresholds: vec![StratumThreshold {
                stratum: "linux/standard".parse().unwrap(),
                below: Threshold::ALL,
            }],
        });
        self.publish_fence();
    }

    pub fn reports(&self) -> Vec<Report> {
        self.shared.lock().unwrap().reports.clone()
    }

    /// What was reported of a release, in order, without heartbeats.
    pub fn told(&self, number: u64) -> Vec<What> {
        let heartbeat = [What::Healthy, What::Alive, What::Stale];
        let reports = self.reports().into_iter();
        let about = reports.filter(|r| r.release.number == number && !heartbeat.contains(&r.what));
        about.map(|report| report.what).collect()
    }
}
