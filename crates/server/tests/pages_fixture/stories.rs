//! The stories that pages are looked at in, and a million machines.

use super::{BEGIN, Fate, STRATA, Story, release};
use decide::id::{Digest, MachineId, RolloutId};
use decide::rollout::{Event, Order, Phase};
use decide::time::{Span, Time};
use ringfence_server::model::{Role, Snapshot, Viewer};
use wire::api::{MachineRunning, MachineStatus, RolloutStatus, Withdrawn};

impl Story {
    pub fn status(&self) -> RolloutStatus {
        let start = self.rollout.started();
        RolloutStatus {
            schema: "ringfence/rollout/v1".into(),
            rollout: self.id.clone(),
            release: start.release.clone(),
            previous: start.previous.clone(),
            lane: start.lane,
            by: "carol".into(),
            reason: "CHG-4411".into(),
            started: self.rollout.began(),
            as_of: self.now,
            view: self.rollout.view(self.now),
            hands_needed: 0,
        }
    }

    fn statuses(&self) -> Vec<MachineStatus> {
        let start = self.rollout.started();
        self.machines
            .iter()
            .zip(&self.words)
            .enumerate()
            .map(|(place, ((machine, stratum), (number, word, at)))| {
                let (os, consumer, ring, _) = STRATA[*stratum];
                let channel = start.release.channel.clone();
                let digest = release("ipc-rules", *number).digest;
                MachineStatus {
                    machine: machine.clone(),
                    labels: [("os", os), ("consumer", consumer)]
                        .map(|(key, value)| (key.to_owned(), value.to_owned()))
                        .into(),
                    ring,
                    held: (place % 61 == 3).then(|| "quarter end".to_owned()),
                    last_seen: (place % 97 != 11).then(|| {
                        Time(self.now.0 - if place % 43 == 7 { 1_900_000 } else { 20_000 })
                    }),
                    running: [(
                        channel,
                        MachineRunning {
                            number: *number,
                            digest,
                            word: (*word).to_owned(),
                            at: *at,
                        },
                    )]
                    .into(),
                }
            })
            .collect()
    }

    pub fn snapshot(&self, others: Vec<RolloutStatus>) -> Snapshot {
        let mut rollouts = vec![self.status()];
        rollouts.extend(others);
        let mut release = self.release.clone();
        let view = self.rollout.view(self.now);
        if view.withdrawn {
            release.withdrawn = view.halted_at.map(|at| Withdrawn {
                at,
                by: "evidence".into(),
                reason: "first harm".into(),
            });
        }
        Snapshot {
            as_of: self.now,
            role: Role::Operator,
            rollouts,
            machines: self.statuses(),
            releases: vec![release],
            audit: self.audit.iter().rev().take(200).cloned().collect(),
        }
    }
}

pub fn viewer(role: Role) -> Viewer {
    Viewer { name: "carol".into(), role, csrf: "c5f0".into() }
}

pub fn good() -> Story {
    Story::new("r-0143", 44, BEGIN, |_, _| Fate::Good)
}

pub fn bad() -> Story {
    Story::new("r-0142", 43, BEGIN, |_, stratum| {
        if STRATA[stratum].1 == "7.12" { Fate::Good } else { Fate::CrashOnEvent }
    })
}

/// All stories that pages are looked at in.
pub fn stories() -> Vec<(&'static str, Snapshot)> {
    let advancing = good().live(|s| s.rollout.view(s.now).assigned >= 60);
    let soaking = good().live(|s| s.rollout.phase() == Phase::Soaking);
    let holding =
        Story::new("r-0144", 45, BEGIN, |m, _| if m % 3 == 0 { Fate::Silent } else { Fate::Good })
            .live(|s| s.rollout.view(s.now).reasons.iter().any(|r| r.code.0 == 412));
    let halted = bad().live(|s| {
        let view = s.rollout.view(s.now);
        view.phase == Phase::Reverting && view.reverted * 2 >= view.attempted && view.reverted > 0
    });
    let reverted = bad().live(|s| s.rollout.phase() == Phase::Reverted);
    let mut by_hand = good().live(|s| s.rollout.view(s.now).assigned >= 20);
    by_hand.order(Order::Halt, "carol", "odd ticket volume");
    let mut blind = good().live(|s| s.rollout.view(s.now).assigned >= 20);
    blind.event(&Event::Tick { feed_age: Some(Span::minutes(9)) });
    let done = good().live(|s| s.rollout.phase() == Phase::Done).status();
    let mut old = reverted.status();
    old.rollout = RolloutId::try_from("r-0139").expect("name");
    old.started = Time(1);
    let mut other = advancing.status();
    other.rollout = RolloutId::try_from("r-0141").expect("name");
    other.release = release("geo-list", 88);
    other.started = Time(2);
    let others = vec![other, done, old];
    let empty = Snapshot {
        as_of: BEGIN,
        role: Role::Operator,
        rollouts: vec![],
        machines: vec![],
        releases: vec![],
        audit: vec![],
    };
    vec![
        ("advancing", advancing.snapshot(others.clone())),
        ("soaking", soaking.snapshot(vec![])),
        ("holding", holding.snapshot(vec![])),
        ("blind", blind.snapshot(vec![])),
        ("halted", halted.snapshot(others)),
        ("reverted", reverted.snapshot(vec![])),
        ("by-hand", by_hand.snapshot(vec![])),
        ("empty", empty),
    ]
}

/// A million machines' view beside `running` other rollouts, without living through it.
pub fn large(running: usize) -> Snapshot {
    let story = bad().live(|s| {
        s.rollout.view(s.now).phase == Phase::Reverting && s.rollout.view(s.now).reverted > 1
    });
    let mut snapshot = story.snapshot(vec![]);
    let view = &mut snapshot.rollouts[0].view;
    let factor = 1_000_000 / view.machines + 1;
    for stratum in &mut view.strata {
        stratum.machines *= factor;
        stratum.assigned *= factor / 40;
        stratum.attempted *= factor / 40;
    }
    view.machines = view.strata.iter().map(|s| s.machines).sum();
    view.assigned = view.strata.iter().map(|s| s.assigned).sum();
    view.attempted = view.strata.iter().map(|s| s.attempted).sum();
    let other = good().live(|s| s.rollout.view(s.now).assigned >= 60).status();
    for number in 0..running {
        let mut other = other.clone();
        other.rollout = RolloutId::try_from(format!("r-1{number:03}")).expect("name");
        other.release = release(&format!("channel-{number}"), 7);
        snapshot.rollouts.push(other);
    }
    snapshot
}

/// So many machines, made from their number.
pub fn machines(count: u64) -> Vec<MachineStatus> {
    let digest = Digest::of(b"file");
    (0..count)
        .map(|n| {
            let (os, consumer, ring, _) = STRATA[(n * 7 % STRATA.len() as u64) as usize];
            MachineStatus {
                machine: MachineId::try_from(format!("m-{n}")).expect("name"),
                labels: [("os", os), ("consumer", consumer)]
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
                ring,
                held: (n % 1_000 == 1).then(|| "quarter end".to_owned()),
                last_seen: (n % 5_000 != 2)
                    .then(|| Time(BEGIN.0 - if n % 2_500 == 3 { 600_000 } else { 9_000 })),
                running: [(
                    "ipc-rules".try_into().expect("name"),
                    MachineRunning { number: 42, digest, word: "healthy".into(), at: BEGIN },
                )]
                .into(),
            }
        })
        .collect()
}
