//! The commit record: the sole authority over what a machine runs, and its transitions.

use crate::id::Digest;
use serde::{Deserialize, Serialize};

/// Starts without health after which a release is given up (Chrome 3, greenboot 3, RAUC 3).
pub const START_ATTEMPTS_MAX: u8 = 3;
/// Crashes that a living agent has seen, without a steady stretch in between, after which a
/// release outside probation is given up although it says that it is healthy after each start.
pub const CRASHES_MAX: u8 = 3;

/// A release on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// Release number; 0 for the seed.
    pub number: u64,
    /// Digest of the content.
    pub digest: Digest,
}

/// Where a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Runs a known-good release.
    Stable,
    /// Runs a release that is not known good yet.
    Probation,
    /// Put the known-good release back; not yet healthy on it.
    Reverted,
    /// Runs the seed, because nothing else started; not yet healthy on it.
    Seed,
    /// Runs nothing: the machine stays up, the agent goes on polling.
    Off,
}

impl Phase {
    /// The word people see.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Stable => "stable",
            Phase::Probation => "probation",
            Phase::Reverted => "reverted",
            Phase::Seed => "seed",
            Phase::Off => "off",
        }
    }
}

/// What a machine runs and what it falls back to. Written whole, before anything is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What runs now.
    pub current: Generation,
    /// The newest known-good release.
    pub known_good: Generation,
    /// The one before it.
    pub known_good_before: Generation,
    /// Shipped with the agent.
    pub seed: Generation,
    /// The release that was taken away last, until its blame is settled.
    pub accused: Option<Generation>,
    /// See [`Phase`].
    pub phase: Phase,
    /// Starts of `current` without health since it became current.
    pub attempts: u8,
    /// A living agent saw the accused die: no power cut can have done that.
    pub observed_crash: bool,
    /// The accused has been given its one retry after silent resets.
    pub retried: bool,
    /// Crashes seen outside probation since `current` was last steady.
    pub crashes: u8,
}

/// What the rescue step says before a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartDecision {
    /// Start the consumer on this release.
    Start(Generation),
    /// Start it on this one; the first was taken away.
    StartInstead {
        /// Taken away.
        taken: Generation,
        /// Started.
        started: Generation,
    },
    /// Do not start the consumer.
    Off,
}

/// What a machine has seen of the running release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Milliseconds since activation, monotonic.
    pub age_ms: u64,
    /// Healthy heartbeats of the consumer.
    pub heartbeats: u64,
    /// Events evaluated, as the consumer says; `None` where it does not say.
    pub events: Option<u64>,
    /// Polls completed since activation: the machine could still receive a fix.
    pub polls: u64,
}

/// What became of a release's blame or probation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing yet.
    Nothing,
    /// The current release is known good now.
    KnownGood(Generation),
    /// The accused is banned on this machine.
    Banned(Generation),
    /// The accused may be tried once more: only silent resets speak against it.
    Retry(Generation),
}

impl Record {
    /// A machine that has only its seed.
    pub fn seeded(seed: Generation) -> Record {
        Record {
            current: seed,
            known_good: seed,
            known_good_before: seed,
            seed,
            accused: None,
            phase: Phase::Stable,
            attempts: 0,
            observed_crash: false,
            retried: false,
            crashes: 0,
        }
    }

    /// Every release that must stay on disk.
    pub fn kept(&self) -> [Generation; 4] {
        [self.current, self.known_good, self.known_good_before, self.seed]
    }

    /// The rescue step: counts a start before it happens, and falls back when the count is full.
    #[must_use]
    pub fn before_start(mut self) -> (Record, StartDecision) {
        if self.phase == Phase::Off {
            return (self, StartDecision::Off);
        }
        let taken = self.current;
        let mut fell = false;
        while self.attempts >= START_ATTEMPTS_MAX {
            if !self.fall_back() {
                self.phase = Phase::Off;
                return (self, StartDecision::Off);
            }
            fell = true;
        }
        self.attempts += 1;
        let decision = if fell {
            StartDecision::StartInstead { taken, started: self.current }
        } else {
            StartDecision::Start(self.current)
        };
        (self, decision)
    }

    /// One step down the ladder; false below the seed.
    fn fall_back(&mut self) -> bool {
        let down = match self.phase {
            Phase::Probation => Some((self.known_good, Phase::Reverted)),
            Phase::Stable | Phase::Reverted if self.current != self.known_good_before => {
                Some((self.known_good_before, Phase::Reverted))
            }
            Phase::Stable | Phase::Reverted if self.current != self.seed => {
                Some((self.seed, Phase::Seed))
            }
            _ => None,
        };
        let Some((to, phase)) = down else { return false };
        if self.phase == Phase::Probation {
            self.accused = Some(self.current);
        } else {
            // The known-good release fails too: the content is not to blame (counterfactual).
            self.accused = None;
            self.observed_crash = false;
        }
        self.current = to;
        self.phase = phase;
        self.attempts = 0;
        self.crashes = 0;
        true
    }

