//! One channel: its releases, its rollouts, and the fence that follows from them.

use super::book::Book;
use super::fleet::Fleet;
use super::live::{Decided, Live};
use crate::publisher::LEASE;
use crate::store::{ChannelRow, Closed, RolloutRow, WithdrawnRow};
use decide::exposure::Threshold;
use decide::id::{Digest, MachineId, ReleaseRef, RolloutId};
use decide::reason::Reason;
use decide::rollout::{Action, Event, Phase};
use decide::time::{Span, Time};
use std::collections::BTreeMap;
use wire::api::{Release, RolloutStatus, Withdrawn};
use wire::fence::{Cadence, Fence, Offer, OfferState, StratumThreshold};

/// Polls and heartbeats before a policy says otherwise; the same as an agent's own first pause.
const CADENCE_FIRST: Cadence = Cadence { poll: Span::seconds(2), heartbeat: Span::seconds(2) };
/// Longest pause between two polls, whatever the heartbeat: it bounds how long a halt is unheard,
/// and an unchanged poll costs next to nothing.
const POLL_MAX: Span = Span::seconds(15);
/// Earlier rollouts that a fence still speaks of, for machines that come back late.
const OFFERS_BEFORE_MAX: usize = 8;

/// A rollout, taking events or closed.
#[derive(Debug)]
pub(crate) enum Kept {
    Live(Box<Live>),
    Closed(RolloutRow, Box<Closed>),
}

impl Kept {
    pub(crate) fn id(&self) -> &RolloutId {
        match self {
            Kept::Live(live) => &live.row.rollout,
            Kept::Closed(row, _) => &row.rollout,
        }
    }
    fn release(&self) -> &ReleaseRef {
        match self {
            Kept::Live(live) => &live.row.release,
            Kept::Closed(row, _) => &row.release,
        }
    }
    fn phase(&self) -> Phase {
        match self {
            Kept::Live(live) => live.phase(),
            Kept::Closed(_, closed) => closed.status.view.phase,
        }
    }
    fn is_base(&self, now: Time) -> bool {
        match self {
            Kept::Live(live) => live.is_base(now),
            Kept::Closed(_, closed) => closed.completed,
        }
    }
    pub(crate) fn status(&self, now: Time) -> RolloutStatus {
        match self {
            Kept::Live(live) => live.status(now),
            Kept::Closed(_, closed) => RolloutStatus { as_of: now, ..closed.status.clone() },
        }
    }
}

/// One channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub row: ChannelRow,
    pub releases: BTreeMap<u64, Release>,
    /// In the order in which they were withdrawn.
    pub withdrawn: Vec<WithdrawnRow>,
    /// In the order in which they began; at most the last one grows.
    pub rollouts: Vec<Kept>,
    /// Something changed that the fence may follow from.
    pub dirty: bool,
}

impl Channel {
    pub(crate) fn new(row: ChannelRow) -> Channel {
        Channel {
            row,
            releases: BTreeMap::new(),
            withdrawn: Vec::new(),
            rollouts: Vec::new(),
            dirty: true,
        }
    }

    pub(crate) fn withdrawn(&self, digest: &Digest) -> Option<&Withdrawn> {
        self.withdrawn.iter().find(|row| row.digest == *digest).map(|row| &row.withdrawn)
    }

    /// The newest release number; 0 before the first.
    pub(crate) fn head(&self) -> u64 {
        self.releases.keys().next_back().copied().unwrap_or(0)
    }

    /// What every machine runs that no offer exposes: the newest release that became everybody's
    /// and was neither taken back nor withdrawn.
    pub(crate) fn base(&self, now: Time) -> Option<&ReleaseRef> {
        let good =
            |kept: &&Kept| kept.is_base(now) && self.withdrawn(&kept.release().digest).is_none();
        self.rollouts.iter().rev().find(good).map(Kept::release)
    }

    /// True when a release of this channel has these bytes.
    pub(crate) fn knows(&self, digest: &Digest) -> bool {
        self.releases.values().any(|release| release.manifest.release.digest == *digest)
    }

    /// A release as people see it.
    pub(crate) fn with_withdrawal(&self, release: &Release) -> Release {
        let withdrawn = self.withdrawn(&release.manifest.release.digest).cloned();
        Release { withdrawn, ..release.clone() }
    }

