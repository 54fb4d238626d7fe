//! Stories for pages: a small fleet lives with the production rollout, so that what the pages show
//! is what they will show.
#![allow(dead_code, unreachable_pub)]

mod stories;

pub use stories::*;

use decide::exposure::{Salt, bucket};
use decide::id::{BlockName, Digest, MachineId, ReleaseRef, Ring, RolloutId, StratumName};
use decide::policy::{Lane, builtin};
use decide::rollout::{Action, Event, MachineEvent, Order, Phase, Rollout, Start, StartMachine};
use decide::time::{Span, Time};
use std::collections::BTreeMap;
use wire::api::{AuditLine, Release};
use wire::manifest::{EvidenceKind, EvidenceRef, Manifest};

/// When all stories begin: 2026-11-25 09:02:00Z.
pub const BEGIN: Time = Time(1_795_597_320_000);

/// What a machine does with the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Good,
    /// Crashes on the first event, minutes after the load; its agent puts the old file back.
    CrashOnEvent,
    Silent,
}

/// (os/consumer, ring, machines of the small fleet).
const STRATA: [(&str, &str, Ring, u32); 11] = [
    ("linux", "7.11", Ring::Early, 14),
    ("linux", "7.12", Ring::Early, 22),
    ("windows", "7.11", Ring::Early, 9),
    ("linux", "7.10", Ring::Standard, 11),
    ("linux", "7.11", Ring::Standard, 47),
    ("linux", "7.12", Ring::Standard, 66),
    ("windows", "7.12", Ring::Standard, 38),
    ("linux", "7.11", Ring::Late, 17),
    ("windows", "7.12", Ring::Late, 21),
    ("linux", "7.10", Ring::Critical, 6),
    ("linux", "7.12", Ring::Critical, 12),
];

pub struct Story {
    pub rollout: Rollout,
    pub now: Time,
    pub audit: Vec<AuditLine>,
    pub release: Release,
    machines: Vec<(MachineId, usize)>,
    assigned: Vec<bool>,
    words: Vec<(u64, &'static str, Time)>,
    due: BTreeMap<u64, Vec<(u32, MachineEvent)>>,
    fate: fn(u32, usize) -> Fate,
    id: RolloutId,
}

pub fn release(channel: &str, number: u64) -> ReleaseRef {
    ReleaseRef {
        channel: channel.try_into().expect("name"),
        number,
        digest: Digest::of(format!("{channel} {number}").as_bytes()),
        length: 18_412,
    }
}

fn published(release: ReleaseRef, at: Time) -> Release {
    let evidence =
        |kind, text: &str| EvidenceRef { kind, digest: Digest::of(text.as_bytes()), length: 900 };
    Release {
        manifest: Manifest {
            schema: "ringfence/manifest/v1".into(),
            file_name: format!("{}.bin", release.channel),
            created: at,
            evidence: vec![
                evidence(EvidenceKind::Check, "check"),
                evidence(EvidenceKind::Trial, "trial"),
            ],
            release,
        },
        published: at,
        by: "alice".into(),
        withdrawn: None,
    }
}

fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value ^ (value >> 27)
}

