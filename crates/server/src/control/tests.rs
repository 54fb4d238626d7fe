//! The state without HTTP: dying at any point loses nothing that was answered, exposes nobody
//! twice, and goes on to the same decisions.

use super::Control;
use crate::publisher::Publisher;
use crate::setup::{DATABASE, Setup, setup};
use crate::shelf::Shelf;
use crate::store::memory::MemoryStore;
use crate::store::{Batch, ChannelRow, SqliteStore, Store};
use decide::exposure::{bucket, stratum_of};
use decide::id::{ChannelName, Digest, MachineId, ReleaseRef, Ring, RolloutId};
use decide::policy::{Lane, Policy, builtin};
use decide::rollout::{Order, Phase};
use decide::time::{Span, Time};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use trust::key::KeyPair;
use trust::repository::{self, ChannelKeys, Expiries, InitRequest, Signers};
use wire::api::{OrderRequest, Release, RolloutRequest, RolloutStatus};
use wire::fence::{Fence, OfferState};
use wire::manifest::Manifest;
use wire::report::{Enroll, Report, Reports, RunningRelease, What};

const BEGIN: Time = Time(1_900_000_000_000);

fn channel() -> ChannelName {
    "rules".parse().expect("name")
}

fn policy() -> Policy {
    builtin::shortened(600, Span(2_000), Span(500))
}

fn data(directory: &TempDir) -> PathBuf {
    let key = |seed: u8| KeyPair::from_seed(&[seed; 32]).expect("key");
    let keys: Vec<KeyPair> = (1..=6).map(key).collect();
    let one = |index: usize| Signers { keys: vec![&keys[index]], threshold: 1 };
    let request = InitRequest {
        root: one(0),
        targets: one(1),
        snapshot: one(2),
        timestamp: one(3),
        fences: one(4),
        channels: vec![ChannelKeys { channel: channel(), signers: one(5) }],
        evidence: vec![keys[5].public().clone()],
        now: BEGIN,
        expiries: Expiries::default(),
    };
    let metadata = repository::init(&request).expect("repository");
    let data = directory.path().join("data");
    let made = Setup { metadata, snapshot: key(3), timestamp: key(4), fences: key(5) };
    setup(&data, &made, BEGIN).expect("set up");
    data
}

fn release(number: u64) -> Release {
    let content = format!("release {number}");
    let digest = Digest::of(content.as_bytes());
    let length = content.len() as u64;
    Release {
        manifest: Manifest {
            schema: "ringfence/manifest/v1".into(),
            release: ReleaseRef { channel: channel(), number, digest, length },
            file_name: "rules.bin".into(),
            created: BEGIN,
            evidence: Vec::new(),
        },
        published: BEGIN,
        by: "author".into(),
        withdrawn: None,
    }
}

/// A store with one channel and two releases; the releases' way in is tested elsewhere.
fn store() -> MemoryStore {
    let mut store = MemoryStore::default();
    let batch = Batch {
        channels: vec![ChannelRow { channel: channel(), role_version: 1, fence: None }],
        releases: vec![release(1), release(2)],
        ..Batch::default()
    };
    store.apply(&batch).expect("stored");
    store
}

fn open(store: &MemoryStore, data: &Path, now: Time) -> Control {
    let publisher = Publisher::open(data, Arc::new(Shelf::new(data))).expect("publisher");
    Control::open(Box::new(store.clone()), publisher, now).expect("opens")
}

fn published(data: &Path) -> Fence {
    let publisher = Publisher::open(data, Arc::new(Shelf::new(data))).expect("publisher");
    let bytes = publisher.fence(&channel()).expect("a fence is published");
    wire::read(&bytes).expect("a fence")
}

fn request(number: u64) -> RolloutRequest {
    RolloutRequest {
        schema: "ringfence/rollout-request/v1".into(),
        channel: channel(),
        number,
        lane: Lane::Standard,
        policy: policy(),
        plan: None,
        reason: "a test".into(),
    }
}

fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn enrolment(n: usize) -> Enroll {
    let labels = [("os", "linux"), ("consumer", if n.is_multiple_of(2) { "7.11" } else { "7.12" })];
    Enroll {
        schema: "ringfence/enroll/v1".into(),
        machine: format!("m-{n:03}").parse().expect("name"),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ring: Ring::Standard,
        channels: vec![channel()],
    }
}

/// Machines as plain state, told by nobody but the published fence.
struct Machines {
    running: Vec<u64>,
    sequence: Vec<u64>,
}

impl Machines {
    fn name(n: usize) -> MachineId {
        format!("m-{n:03}").parse().expect("name")
    }

