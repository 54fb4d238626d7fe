//! A fleet out of a seed: strata, rings, regions, and whom the defect can harm.

use super::agents::{BEFORE, CANDIDATE};
use crate::draw::{Draw, Purpose};
use crate::error::{DrillError, OUT_OF_RANGE};
use crate::request::Watch;
use crate::scenario::{Harm, Scenario};
use decide::exposure::{Salt, bucket};
use decide::id::{BadName, BlockName, Digest, MachineId, ReleaseRef, Ring, RolloutId, StratumName};
use decide::policy::{Lane, Policy};
use decide::rollout::{Start, StartMachine};

/// Operating system and consumer version, and how many of 1,000 machines have them.
const GROUPS: [(&str, u64); 8] = [
    ("windows/7.11", 300),
    ("windows/7.12", 220),
    ("linux/7.11", 180),
    ("linux/7.12", 120),
    ("mac/7.11", 80),
    ("mac/7.12", 60),
    ("windows/7.10", 25),
    ("linux/7.10", 15),
];
/// Rings, and how many of 1,000 machines are in them.
const RINGS: [(Ring, u64); 5] = [
    (Ring::Lab, 5),
    (Ring::Early, 95),
    (Ring::Standard, 600),
    (Ring::Late, 250),
    (Ring::Critical, 50),
];
/// Regions; an outage takes one of them down.
pub(crate) const BLOCKS: u16 = 10;
/// Share of machines that are off when the rollout begins.
const OFFLINE: f64 = 0.01;

/// Machines between two looks at whether to stop.
const WATCH_EVERY: u64 = 1 << 14;

/// A fleet.
pub(crate) struct Fleet {
    pub start: Start,
    /// Machines that the defect can harm.
    pub affected: Vec<bool>,
}

/// The place in a table of shares of 1,000 that `drawn` falls on.
fn place<T>(table: &[(T, u64)], drawn: u64) -> usize {
    let mut left = drawn;
    for (index, (_, share)) in table.iter().enumerate() {
        if left < *share {
            return index;
        }
        left -= share;
    }
    table.len() - 1
}

/// The chance of being harmed in each group: along strata, or the same for all.
fn chances(scenario: &Scenario, draw: Draw) -> [f64; GROUPS.len()] {
    if scenario.harm == Harm::None {
        return [0.0; GROUPS.len()];
    }
    if !scenario.in_strata {
        return [scenario.affected; GROUPS.len()];
    }
    let mut chances = [0.0; GROUPS.len()];
    let mut left = scenario.affected * 1000.0;
    // One group that can hold the share, where there is one; the seed says where to begin.
    let first = draw.between(0, Purpose::Group, 0, 0, GROUPS.len() as u64 - 1) as usize;
    let mut order: Vec<usize> = (0..GROUPS.len()).map(|i| (first + i) % GROUPS.len()).collect();
    order.sort_by_key(|group| (GROUPS[*group].1 as f64) < left);
    for group in order {
        let share = GROUPS[group].1 as f64;
        chances[group] = (left / share).clamp(0.0, 1.0);
        left = (left - share).max(0.0);
    }
    chances
}

/// Makes a fleet.
pub(crate) fn fleet(
    scenario: &Scenario,
    policy: &Policy,
    lane: Lane,
    machines: u64,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<Fleet, DrillError> {
    let draw = Draw::new(seed);
    let salt = Salt(format!("drill-{seed}"));
    let chances = chances(scenario, draw);
    let mut affected = Vec::with_capacity(machines as usize);
    let mut members = Vec::with_capacity(machines as usize);
    for machine in 0..machines {
        if machine % WATCH_EVERY == 0 {
            watch.progress(machine, machines, "machines made");
            if watch.interrupted() {
                return Err(DrillError::Interrupted);
            }
        }
        let group = place(&GROUPS, draw.between(machine, Purpose::Stratum, 0, 0, 999));
        let ring = place(&RINGS, draw.between(machine, Purpose::Stratum, 1, 0, 999));
        let id = MachineId::try_from(format!("m-{machine}")).map_err(unnamed)?;
        affected.push(draw.unit(machine, Purpose::Affected, 0) < chances[group]);
        members.push(StartMachine {
            stratum: (group * RINGS.len() + ring) as u16,
            block: draw.between(machine, Purpose::Block, 0, 0, u64::from(BLOCKS) - 1) as u16,
            bucket: bucket(&salt, &id),
            held: false,
            alive: draw.unit(machine, Purpose::Online, 0) >= OFFLINE,
        });
    }
    let start = frozen(policy, lane, members).map_err(unnamed)?;
    Ok(Fleet { start, affected })
}

fn unnamed(bad: BadName) -> DrillError {
    DrillError::refused(OUT_OF_RANGE, format!("a fleet cannot be named: {bad}"))
}

/// What the rollout is started with.
fn frozen(policy: &Policy, lane: Lane, members: Vec<StartMachine>) -> Result<Start, BadName> {
    let strata = GROUPS.iter().flat_map(|(group, _)| {
        RINGS.iter().map(move |(ring, _)| StratumName::try_from(format!("{group}/{ring}")))
    });
    Ok(Start {
        rollout: RolloutId::try_from("r-drill")?,
        release: release(CANDIDATE)?,
        previous: Some(release(BEFORE)?),
        lane,
        policy: policy.clone(),
        strata: strata.collect::<Result<_, _>>()?,
        rings: GROUPS.iter().flat_map(|_| RINGS.iter().map(|(ring, _)| *ring)).collect(),
        blocks: (0..BLOCKS)
            .map(|block| BlockName::try_from(format!("region-{block}")))
            .collect::<Result<_, _>>()?,
        machines: members,
    })
}

fn release(number: u64) -> Result<ReleaseRef, BadName> {
    Ok(ReleaseRef {
        channel: "drill".try_into()?,
        number,
        digest: Digest::of(&number.to_le_bytes()),
        length: 1,
    })
}

/// Machines of each stratum by bucket, made here again so that nothing of the rollout's own
/// bookkeeping is trusted.
pub(crate) fn order(start: &Start) -> Vec<Vec<u32>> {
    let mut keyed: Vec<Vec<(u64, u32)>> = vec![Vec::new(); start.strata.len()];
    for (machine, member) in start.machines.iter().enumerate() {
        keyed[usize::from(member.stratum)].push((member.bucket.0, machine as u32));
    }
    keyed
        .into_iter()
        .map(|mut stratum| {
            stratum.sort_unstable();
            stratum.into_iter().map(|(_, machine)| machine).collect()
        })
        .collect()
}
