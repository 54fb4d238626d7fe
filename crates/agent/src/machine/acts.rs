//! What is done to the consumer: a release becomes active, goes away, or is put back.
//!
//! The order is always the same: record, link, hand-over, reports. Only last words come first.

use super::{Machine, OFF, PUT_BACK, RESCUED, generation};
use crate::network::Ask;
use crate::rescue;
use crate::status::name;
use decide::endpoint::{Generation, StartDecision};
use decide::id::{Digest, ReleaseRef};
use decide::reason::Reason;
use std::time::{Duration, Instant};
use wire::report::What;

/// How long a switch waits until its last words are stored by the server. They are on disk here in
/// any case; the server's copy is what remains when the release takes the machine with it.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(1);
const LAST_WORDS_STEP: Duration = Duration::from_millis(5);

impl Machine {
    /// Makes a prepared release current and hands it over.
    pub(super) fn activate(&mut self, release: &ReleaseRef, reason: Reason) {
        let taken = generation(release);
        self.last_words(taken);
        // From here on whatever ends the consumer is held against the new release; what ended it
        // before must not be.
        if self.read_signs() {
            return;
        }
        if self.commit(self.record.clone().activate(taken)) {
            let sentence = format!("takes {}: {}", name(taken), reason.sentence);
            self.note_run(Reason { sentence, ..reason });
            self.load_current();
            self.collect();
        }
    }

    fn last_words(&self, release: Generation) {
        self.report(What::Attempted, release, "verified and tasted, becomes active now");
        let sequence = self.queue().newest();
        self.ask(Ask::Flush);
        let asked = Instant::now();
        while !self.queue().is_taken(sequence) && asked.elapsed() < LAST_WORDS_WAIT {
            std::thread::sleep(LAST_WORDS_STEP);
        }
    }

    /// The fence says that `digest` must go.
    pub(super) fn go_back(&mut self, digest: Digest, reason: Reason) {
        // A crash that has not been looked at yet is the release's own, and puts it back too.
        if self.read_signs() && self.record.current.digest != digest {
            return;
        }
        let withdrawn = self.heard.as_ref().is_some_and(|h| h.view.withdrawn.contains(&digest));
        if withdrawn && let Err(error) = self.memory.ban(digest) {
            self.cannot_write("the list of banned releases", &error);
        }
        let (record, taken) = self.record.clone().taken_back(digest);
        let Some(taken) = taken.filter(|_| self.commit(record)) else { return };
        self.report(What::Reverted, taken, &reason.sentence);
        self.note_run(reason);
        self.load_current();
        self.ask(Ask::Flush);
    }

    /// The consumer died, hung, fell sick or refused its file. In probation the known-good release
    /// is back at once; elsewhere it is started again after a pause, and the counts decide.
    pub(super) fn crashed(&mut self, what: What, how: &str) {
        let was = self.record.current;
        let (record, taken) = self.record.clone().crash_seen();
        if record != self.record && !self.commit(record.clone()) {
            // The disk refuses, the consumer is down all the same: this life goes on with what it
            // knows, and the next one counts starts from what is on disk.
            self.record = record;
        }
        let detail = format!("consumer {} {how} on {}", self.config.consumer.version, name(was));
        self.report(what, was, &detail);
        self.journal.note(&detail);
        match taken {
            Some(taken) => {
                self.report(What::Reverted, taken, &detail);
                let sentence = format!("{} was put back: {detail}", name(self.record.current));
                self.note_run(Reason::new(PUT_BACK, sentence));
                self.pulse.restart_now();
            }
            None => self.pulse.restart_later(),
        }
        self.ask(Ask::Flush);
    }

    /// Counts a start, makes `current` point at what the record names, and hands it over: by
    /// reload where the consumer runs and can, else by a start.
    pub(super) fn load_current(&mut self) {
        match rescue::before_start(&mut self.store) {
            Ok(rescued) => {
                self.record = rescued.record;
                match rescued.decision {
                    StartDecision::Start(_) => {}
                    StartDecision::StartInstead { taken, started } => {
                        self.say_rescued(taken, started)
                    }
                    StartDecision::Off => {
                        self.consumer.stop();
                        self.pulse.off();
                        let sentence = "nothing starts here any more, not even the seed";
                        self.note_run(Reason::new(OFF, sentence));
                        return;
                    }
                }
            }
            Err(error) => self.cannot_write("the count of starts", &error),
        }
        self.pulse.begin();
        if self.consumer.runs() && self.consumer.reload() {
            self.pulse.reloaded = true;
        } else {
            self.consumer.stop();
            if let Err(error) = self.consumer.start() {
                self.crashed(What::Crashed, &format!("cannot be started: {error}"));
            }
        }
        self.write_now();
    }

    fn say_rescued(&mut self, taken: Generation, started: Generation) {
        let sentence =
            format!("{} was put back before a start instead of {}", name(started), name(taken));
        self.report(What::Rescued, taken, &sentence);
        self.note_run(Reason::new(RESCUED, sentence));
        self.ask(Ask::Flush);
    }
}
