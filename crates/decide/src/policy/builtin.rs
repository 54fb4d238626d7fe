//! The policies that the binaries ship, and the faults that a policy can have.
//!
//! Figures are those of the ladder table in `docs/explanation/decision-statistics.md`.

use super::{Gate, Ladder, Lane, Policy, SCHEMA, Size};
use crate::id::Ring;
use crate::reason::{Code, Reason};
use crate::time::Span;
use std::collections::BTreeMap;

/// The code of a policy that is refused.
pub const POLICY_REFUSED: Code = Code(610);

fn gate(size: Size, wait: Span, ring: Ring) -> Gate {
    Gate { size, wait, ring }
}

fn ladder(
    doubling: u64,
    multiplier: u32,
    age: u64,
    hold: Span,
    soak: Span,
    gates: Vec<Gate>,
) -> Ladder {
    Ladder {
        doubling: Span::minutes(doubling),
        multiplier,
        evidence_age: Span::minutes(age),
        hold_max: hold,
        probation: soak,
        gates,
    }
}

/// The standard policy: three lanes, all of them gated.
pub fn standard() -> Policy {
    use Size::{EachStratum, Machines, Permille};
    let m = Span::minutes;
    let h = Span::hours;
    let gates = |waits: [Span; 6], last: u32| {
        vec![
            gate(Machines(1), waits[0], Ring::Early),
            gate(EachStratum, waits[1], Ring::Standard),
            gate(Permille(10), waits[2], Ring::Standard),
            gate(Permille(100), waits[3], Ring::Standard),
            gate(Permille(500), waits[4], Ring::Late),
            gate(Permille(last), waits[5], Ring::Critical),
        ]
    };
    let standard = gates([m(10), m(10), m(15), m(15), m(15), m(20)], 950);
    let emergency = gates([m(4), m(4), m(6), m(6), m(6), m(6)], 900);
    let mut cautious = gates([m(30), h(1), h(4), h(4), h(4), h(6)], 950);
    cautious.insert(2, gate(Machines(1_000), h(26), Ring::Standard));
    Policy {
        schema: SCHEMA.into(),
        name: "standard".into(),
        strata: vec!["os".into(), "consumer".into()],
        block: "region".into(),
        heartbeat: Span::seconds(60),
        tick: Span::seconds(15),
        false_halt_one_in: 1_000,
        hold_at: 20,
        resume_at: 10,
        lanes: BTreeMap::from([
            (Lane::Standard, ladder(4, 4, 8, h(2), h(24), standard)),
            (Lane::Cautious, ladder(10, 4, 10, h(8), h(72), cautious)),
            (Lane::Emergency, ladder(1, 8, 3, Span::minutes(45), h(24), emergency)),
        ]),
    }
}

/// The standard policy with every span of its ladders divided by `factor` (at least 1), for
/// demonstrations and tests. Heartbeat and tick are given apart, because real processes cannot
/// report arbitrarily often.
pub fn shortened(factor: u64, heartbeat: Span, tick: Span) -> Policy {
    let factor = factor.max(1);
    let shorten = |span: &mut Span| span.0 = (span.0 / factor).max(1);
    let mut policy = standard();
    policy.name = format!("standard/{factor}");
    policy.heartbeat = heartbeat;
    policy.tick = tick;
    for ladder in policy.lanes.values_mut() {
        for span in [
            &mut ladder.doubling,
            &mut ladder.evidence_age,
            &mut ladder.hold_max,
            &mut ladder.probation,
        ] {
            shorten(span);
        }
        ladder.gates.iter_mut().for_each(|gate| shorten(&mut gate.wait));
    }
    policy
}

/// Every fault of `policy`; empty means usable.
pub(super) fn faults(policy: &Policy) -> Vec<Reason> {
    let mut faults = Vec::new();
    let mut fault = |sentence: String| faults.push(Reason::new(POLICY_REFUSED, sentence));
    if policy.schema != SCHEMA {
        fault(format!("schema is '{}', this version reads '{SCHEMA}'", policy.schema));
    }
    for lane in [Lane::Standard, Lane::Emergency] {
        if !policy.lanes.contains_key(&lane) {
            fault(format!("lane '{}' is missing", lane.name()));
        }
    }
    if policy.heartbeat == Span::ZERO || policy.tick == Span::ZERO {
        fault("heartbeat and tick must be longer than 0".into());
    }
    if policy.false_halt_one_in < 20 || policy.hold_at < 2 || policy.resume_at > policy.hold_at {
        fault("needs false_halt_one_in >= 20, hold_at >= 2 and resume_at <= hold_at".into());
    }
    for (lane, ladder) in &policy.lanes {
        ladder_faults(ladder)
            .into_iter()
            .for_each(|text| fault(format!("lane '{}': {text}", lane.name())));
    }
    faults
}

fn ladder_faults(ladder: &Ladder) -> Vec<String> {
    let mut faults = Vec::new();
    match ladder.gates.first() {
        None => faults.push("has no gates; an emergency lane is shorter, never ungated".into()),
        Some(first) if !matches!(first.size, Size::Machines(1..=10)) => {
            faults.push("the first gate must be at 1 to 10 machines".into());
        }
        Some(_) => {}
    }
    if ladder.gates.iter().any(|gate| gate.wait == Span::ZERO) {
        faults.push("a gate with no wait is not a gate".into());
    }
    if !(2..=16).contains(&ladder.multiplier) {
        faults.push(format!("multiplier is {}, allowed are 2 to 16", ladder.multiplier));
    }
    if [ladder.doubling, ladder.evidence_age, ladder.hold_max].contains(&Span::ZERO) {
        faults.push("doubling, evidence_age and hold_max must be longer than 0".into());
    }
    if !ladder.gates.windows(2).all(|pair| pair[0].ring <= pair[1].ring) {
        faults.push("rings must open in order".into());
    }
    if ladder.gates.iter().any(|gate| matches!(gate.size, Size::Permille(0 | 1001..))) {
        faults.push("a share must be 1 to 1000 permille".into());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_policies_have_no_faults() {
        assert_eq!(standard().check(), vec![]);
        let short = shortened(600, Span(400), Span(100));
        assert_eq!(short.check(), vec![]);
        assert_eq!(short.lanes[&Lane::Standard].gates[0].wait, Span(1_000));
    }

    #[test]
    fn a_lane_without_gates_is_refused() {
        let mut policy = standard();
        policy.lanes.get_mut(&Lane::Emergency).expect("has it").gates.clear();
        assert!(policy.check()[0].sentence.contains("never ungated"));
    }
}
