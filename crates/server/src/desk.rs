//! The one thread that owns the state, and how others ask it.
//!
//! Work waits in a bounded queue. A round takes what waits, stores all of it in one transaction,
//! publishes, and only then answers: an answer means that it is on disk.

use crate::clock::wall;
use crate::codes;
use crate::control::Control;
use crate::error::{Refusal, ServerError};
use decide::id::ChannelName;
use decide::time::Time;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// Requests that may wait.
const QUEUE_MAX: usize = 4_096;
/// Requests stored in one transaction.
const ROUND_MAX: usize = 256;

type Answer = Box<dyn FnOnce(&Result<(), ServerError>) + Send>;
type Job = Box<dyn FnOnce(&mut Control, Time) -> Answer + Send>;

enum Message {
    Work(Job),
    Stop,
}

/// The way to the thread.
#[derive(Clone)]
pub(crate) struct Desk {
    queue: SyncSender<Message>,
    told: Told<watch::Receiver<u64>, watch::Receiver<Fences>>,
}

/// Numbers of the newest fences.
pub(crate) type Fences = Arc<BTreeMap<ChannelName, u64>>;

/// What the thread tells everybody without being asked.
#[derive(Clone)]
struct Told<R, F> {
    revision: R,
    fences: F,
}

impl Desk {
    /// Starts the thread.
    pub(crate) fn open(
        control: Control,
    ) -> Result<(Desk, JoinHandle<Result<(), ServerError>>), ServerError> {
        let (queue, messages) = sync_channel(QUEUE_MAX);
        let (tell_revision, revision) = watch::channel(control.revision());
        let (tell_fences, fences) = watch::channel(Arc::new(control.fence_numbers()));
        let tell = Told { revision: tell_revision, fences: tell_fences };
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(control, &messages, &tell))
            .map_err(|error| {
                ServerError::new(codes::INTERNAL, format!("no thread could be started: {error}"))
            })?;
        Ok((Desk { queue, told: Told { revision, fences } }, thread))
    }

    /// Asks for a change: the answer comes after it is stored.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Control, Time) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |control, now| {
            let done = work(control, now);
            Box::new(move |stored| {
                let done = match stored {
                    Ok(()) => done,
                    Err(error) => done.and(Err(error.clone().into())),
                };
                // Whoever asked may have gone away meanwhile.
                let _ = answer.send(done);
            })
        });
        self.queue.try_send(Message::Work(job)).map_err(|error| match error {
            TrySendError::Full(_) => {
                let sentence = format!("{QUEUE_MAX} requests wait already, limit {QUEUE_MAX}");
                Refusal::new(503, codes::BUSY, sentence)
            }
            TrySendError::Disconnected(_) => stopped(),
        })?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Changes when there is something new to see.
    pub(crate) fn revision(&self) -> watch::Receiver<u64> {
        self.told.revision.clone()
    }

    /// Numbers of the newest fences.
    pub(crate) fn fences(&self) -> Fences {
        self.told.fences.borrow().clone()
    }

    /// Asks the thread to end; blocks while the queue is full.
    pub(crate) fn stop(&self) {
        // A thread that has ended already needs no telling.
        let _ = self.queue.send(Message::Stop);
    }
}

fn stopped() -> Refusal {
    Refusal::new(
        500,
        codes::INTERNAL,
        "the server failed inside, or is stopping; nothing was changed",
    )
}

fn run(
    mut control: Control,
    messages: &Receiver<Message>,
    tell: &Told<watch::Sender<u64>, watch::Sender<Fences>>,
) -> Result<(), ServerError> {
    let mut next = wall();
    let mut fault = None;
    loop {
        let sleep = Duration::from_millis(next.since(wall()).0);
        let first = match messages.recv_timeout(sleep) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let now = control.time(wall());
        let mut round = Round::default();
        let waiting = first.into_iter().chain(messages.try_iter());
        for message in waiting.take(ROUND_MAX) {
            match message {
                Message::Work(job) => round.take(&mut control, job, now),
                Message::Stop => round.stop = true,
            }
            if round.stop || round.defect.is_some() {
                break;
            }
        }
        if round.defect.is_none() {
            match guarded(&mut control, |control| control.tick(now)) {
                Ok(time) => next = time,
                Err(defect) => round.defect = Some(defect),
            }
        }
        let stored = round.finish(&mut control, now)?;
        complain(&mut fault, stored.as_ref().err().or(control.unpublished()));
        let fences = control.fence_numbers();
        tell.fences.send_if_modified(|known| {
            let newer = **known != fences;
            if newer {
                *known = Arc::new(fences);
            }
            newer
        });
        round.answers.into_iter().for_each(|answer| answer(&stored));
        tell.revision.send_if_modified(|revision| {
            let newer = *revision != control.revision();
            *revision = control.revision();
            newer
        });
        if round.stop {
            return Ok(());
        }
    }
}

/// Says a fault once, and once that it is over.
fn complain(fault: &mut Option<ServerError>, now: Option<&ServerError>) {
    if now != fault.as_ref() {
        match now {
            Some(error) => eprintln!("ringfence: {}: {error}", error.code()),
            None => eprintln!("ringfence: storing and publishing work again"),
        }
        *fault = now.cloned();
    }
}

/// What is stored in one transaction.
#[derive(Default)]
struct Round {
    answers: Vec<Answer>,
    stop: bool,
    /// A request failed inside: nothing of the round is stored.
    defect: Option<ServerError>,
}

impl Round {
    fn take(&mut self, control: &mut Control, job: Job, now: Time) {
        match guarded(control, |control| job(control, now)) {
            Ok(answer) => self.answers.push(answer),
            Err(defect) => self.defect = Some(defect),
        }
    }

    /// Stores and publishes. The outer error ends the server: its state can no longer be read.
    fn finish(
        &mut self,
        control: &mut Control,
        now: Time,
    ) -> Result<Result<(), ServerError>, ServerError> {
        let defect = match self.defect.take() {
            Some(defect) => defect,
            None => match guarded(control, |control| control.flush(now)) {
                Ok(stored) => return Ok(stored),
                Err(defect) => defect,
            },
        };
        control.reload(now)?;
        Ok(Err(defect))
    }
}

/// A defect in one request must not take the server with it: memory is read again from the store,
/// so nothing half done remains.
fn guarded<T>(
    control: &mut Control,
    work: impl FnOnce(&mut Control) -> T,
) -> Result<T, ServerError> {
    catch_unwind(AssertUnwindSafe(|| work(control))).map_err(|_| {
        ServerError::new(codes::INTERNAL, "the server failed inside; nothing was changed")
    })
}
