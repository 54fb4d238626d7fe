//! The state of the server and everything that changes it; owned by one thread.
//!
//! Methods here change memory and gather a batch; [`Control::flush`] stores the batch whole and
//! only then publishes. When storing fails, memory is thrown away and read again from the store:
//! what is not stored has not happened.

pub(crate) mod book;
pub(crate) mod channel;
mod commands;
pub(crate) mod fleet;
pub(crate) mod live;
mod publish;
mod reports;
mod rollouts;
#[cfg(test)]
mod tests;

use crate::codes;
use crate::error::ServerError;
use crate::model::{Role, Snapshot};
use crate::publisher::{Publisher, RENEW_AFTER, fence_bytes};
use crate::store::{Store, TokenRow};
use book::Book;
use channel::{Channel, Kept};
use decide::id::{ChannelName, RolloutId};
use decide::rollout::{Event, MachineEvent};
use decide::time::{Span, Time};
use fleet::Fleet;
use live::Live;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::api::{Release, RolloutStatus};

/// Time between two rounds of writing last-seen times.
const SEEN_EVERY: Span = Span::minutes(5);
/// Time after which an unpublished fence is tried again.
const PUBLISH_AGAIN: Span = Span::seconds(1);
/// Longest sleep of the writer.
const SLEEP_MAX: Span = Span::seconds(5);

/// What is rebuilt from the store.
struct State {
    fleet: Fleet,
    channels: BTreeMap<ChannelName, Channel>,
    book: Book,
    tokens: Vec<TokenRow>,
    /// Rollouts begun so far.
    begun: u64,
}

/// The state and where it is kept.
pub(crate) struct Control {
    store: Box<dyn Store>,
    publisher: Publisher,
    state: State,
    /// Changes with everything that a page could show.
    revision: u64,
    latest: Time,
    published_at: Time,
    seen_at: Time,
    /// What is published is behind what is stored.
    behind: bool,
    /// It has become so in this round.
    newer: bool,
    /// Why, and when to try again.
    unpublished: Option<(ServerError, Time)>,
    cached: Option<(u64, Time, Arc<Snapshot>)>,
}

impl Control {
    /// Reads the store, replays the logs and publishes what is missing: start-up and recovery are
    /// the same. Where nothing is missing, nothing is written.
    pub(crate) fn open(
        mut store: Box<dyn Store>,
        publisher: Publisher,
        now: Time,
    ) -> Result<Control, ServerError> {
        let state = load(store.as_mut(), now)?;
        // A clock that was set back must not make the log go backwards.
        let now = state.book.recent.back().map_or(now, |line| now.max(line.at));
        let fences = state.channels.values().filter_map(|channel| channel.row.fence.as_ref());
        let published_at = fences.map(|fence| fence.issued).min().unwrap_or(now);
        let mut control = Control {
            store,
            publisher,
            state,
            revision: 1,
            latest: now,
            published_at,
            seen_at: now,
            behind: true,
            newer: false,
            unpublished: None,
            cached: None,
        };
        control.look_at_audit(now);
        control.settle(now, now.since(published_at) >= RENEW_AFTER);
        control.store_batch()?;
        control.publish(now)?;
        Ok(control)
    }

    /// A log that was changed is said in the log itself. The server goes on: stopping it would
    /// also stop halts.
    fn look_at_audit(&mut self, now: Time) {
        let book = &mut self.state.book;
        if let Err(error) = crate::audit::verify_end(book.recent.make_contiguous()) {
            let sentence = error.to_string();
            book.say(now, "server", "audit_changed", "server", Some(error.code()), &sentence);
        }
    }

    /// The server's time: never behind what was decided before.
    pub(crate) fn time(&mut self, wall: Time) -> Time {
        self.latest = self.latest.max(wall);
        self.latest
    }

    /// Numbers new fences where the wanted ones have changed.
    fn settle(&mut self, now: Time, renew: bool) {
        let State { fleet, channels, book, .. } = &mut self.state;
        for channel in channels.values_mut() {
            channel.close_old(now, book);
            if (channel.dirty || renew) && channel.settle(fleet, now, renew, book) {
                (self.behind, self.newer) = (true, true);
            }
        }
    }

    fn store_batch(&mut self) -> Result<(), ServerError> {
        if !self.state.book.batch.is_empty() {
            self.store.apply(&self.state.book.batch)?;
            self.state.book.batch = Default::default();
            self.revision += 1;
        }
        Ok(())
    }

