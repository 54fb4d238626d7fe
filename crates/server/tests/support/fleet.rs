//! Machines that follow a verified fence and report, all from one thread.

use super::{World, channel, wall};
use decide::exposure::{bucket, stratum_of};
use decide::id::{Digest, MachineId, ReleaseRef, Ring};
use decide::time::Span;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use trust::client::{Client, Fetch, FetchError, Floors, MemoryStore};
use wire::fence::{Fence, OfferState};
use wire::report::{Enroll, Enrolled, Report, Reports, ReportsTaken, RunningRelease, What};

/// What a machine does with a digest.
pub type Fate = fn(&MachineId, Digest) -> Does;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    Runs,
    Crashes,
    GoesDark,
}

pub struct Machine {
    pub id: MachineId,
    pub labels: BTreeMap<String, String>,
    pub ring: Ring,
    pub token: String,
    pub sequence: u64,
    pub running: RunningRelease,
    pub known_good: RunningRelease,
    pub banned: Vec<Digest>,
    pub dark: bool,
    /// Every release that was ever loaded here.
    pub loaded: Vec<u64>,
}

pub struct Fleet {
    pub machines: Vec<Machine>,
    pub fate: Fate,
    client: Client,
}

struct Wire<'a>(&'a World);

impl Fetch for Wire<'_> {
    fn fetch(&mut self, path: &str, _: usize) -> Result<Vec<u8>, FetchError> {
        let (status, bytes) = self.0.get(&format!("/tuf/{path}"), "");
        if status == 200 { Ok(bytes) } else { Err(FetchError::NotFound) }
    }
}

impl World {
    /// The fence as a machine without any state verifies it.
    pub fn fence(&self) -> Fence {
        let mut client =
            Client::open(&self.root, MemoryStore::default(), Floors::default()).unwrap();
        read_fence(&mut client, self)
    }

    pub fn enroll(&self, enroll: &Enroll) -> Enrolled {
        self.post("/v1/enroll", &self.tokens.enroll, enroll).unwrap()
    }
}

fn read_fence(client: &mut Client, world: &World) -> Fence {
    client.refresh(&mut Wire(world), wall()).unwrap();
    let path = Fence::target_path(&channel());
    let bytes = client.target(&path, &mut Wire(world), 1 << 20).unwrap();
    wire::read(&bytes).unwrap()
}

pub fn seed() -> RunningRelease {
    RunningRelease { number: 0, digest: Digest::of(b"seed") }
}

pub fn enrolment(name: &str, consumer: &str, ring: Ring) -> Enroll {
    let labels = [("os", "linux"), ("consumer", consumer), ("region", "eu")];
    Enroll {
        schema: "ringfence/enroll/v1".into(),
        machine: name.parse().unwrap(),
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ring,
        channels: vec![channel()],
    }
}

impl Machine {
    pub fn join(world: &World, name: &str, consumer: &str, ring: Ring) -> Machine {
        let enroll = enrolment(name, consumer, ring);
        let token = world.enroll(&enroll).machine_token;
        Machine {
            id: enroll.machine,
            labels: enroll.labels,
            ring,
            token,
            sequence: 0,
            running: seed(),
            known_good: seed(),
            banned: Vec::new(),
            dark: false,
            loaded: Vec::new(),
        }
    }

    pub fn report(&mut self, what: What, release: RunningRelease, detail: &str) -> Report {
        self.sequence += 1;
        Report {
            sequence: self.sequence,
            channel: channel(),
            age: Span(5),
            what,
            release,
            detail: detail.into(),
            events: None,
            decisions: None,
            rss_kib: None,
            fence: 0,
        }
    }

    pub fn send(&self, world: &World, reports: Vec<Report>) -> ReportsTaken {
        let reports =
            Reports { schema: "ringfence/reports/v1".into(), machine: self.id.clone(), reports };
        world.post("/v1/reports", &self.token, &reports).unwrap()
    }

