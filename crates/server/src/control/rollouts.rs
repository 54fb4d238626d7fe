//! Plans and starts of rollouts: the live fleet is frozen into a start, the same way for both.

use super::channel::{Channel, Kept};
use super::live::Live;
use super::{Control, State};
use crate::codes;
use crate::error::Refusal;
use crate::secret::secret;
use crate::store::{MachineRow, RolloutRow};
use decide::exposure::{Salt, bucket, stratum_of};
use decide::health::liveness::MISSES;
use decide::id::{BlockName, Digest, MachineId, ReleaseRef, Ring, RolloutId, StratumName};
use decide::reason::Reason;
use decide::release::{Stage, Step};
use decide::rollout::{Phase, Start, StartMachine, plan};
use decide::time::{Span, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use wire::api::{PlanAnswer, RolloutRequest, RolloutStatus};

/// Strata of one rollout; each has a threshold in every fence.
const STRATA_MAX: usize = 4_096;
/// Heartbeats of the older cadence that machines have to take up the new one.
const GRACE_HEARTBEATS: u64 = 2;

/// Everything that a plan follows from; its digest is the plan's. Who is heard right now is left
/// out, because it changes all the time and the ladder copes with it.
#[derive(Serialize)]
struct Basis<'a> {
    release: &'a ReleaseRef,
    previous: Option<&'a ReleaseRef>,
    newest_rollout: Option<&'a RolloutId>,
    lane: &'a str,
    policy: &'a decide::policy::Policy,
    machines: Vec<(&'a MachineId, &'a StratumName, &'a BlockName, bool)>,
}

/// The label that names a machine's block.
pub(super) fn block_of<'a>(machine: &'a MachineRow, label: &str) -> &'a str {
    machine.labels.get(label).map_or("none", String::as_str)
}

/// A start with the names of its machines.
struct Frozen {
    start: Start,
    members: Vec<MachineId>,
    digest: Digest,
}

impl Control {
    /// What a rollout would do, without doing it.
    pub(crate) fn plan(
        &mut self,
        request: &RolloutRequest,
        now: Time,
    ) -> Result<PlanAnswer, Refusal> {
        let frozen = self.freeze(request, &Salt("plan".into()), now)?;
        Ok(PlanAnswer {
            schema: "ringfence/plan/v1".into(),
            digest: frozen.digest,
            plan: plan(&frozen.start),
        })
    }

    /// Begins a rollout: exposes the first machine of the first gate, nobody else.
    pub(crate) fn start(
        &mut self,
        request: &RolloutRequest,
        by: &str,
        now: Time,
    ) -> Result<RolloutStatus, Refusal> {
        reason_given("a rollout", &request.reason)?;
        let salt = Salt(secret()?);
        let frozen = self.freeze(request, &salt, now)?;
        if request.plan.is_some_and(|plan| plan != frozen.digest) {
            let sentence = format!(
                "fleet, policy, holds or releases have changed since the plan: it was sha256:{}, \
                 now it would be sha256:{}",
                request.plan.map(|plan| plan.short()).unwrap_or_default(),
                frozen.digest.short()
            );
            let next = format!("ringfence rollout plan {}@{}", request.channel, request.number);
            return Err(Refusal::new(409, codes::PLAN_CHANGED, sentence).next(next));
        }
        let State { fleet, channels, book, begun, .. } = &mut self.state;
        let Some(channel) = channels.get_mut(&request.channel) else {
            return Err(Refusal::unknown(format!("the channel '{}'", request.channel)));
        };
        *begun += 1;
        let row = RolloutRow {
            rollout: frozen.start.rollout.clone(),
            release: frozen.start.release.clone(),
            salt,
            by: by.to_owned(),
            reason: request.reason.clone(),
            began: now,
            start: Some(frozen.start),
            members: frozen.members,
            closed: None,
        };
        let older = channel.cadence().heartbeat;
        let grace = if older > request.policy.heartbeat { older } else { Span::ZERO };
        book.batch.rollouts.push(row.clone());
        let (live, decided) = Live::begin(row, fleet, now, grace.times(GRACE_HEARTBEATS))?;
        let status = live.status(now);
        let sentence = format!(
            "{} in lane {} to {} machines: {}",
            status.release,
            request.lane.name(),
            status.view.machines,
            request.reason
        );
        let target = status.rollout.to_string();
        book.say(now, by, "rollout_started", &target, None, &sentence);
        for reason in decided.reasons.iter().take(1) {
            book.say_reason(now, by, "exposed", &target, reason);
        }
        channel.rollouts.push(Kept::Live(Box::new(live)));
        channel.dirty = true;
        Ok(status)
    }