    /// Stores what was decided, then publishes it.
    ///
    /// # Errors
    /// When storing failed, memory has been read again from the store and nothing has happened.
    /// When only publishing failed, the code says so, and it is tried again.
    pub(crate) fn flush(&mut self, now: Time) -> Result<(), ServerError> {
        self.settle(now, false);
        let newer = std::mem::take(&mut self.newer);
        if let Err(error) = self.store_batch() {
            self.reload(now)?;
            return Err(error);
        }
        let rests = self.unpublished.as_ref().is_some_and(|(_, again)| now < *again);
        if !self.behind || (rests && !newer) {
            return Ok(());
        }
        match self.publish(now) {
            Ok(()) => {
                self.unpublished = None;
                Ok(())
            }
            Err(error) => {
                let sentence = format!("stored, but not published yet: {error}");
                let error = ServerError::new(codes::NOT_PUBLISHED_YET, sentence);
                self.unpublished = Some((error.clone(), now.plus(PUBLISH_AGAIN)));
                // Whoever only reported has been heard; who decided something must know.
                if newer { Err(error) } else { Ok(()) }
            }
        }
    }

    /// Why the newest fences are not published, while they are not.
    pub(crate) fn unpublished(&self) -> Option<&ServerError> {
        self.unpublished.as_ref().map(|(error, _)| error)
    }

    /// Throws memory away and reads it again from the store.
    pub(crate) fn reload(&mut self, now: Time) -> Result<(), ServerError> {
        self.state = load(self.store.as_mut(), now)?;
        self.revision += 1;
        self.cached = None;
        self.behind = true;
        Ok(())
    }

    /// Publishes what the store says, as far as it differs from what is published.
    fn publish(&mut self, now: Time) -> Result<(), ServerError> {
        let mut fences = Vec::new();
        let mut roles = Vec::new();
        for channel in self.state.channels.values() {
            let name = trust::channel_role(&channel.row.channel);
            if self.publisher.version(&name) != Some(channel.row.role_version) {
                let bytes = self.publisher.kept_role(&name, channel.row.role_version)?;
                roles.push((name, bytes));
            }
            if let Some(fence) = &channel.row.fence
                && self.publisher.fence(&channel.row.channel) != Some(fence_bytes(fence)?)
            {
                fences.push(fence.clone());
            }
        }
        if !fences.is_empty() || !roles.is_empty() {
            self.publisher.publish(&fences, roles, now)?;
            self.published_at = now;
        }
        self.behind = false;
        Ok(())
    }