    fn offered(n: usize, fence: &Fence) -> Option<u64> {
        let enroll = enrolment(n);
        let stratum = stratum_of(&enroll.labels, &fence.strata, enroll.ring).expect("name");
        let offer = fence.offers.iter().find(|offer| {
            let below = offer.thresholds.iter().find(|t| t.stratum == stratum).map(|t| t.below);
            offer.state == OfferState::Open
                && below.is_some_and(|t| t.exposes(bucket(&offer.salt, &enroll.machine)))
        });
        offer.map(|offer| offer.release.number)
    }

    fn report(&mut self, n: usize, what: What, number: u64) -> Report {
        self.sequence[n] += 1;
        let digest =
            if number == 0 { Digest::of(b"seed") } else { release(number).manifest.release.digest };
        Report {
            sequence: self.sequence[n],
            channel: channel(),
            age: Span(1),
            what,
            release: RunningRelease { number, digest },
            detail: String::new(),
            events: None,
            decisions: None,
            rss_kib: None,
            fence: 0,
        }
    }

    fn step(&mut self, n: usize, fence: &Fence, bad: u64) -> Reports {
        let mut reports = Vec::new();
        match Self::offered(n, fence) {
            Some(number) if number != self.running[n] => {
                reports.push(self.report(n, What::Attempted, number));
                if number == bad {
                    reports.push(self.report(n, What::Crashed, number));
                    reports.push(self.report(n, What::Reverted, number));
                } else {
                    self.running[n] = number;
                    reports.push(self.report(n, What::Loaded, number));
                }
            }
            _ => {}
        }
        let running = self.running[n];
        reports.push(self.report(n, What::Healthy, running));
        Reports { schema: "ringfence/reports/v1".into(), machine: Self::name(n), reports }
    }
}

fn exposed(machines: usize, fence: &Fence) -> usize {
    (0..machines).filter(|n| Machines::offered(*n, fence).is_some()).count()
}

/// What must be the same before and after.
fn picture(control: &Control, now: Time) -> (Vec<RolloutStatus>, BTreeMap<ChannelName, u64>) {
    (control.rollouts(now), control.fence_numbers())
}

/// Where the server dies in a round.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Death {
    No,
    /// Decided, nothing stored.
    BeforeStoring,
    /// Stored, nothing published.
    BeforePublishing,
    /// Everything is done, nobody was told.
    BeforeAnswering,
}

/// One server's life: `deaths` of 100 rounds die somewhere.
fn life(seed: u64, deaths: u64, bad: u64) -> (Vec<RolloutStatus>, usize) {
    const MACHINES: usize = 14;
    let directory = TempDir::new().expect("directory");
    let data = data(&directory);
    let store = store();
    let mut now = BEGIN;
    let mut control = open(&store, &data, now);
    for n in 0..MACHINES {
        control.enroll(&enrolment(n), now).expect("enrolled");
    }
    control.start(&request(1), "operator", now).expect("started");
    control.flush(now).expect("flushed");
    let mut machines = Machines { running: vec![0; MACHINES], sequence: vec![0; MACHINES] };
    let (mut number, mut exposed_before, mut died) = (0, 0, 0);
    for round in 0..3_000u64 {
        now = Time(now.0 + 100);
        let draw = mix(seed ^ round.wrapping_mul(0x1234_5677));
        let death = match draw % 100 {
            roll if roll >= deaths => Death::No,
            roll if roll % 3 == 0 => Death::BeforeStoring,
            roll if roll % 3 == 1 => Death::BeforePublishing,
            _ => Death::BeforeAnswering,
        };
        let fence = published(&data);
        assert!(fence.number >= number, "seed {seed}, round {round}: a fence went backwards");
        number = fence.number;
        let open_now = exposed(MACHINES, &fence);
        let status = control.rollout(&"r-0001".parse().expect("name"), now).expect("known");
        if matches!(status.view.phase, Phase::Advancing | Phase::Holding | Phase::Soaking) {
            assert!(open_now >= exposed_before, "seed {seed}, round {round}: thresholds shrank");
            exposed_before = open_now;
        }
        assert!(
            open_now as u64 <= status.view.assigned,
            "seed {seed}, round {round}: exposed more"
        );
        let reports = machines.step(round as usize % MACHINES, &fence, bad);
        let before = picture(&control, now);
        control.reports(&reports, now).expect("taken");
        control.tick(now);
        let after = match death {
            Death::No => {
                control.flush(now).expect("flushed");
                continue;
            }
            Death::BeforeStoring => before,
            Death::BeforePublishing => {
                control.settle(now, false);
                control.store_batch().expect("stored");
                picture(&control, now)
            }
            Death::BeforeAnswering => {
                control.flush(now).expect("flushed");
                picture(&control, now)
            }
        };
        died += 1;
        drop(control);
        control = open(&store, &data, now);
        assert_eq!(picture(&control, now), after, "seed {seed}, round {round}, {death:?}");
        assert_eq!(published(&data).number, after.1[&channel()]);
        // Nobody was told, so the machine says it again.
        control.reports(&reports, now).expect("taken");
        control.flush(now).expect("flushed");
        if matches!(control.rollouts(now)[0].view.phase, Phase::Done | Phase::Reverted) {
            break;
        }
    }
    (control.rollouts(now), died)
}