    /// The newest rollout, while it takes events.
    pub(crate) fn newest(&self) -> Option<&Live> {
        match self.rollouts.last() {
            Some(Kept::Live(live)) => Some(live),
            _ => None,
        }
    }

    pub(crate) fn cadence(&self) -> Cadence {
        self.newest().map_or(CADENCE_FIRST, |live| {
            let heartbeat = live.rollout().started().policy.heartbeat;
            Cadence { poll: heartbeat.min(POLL_MAX), heartbeat }
        })
    }

    /// Everything of the fence but its number and times; a pure function of what is stored.
    pub(crate) fn wanted(&self, fleet: &Fleet, now: Time) -> Fence {
        let base = self.base(now).cloned();
        let strata = self.newest().map_or_else(
            || decide::policy::builtin::standard().strata,
            |live| live.rollout().started().policy.strata.clone(),
        );
        Fence {
            schema: "ringfence/fence/v1".into(),
            channel: self.row.channel.clone(),
            number: 0,
            issued: Time(0),
            expires: Time(0),
            offers: self.offers(base.as_ref(), now),
            base,
            withdrawn: self.withdrawn.iter().map(|row| row.digest).collect(),
            held: fleet.held(&self.row.channel),
            strata,
            cadence: self.cadence(),
        }
    }

    fn offers(&self, base: Option<&ReleaseRef>, now: Time) -> Vec<Offer> {
        let mut offers = Vec::new();
        let newest = self.rollouts.last();
        if let Some(Kept::Live(live)) = newest {
            offers.extend(newest_offer(live, now));
        }
        let spoken = |digest: &Digest| {
            base.is_some_and(|base| base.digest == *digest)
                || newest.is_some_and(|newest| newest.release().digest == *digest)
                || self.withdrawn(digest).is_some()
        };
        let before = self.rollouts.iter().rev().skip(1);
        let before = before.filter(|kept| !spoken(&kept.release().digest) && !kept.is_base(now));
        offers.extend(before.take(OFFERS_BEFORE_MAX).map(|kept| {
            let state = match kept.phase() {
                Phase::Reverting | Phase::Reverted => OfferState::Reverting,
                _ => OfferState::Halted,
            };
            let salt = match kept {
                Kept::Live(live) => live.row.salt.clone(),
                Kept::Closed(row, _) => row.salt.clone(),
            };
            let (rollout, release) = (kept.id().clone(), kept.release().clone());
            Offer { rollout, release, salt, state, thresholds: Vec::new() }
        }));
        offers
    }

    /// Numbers the wanted fence if it differs from the stored one, or if that one is to be
    /// renewed. True when there is a new one.
    pub(crate) fn settle(
        &mut self,
        fleet: &Fleet,
        now: Time,
        renew: bool,
        book: &mut Book,
    ) -> bool {
        self.dirty = false;
        let mut wanted = self.wanted(fleet, now);
        let before = self.row.fence.take();
        let same = before.as_ref().is_some_and(|fence| {
            let stored = Fence { number: 0, issued: Time(0), expires: Time(0), ..fence.clone() };
            stored == wanted
        });
        if same && !renew {
            self.row.fence = before;
            return false;
        }
        wanted.number = before.map_or(0, |fence| fence.number) + 1;
        wanted.issued = now;
        wanted.expires = now.plus(LEASE);
        self.row.fence = Some(wanted);
        book.batch.channels.push(self.row.clone());
        true
    }

    /// Hands one event to one rollout, and writes down what it decides.
    pub(crate) fn take(
        &mut self,
        index: usize,
        event: Event,
        member: Option<(u32, MachineId)>,
        now: Time,
        book: &mut Book,
    ) -> Option<Decided> {
        let Some(Kept::Live(live)) = self.rollouts.get_mut(index) else { return None };
        let actor = match &event {
            Event::Order { by, .. } => by.clone(),
            _ => "evidence".to_owned(),
        };
        let ticked = matches!(event, Event::Tick { .. });
        let before = live.phase();
        let decided = live.take(event, member, now, book);
        let phase = live.phase();
        let words = narrate(live, &decided, ticked, now);
        let silent = words.is_empty();
        let target = live.row.rollout.to_string();
        let release = live.row.release.clone();
        for (verb, reason) in words {
            book.say_reason(now, &actor, verb, &target, &reason);
        }
        let told = !decided.actions.is_empty();
        if phase != before && silent {
            let plain = Reason::new(decide::rollout::codes::GROWING, "growth goes on");
            let reason = decided.reasons.first().unwrap_or(&plain);
            book.say_reason(now, &actor, phase.word(), &target, reason);
        }
        if decided.actions.contains(&Action::Withdraw) {
            let reason = decided.reasons.first().map_or("", |reason| reason.sentence.as_str());
            self.withdraw(&release.digest, &actor, reason, now, book);
        }
        if phase != before || told {
            self.dirty = true;
        }
        Some(decided)
    }

