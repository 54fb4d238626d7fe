//! A small fleet that lives with a rollout: loads after a while, reports with a delay, crashes as
//! its case says. Enough to test decisions; the simulator proper is the drill.

#![allow(unreachable_pub)]

use ringfence_decide as decide;

use decide::exposure::{Bucket, Salt, bucket};
use decide::id::{BlockName, Digest, MachineId, ReleaseRef, Ring, RolloutId, StratumName};
use decide::policy::{Lane, builtin};
use decide::rollout::{Action, Event, MachineEvent, Phase, Rollout, Start, StartMachine};
use decide::time::{Span, Time};
use std::collections::BTreeMap;

/// What a machine does with the release.
#[allow(dead_code)] // each test file uses its part of this module
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Good,
    CrashOnLoad,
    Dark,
    Refuses,
}

pub struct Fleet {
    pub rollout: Rollout,
    pub now: Time,
    pub exposed_most: u64,
    pub trace: Vec<(Time, Action)>,
    assigned: Vec<u64>,
    events: BTreeMap<u64, Vec<(u32, MachineEvent)>>,
    fate: fn(u32, u16) -> Fate,
    taken: Vec<bool>,
    order: Vec<Vec<u32>>,
    seed: u64,
    pub feed: bool,
}

pub fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

pub fn start(machines: u32, strata: u16, seed: u64, lane: Lane) -> Start {
    let salt = Salt(format!("salt-{seed}"));
    let rings = [Ring::Early, Ring::Standard, Ring::Standard, Ring::Late, Ring::Critical];
    let ring = |s: u16| if strata == 1 { Ring::Standard } else { rings[usize::from(s) % 5] };
    Start {
        rollout: RolloutId::try_from("r-0001").expect("name"),
        release: ReleaseRef {
            channel: "rules".try_into().expect("name"),
            number: 2,
            digest: Digest::of(b"two"),
            length: 3,
        },
        previous: None,
        lane,
        policy: builtin::standard(),
        strata: (0..strata)
            .map(|s| StratumName::try_from(format!("s{s}/{}", ring(s))).expect("name"))
            .collect(),
        rings: (0..strata).map(ring).collect(),
        blocks: vec![BlockName::try_from("eu").expect("name"), "us".try_into().expect("name")],
        machines: (0..machines)
            .map(|m| StartMachine {
                stratum: (m % u32::from(strata)) as u16,
                block: (mix(u64::from(m) ^ seed) % 2) as u16,
                bucket: bucket(&salt, &MachineId::try_from(format!("m-{m}")).expect("name")),
                held: false,
                alive: true,
            })
            .collect(),
    }
}

impl Fleet {
    pub fn new(start: Start, seed: u64, fate: fn(u32, u16) -> Fate) -> Fleet {
        let strata = start.strata.len();
        let mut order: Vec<Vec<u32>> = vec![Vec::new(); strata];
        let mut by_bucket: Vec<(Bucket, u32, u16)> = start
            .machines
            .iter()
            .enumerate()
            .map(|(m, machine)| (machine.bucket, m as u32, machine.stratum))
            .collect();
        by_bucket.sort_unstable();
        by_bucket.iter().for_each(|(_, m, s)| order[usize::from(*s)].push(*m));
        let machines = start.machines.len();
        let now = Time(0);
        let decision = Rollout::start(start, now);
        let mut fleet = Fleet {
            rollout: decision.rollout,
            now,
            exposed_most: 0,
            trace: Vec::new(),
            assigned: vec![0; strata],
            events: BTreeMap::new(),
            fate,
            taken: vec![false; machines],
            order,
            seed,
            feed: true,
        };
        fleet.act(decision.actions);
        fleet
    }

    fn later(&mut self, delay: u64, machine: u32, what: MachineEvent) {
        self.events.entry(self.now.0 + delay).or_default().push((machine, what));
    }

    /// Something happens on a machine at a stated time, besides what the release does.
    #[allow(dead_code)] // as above: each test file uses its part of this module
    pub fn happen_at(&mut self, at: u64, machine: u32, what: MachineEvent) {
        self.events.entry(at).or_default().push((machine, what));
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            if let Action::Expose { stratum, assigned, .. } = &action {
                let (s, before) = (usize::from(*stratum), self.assigned[usize::from(*stratum)]);
                assert!(*assigned >= before, "thresholds only grow");
                for index in before..*assigned {
                    let machine = self.order[s][index as usize];
                    self.take(machine, *stratum);
                }
                self.assigned[s] = *assigned;
            }
            if action == Action::Revert {
                for machine in 0..self.taken.len() as u32 {
                    if self.taken[machine as usize] {
                        self.later(90_000, machine, MachineEvent::Reverted);
                    }
                }
            }
            self.trace.push((self.now, action));
        }
        self.exposed_most = self.exposed_most.max(self.assigned.iter().sum());
    }

    fn take(&mut self, machine: u32, stratum: u16) {
        let draw = mix(self.seed ^ u64::from(machine));
        let (load, report) = (draw % 60_000, 30_000 + (draw >> 20) % 270_000);
        self.taken[machine as usize] = true;
        self.later(load, machine, MachineEvent::Attempted);
        let age = self.rollout.started().policy.lanes[&self.rollout.started().lane].evidence_age.0;
        match (self.fate)(machine, stratum) {
            Fate::Good => self.later(load + age + 60_000, machine, MachineEvent::Healthy),
            Fate::CrashOnLoad => {
                self.later(load + report, machine, MachineEvent::Crashed);
                self.later(load + report, machine, MachineEvent::Reverted);
            }
            Fate::Refuses => self.later(load + report, machine, MachineEvent::Refused),
            Fate::Dark => self.later(load + 200_000, machine, MachineEvent::Silent),
        }
    }

    pub fn event(&mut self, event: &Event) {
        let actions = self.rollout.fold(event, self.now);
        assert!(self.rollout.reasons().len() <= decide::rollout::REASONS_MAX);
        self.act(actions);
    }

    /// Lives until `stop` says so or the time is over; true when it stopped.
    pub fn live(&mut self, limit: Span, stop: impl Fn(&Rollout) -> bool) -> bool {
        let tick = self.rollout.started().policy.tick.0;
        let end = self.now.plus(limit);
        let mut next_tick = self.now.0 + tick;
        while self.now < end {
            let due = self.events.keys().next().copied().unwrap_or(u64::MAX);
            self.now = Time(due.min(next_tick));
            if due <= next_tick {
                for (machine, what) in self.events.remove(&due).unwrap_or_default() {
                    self.event(&Event::Machine { machine, what });
                }
            } else {
                next_tick += tick;
                let feed_age = self.feed.then_some(Span(1_000));
                self.event(&Event::Tick { feed_age });
            }
            if stop(&self.rollout) {
                return true;
            }
        }
        false
    }

    pub fn phase(&self) -> Phase {
        self.rollout.phase()
    }
}
