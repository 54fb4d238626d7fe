//! The machine side: the one loop that decides what the consumer reads, and watches it.
//!
//! It holds the record and is, while it runs, its only writer but for rescue. Everything is
//! written down before it is done, so being killed anywhere costs a restart and nothing else. It
//! never waits for the network but for the last words before a switch, and for those not long.

mod acts;
mod open;
mod pulse;

pub use open::OpenError;

use crate::config::Config;
use crate::consumer::Consumer;
use crate::journal::Journal;
use crate::memory::Memory;
use crate::network::{Ask, Heard, News};
use crate::report::Queue;
use crate::status::Now;
use crate::store::Store;
use decide::endpoint::{Choice, Evidence, Generation, Me, Record, Standing, choose};
use decide::id::{Digest, ReleaseRef};
use decide::reason::{Code, Reason};
use decide::time::Span;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use wire::report::What;

/// Longest time between two looks at the consumer.
const TURN: Duration = Duration::from_millis(50);
/// News taken in one turn.
const NEWS_MAX: usize = 32;
/// A release whose bytes did not verify is fetched again after this: a mirror may have been bad.
const UNVERIFIED_PAUSE: Duration = Duration::from_secs(60);
/// A release that could not be fetched, kept or tasted is tried again after this.
const FAILED_PAUSE: Duration = Duration::from_secs(2);
/// How long the network side gets to say good-bye.
const GOODBYE_WAIT: Duration = Duration::from_secs(2);
/// Digests of refused releases remembered; the oldest go first.
const REFUSED_MAX: usize = 64;

/// Not verified: RF0511.
const NOT_VERIFIED: Code = Code(511);
/// Put back after a crash: RF0512.
const PUT_BACK: Code = Code(512);
/// Put back by rescue: RF0513.
const RESCUED: Code = Code(513);
/// Nothing starts: RF0514.
const OFF: Code = Code(514);
/// The disk refuses: RF0515.
const CANNOT_WRITE: Code = Code(515);
/// Cannot be prepared now: RF0519.
const NOT_READY: Code = Code(519);

/// The machine side of an agent.
pub struct Machine {
    config: Config,
    store: Store,
    memory: Memory,
    record: Record,
    queue: Arc<Mutex<Queue>>,
    asks: Sender<Ask>,
    news: Receiver<News>,
    network: Option<JoinHandle<()>>,
    consumer: Consumer,
    journal: Journal,
    now: Now,
    /// The newest fence of this life.
    heard: Option<Heard>,
    /// Why the fence cannot be acted on, where the server was reached.
    distrust: Option<String>,
    preparing: Option<ReleaseRef>,
    /// Refused by the taste in this life.
    refused: Vec<Digest>,
    /// Nothing is prepared before this, after a failure.
    pause_until: Option<Instant>,
    /// Not verified, and when.
    unverified: Option<(Digest, Instant)>,
    pulse: pulse::Pulse,
    /// Since when a release waits for its one retry.
    retry_since: Instant,
    /// Held for as long as this agent lives.
    _lock: File,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").field("record", &self.record).finish_non_exhaustive()
    }
}

impl Machine {
    /// Runs until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        self.load_current();
        while !stop.load(Ordering::Relaxed) {
            self.turn();
            match self.news.recv_timeout(TURN) {
                Ok(news) => {
                    self.hear(news);
                    for _ in 1..NEWS_MAX {
                        let Ok(news) = self.news.try_recv() else { break };
                        self.hear(news);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                // Without a network side the consumer is watched all the same.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(TURN),
            }
        }
        self.goodbye();
    }

    fn turn(&mut self) {
        self.read_signs();
        self.watch();
        if self.pulse.restart_is_due() {
            self.load_current();
        }
        self.beat();
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Fence(heard) => self.hear_fence(heard),
            News::Unreachable(why) => self.note_stay(Reason::new(
                decide::endpoint::choice::STALE,
                format!("the server cannot be reached, this machine keeps what it runs: {why}"),
            )),
            News::Distrusted(why) => {
                let sentence =
                    format!("the server is not believed, this machine keeps what it runs: {why}");
                if self.distrust.is_none() {
                    self.report(What::Stale, self.record.current, &sentence);
                    self.ask(Ask::Flush);
                }
                self.note_stay(Reason::new(decide::endpoint::choice::STALE, sentence.clone()));
                self.distrust = Some(sentence);
            }
            News::Ready(release) => {
                self.preparing = None;
                // A crash that has not been looked at yet belongs to what runs now.
                self.read_signs();
                if let Some(Choice::Take(wanted, reason)) = self.choice()
                    && wanted == release
                {
                    self.activate(&release, reason);
                }
            }
            News::Refused { release, why, tasted } => self.hear_refused(&release, &why, tasted),
            News::Failed(why) => {
                self.preparing = None;
                self.pause_until = Some(Instant::now() + FAILED_PAUSE);
                let sentence = format!("a release could not be prepared and is tried again: {why}");
                self.note_stay(Reason::new(NOT_READY, sentence));
            }
        }
    }

    fn hear_fence(&mut self, heard: Heard) {
        if let Err(error) = self.memory.saw_fence(heard.view.number) {
            self.cannot_write("the fence's number", &error);
        }
        self.distrust = (!heard.view.fresh).then(|| "the fence has expired".to_owned());
        self.pulse.set_heartbeat(heard.cadence.heartbeat);
        self.pulse.seen.polls += 1;
        let held_before = self.config.held || self.heard.as_ref().is_some_and(|known| known.held);
        if heard.held && !held_before {
            self.report(What::Held, self.record.current, "its owner holds this machine");
        }
        let mut record = self.record.clone();
        for digest in &heard.view.withdrawn {
            record = record.forgotten(*digest);
        }
        self.heard = Some(heard);
        if record != self.record {
            self.commit(record);
        }
        self.decide();
    }

