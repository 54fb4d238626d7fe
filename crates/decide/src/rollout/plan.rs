//! What a rollout would do, before it does it. Drawn by the code that does it.

use super::event::Start;
use super::gates::Gates;
use super::machines::Machines;
use super::picture::size_words;
use crate::id::{ReleaseRef, Ring};
use crate::policy::Lane;
use crate::reason::Reason;
use crate::rollout::codes;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What would be rolled out.
    pub release: ReleaseRef,
    /// What is there before.
    pub previous: Option<ReleaseRef>,
    /// The ladder.
    pub lane: Lane,
    /// The policy's name.
    pub policy: String,
    /// Machines that it may reach.
    pub machines: u64,
    /// The gates of this fleet.
    pub gates: Vec<PlannedGate>,
    /// The earliest time at which a good file is everywhere.
    pub earliest_all: Span,
    /// Machines that are left out or come last, and why.
    pub left_out: Vec<Reason>,
    /// Strata, with their sizes.
    pub strata: Vec<PlannedStratum>,
}

/// One gate of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedGate {
    /// In words.
    pub size: String,
    /// Machines exposed when it is reached: the bound on harm before it is judged.
    pub machines: u64,
    /// Of all, in permille.
    pub permille: u64,
    /// Last ring open.
    pub ring: Ring,
    /// How long it waits.
    pub wait: Span,
    /// The smallest share of machines in which a fault on loading is seen by this gate with 99 %
    /// probability, in parts per million: 1 - 0.01^(1/n).
    pub seen_ppm: u64,
    /// The same in words.
    pub power: String,
}

/// One stratum of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStratum {
    /// Its name.
    pub name: String,
    /// Machines in it, held ones left out.
    pub machines: u64,
}

/// Plans a rollout.
pub fn plan(start: &Start) -> Plan {
    let machines = Machines::new(start);
    let total = machines.totals().machines;
    let ladder = start.policy.ladder(start.lane);
    let mut gates = Vec::new();
    let mut earliest = Span::ZERO;
    if let Some(ladder) = ladder {
        let mut before = 1u64;
        for gate in Gates::new(ladder, start, &machines).all() {
            let doublings = libm::log2(gate.machines as f64 / before as f64).max(0.0);
            let growing = Span((doublings * ladder.doubling.0 as f64) as u64);
            earliest = Span(earliest.0 + growing.0 + gate.wait.0);
            before = gate.machines;
            let seen = crate::health::zero_failures_limit(gate.machines, 0.99);
            let seen_ppm = libm::ceil(seen * 1e6) as u64;
            gates.push(PlannedGate {
                size: size_words(gate.size),
                machines: gate.machines,
                permille: gate.machines * 1000 / total.max(1),
                ring: gate.ring,
                wait: gate.wait,
                seen_ppm,
                power: format!(
                    "a fault in {} % of machines or more shows here with 99 %",
                    percent(seen_ppm)
                ),
            });
        }
    }
    let strata = (0..start.strata.len())
        .map(|stratum| PlannedStratum {
            name: start.strata[stratum].to_string(),
            machines: machines.counts(stratum).machines,
        })
        .collect();
    Plan {
        release: start.release.clone(),
        previous: start.previous.clone(),
        lane: start.lane,
        policy: start.policy.name.clone(),
        machines: total,
        gates,
        earliest_all: earliest,
        left_out: left_out(start),
        strata,
    }
}

fn percent(ppm: u64) -> String {
    format!("{}.{:02}", ppm / 10_000, ppm % 10_000 / 100)
}

fn left_out(start: &Start) -> Vec<Reason> {
    let all = start.machines.len() as u64;
    let held = start.machines.iter().filter(|machine| machine.held).count() as u64;
    let away = start.machines.iter().filter(|m| !m.held && !m.alive).count() as u64;
    let mut reasons = Vec::new();
    if held > 0 {
        let sentence =
            format!("{held} of {all} machines are held by their owners and keep what they run");
        reasons.push(Reason::new(codes::LEFT_OUT, sentence).count(held, all));
    }
    if away > 0 {
        let sentence = format!(
            "{away} of {all} machines are not heard now; they take the release when they come back"
        );
        reasons.push(Reason::new(codes::LEFT_OUT, sentence).count(away, all));
    }
    reasons
}
