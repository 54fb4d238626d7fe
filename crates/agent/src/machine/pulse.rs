//! How the consumer is: its signs, its heartbeats, the watchdog, and the pause before it is
//! started again.

use super::{Machine, enough};
use crate::consumer::Sign;
use crate::network::{Ask, POLL_FIRST};
use crate::status::name;
use decide::endpoint::{Evidence, Phase, Record, Settled};
use decide::id::{Digest, MachineId};
use decide::time::Span;
use std::time::{Duration, Instant};
use wire::report::What;

/// Pause before the first restart; doubles with each failure without health in between.
const RESTART_FIRST: Duration = Duration::from_millis(200);
/// Longest pause before a restart.
const RESTART_MAX: Duration = Duration::from_secs(30);

/// What is known about the running consumer.
#[derive(Debug)]
pub(super) struct Pulse {
    /// Seen since the last hand-over.
    pub(super) seen: Evidence,
    /// The last hand-over was a reload of a running consumer.
    pub(super) reloaded: bool,
    since: Instant,
    /// Last health on the current release, or the hand-over.
    heard: Instant,
    loaded: bool,
    decisions: Option<u64>,
    healthy_since_beat: bool,
    restart_at: Option<Instant>,
    failures: u32,
    heartbeat: Duration,
    next_beat: Instant,
}

impl Pulse {
    pub(super) fn new(machine: &MachineId) -> Pulse {
        let now = Instant::now();
        // Machines that start together must not report together.
        let share = u64::from(Digest::of(machine.as_str().as_bytes()).0[1]);
        Pulse {
            seen: Evidence::default(),
            reloaded: false,
            since: now,
            heard: now,
            loaded: false,
            decisions: None,
            healthy_since_beat: false,
            restart_at: None,
            failures: 0,
            heartbeat: Duration::from_millis(POLL_FIRST.0),
            next_beat: now + Duration::from_millis(share),
        }
    }
    /// A hand-over begins.
    pub(super) fn begin(&mut self) {
        let now = Instant::now();
        (self.since, self.heard) = (now, now);
        self.seen = Evidence::default();
        (self.loaded, self.reloaded, self.healthy_since_beat) = (false, false, false);
        (self.decisions, self.restart_at) = (None, None);
    }
    /// Nothing is started any more.
    pub(super) fn off(&mut self) {
        self.begin();
    }
    pub(super) fn set_heartbeat(&mut self, heartbeat: Span) {
        self.heartbeat = Duration::from_millis(heartbeat.0);
        self.next_beat = self.next_beat.min(Instant::now() + self.heartbeat);
    }
    pub(super) fn restart_now(&mut self) {
        self.restart_at = Some(Instant::now());
    }
    pub(super) fn restart_later(&mut self) {
        let pause = RESTART_FIRST.saturating_mul(1 << self.failures.min(16)).min(RESTART_MAX);
        self.failures = self.failures.saturating_add(1);
        self.restart_at = Some(Instant::now() + pause);
    }
    pub(super) fn restart_is_due(&self) -> bool {
        self.restart_at.is_some_and(|at| Instant::now() >= at)
    }
}

impl Machine {
    /// Takes in what the consumer has said and done. True when it crashed.
    pub(super) fn read_signs(&mut self) -> bool {
        let signs = self.consumer.signs();
        if let Some(how) = signs.iter().find_map(|sign| match sign {
            Sign::Ended(how) => Some(how.clone()),
            _ => None,
        }) {
            let refused = signs.iter().find_map(|sign| match sign {
                Sign::Refused(why) => Some(format!("{how} ({why})")),
                _ => None,
            });
            self.crashed(What::Crashed, &refused.unwrap_or(how));
            return true;
        }
        for sign in signs {
            match sign {
                Sign::Loaded(digest) if self.is_current(&digest) => self.loaded(),
                Sign::Healthy { digest, events, decisions } if self.is_current(&digest) => {
                    self.pulse.seen.events = events;
                    self.pulse.decisions = decisions;
                    self.healthy();
                }
                // Late words about another file say nothing about this one.
                Sign::Loaded(_) | Sign::Healthy { .. } | Sign::Ended(_) => {}
                Sign::Refused(why) if self.pulse.reloaded => {
                    self.crashed(What::Refused, &format!("kept its file and refused ({why})"));
                    return true;
                }
                // It was started on the file, so it ends, and its end is what counts.
                Sign::Refused(why) => self.journal.note(&format!("the consumer refused: {why}")),
                Sign::Sick(why) => {
                    self.consumer.stop();
                    self.crashed(What::Crashed, &format!("fell sick ({why})"));
                    return true;
                }
            }
        }
        false
    }