    /// Puts a digest on the list that only grows. True when it was not there.
    pub(crate) fn withdraw(
        &mut self,
        digest: &Digest,
        by: &str,
        reason: &str,
        now: Time,
        book: &mut Book,
    ) -> bool {
        if self.withdrawn(digest).is_some() {
            return false;
        }
        let withdrawn = Withdrawn { at: now, by: by.to_owned(), reason: reason.to_owned() };
        let row = WithdrawnRow { channel: self.row.channel.clone(), digest: *digest, withdrawn };
        book.batch.withdrawn.push(row.clone());
        self.withdrawn.push(row);
        self.dirty = true;
        true
    }

    /// Closes rollouts that a later one has replaced and that are over.
    pub(crate) fn close_old(&mut self, now: Time, book: &mut Book) {
        let last = self.rollouts.len().saturating_sub(1);
        for kept in &mut self.rollouts[..last] {
            let Kept::Live(live) = kept else { continue };
            if matches!(live.phase(), Phase::Done | Phase::Halted | Phase::Reverted) {
                let closed = live.close(now);
                book.batch.closed.push((live.row.rollout.clone(), closed.clone()));
                let row = live.row.clone();
                *kept = Kept::Closed(row, Box::new(closed));
            }
        }
    }
}

/// The newest rollout's offer; none once its release is the base.
fn newest_offer(live: &Live, now: Time) -> Option<Offer> {
    let state = match live.phase() {
        Phase::Done if live.is_base(now) => return None,
        Phase::Advancing | Phase::Holding | Phase::Soaking | Phase::Done => OfferState::Open,
        Phase::Halted => OfferState::Halted,
        Phase::Reverting | Phase::Reverted => OfferState::Reverting,
    };
    let strata = live.rollout().started().strata.iter().enumerate();
    let thresholds = strata
        .map(|(index, stratum)| StratumThreshold {
            stratum: stratum.clone(),
            below: live.rollout().threshold(index as u16),
        })
        .filter(|threshold| state == OfferState::Open && threshold.below != Threshold::NONE);
    Some(Offer {
        rollout: live.row.rollout.clone(),
        release: live.row.release.clone(),
        salt: live.row.salt.clone(),
        state,
        thresholds: thresholds.collect(),
    })
}

/// What a step did, in verbs of the audit log.
fn narrate(
    live: &mut Live,
    decided: &Decided,
    ticked: bool,
    now: Time,
) -> Vec<(&'static str, Reason)> {
    let mut words = Vec::new();
    if !ticked && decided.actions.is_empty() {
        return words;
    }
    let view = live.view(now);
    for gate in live.gates_newly_open(&view) {
        let gate = &view.gates[gate];
        let sentence = format!(
            "the gate at {} ({} machines) opened: {} of {} exposed machines confirmed healthy",
            gate.size, gate.machines, view.confirmed, view.assigned
        );
        let reason = Reason::new(decide::rollout::codes::GROWING, sentence);
        words.push(("gate_opened", reason.count(view.confirmed, view.assigned)));
    }
    let mut exposed = false;
    for action in &decided.actions {
        let verb = match action {
            Action::Expose { .. } => {
                exposed = true;
                continue;
            }
            Action::Halt => "halted",
            Action::Revert => "reverting",
            Action::Withdraw => "withdrawn",
            Action::Complete => "completed",
            Action::KnownGood => "known_good",
            Action::Notify => continue,
        };
        words.extend(decided.reasons.first().map(|reason| (verb, reason.clone())));
    }
    if exposed {
        let sentence = format!("{} of {} machines are exposed", view.assigned, view.machines);
        let reason = Reason::new(decide::rollout::codes::GROWING, sentence);
        words.insert(0, ("exposed", reason.count(view.assigned, view.machines)));
    }
    words
}