impl Story {
    /// A rollout of `number` that begins at `begin`.
    pub fn new(id: &str, number: u64, begin: Time, fate: fn(u32, usize) -> Fate) -> Story {
        let salt = Salt(id.to_owned());
        let mut machines = Vec::new();
        for (stratum, (os, _, _, count)) in STRATA.iter().enumerate() {
            for n in 0..*count {
                let name = format!("{os}-{stratum}-{n:03}");
                machines.push((MachineId::try_from(name).expect("name"), stratum));
            }
        }
        let start = Start {
            rollout: RolloutId::try_from(id).expect("name"),
            release: release("ipc-rules", number),
            previous: Some(release("ipc-rules", number - 1)),
            lane: Lane::Standard,
            policy: builtin::standard(),
            strata: STRATA
                .iter()
                .map(|(os, consumer, ring, _)| {
                    StratumName::try_from(format!("{os}/{consumer}/{ring}")).expect("name")
                })
                .collect(),
            rings: STRATA.iter().map(|(_, _, ring, _)| *ring).collect(),
            blocks: vec![BlockName::try_from("eu").expect("name")],
            machines: machines
                .iter()
                .map(|(name, stratum)| StartMachine {
                    stratum: *stratum as u16,
                    block: 0,
                    bucket: bucket(&salt, name),
                    held: false,
                    alive: true,
                })
                .collect(),
        };
        let decision = Rollout::start(start, begin);
        let count = machines.len();
        let mut story = Story {
            rollout: decision.rollout,
            now: begin,
            audit: Vec::new(),
            release: published(release("ipc-rules", number), Time(begin.0 - 1_260_000)),
            machines,
            assigned: vec![false; count],
            words: vec![(number - 1, "healthy", begin); count],
            due: BTreeMap::new(),
            fate,
            id: RolloutId::try_from(id).expect("name"),
        };
        let at = story.release.published;
        story.note(
            at,
            "alice",
            "published",
            format!("ipc-rules@{number}"),
            None,
            "18,412 bytes with check and trial evidence".into(),
        );
        story.note(
            begin,
            "carol",
            "rollout_started",
            id.into(),
            None,
            format!("ipc-rules {number} in lane standard: CHG-4411"),
        );
        story.act(decision.actions);
        story
    }

    fn note(
        &mut self,
        at: Time,
        actor: &str,
        verb: &str,
        target: String,
        code: Option<String>,
        sentence: String,
    ) {
        let sequence = self.audit.len() as u64 + 101;
        let hash = Digest::of(format!("{sequence}{verb}").as_bytes());
        self.audit.push(AuditLine {
            sequence,
            at,
            actor: actor.into(),
            verb: verb.into(),
            target,
            code,
            sentence,
            hash,
        });
    }

    fn later(&mut self, delay: u64, machine: u32, what: MachineEvent) {
        self.due.entry(self.now.0 + delay).or_default().push((machine, what));
    }

    fn act(&mut self, actions: Vec<Action>) {
        let grown = actions.iter().any(|action| matches!(action, Action::Expose { .. }));
        if grown {
            for machine in 0..self.machines.len() as u32 {
                if self.rollout.is_assigned(machine) && !self.assigned[machine as usize] {
                    self.assigned[machine as usize] = true;
                    self.take(machine);
                }
            }
            let assigned = self.assigned.iter().filter(|a| **a).count();
            let (now, id) = (self.now, self.id.to_string());
            self.note(
                now,
                "evidence",
                "exposed",
                id,
                None,
                format!("offered to {assigned} of {} machines", self.machines.len()),
            );
        }
        let reason = self.rollout.view(self.now).reasons.first().cloned();
        let code = reason.as_ref().map(|reason| reason.code.to_string());
        let sentence = reason.map(|reason| reason.sentence).unwrap_or_default();
        let (now, id) = (self.now, self.id.to_string());
        for action in actions {
            match action {
                Action::Halt => {
                    self.note(now, "evidence", "halted", id.clone(), code.clone(), sentence.clone())
                }
                Action::Withdraw => self.note(
                    now,
                    "evidence",
                    "withdrawn",
                    id.clone(),
                    code.clone(),
                    "the digest can never be installed again".into(),
                ),
                Action::Revert => {
                    self.note(
                        now,
                        "evidence",
                        "reverting",
                        id.clone(),
                        code.clone(),
                        "those that have it go back".into(),
                    );
                    for machine in 0..self.machines.len() as u32 {
                        if self.assigned[machine as usize] {
                            self.later(
                                10_000 + mix(u64::from(machine)) % 80_000,
                                machine,
                                MachineEvent::Reverted,
                            );
                        }
                    }
                }
                Action::KnownGood => self.note(
                    now,
                    "evidence",
                    "known_good",
                    id.clone(),
                    code.clone(),
                    sentence.clone(),
                ),
                Action::Expose { .. } | Action::Complete | Action::Notify => {}
            }
        }
    }