#[test]
fn dying_at_any_point_loses_nothing_and_exposes_nobody_twice() {
    for seed in 0..6 {
        let (rollouts, died) = life(seed, 10, 0);
        let view = &rollouts[0].view;
        assert!(died > 10, "seed {seed}: {died} deaths are too few to say anything");
        assert!(!view.phase.stopped(), "seed {seed}: {:?}", view.reasons);
        assert!(view.confirmed > 0, "seed {seed}: {view:?}");
        let (rollouts, _) = life(seed, 10, 1);
        let view = &rollouts[0].view;
        assert!(view.withdrawn, "seed {seed}: {:?}", view.reasons);
        assert_eq!((view.attempted, view.harmed), (1, 1), "seed {seed}");
    }
}

#[test]
fn what_cannot_be_stored_has_not_happened() {
    let directory = TempDir::new().expect("directory");
    let data = data(&directory);
    let store = store();
    let mut control = open(&store, &data, BEGIN);
    for n in 0..4 {
        control.enroll(&enrolment(n), BEGIN).expect("enrolled");
    }
    control.start(&request(1), "operator", BEGIN).expect("started");
    control.flush(BEGIN).expect("flushed");
    let now = Time(BEGIN.0 + 10);
    let before = picture(&control, now);
    let fence = published(&data);
    store.set_full(true);
    let id: RolloutId = "r-0001".parse().expect("name");
    let order = OrderRequest {
        schema: "ringfence/order/v1".into(),
        order: Order::Withdraw,
        reason: "typo".into(),
    };
    control.order(&id, &order, "operator", now).expect("decided");
    assert_eq!(control.flush(now).expect_err("full").code(), crate::codes::STORAGE);
    assert_eq!(picture(&control, now), before, "memory is what the store says");
    assert_eq!(published(&data), fence, "nothing was published on it");
    store.set_full(false);
    control.order(&id, &order, "operator", now).expect("decided");
    control.flush(now).expect("stored");
    assert!(control.rollout(&id, now).expect("known").view.withdrawn);
    assert_eq!(published(&data).withdrawn.len(), 1);
}

#[test]
fn what_cannot_be_published_is_said_and_tried_again() {
    let directory = TempDir::new().expect("directory");
    let data = data(&directory);
    let store = store();
    let mut control = open(&store, &data, BEGIN);
    control.enroll(&enrolment(0), BEGIN).expect("enrolled");
    control.flush(BEGIN).expect("flushed");
    let (metadata, away) = (data.join("tuf/metadata"), data.join("tuf/away"));
    std::fs::rename(&metadata, &away).expect("moved");
    std::fs::write(&metadata, b"in the way").expect("written");
    control.start(&request(1), "operator", BEGIN).expect("started");
    let error = control.flush(BEGIN).expect_err("nowhere to publish");
    assert_eq!(error.code(), crate::codes::NOT_PUBLISHED_YET);
    let mut machines = Machines { running: vec![0], sequence: vec![0] };
    let heartbeat = machines.report(0, What::Healthy, 0);
    let reports = Reports {
        schema: "ringfence/reports/v1".into(),
        machine: Machines::name(0),
        reports: vec![heartbeat],
    };
    control.reports(&reports, BEGIN).expect("taken");
    control.flush(BEGIN).expect("who only reports is heard");
    assert!(control.unpublished().is_some());
    std::fs::remove_file(&metadata).expect("removed");
    std::fs::rename(&away, &metadata).expect("moved back");
    let now = Time(BEGIN.0 + 2_000);
    control.tick(now);
    control.flush(now).expect("published");
    assert!(control.unpublished().is_none());
    assert_eq!(exposed(1, &published(&data)), 1);
}