    /// A new release becomes current. The caller has made its bytes durable and verified.
    #[must_use]
    pub fn activate(mut self, release: Generation) -> Record {
        if self.phase == Phase::Off {
            self.known_good = self.seed;
        }
        let again = self.accused == Some(release);
        self.current = release;
        self.phase = Phase::Probation;
        self.attempts = 0;
        self.crashes = 0;
        self.observed_crash = false;
        self.retried = again && self.retried;
        self.accused = None;
        self
    }

    /// A living agent saw the consumer die, hang, fall sick, or refuse the file. In probation the
    /// known-good release comes back at once. Elsewhere the counts decide: starts without health
    /// ([`Record::before_start`]), and crashes that follow a healthy start again and again. With
    /// nothing left below, the seed goes on being restarted.
    #[must_use]
    pub fn crash_seen(mut self) -> (Record, Option<Generation>) {
        let taken = self.current;
        match self.phase {
            Phase::Probation => {
                self.fall_back();
                self.observed_crash = true;
                (self, Some(taken))
            }
            Phase::Stable | Phase::Reverted => {
                self.crashes = self.crashes.saturating_add(1);
                let falls = self.crashes >= CRASHES_MAX && self.fall_back();
                (self, falls.then_some(taken))
            }
            Phase::Seed | Phase::Off => (self, None),
        }
    }

    /// The consumer was alive and is stopped in good order: this start says nothing against the
    /// release, so it is not counted.
    #[must_use]
    pub fn stopped(mut self) -> Record {
        self.attempts = self.attempts.saturating_sub(1);
        self
    }

    /// Another consumer is installed here than the one that nothing started: it gets the seed.
    #[must_use]
    pub fn revived(mut self) -> Record {
        if self.phase == Phase::Off {
            self.current = self.seed;
            self.phase = Phase::Seed;
            self.attempts = 0;
        }
        self
    }

    /// The agent was installed with another seed than before.
    #[must_use]
    pub fn reseeded(mut self, seed: Generation) -> Record {
        self.seed = seed;
        self
    }

    /// The consumer is healthy on the current release. `enough` is what probation asks for.
    #[must_use]
    pub fn healthy(mut self, seen: Evidence, enough: Evidence) -> (Record, Settled) {
        let proved = seen.age_ms >= enough.age_ms
            && seen.heartbeats >= enough.heartbeats
            && seen.polls >= enough.polls
            && seen.events.is_none_or(|events| events >= enough.events.unwrap_or(0));
        match self.phase {
            Phase::Probation if proved => {
                if self.known_good != self.current {
                    self.known_good_before = self.known_good;
                    self.known_good = self.current;
                }
                self.phase = Phase::Stable;
                self.attempts = 0;
                self.retried = false;
                let known_good = self.current;
                (self, Settled::KnownGood(known_good))
            }
            Phase::Reverted | Phase::Seed if seen.heartbeats >= 1 => {
                self.attempts = 0;
                self.phase = Phase::Stable;
                self.settle_on_older();
                let settled = self.settle();
                (self, settled)
            }
            Phase::Stable if seen.heartbeats >= 1 => {
                self.attempts = 0;
                if seen.age_ms >= enough.age_ms && seen.heartbeats >= enough.heartbeats {
                    self.crashes = 0;
                }
                (self, Settled::Nothing)
            }
            _ => (self, Settled::Nothing),
        }
    }

    /// What was known good does not start any more and something older does: that is the
    /// counterfactual against it, and it must not be fallen back to again.
    fn settle_on_older(&mut self) {
        if self.current != self.known_good {
            self.accused = Some(self.known_good);
            self.observed_crash = false;
            self.retried = false;
            self.known_good = self.current;
            self.known_good_before = self.seed;
        }
    }

    /// The known-good release is healthy, so the blame of the accused can be settled.
    fn settle(&mut self) -> Settled {
        match self.accused {
            Some(accused) if self.observed_crash || self.retried => {
                self.accused = None;
                self.observed_crash = false;
                self.retried = false;
                Settled::Banned(accused)
            }
            Some(accused) => {
                self.retried = true;
                Settled::Retry(accused)
            }
            None => Settled::Nothing,
        }
    }

    /// The fence says that `digest` must go: back to what is known good. Nothing changes when there
    /// is nothing else on this machine.
    #[must_use]
    pub fn taken_back(mut self, digest: Digest) -> (Record, Option<Generation>) {
        let fallbacks = [self.known_good, self.known_good_before, self.seed];
        let to = fallbacks.into_iter().find(|generation| generation.digest != digest);
        let Some(to) = to.filter(|_| self.current.digest == digest) else { return (self, None) };
        let taken = self.current;
        self.current = to;
        self.known_good = to;
        self.phase = Phase::Stable;
        self.attempts = 0;
        self.crashes = 0;
        self.accused = None;
        self.observed_crash = false;
        (self.forgotten(digest), Some(taken))
    }