    /// What time alone brings: silence, ticks, renewals. Gives the time of the next look.
    pub(crate) fn tick(&mut self, now: Time) -> Time {
        let mut next = now.plus(SLEEP_MAX);
        let State { channels, book, fleet, .. } = &mut self.state;
        for channel in channels.values_mut() {
            for index in 0..channel.rollouts.len() {
                if let Some(due) = tick_rollout(channel, index, now, book) {
                    next = next.min(due);
                }
            }
        }
        if now.since(self.seen_at) >= SEEN_EVERY {
            self.seen_at = now;
            book.batch.seen = fleet.take_unsaved();
        }
        if now.since(self.published_at) >= RENEW_AFTER {
            self.published_at = now;
            self.settle(now, true);
        }
        if self.behind { next.min(now.plus(PUBLISH_AGAIN)) } else { next }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// What has changed without being stored: heartbeats, for pages.
    pub(crate) fn touch(&mut self) {
        self.revision += 1;
    }

    /// Everything that pages are drawn from; the same object while nothing has changed.
    pub(crate) fn snapshot(&mut self, now: Time) -> Arc<Snapshot> {
        /// A snapshot is used again for this long, however many people look.
        const FRESH: Span = Span(250);
        if let Some((revision, at, snapshot)) = &self.cached
            && (*revision == self.revision && now.since(*at) < Span::seconds(1)
                || now.since(*at) < FRESH)
        {
            return snapshot.clone();
        }
        let snapshot = Arc::new(Snapshot {
            as_of: now,
            role: Role::Viewer,
            rollouts: self.rollouts(now),
            machines: self.state.fleet.statuses(),
            releases: self.releases(),
            audit: self.state.book.recent.iter().rev().cloned().collect(),
        });
        self.cached = Some((self.revision, now, snapshot.clone()));
        snapshot
    }

    /// All rollouts, newest first.
    pub(crate) fn rollouts(&self, now: Time) -> Vec<RolloutStatus> {
        let all = self.state.channels.values().flat_map(|channel| &channel.rollouts);
        let mut all: Vec<RolloutStatus> = all.map(|kept| kept.status(now)).collect();
        all.sort_by(|a, b| (b.started, &b.rollout).cmp(&(a.started, &a.rollout)));
        all
    }

    /// One rollout.
    pub(crate) fn rollout(&self, id: &RolloutId, now: Time) -> Option<RolloutStatus> {
        let mut all = self.state.channels.values().flat_map(|channel| &channel.rollouts);
        all.find(|kept| kept.id() == id).map(|kept| kept.status(now))
    }

    /// All releases, newest first.
    pub(crate) fn releases(&self) -> Vec<Release> {
        let channels = self.state.channels.values();
        let mut all: Vec<Release> = channels
            .flat_map(|channel| channel.releases.values().map(|r| channel.with_withdrawal(r)))
            .collect();
        all.sort_by_key(|release| std::cmp::Reverse(release.published));
        all
    }

    pub(crate) fn machines(&self) -> Vec<wire::api::MachineStatus> {
        self.state.fleet.statuses()
    }

    pub(crate) fn tokens(&self) -> &[TokenRow] {
        &self.state.tokens
    }

    /// Machines and the digests of their tokens.
    pub(crate) fn machine_tokens(
        &self,
    ) -> impl Iterator<Item = (decide::id::MachineId, decide::id::Digest)> {
        let machines = self.state.fleet.iter();
        machines.map(|(_, machine)| (machine.row.machine.clone(), machine.row.token_sha256))
    }

    /// Numbers of the newest stored fences.
    pub(crate) fn fence_numbers(&self) -> BTreeMap<ChannelName, u64> {
        let channels = self.state.channels.iter();
        channels
            .filter_map(|(name, channel)| Some((name.clone(), channel.row.fence.as_ref()?.number)))
            .collect()
    }

    pub(crate) fn audit(
        &mut self,
        after: u64,
        target: Option<&str>,
        limit: usize,
    ) -> Result<Vec<wire::api::AuditLine>, ServerError> {
        self.store.audit(after, target, limit)
    }
}

/// Ticks one rollout if it is time; gives when it is time again.
fn tick_rollout(channel: &mut Channel, index: usize, now: Time, book: &mut Book) -> Option<Time> {
    let last = index + 1 == channel.rollouts.len();
    let Some(Kept::Live(live)) = channel.rollouts.get_mut(index) else { return None };
    if !live.watches() {
        return None;
    }
    if now < live.next_tick {
        return Some(live.next_tick);
    }
    let tick = live.rollout().started().policy.tick;
    live.next_tick = now.plus(tick);
    let next = live.next_tick;
    // An earlier rollout hears of silence only where machines go back, or still run its release.
    let silent: Vec<u32> = live.silent(now);
    let reverting = live.phase() == decide::rollout::Phase::Reverting;
    let concerned: Vec<u32> =
        silent.into_iter().filter(|place| last || reverting || live.has_it(*place)).collect();
    for machine in concerned {
        let event = Event::Machine { machine, what: MachineEvent::Silent };
        channel.take(index, event, None, now, book);
    }
    if let Some(Kept::Live(live)) = channel.rollouts.get(index)
        && live.wants_tick()
    {
        let event = Event::Tick { feed_age: live.feed_age(now) };
        channel.take(index, event, None, now, book);
    }
    Some(next)
}

/// Everything from the store: logs are replayed through the production state machine.
fn load(store: &mut dyn Store, now: Time) -> Result<State, ServerError> {
    let mut loaded = store.load()?;
    let book = Book::open(&loaded);
    let fleet = Fleet::open(&mut loaded);
    let begun = loaded.rollouts.len() as u64;
    let mut channels: BTreeMap<ChannelName, Channel> =
        loaded.channels.into_iter().map(|row| (row.channel.clone(), Channel::new(row))).collect();
    for release in loaded.releases {
        if let Some(channel) = channels.get_mut(&release.manifest.release.channel) {
            channel.releases.insert(release.manifest.release.number, release);
        }
    }
    for row in loaded.withdrawn {
        if let Some(channel) = channels.get_mut(&row.channel) {
            channel.withdrawn.push(row);
        }
    }
    for mut row in loaded.rollouts {
        let Some(channel) = channels.get_mut(&row.release.channel) else { continue };
        let kept = match row.closed.take() {
            Some(closed) => Kept::Closed(row, Box::new(closed)),
            None => {
                let events = store.events(&row.rollout)?;
                Kept::Live(Box::new(Live::replay(row, &events, &fleet, now)?))
            }
        };
        channel.rollouts.push(kept);
    }
    Ok(State { fleet, channels, book, tokens: loaded.tokens, begun })
}