    fn step(&mut self, world: &World, fence: &Fence, fate: Fate) {
        let mut reports = Vec::new();
        let current = self.running.digest;
        let reverting = fence
            .offers
            .iter()
            .any(|offer| offer.state == OfferState::Reverting && offer.release.digest == current);
        if fence.withdrawn.contains(&current) || reverting {
            let gone = std::mem::replace(&mut self.running, self.known_good);
            reports.push(self.report(What::Reverted, gone, "the fence took it back"));
        } else if let Some(wanted) = self.wanted(fence) {
            reports.extend(self.take(&wanted, fate));
        }
        if !self.dark {
            let running = self.running;
            reports.push(self.report(What::Healthy, running, ""));
        }
        if !reports.is_empty() {
            self.send(world, reports);
        }
    }

    fn wanted(&self, fence: &Fence) -> Option<ReleaseRef> {
        let stratum = stratum_of(&self.labels, &fence.strata, self.ring).unwrap();
        let exposed =
            fence.offers.iter().filter(|offer| offer.state == OfferState::Open).find(|offer| {
                let threshold = offer.thresholds.iter().find(|t| t.stratum == stratum);
                threshold.is_some_and(|t| t.below.exposes(bucket(&offer.salt, &self.id)))
            });
        let wanted = exposed.map(|offer| &offer.release).or(fence.base.as_ref())?;
        let refused = self.banned.contains(&wanted.digest)
            || fence.withdrawn.contains(&wanted.digest)
            || fence.held.contains(&self.id);
        (wanted.digest != self.running.digest && !refused).then(|| wanted.clone())
    }

    fn take(&mut self, wanted: &ReleaseRef, fate: Fate) -> Vec<Report> {
        let release = RunningRelease { number: wanted.number, digest: wanted.digest };
        let mut reports = vec![self.report(What::Attempted, release, "")];
        self.loaded.push(wanted.number);
        match fate(&self.id, wanted.digest) {
            Does::Runs => {
                self.known_good = self.running;
                self.running = release;
                reports.push(self.report(What::Loaded, release, ""));
            }
            Does::Crashes => {
                self.banned.push(wanted.digest);
                reports.push(self.report(What::Crashed, release, "sensor died of signal 11"));
                reports.push(self.report(What::Reverted, release, "put back by the agent"));
            }
            Does::GoesDark => {
                self.running = release;
                self.dark = true;
            }
        }
        reports
    }
}

impl Fleet {
    pub fn join(world: &World, count: usize, fate: Fate) -> Fleet {
        let rings = [Ring::Early, Ring::Standard, Ring::Standard, Ring::Late];
        let machines = (0..count).map(|n| {
            let consumer = if n % 2 == 0 { "7.11" } else { "7.12" };
            Machine::join(world, &format!("m-{n:03}"), consumer, rings[n % rings.len()])
        });
        let client = Client::open(&world.root, MemoryStore::default(), Floors::default()).unwrap();
        Fleet { machines: machines.collect(), fate, client }
    }

    /// Each machine reads the fence, acts, reports.
    pub fn step(&mut self, world: &World) -> Fence {
        let fence = read_fence(&mut self.client, world);
        for machine in self.machines.iter_mut().filter(|machine| !machine.dark) {
            machine.step(world, &fence, self.fate);
        }
        fence
    }

    /// Lives until `done`; a generous limit keeps a hanging test from hanging for ever.
    pub fn live(&mut self, world: &World, what: &str, mut done: impl FnMut(&World) -> bool) {
        let limit = Instant::now() + Duration::from_secs(120);
        while !done(world) {
            if Instant::now() > limit {
                let rollouts = String::from_utf8(world.get("/v1/rollouts", &world.tokens.viewer).1);
                panic!("never {what}: {}", rollouts.unwrap());
            }
            self.step(world);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn running(&self, number: u64) -> usize {
        self.machines.iter().filter(|machine| machine.running.number == number).count()
    }
    pub fn ever_loaded(&self, number: u64) -> usize {
        self.machines.iter().filter(|machine| machine.loaded.contains(&number)).count()
    }
}