    /// `digest` is withdrawn: it is nothing to fall back to either. What runs now is
    /// [`Record::taken_back`]'s business, and the seed stays, for want of anything below it.
    #[must_use]
    pub fn forgotten(mut self, digest: Digest) -> Record {
        if self.current.digest == digest {
            return self;
        }
        if self.known_good_before.digest == digest {
            self.known_good_before = self.seed;
        }
        if self.known_good.digest == digest {
            self.known_good = self.known_good_before;
        }
        if self.accused.is_some_and(|accused| accused.digest == digest) {
            self.accused = None;
            self.observed_crash = false;
            self.retried = false;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(number: u64) -> Generation {
        Generation { number, digest: Digest::of(&number.to_le_bytes()) }
    }

    const ENOUGH: Evidence = Evidence { age_ms: 10, heartbeats: 2, events: Some(5), polls: 1 };

    fn known_good(number: u64) -> Record {
        let record = Record::seeded(generation(0)).activate(generation(number));
        record.healthy(ENOUGH, ENOUGH).0
    }

    #[test]
    fn three_starts_without_health_bring_the_known_good_release_back() {
        let mut record = known_good(1).activate(generation(2));
        for _ in 0..START_ATTEMPTS_MAX {
            let (next, decision) = record.before_start();
            assert_eq!(decision, StartDecision::Start(generation(2)));
            record = next;
        }
        let (record, decision) = record.before_start();
        let instead = StartDecision::StartInstead { taken: generation(2), started: generation(1) };
        assert_eq!(decision, instead);
        let (record, settled) = record.healthy(ENOUGH, ENOUGH);
        assert_eq!(settled, Settled::Retry(generation(2)), "only resets: one retry");
        let (record, taken) = record.activate(generation(2)).crash_seen();
        assert_eq!(taken, Some(generation(2)));
        assert_eq!(record.healthy(ENOUGH, ENOUGH).1, Settled::Banned(generation(2)));
    }

    #[test]
    fn the_ladder_ends_at_the_seed_and_then_off() {
        let mut record = known_good(1).activate(generation(2));
        let mut started = Vec::new();
        for _ in 0..40 {
            let (next, decision) = record.before_start();
            record = next;
            match decision {
                StartDecision::Start(g) => started.push(g.number),
                StartDecision::StartInstead { started: g, .. } => started.push(g.number),
                StartDecision::Off => break,
            }
        }
        assert_eq!(started, [2, 2, 2, 1, 1, 1, 0, 0, 0]);
        assert_eq!(record.phase, Phase::Off);
        assert_eq!(record.accused, None, "the content is not to blame when everything fails");
    }

    #[test]
    fn probation_ends_on_evidence_of_use_and_not_on_time_alone() {
        let lacking = [
            Evidence { age_ms: 9, ..ENOUGH },
            Evidence { heartbeats: 1, ..ENOUGH },
            Evidence { events: Some(4), ..ENOUGH },
            Evidence { polls: 0, ..ENOUGH },
        ];
        for seen in lacking {
            let (record, settled) = known_good(1).activate(generation(2)).healthy(seen, ENOUGH);
            assert_eq!((record.phase, settled), (Phase::Probation, Settled::Nothing), "{seen:?}");
        }
        let silent = Evidence { events: None, ..ENOUGH };
        let (record, settled) = known_good(1).activate(generation(2)).healthy(silent, ENOUGH);
        assert_eq!(settled, Settled::KnownGood(generation(2)));
        assert_eq!((record.known_good, record.known_good_before), (generation(2), generation(1)));
    }

    /// Every history of starts, resets, crashes and health up to a length: a bad release is
    /// started a bounded number of times, a startable release always exists, and a good release is
    /// never banned by power cuts.
    #[test]
    fn no_history_needs_hands_and_power_cuts_ban_nobody() {
        // Each step: 0 = the start ends by a power cut, 1 = the start is healthy.
        for history in 0u32..1 << 12 {
            let mut record = known_good(1).activate(generation(2));
            for step in 0..12 {
                let (next, decision) = record.before_start();
                record = next;
                if decision == StartDecision::Off {
                    assert!((history | !0xfff).count_zeros() >= 9, "history {history:b}");
                    break;
                }
                if history >> step & 1 == 1 {
                    let (next, settled) = record.healthy(ENOUGH, ENOUGH);
                    record = next;
                    if let Settled::Retry(release) = settled {
                        record = record.activate(release);
                    }
                    assert!(
                        !matches!(settled, Settled::Banned(_))
                            || (history | !0xfff).count_zeros() >= 6
                    );
                } else {
                    assert!(record.attempts > 0, "a start is counted before it happens");
                }
                if record.phase == Phase::Seed {
                    break;
                }
            }
        }
    }

    #[test]
    fn an_order_takes_a_release_away_in_every_phase() {
        let stable = {
            let record = known_good(1).activate(generation(2));
            record.healthy(ENOUGH, ENOUGH).0
        };
        for record in [known_good(1).activate(generation(2)), stable] {
            let (record, taken) = record.taken_back(generation(2).digest);
            assert_eq!(taken, Some(generation(2)));
            assert_eq!(record.current, generation(1));
            assert!(record.kept().iter().all(|kept| kept.digest != generation(2).digest));
        }
        assert_eq!(known_good(1).taken_back(generation(9).digest).1, None);
    }
}