    /// True for the content that the record names, or where the consumer does not say.
    fn is_current(&self, digest: &str) -> bool {
        digest.is_empty() || digest.parse() == Ok(self.record.current.digest)
    }

    fn loaded(&mut self) {
        self.pulse.heard = Instant::now();
        if !self.pulse.loaded {
            self.pulse.loaded = true;
            self.report(What::Loaded, self.record.current, "");
            self.ask(Ask::Flush);
        }
    }

    fn healthy(&mut self) {
        self.loaded();
        self.pulse.healthy_since_beat = true;
        self.pulse.failures = 0;
        self.pulse.seen.heartbeats += 1;
        let age = self.pulse.since.elapsed().as_millis();
        self.pulse.seen.age_ms = u64::try_from(age).unwrap_or(u64::MAX);
        let (record, settled) = self.record.clone().healthy(self.pulse.seen, enough(&self.config));
        if record != self.record {
            self.settle(record, settled);
        }
    }

    fn settle(&mut self, record: Record, settled: Settled) {
        // The ban comes first: a cut in between settles again, a lost ban would let it in again.
        if let Settled::Banned(accused) = settled
            && let Err(error) = self.memory.ban(accused.digest)
        {
            self.cannot_write("the list of banned releases", &error);
        }
        if !self.commit(record) {
            return;
        }
        match settled {
            Settled::Nothing => {}
            Settled::KnownGood(release) => {
                self.report(What::KnownGood, release, "");
                self.journal.note(&format!("{} is known good here", name(release)));
                self.collect();
                self.ask(Ask::Flush);
            }
            Settled::Banned(accused) => {
                self.journal.note(&format!("{} is banned here", name(accused)));
            }
            Settled::Retry(accused) => {
                self.retry_since = Instant::now();
                let line = format!(
                    "{} failed without a witness, it may be tried once more",
                    name(accused)
                );
                self.journal.note(&line);
            }
        }
        self.write_now();
    }

    /// A consumer that lives and says nothing about its file is hung, or keeps another file.
    pub(super) fn watch(&mut self) {
        let silent = self.pulse.heard.elapsed();
        let limit = self.config.consumer.hang_after;
        if self.consumer.runs() && silent > Duration::from_millis(limit.0) {
            self.consumer.stop();
            self.crashed(What::Crashed, &format!("showed no health for {limit}"));
        }
    }

    /// The heartbeat: one a cadence, whatever happens.
    pub(super) fn beat(&mut self) {
        let now = Instant::now();
        if now < self.pulse.next_beat {
            return;
        }
        self.pulse.next_beat = now + self.pulse.heartbeat;
        let healthy = std::mem::take(&mut self.pulse.healthy_since_beat)
            || (self.pulse.loaded && self.pulse.heard.elapsed() < self.pulse.heartbeat);
        let state = if self.record.phase == Phase::Off { "off" } else { "" };
        let (what, detail) = match &self.distrust {
            Some(why) => (What::Stale, why.as_str()),
            None if healthy => (What::Healthy, ""),
            None => (What::Alive, state),
        };
        let rss_kib = self.consumer.rss_kib();
        let mut queue = self.queue();
        let report = queue.push(what, self.record.current, detail, self.memory.fence_seen());
        report.events = self.pulse.seen.events;
        report.decisions = self.pulse.decisions;
        report.rss_kib = rss_kib;
        drop(queue);
        self.ask(Ask::Flush);
    }
}