    fn hear_refused(&mut self, release: &ReleaseRef, why: &str, tasted: bool) {
        self.preparing = None;
        let again = self.unverified.is_some_and(|(digest, _)| digest == release.digest);
        if tasted {
            self.collect();
            self.refused.push(release.digest);
            let excess = self.refused.len().saturating_sub(REFUSED_MAX);
            self.refused.drain(..excess);
        } else {
            self.unverified = Some((release.digest, Instant::now()));
        }
        let code = if tasted { decide::endpoint::choice::REFUSED } else { NOT_VERIFIED };
        self.note_stay(Reason::new(code, format!("release {}: {why}", release.number)));
        if !again {
            self.report(What::Refused, generation(release), why);
            self.ask(Ask::Flush);
        }
    }

    /// What the newest fence says; `None` before one is known, or where it is not believed.
    fn choice(&self) -> Option<Choice> {
        let heard = self.heard.as_ref()?;
        let me = Me {
            machine: self.config.machine.clone(),
            stratum: heard.stratum.clone(),
            held: self.config.held || heard.held,
        };
        let waited = self.retry_since.elapsed().as_millis();
        let standing = Standing {
            fence_seen: self.memory.fence_seen(),
            banned: self.memory.banned().to_vec(),
            refused: self.refused.clone(),
            retry_waited: Span(u64::try_from(waited).unwrap_or(u64::MAX)),
        };
        Some(choose(&heard.view, &me, &self.record, &standing))
    }

    fn decide(&mut self) {
        match self.choice() {
            None => {}
            Some(Choice::Keep(reason)) => self.note_stay(reason),
            Some(Choice::GoBack(digest, reason)) => self.go_back(digest, reason),
            Some(Choice::Take(release, reason)) => {
                let paused = self.unverified.is_some_and(|(digest, since)| {
                    digest == release.digest && since.elapsed() < UNVERIFIED_PAUSE
                });
                let paused = paused || self.pause_until.is_some_and(|until| Instant::now() < until);
                if self.preparing.is_none() && !paused {
                    // Trying again and again is one story, told once.
                    let known = self.now.stays_because.as_ref().map(|reason| reason.code);
                    if known != Some(NOT_READY) {
                        self.note_stay(reason);
                    }
                    self.ask(Ask::Prepare(release.clone()));
                    self.preparing = Some(release);
                }
            }
        }
    }

    /// Makes a record durable, then believes it. False when the disk refuses: the record before it
    /// is then still whole and still believed.
    fn commit(&mut self, record: Record) -> bool {
        match self.store.commit(&record) {
            Ok(()) => {
                self.record = record;
                true
            }
            Err(error) => {
                self.cannot_write("the commit record", &error);
                false
            }
        }
    }

    /// Removes content that nothing refers to, unless the network side is about to refer to some.
    fn collect(&self) {
        if self.preparing.is_none() {
            self.store.collect(&self.record.kept());
        }
    }

    fn cannot_write(&mut self, what: &str, error: &std::io::Error) {
        let sentence =
            format!("{what} cannot be written, this machine keeps what it runs: {error}");
        self.note_stay(Reason::new(CANNOT_WRITE, sentence));
    }

    /// Notes why this machine stays where it is, when that has changed.
    fn note_stay(&mut self, reason: Reason) {
        if self.now.stays_because.as_ref().map(|known| &known.sentence) != Some(&reason.sentence) {
            self.journal.note(&reason.to_string());
            self.now.stays_because = Some(reason);
            self.write_now();
        }
    }

    /// Notes why this machine runs what it runs now.
    fn note_run(&mut self, reason: Reason) {
        self.journal.note(&reason.to_string());
        self.now.since_ms = crate::journal::wall_ms();
        self.now.runs_because = Some(reason);
        self.write_now();
    }

    fn write_now(&mut self) {
        self.now.consumer = self.consumer.process();
        self.now.write(self.store.directory());
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, what: What, release: Generation, detail: &str) {
        self.queue().push(what, release, detail, self.memory.fence_seen());
    }

    fn ask(&self, ask: Ask) {
        // A network side that has gone is missed by nobody who must act.
        let _ = self.asks.send(ask);
    }

    /// Ends in good order: the consumer is stopped, and its start is not held against its file.
    fn goodbye(mut self) {
        self.read_signs();
        if self.consumer.runs() {
            self.consumer.stop();
            let record = self.record.clone().stopped();
            self.commit(record);
        }
        self.report(What::Goodbye, self.record.current, "the agent was stopped");
        self.journal.note("the agent was stopped");
        self.write_now();
        self.ask(Ask::Stop);
        let asked = Instant::now();
        while self.network.as_ref().is_some_and(|thread| !thread.is_finished())
            && asked.elapsed() < GOODBYE_WAIT
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A release as the record knows it.
fn generation(release: &ReleaseRef) -> Generation {
    Generation { number: release.number, digest: release.digest }
}

/// What probation asks for here.
fn enough(config: &Config) -> Evidence {
    Evidence {
        age_ms: config.probation.time.0,
        heartbeats: config.probation.heartbeats,
        events: Some(config.probation.events),
        polls: config.probation.polls,
    }
}