#[test]
fn a_restart_publishes_the_same_bytes_and_renews_the_lease_in_time() {
    let directory = TempDir::new().expect("directory");
    let data = data(&directory);
    let store = store();
    let mut control = open(&store, &data, BEGIN);
    control.enroll(&enrolment(0), BEGIN).expect("enrolled");
    control.start(&request(1), "operator", BEGIN).expect("started");
    control.flush(BEGIN).expect("flushed");
    let timestamp = data.join("tuf/metadata/timestamp.json");
    let bytes = std::fs::read(&timestamp).expect("timestamp");
    drop(control);
    let control = open(&store, &data, Time(BEGIN.0 + 1_000));
    assert_eq!(std::fs::read(&timestamp).expect("timestamp"), bytes, "nothing was missing");
    drop(control);
    // The timestamp of before the last publication: as if the power went just before its rename.
    let newest = published(&data);
    let older = OrderRequest {
        schema: "ringfence/order/v1".into(),
        order: Order::Halt,
        reason: String::new(),
    };
    let mut control = open(&store, &data, Time(BEGIN.0 + 2_000));
    let id: RolloutId = "r-0001".parse().expect("name");
    control.order(&id, &older, "operator", Time(BEGIN.0 + 2_000)).expect("halted");
    control.flush(Time(BEGIN.0 + 2_000)).expect("flushed");
    drop(control);
    std::fs::write(&timestamp, &bytes).expect("written");
    assert_eq!(published(&data), newest, "the disk is behind the database");
    let mut control = open(&store, &data, Time(BEGIN.0 + 3_000));
    let fence = published(&data);
    assert_eq!(fence.offers[0].state, OfferState::Halted, "the halt is not lost");
    let later = Time(fence.issued.0 + Span::hours(7).0);
    control.tick(later);
    control.flush(later).expect("flushed");
    let renewed = published(&data);
    assert!(renewed.number > fence.number && renewed.expires > fence.expires);
    assert_eq!(renewed.offers, fence.offers);
}

#[test]
fn both_stores_keep_the_same() {
    let directory = TempDir::new().expect("directory");
    let data = data(&directory);
    let memory = store();
    let mut sqlite = SqliteStore::open(&directory.path().join("again.db")).expect("opens");
    let mut plain = memory.clone();
    let loaded = plain.load().expect("loads");
    let first = Batch {
        channels: loaded.channels.clone(),
        releases: loaded.releases.clone(),
        ..Batch::default()
    };
    sqlite.apply(&first).expect("stored");
    // The batches of a real life, recorded by asking the state for them before it stores them.
    let mut control = open(&memory, &data, BEGIN);
    let opened = memory.clone().load().expect("loads").channels;
    sqlite.apply(&Batch { channels: opened, ..Batch::default() }).expect("stored");
    let mut now = BEGIN;
    let mut machines = Machines { running: vec![0; 6], sequence: vec![0; 6] };
    for round in 0..400u64 {
        now = Time(now.0 + 100);
        if round < 6 {
            control.enroll(&enrolment(round as usize), now).expect("enrolled");
        } else if round == 6 {
            control.start(&request(1), "operator", now).expect("started");
        } else if round == 200 {
            let held = [Machines::name(1)];
            control.hold(&held, "exam week", "operator", now).expect("held");
        } else if round == 210 {
            control.lift(&Machines::name(1), "operator", now).expect("lifted");
        } else {
            let reports = machines.step(round as usize % 6, &published(&data), 0);
            control.reports(&reports, now).expect("taken");
            control.tick(now);
        }
        control.settle(now, false);
        sqlite.apply(&control.state.book.batch).expect("stored");
        control.flush(now).expect("flushed");
    }
    let (mut left, mut right) = (plain.load().expect("loads"), sqlite.load().expect("loads"));
    for loaded in [&mut left, &mut right] {
        loaded.channels.sort_by(|a, b| a.channel.cmp(&b.channel));
    }
    assert_eq!(format!("{left:?}"), format!("{right:?}"));
    let id: RolloutId = "r-0001".parse().expect("name");
    let events = plain.events(&id).expect("events");
    assert!(events.len() > 20);
    assert_eq!(events, sqlite.events(&id).expect("events"));
    for target in [None, Some("r-0001"), Some("m-001")] {
        let lines = plain.audit(3, target, 50).expect("lines");
        assert_eq!(lines, sqlite.audit(3, target, 50).expect("lines"));
    }
}

#[test]
fn a_changed_database_is_noticed() {
    let directory = TempDir::new().expect("directory");
    let data = data(&directory);
    let file = data.join(DATABASE);
    let mut store = SqliteStore::open(&file).expect("opens");
    let batch = Batch { releases: vec![release(1)], ..Batch::default() };
    store.apply(&batch).expect("stored");
    let connection = rusqlite::Connection::open(&file).expect("opens");
    connection.execute("UPDATE audit SET actor = 'nobody'", []).expect("changed");
    let lines = store.audit(0, None, 10).expect("lines");
    assert_eq!(crate::audit::verify(&lines).expect_err("changed").code().0, 740);
    connection.execute("UPDATE releases SET document = '{}'", []).expect("changed");
    assert_eq!(store.load().expect_err("changed").code(), crate::codes::RECORD);
    connection.pragma_update(None, "user_version", 99).expect("changed");
    assert_eq!(SqliteStore::open(&file).expect_err("newer").code(), crate::codes::NEWER_SCHEMA);
}
