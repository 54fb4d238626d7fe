//! What people order: halt, revert, withdraw, resume, hold. Each is asked for once and done once.

use super::channel::Kept;
use super::fleet::HOLDS_MAX;
use super::rollouts::reason_given;
use super::{Control, State};
use crate::codes;
use crate::error::Refusal;
use crate::store::Hold;
use decide::id::{ChannelName, Digest, MachineId, RolloutId};
use decide::rollout::{Event, Order, Phase};
use decide::time::Time;
use wire::api::{MachineStatus, OrderRequest, Release, RolloutStatus, WithdrawRequest};

/// Digests withdrawn on one channel; they travel in every fence.
const WITHDRAWN_MAX: usize = 10_000;
/// Longest reason kept, in bytes.
const REASON_BYTES_MAX: usize = 500;

fn word(order: Order) -> &'static str {
    match order {
        Order::Halt => "halt",
        Order::Revert => "revert",
        Order::Withdraw => "withdraw",
        Order::Resume => "resume",
    }
}

fn check_reason(order: Order, reason: &str) -> Result<(), Refusal> {
    if reason.len() > REASON_BYTES_MAX {
        return Err(Refusal::limit("bytes are in the reason", reason.len(), REASON_BYTES_MAX));
    }
    if order == Order::Halt { Ok(()) } else { reason_given(word(order), reason) }
}

impl Control {
    /// One order for one rollout.
    pub(crate) fn order(
        &mut self,
        id: &RolloutId,
        request: &OrderRequest,
        by: &str,
        now: Time,
    ) -> Result<RolloutStatus, Refusal> {
        check_reason(request.order, &request.reason)?;
        let State { channels, book, .. } = &mut self.state;
        let found = channels.values_mut().find_map(|channel| {
            let index = channel.rollouts.iter().position(|kept| kept.id() == id)?;
            Some((channel, index))
        });
        let Some((channel, index)) = found else {
            return Err(Refusal::unknown(format!("the rollout '{id}'")));
        };
        let Kept::Live(live) = &channel.rollouts[index] else {
            let sentence = format!("{id} is closed: a later rollout has taken its place");
            let next = format!("ringfence withdraw {}@N --reason TEXT", channel.row.channel);
            return Err(Refusal::new(409, codes::CLOSED, sentence).next(next));
        };
        let last = index + 1 == channel.rollouts.len();
        if request.order == Order::Resume && !last {
            let sentence = format!("{id} cannot be resumed: a later rollout has begun");
            return Err(Refusal::new(409, codes::CLOSED, sentence));
        }
        let event = Event::Order {
            order: request.order,
            by: by.to_owned(),
            reason: request.reason.clone(),
        };
        if request.order == Order::Resume {
            // Asked of a copy first, so that a refused order leaves no trace in the log.
            let tried = live.rollout().clone().step(&event, now);
            let refused = decide::rollout::codes::ORDER_REFUSED;
            let reason = tried.reasons.into_iter().find(|reason| reason.code == refused);
            if let Some(reason) = reason {
                book.say_reason(now, by, "refused", id.as_str(), &reason);
                return Err(Refusal { status: 409, reason });
            }
        }
        channel.take(index, event, None, now, book);
        Ok(channel.rollouts[index].status(now))
    }

    /// One order for every rollout that still takes it.
    pub(crate) fn order_all(
        &mut self,
        request: &OrderRequest,
        by: &str,
        now: Time,
    ) -> Result<Vec<RolloutStatus>, Refusal> {
        check_reason(request.order, &request.reason)?;
        let running = |kept: &&Kept| {
            matches!(kept, Kept::Live(live) if matches!(
                live.phase(),
                Phase::Advancing | Phase::Holding | Phase::Soaking
            ))
        };
        let channels = self.state.channels.values();
        let ids: Vec<RolloutId> = channels
            .flat_map(|channel| channel.rollouts.iter().filter(running))
            .map(|kept| kept.id().clone())
            .collect();
        ids.iter().map(|id| self.order(id, request, by, now)).collect()
    }