    fn freeze(&self, request: &RolloutRequest, salt: &Salt, now: Time) -> Result<Frozen, Refusal> {
        let Some(channel) = self.state.channels.get(&request.channel) else {
            return Err(Refusal::unknown(format!("the channel '{}'", request.channel)));
        };
        let name = format!("{}@{}", request.channel, request.number);
        let Some(release) = channel.releases.get(&request.number) else {
            let next = format!("ringfence publish FILE --channel {}", request.channel);
            return Err(Refusal::unknown(format!("the release {name}")).next(next));
        };
        self.verify_not_withdrawn(&request.channel, &release.manifest.release.digest)?;
        policy_usable(request)?;
        may_begin(channel)?;
        let limit = request.policy.heartbeat.max(channel.cadence().heartbeat).times(MISSES);
        let mut tables = Tables::default();
        let mut machines = Vec::new();
        let mut members = Vec::new();
        for index in self.state.fleet.of_channel(&request.channel) {
            let machine = self.state.fleet.get(index);
            let held = self.state.fleet.is_held(index);
            let (stratum, block) = tables.place(&machine.row, request)?;
            machines.push(StartMachine {
                stratum,
                block,
                bucket: bucket(salt, &machine.row.machine),
                held,
                alive: machine.alive(now, limit),
            });
            members.push(machine.row.machine.clone());
        }
        if machines.iter().all(|machine| machine.held) {
            let sentence = format!(
                "{} of {} machines read '{}', {} of them are held",
                machines.len(),
                self.state.fleet.iter().count(),
                request.channel,
                machines.len()
            );
            return Err(Refusal::new(409, codes::NOBODY, sentence).next("ringfence-agent run"));
        }
        let previous = channel.base(now).filter(|base| **base != release.manifest.release);
        let start = Start {
            rollout: RolloutId::try_from(format!("r-{:04}", self.state.begun + 1))
                .map_err(|error| crate::error::ServerError::record("a rollout", error))?,
            release: release.manifest.release.clone(),
            previous: previous.cloned(),
            lane: request.lane,
            policy: request.policy.clone(),
            strata: tables.strata.clone(),
            rings: tables.rings.clone(),
            blocks: tables.blocks.clone(),
            machines,
        };
        let digest = digest(&start, &members, channel.rollouts.last().map(Kept::id))?;
        Ok(Frozen { start, members, digest })
    }
}

/// Strata and blocks in the order in which machines bring them.
#[derive(Default)]
struct Tables {
    strata: Vec<StratumName>,
    rings: Vec<Ring>,
    blocks: Vec<BlockName>,
    stratum_index: BTreeMap<StratumName, u16>,
    block_index: BTreeMap<BlockName, u16>,
}

impl Tables {
    fn place(&mut self, row: &MachineRow, request: &RolloutRequest) -> Result<(u16, u16), Refusal> {
        let malformed = |error: decide::id::BadName| {
            let sentence = format!("machine {}: {error}", row.machine);
            Refusal::new(409, codes::MALFORMED, sentence)
        };
        let name = stratum_of(&row.labels, &request.policy.strata, row.ring).map_err(malformed)?;
        if !self.stratum_index.contains_key(&name) && self.strata.len() >= STRATA_MAX {
            return Err(Refusal::limit("strata", self.strata.len() + 1, STRATA_MAX));
        }
        let stratum = *self.stratum_index.entry(name.clone()).or_insert_with(|| {
            self.strata.push(name);
            self.rings.push(row.ring);
            (self.strata.len() - 1) as u16
        });
        let name = BlockName::try_from(block_of(row, &request.policy.block)).map_err(malformed)?;
        if !self.block_index.contains_key(&name) && self.blocks.len() >= STRATA_MAX {
            return Err(Refusal::limit("blocks", self.blocks.len() + 1, STRATA_MAX));
        }
        let block = *self.block_index.entry(name.clone()).or_insert_with(|| {
            self.blocks.push(name);
            (self.blocks.len() - 1) as u16
        });
        Ok((stratum, block))
    }
}

fn digest(
    start: &Start,
    members: &[MachineId],
    newest_rollout: Option<&RolloutId>,
) -> Result<Digest, Refusal> {
    let machines = start.machines.iter().zip(members).map(|(machine, name)| {
        let stratum = &start.strata[usize::from(machine.stratum)];
        (name, stratum, &start.blocks[usize::from(machine.block)], machine.held)
    });
    let basis = Basis {
        release: &start.release,
        previous: start.previous.as_ref(),
        newest_rollout,
        lane: start.lane.name(),
        policy: &start.policy,
        machines: machines.collect(),
    };
    // Through a JSON value, whose keys are sorted: the same basis gives the same bytes.
    serde_json::to_value(&basis)
        .map(|value| Digest::of(value.to_string().as_bytes()))
        .map_err(|error| crate::error::ServerError::record("a plan", error).into())
}

fn policy_usable(request: &RolloutRequest) -> Result<(), Refusal> {
    let mut faults = request.policy.check().into_iter();
    if let Some(mut first) = faults.next() {
        for more in faults {
            first.sentence = format!("{}; {}", first.sentence, more.sentence);
        }
        return Err(Refusal { status: 400, reason: first });
    }
    if request.policy.ladder(request.lane).is_none() {
        let sentence =
            format!("the policy '{}' has no lane '{}'", request.policy.name, request.lane.name());
        return Err(Refusal::new(400, decide::rollout::codes::NO_LADDER, sentence));
    }
    Ok(())
}

/// One advancing rollout a channel, so that harm has one name.
fn may_begin(channel: &Channel) -> Result<(), Refusal> {
    let Some(live) = channel.newest() else { return Ok(()) };
    if matches!(live.phase(), Phase::Advancing | Phase::Holding) {
        let sentence = format!(
            "{} is {} with {} on '{}'; a channel has one running rollout",
            live.row.rollout,
            live.phase().word(),
            live.row.release,
            channel.row.channel
        );
        let refusal = Refusal::new(409, codes::RUNNING, sentence);
        return Err(refusal.next(format!("ringfence rollout status {}", live.row.rollout)));
    }
    // The life of a release has one table; a withdrawn one was refused before.
    Stage::Published
        .after(Step::RollOut)
        .map(|_| ())
        .map_err(|reason: Reason| Refusal { status: 409, reason })
}

/// Refuses an empty reason.
pub(super) fn reason_given(what: &str, reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        let sentence = format!("{what} needs a reason; only halt needs none");
        return Err(Refusal::new(400, codes::NO_REASON, sentence));
    }
    Ok(())
}