    fn take(&mut self, machine: u32) {
        let draw = mix(u64::from(machine) ^ self.now.0);
        let load = 2_000 + draw % 50_000;
        self.later(load, machine, MachineEvent::Attempted);
        let age = self.rollout.started().policy.lanes[&Lane::Standard].evidence_age.0;
        match (self.fate)(machine, self.machines[machine as usize].1) {
            Fate::Good => self.later(load + age + 20_000, machine, MachineEvent::Healthy),
            Fate::CrashOnEvent => {
                self.later(load + 140_000 + draw % 60_000, machine, MachineEvent::Crashed);
                self.later(load + 206_000 + draw % 60_000, machine, MachineEvent::Reverted);
            }
            Fate::Silent => self.later(load + 180_000, machine, MachineEvent::Silent),
        }
    }

    fn event(&mut self, event: &Event) {
        let before = self.rollout.view(self.now).phase;
        let decision = self.rollout.clone().step(event, self.now);
        self.rollout = decision.rollout;
        self.act(decision.actions);
        let view = self.rollout.view(self.now);
        if view.phase != before
            && matches!(view.phase, Phase::Holding | Phase::Reverted | Phase::Soaking)
        {
            let reason = match view.phase {
                Phase::Reverted => view.reasons.last().cloned(),
                _ => view.reasons.first().cloned(),
            };
            let (now, id) = (self.now, self.id.to_string());
            self.note(
                now,
                "evidence",
                view.phase.word(),
                id,
                reason.as_ref().map(|reason| reason.code.to_string()),
                reason.map(|reason| reason.sentence).unwrap_or_default(),
            );
        }
    }

    fn machine(&mut self, machine: u32, what: MachineEvent) {
        let number = self.release.manifest.release.number;
        let word = &mut self.words[machine as usize];
        let reverted = word.1 == "reverted";
        match what {
            MachineEvent::Attempted => *word = (number, "attempted", self.now),
            MachineEvent::Healthy => *word = (number, "healthy", self.now),
            MachineEvent::Crashed => *word = (number, "crashed", self.now),
            MachineEvent::Reverted => *word = (number - 1, "reverted", self.now),
            _ => {}
        }
        if what == MachineEvent::Crashed {
            let (now, name) = (self.now, self.machines[machine as usize].0.clone());
            self.note(
                now,
                &format!("machine:{name}"),
                "crashed",
                self.id.to_string(),
                None,
                format!("{name}: sensor 7.11 died of signal 11 on ipc-rules {number}"),
            );
        }
        if what == MachineEvent::Reverted && !reverted {
            let (now, name) = (self.now, self.machines[machine as usize].0.clone());
            self.note(
                now,
                &format!("machine:{name}"),
                "reverted",
                self.id.to_string(),
                None,
                format!("{name} is back on ipc-rules {} by itself", number - 1),
            );
        }
        self.event(&Event::Machine { machine, what });
    }

    pub fn order(&mut self, order: Order, by: &str, reason: &str) {
        self.event(&Event::Order { order, by: by.into(), reason: reason.into() });
    }

    /// Lives until `stop` says so; at most a day.
    pub fn live(mut self, stop: impl Fn(&Story) -> bool) -> Story {
        let end = self.now.plus(Span::hours(40));
        let mut tick = self.now.0 + 15_000;
        while self.now < end && !stop(&self) {
            let due = self.due.keys().next().copied().unwrap_or(u64::MAX);
            self.now = Time(due.min(tick));
            if due <= tick {
                for (machine, what) in self.due.remove(&due).unwrap_or_default() {
                    self.machine(machine, what);
                }
            } else {
                tick += 15_000;
                self.event(&Event::Tick { feed_age: Some(Span(1_000)) });
            }
        }
        self
    }
}
