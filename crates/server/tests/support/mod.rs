//! A server on a real socket with keys made here, and machines that speak the wire protocol.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

pub mod fleet;

use decide::id::{ChannelName, ConsumerVersion, Digest, ReleaseRef};
use decide::policy::{Lane, Policy, builtin};
use decide::release::Kind;
use decide::time::{Span, Time};
use decide::verdict::Verdict;
use ringfence_server as server;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use server::{ServeOptions, ServerError, Setup, Tokens};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use trust::evidence::statement::Extra;
use trust::evidence::{Outcome, Statement};
use trust::key::KeyPair;
use trust::repository::{self, ChannelKeys, Expiries, InitRequest, Signers};
use wire::api::{OrderRequest, Publish, PublishParts, RolloutRequest, RolloutStatus};
use wire::manifest::{EvidenceKind, EvidenceRef, Manifest};

pub fn key(seed: u8) -> KeyPair {
    KeyPair::from_seed(&[seed; 32]).unwrap()
}

pub fn wall() -> Time {
    Time(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

pub fn channel() -> ChannelName {
    "rules".parse().unwrap()
}

/// A running server.
pub struct Running {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServerError>>>,
}

impl Running {
    pub fn stop(&mut self) -> Result<(), ServerError> {
        drop(self.stop.take());
        self.thread.take().map_or(Ok(()), |thread| thread.join().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

pub fn start(options: ServeOptions) -> Result<(SocketAddr, Running), ServerError> {
    let (ready, bound) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let until = async {
            let _ = stopped.await;
        };
        server::serve_until(&options, |address| ready.send(address).unwrap(), until)
    });
    match bound.recv_timeout(Duration::from_secs(60)) {
        Ok(address) => Ok((address, Running { stop: Some(stop), thread: Some(thread) })),
        Err(_) => Err(thread.join().unwrap().expect_err("it never was ready")),
    }
}

/// A project: keys, a data directory, a server.
pub struct World {
    pub directory: TempDir,
    pub tokens: Tokens,
    pub address: SocketAddr,
    pub running: Option<Running>,
    pub people: [KeyPair; 2],
    pub evidence: KeyPair,
    /// The channel's role as published.
    pub role: Vec<u8>,
    pub root: Vec<u8>,
    agent: ureq::Agent,
}

impl World {
    pub fn new() -> World {
        let directory = TempDir::new().unwrap();
        let (files, people, evidence) = repository();
        let setup =
            Setup { metadata: files.clone(), snapshot: key(3), timestamp: key(4), fences: key(5) };
        let data = directory.path().join("data");
        let tokens = server::setup(&data, &setup, wall()).unwrap();
        let (address, running) = start(options(data)).unwrap();
        let file = |name: &str| {
            files.iter().find(|(address, _)| address == name).map(|(_, b)| b.clone()).unwrap()
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        World {
            directory,
            tokens,
            address,
            running: Some(running),
            people,
            evidence,
            role: file("metadata/1.channel-rules.json"),
            root: file("metadata/1.root.json"),
            agent,
        }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Stops the server and starts another on the same directory.
    pub fn restart(&mut self) {
        self.running.take().unwrap().stop().unwrap();
        let (address, running) = start(options(self.data())).unwrap();
        (self.address, self.running) = (address, Some(running));
    }

    pub fn get(&self, path: &str, token: &str) -> (u16, Vec<u8>) {
        let mut answer = self
            .agent
            .get(format!("http://{}{path}", self.address))
            .header("Authorization", format!("Bearer {token}"))
            .call()
            .unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_vec().unwrap())
    }

    pub fn raw(&self, path: &str, headers: &[(&str, &str)]) -> ureq::http::Response<ureq::Body> {
        let mut request = self.agent.get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().unwrap()
    }

    pub fn post_bytes(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> ureq::http::Response<ureq::Body> {
        let mut request = self.agent.post(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body).unwrap()
    }

    pub fn json<T: DeserializeOwned>(&self, path: &str) -> T {
        let (status, bytes) = self.get(path, &self.tokens.viewer);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The answer, or status and problem document.
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
        body: &impl Serialize,
    ) -> Result<T, (u16, Value)> {
        let bearer = format!("Bearer {token}");
        let body = serde_json::to_vec(body).unwrap();
        let mut answer = self.post_bytes(path, &[("Authorization", &bearer)], &body);
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().with_config().limit(1 << 26).read_to_vec().unwrap();
        if status == 200 {
            Ok(serde_json::from_slice(&bytes).unwrap())
        } else {
            Err((status, serde_json::from_slice(&bytes).unwrap_or_default()))
        }
    }

    /// Everything that makes release `number`, as people would send it.
    pub fn release(&self, number: u64, content: &[u8]) -> Candidate {
        Candidate::new(self, number, content)
    }

    /// Publishes and remembers the role.
    pub fn publish(&mut self, number: u64, content: &[u8]) -> ReleaseRef {
        let candidate = self.release(number, content);
        let (request, role) = candidate.sign(self);
        let release: wire::api::Release =
            self.post("/v1/releases", &self.tokens.author, &request).unwrap();
        self.role = role;
        release.manifest.release
    }

    pub fn rollout(&self, number: u64, policy: &Policy) -> Result<RolloutStatus, (u16, Value)> {
        let request = rollout_request(number, policy);
        self.post("/v1/rollouts", &self.tokens.operator, &request)
    }

    pub fn order(
        &self,
        id: &str,
        order: &str,
        reason: &str,
    ) -> Result<RolloutStatus, (u16, Value)> {
        let order = OrderRequest {
            schema: "ringfence/order/v1".into(),
            order: serde_json::from_value(order.into()).unwrap(),
            reason: reason.into(),
        };
        self.post(&format!("/v1/rollouts/{id}/orders"), &self.tokens.operator, &order)
    }

    pub fn status(&self, id: &str) -> RolloutStatus {
        self.json(&format!("/v1/rollouts/{id}"))
    }
}

pub fn options(data: PathBuf) -> ServeOptions {
    ServeOptions { data, listen: "127.0.0.1:0".parse().unwrap() }
}

type Files = Vec<(String, Vec<u8>)>;

pub fn repository() -> (Files, [KeyPair; 2], KeyPair) {
    let people = [key(6), key(7)];
    let evidence = key(9);
    let (root, targets) = (key(1), key(2));
    let (snapshot, timestamp, fences) = (key(3), key(4), key(5));
    let one = |pair| Signers { keys: vec![pair], threshold: 1 };
    let request = InitRequest {
        root: one(&root),
        targets: one(&targets),
        snapshot: one(&snapshot),
        timestamp: one(&timestamp),
        fences: one(&fences),
        channels: vec![ChannelKeys {
            channel: channel(),
            signers: Signers { keys: people.iter().collect(), threshold: 2 },
        }],
        evidence: vec![evidence.public().clone()],
        now: wall(),
        expiries: Expiries::default(),
    };
    (repository::init(&request).unwrap(), people, evidence)
}

pub fn rollout_request(number: u64, policy: &Policy) -> RolloutRequest {
    RolloutRequest {
        schema: "ringfence/rollout-request/v1".into(),
        channel: channel(),
        number,
        lane: Lane::Standard,
        policy: policy.clone(),
        plan: None,
        reason: "a test".into(),
    }
}

/// The standard policy with its hours cut down to fractions of a second.
pub fn quick() -> Policy {
    let mut policy = builtin::shortened(6_000, Span(500), Span(50));
    for ladder in policy.lanes.values_mut() {
        ladder.probation = Span(300);
    }
    policy
}

/// A release before it is signed; tests spoil parts of it.
pub struct Candidate {
    pub manifest: Manifest,
    pub evidence: Vec<Vec<u8>>,
    pub content: Vec<u8>,
}

impl Candidate {
    pub fn new(world: &World, number: u64, content: &[u8]) -> Candidate {
        let digest = Digest::of(content);
        let evidence = vec![
            envelope(world, Kind::Check, digest, Verdict::Pass, &channel(), &[]),
            envelope(world, Kind::Trial, digest, Verdict::Pass, &channel(), &["7.11", "7.12"]),
        ];
        let manifest = Manifest {
            schema: "ringfence/manifest/v1".into(),
            release: ReleaseRef {
                channel: channel(),
                number,
                digest,
                length: content.len() as u64,
            },
            file_name: "rules.bin".into(),
            created: wall(),
            evidence: Vec::new(),
        };
        let mut candidate = Candidate { manifest, evidence, content: content.to_vec() };
        candidate.list();
        candidate
    }

    /// Lists the evidence in the manifest: a check first, then trials.
    pub fn list(&mut self) {
        let kinds = [EvidenceKind::Check, EvidenceKind::Trial, EvidenceKind::Trial];
        self.manifest.evidence = self
            .evidence
            .iter()
            .zip(kinds)
            .map(|(bytes, kind)| EvidenceRef {
                kind,
                digest: Digest::of(bytes),
                length: bytes.len() as u64,
            })
            .collect();
    }

    pub fn sign(&self, world: &World) -> (Publish, Vec<u8>) {
        self.sign_by(world, &[&world.people[0], &world.people[1]])
    }

    pub fn sign_by(&self, world: &World, signers: &[&KeyPair]) -> (Publish, Vec<u8>) {
        let manifest = serde_json::to_vec(&self.manifest).unwrap();
        let path = Manifest::target_path(&channel(), self.manifest.release.number);
        let until = wall().plus(Span::hours(24));
        let role = repository::add_target(&world.role, &path, &manifest, signers, until).unwrap();
        let parts = PublishParts {
            manifest,
            channel_role: role.clone(),
            evidence: self.evidence.clone(),
            content: self.content.clone(),
        };
        (Publish::of(&parts), role)
    }
}

pub fn envelope(
    world: &World,
    kind: Kind,
    subject: Digest,
    verdict: Verdict,
    channel: &ChannelName,
    versions: &[&str],
) -> Vec<u8> {
    let versions = versions.iter().map(|v| ConsumerVersion::try_from(*v).unwrap());
    let extra = Extra {
        kind,
        channel: channel.clone(),
        verdict,
        consumer_versions: versions.collect(),
        made: wall(),
        tool: "test".into(),
        sandbox: String::new(),
        executions: 1,
        report: None,
    };
    let statement = Statement::new(Outcome {
        file_name: "rules.bin".into(),
        subject,
        configuration: Vec::new(),
        passed: Vec::new(),
        warned: Vec::new(),
        failed: Vec::new(),
        extra,
    });
    statement.sign(&[&world.evidence])
}
