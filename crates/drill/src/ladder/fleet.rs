//! A fleet out of a seed: strata, rings, regions, and whom the defect can harm.

use super::agents::{BEFORE, CANDIDATE};
use crate::draw::{Draw, Purpose};
use crate::error::{DrillError, OUT_OF_RANGE};
use crate::fleet::{RingShare, Shape};
use crate::request::Watch;
use crate::scenario::{Harm, Scenario};
use decide::exposure::{Salt, bucket};
use decide::id::{BadName, BlockName, Digest, MachineId, ReleaseRef, RolloutId, StratumName};
use decide::policy::{Lane, Policy};
use decide::rollout::{Start, StartMachine};

/// Machines between two looks at whether to stop.
const WATCH_EVERY: u64 = 1 << 14;

/// A fleet.
pub(crate) struct Fleet {
    pub start: Start,
    /// Machines that the defect can harm.
    pub affected: Vec<bool>,
}

/// The place in a table of shares that `drawn` (of their sum) falls on.
fn place(shares: &[u64], drawn: u64) -> usize {
    let mut left = drawn;
    for (index, share) in shares.iter().enumerate() {
        if left < *share {
            return index;
        }
        left -= share;
    }
    shares.len().saturating_sub(1)
}

/// The chance of being harmed in each group: along strata, or the same for all.
fn chances(scenario: &Scenario, draw: Draw) -> Vec<f64> {
    let groups = &scenario.fleet.groups;
    if scenario.harm == Harm::None {
        return vec![0.0; groups.len()];
    }
    if !scenario.in_strata {
        return vec![scenario.affected; groups.len()];
    }
    let shares: Vec<f64> = groups.iter().map(|group| f64::from(group.share)).collect();
    let mut chances = vec![0.0; groups.len()];
    let mut left = scenario.affected * shares.iter().sum::<f64>();
    // One group that can hold the share, where there is one; the seed says where to begin.
    let last = groups.len().saturating_sub(1) as u64;
    let first = draw.between(0, Purpose::Group, 0, 0, last) as usize;
    let mut order: Vec<usize> = (0..groups.len()).map(|i| (first + i) % groups.len()).collect();
    order.sort_by_key(|group| shares[*group] < left);
    for group in order.into_iter().filter(|group| shares[*group] > 0.0) {
        let share = shares[group];
        chances[group] = (left / share).clamp(0.0, 1.0);
        left = (left - share).max(0.0);
    }
    chances
}

/// Tells whether the defect can harm a machine, as in the fleet of the same seed.
pub(crate) fn affected(scenario: &Scenario, draw: Draw) -> impl Fn(u64) -> bool {
    let chances = chances(scenario, draw);
    let groups: Vec<u64> = scenario.fleet.groups.iter().map(|g| u64::from(g.share)).collect();
    let last = groups.iter().sum::<u64>().saturating_sub(1);
    move |machine| {
        let group = place(&groups, draw.between(machine, Purpose::Stratum, 0, 0, last));
        draw.unit(machine, Purpose::Affected, 0) < chances[group]
    }
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
    let shape = &scenario.fleet;
    let groups: Vec<u64> = shape.groups.iter().map(|group| u64::from(group.share)).collect();
    let rings: Vec<u64> = shape.rings.iter().map(|ring| u64::from(ring.share)).collect();
    let of = |shares: &[u64]| shares.iter().sum::<u64>().saturating_sub(1);
    let mut affected = Vec::with_capacity(machines as usize);
    let mut members = Vec::with_capacity(machines as usize);
    for machine in 0..machines {
        if machine % WATCH_EVERY == 0 {
            watch.progress(machine, machines, "machines made");
            if watch.interrupted() {
                return Err(DrillError::Interrupted);
            }
        }
        let group = place(&groups, draw.between(machine, Purpose::Stratum, 0, 0, of(&groups)));
        let ring = place(&rings, draw.between(machine, Purpose::Stratum, 1, 0, of(&rings)));
        let id = MachineId::try_from(format!("m-{machine}")).map_err(unnamed)?;
        affected.push(draw.unit(machine, Purpose::Affected, 0) < chances[group]);
        members.push(StartMachine {
            stratum: (group * rings.len() + ring) as u16,
            block: draw.between(machine, Purpose::Block, 0, 0, u64::from(shape.regions) - 1) as u16,
            bucket: bucket(&salt, &id),
            held: draw.unit(machine, Purpose::Hold, 0) < shape.held,
            alive: draw.unit(machine, Purpose::Online, 0) >= shape.offline,
        });
    }
    let start = frozen(shape, policy, lane, members).map_err(unnamed)?;
    Ok(Fleet { start, affected })
}

fn unnamed(bad: BadName) -> DrillError {
    DrillError::refused(OUT_OF_RANGE, format!("a fleet cannot be named: {bad}"))
}

/// What the rollout is started with.
fn frozen(
    shape: &Shape,
    policy: &Policy,
    lane: Lane,
    members: Vec<StartMachine>,
) -> Result<Start, BadName> {
    let strata = shape.groups.iter().flat_map(|group| {
        let name = |ring: &RingShare| format!("{}/{}", group.name, ring.ring);
        shape.rings.iter().map(move |ring| StratumName::try_from(name(ring)))
    });
    Ok(Start {
        rollout: RolloutId::try_from("r-drill")?,
        release: release(CANDIDATE)?,
        previous: Some(release(BEFORE)?),
        lane,
        policy: policy.clone(),
        strata: strata.collect::<Result<_, _>>()?,
        rings: shape.groups.iter().flat_map(|_| shape.rings.iter().map(|ring| ring.ring)).collect(),
        blocks: (0..shape.regions)
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

/// Machines of each stratum by bucket, held ones left out; made here again so that nothing of the rollout's own
/// bookkeeping is trusted.
pub(crate) fn order(start: &Start) -> Vec<Vec<u32>> {
    let mut keyed: Vec<Vec<(u64, u32)>> = vec![Vec::new(); start.strata.len()];
    for (machine, member) in start.machines.iter().enumerate().filter(|(_, of)| !of.held) {
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