    /// Withdraws a digest, whether or not a rollout runs.
    pub(crate) fn withdraw(
        &mut self,
        request: &WithdrawRequest,
        by: &str,
        now: Time,
    ) -> Result<Release, Refusal> {
        check_reason(Order::Withdraw, &request.reason)?;
        let (release, count) = self.release_of(&request.channel, &request.digest)?;
        if release.withdrawn.is_some() {
            return Ok(release);
        }
        if count >= WITHDRAWN_MAX {
            return Err(Refusal::limit("digests are withdrawn", count, WITHDRAWN_MAX));
        }
        let State { channels, book, .. } = &mut self.state;
        if let Some(channel) = channels.get_mut(&request.channel) {
            for index in 0..channel.rollouts.len() {
                let concerns = matches!(&channel.rollouts[index], Kept::Live(live)
                    if live.row.release.digest == request.digest);
                if concerns {
                    let (by, reason) = (by.to_owned(), request.reason.clone());
                    let event = Event::Order { order: Order::Withdraw, by, reason };
                    channel.take(index, event, None, now, book);
                }
            }
            if channel.withdraw(&request.digest, by, &request.reason, now, book) {
                let target = format!("{}@{}", request.channel, release.manifest.release.number);
                book.say(now, by, "withdrawn", &target, None, &request.reason);
            }
        }
        self.release_of(&request.channel, &request.digest).map(|(release, _)| release)
    }

    fn release_of(
        &self,
        channel: &ChannelName,
        digest: &Digest,
    ) -> Result<(Release, usize), Refusal> {
        let Some(channel) = self.state.channels.get(channel) else {
            return Err(Refusal::unknown(format!("the channel '{channel}'")));
        };
        let mut releases = channel.releases.values().rev();
        releases
            .find(|release| release.manifest.release.digest == *digest)
            .map(|release| (channel.with_withdrawal(release), channel.withdrawn.len()))
            .ok_or_else(|| Refusal::unknown(format!("a release sha256:{}", digest.short())))
    }

    /// Pins machines to what they run.
    pub(crate) fn hold(
        &mut self,
        machines: &[MachineId],
        reason: &str,
        by: &str,
        now: Time,
    ) -> Result<Vec<MachineStatus>, Refusal> {
        reason_given("a hold", reason)?;
        let indexes = machines.iter().map(|machine| self.machine(machine));
        let indexes = indexes.collect::<Result<Vec<u32>, Refusal>>()?;
        let State { fleet, channels, book, .. } = &mut self.state;
        if fleet.holds.len() + machines.len() > HOLDS_MAX {
            let count = fleet.holds.len() + machines.len();
            return Err(Refusal::limit("machines would be held", count, HOLDS_MAX));
        }
        for (machine, index) in machines.iter().zip(&indexes) {
            let hold = Hold { by: by.to_owned(), at: now, reason: reason.to_owned() };
            fleet.holds.insert(machine.clone(), hold.clone());
            book.batch.holds.push((machine.clone(), Some(hold)));
            book.say(now, by, "held", machine.as_str(), None, reason);
            for name in &fleet.get(*index).row.channels {
                if let Some(channel) = channels.get_mut(name) {
                    channel.hold(*index, now, book);
                }
            }
        }
        Ok(indexes.into_iter().map(|index| self.state.fleet.status(index)).collect())
    }

    /// Lifts a hold; a machine that is not held stays so. It takes part from the next rollout on.
    pub(crate) fn lift(
        &mut self,
        machine: &MachineId,
        by: &str,
        now: Time,
    ) -> Result<MachineStatus, Refusal> {
        let index = self.machine(machine)?;
        let State { fleet, channels, book, .. } = &mut self.state;
        let row = &mut fleet.get_mut(index).row;
        if std::mem::take(&mut row.says_held) {
            book.batch.machines.push(row.clone());
        }
        if fleet.holds.remove(machine).is_some() {
            book.batch.holds.push((machine.clone(), None));
            book.say(now, by, "lifted", machine.as_str(), None, "the hold is lifted");
            for name in &fleet.get(index).row.channels {
                if let Some(channel) = channels.get_mut(name) {
                    channel.dirty = true;
                }
            }
        }
        Ok(self.state.fleet.status(index))
    }

    fn machine(&self, machine: &MachineId) -> Result<u32, Refusal> {
        let found = self.state.fleet.index(machine);
        found.ok_or_else(|| Refusal::unknown(format!("the machine '{machine}'")))
    }
}
