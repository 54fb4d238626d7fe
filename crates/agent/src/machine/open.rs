//! Opening the machine: first start, every other start, and a start after both slots were lost.

use super::{Machine, RESCUED, pulse::Pulse};
use crate::config::Config;
use crate::consumer::Consumer;
use crate::journal::Journal;
use crate::memory::Memory;
use crate::network::Network;
use crate::report::Queue;
use crate::status::{Now, lock, name};
use crate::store::{Store, read_bounded, sync_directory};
use decide::endpoint::{Generation, Phase, Record};
use decide::reason::Reason;
use sandbox::Launcher;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use wire::report::What;

/// How long an agent that was just killed may hold the lock, in steps.
const LOCK_STEPS_MAX: u32 = 50;
const LOCK_STEP: Duration = Duration::from_millis(100);

/// Why an agent cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Configuration, seed or state is unusable.
    Unusable(String),
    /// The trusted root is.
    Untrusted(String),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::Unusable(why) | OpenError::Untrusted(why) => f.write_str(why),
        }
    }
}
impl std::error::Error for OpenError {}

impl Machine {
    /// Opens the state, with the seed as the known-good release on the first start, and starts the
    /// network side. From the second start on only a state that cannot be read stops it: a missing
    /// seed or a damaged root is then said, and the consumer runs.
    ///
    /// # Errors
    /// One sentence.
    pub fn open(config: Config, launcher: Launcher) -> Result<Machine, OpenError> {
        let state = config.state.display().to_string();
        let unusable = |error: io::Error| OpenError::Unusable(format!("{state}: {error}"));
        std::fs::create_dir_all(&config.state).map_err(unusable)?;
        let lock = wait_for_lock(&config).map_err(unusable)?;
        let mut store = Store::open(&config.state).map_err(unusable)?;
        let journal = Journal::at(&config.state);
        let is_new = store.record().is_none() && store.is_untouched();
        let queue = Arc::new(Mutex::new(Queue::open(&config.state, config.channel.clone())));
        let (asks, asked) = mpsc::channel();
        let (says, news) = mpsc::channel();
        let opened = Network::open(config.clone(), Arc::clone(&queue), asked, says, launcher);
        let network = match opened {
            Ok(network) => Some(network),
            Err(why) if is_new => return Err(OpenError::Untrusted(why)),
            Err(why) => {
                journal.note(&format!("the agent runs without network: {why}"));
                None
            }
        };
        let (record, said) = first_record(&config, &mut store)?;
        let memory = Memory::open(&config.state).map_err(unusable)?;
        // The files just made must be there after a power cut too.
        sync_directory(&config.state).map_err(unusable)?;
        let consumer = Consumer::new(&config).map_err(|error| {
            OpenError::Unusable(format!("{state}: the consumer's socket: {error}"))
        })?;
        let spawn = |network: Network| {
            std::thread::Builder::new().name("network".into()).spawn(move || network.run())
        };
        let network = network.map(spawn).transpose().map_err(unusable)?;
        let mut machine = Machine {
            now: Now::read(&config.state),
            pulse: Pulse::new(&config.machine),
            config,
            store,
            memory,
            record,
            queue,
            asks,
            news,
            network,
            consumer,
            journal,
            heard: None,
            distrust: None,
            preparing: None,
            refused: Vec::new(),
            pause_until: None,
            unverified: None,
            retry_since: Instant::now(),
            _lock: lock,
        };
        machine.collect();
        machine.meet_consumer();
        machine.first_words(is_new, said);
        Ok(machine)
    }

    /// Where nothing starts any more, another consumer version than the last one gets a chance.
    fn meet_consumer(&mut self) {
        let note = self.config.state.join("consumer.version");
        let version = self.config.consumer.version.to_string();
        let known = std::fs::read_to_string(&note).ok();
        if known.as_ref() != Some(&version) && self.record.phase == Phase::Off {
            self.commit(self.record.clone().revived());
        }
        if known.as_ref() != Some(&version) {
            // Without the note the next start meets this version for the first time again.
            let _ = std::fs::write(&note, version);
        }
    }

    /// What this machine has to say before its consumer starts.
    fn first_words(&mut self, is_new: bool, said: Option<String>) {
        let record = self.record.clone();
        if is_new {
            let sentence =
                format!("first start: {} is what this machine knows is good", name(record.seed));
            self.note_run(Reason::new(decide::endpoint::choice::UP_TO_DATE, sentence));
        } else {
            self.journal.note(&format!("the agent starts, {} is current", name(record.current)));
        }
        if let Some(sentence) = said {
            self.report(What::Rescued, record.current, &sentence);
            self.note_run(Reason::new(RESCUED, sentence));
        } else if matches!(record.phase, Phase::Reverted | Phase::Seed | Phase::Off) {
            // Put back while no agent could tell, or right before the last one was killed.
            let taken = record.accused.unwrap_or(record.known_good);
            let sentence = format!(
                "{} was put back before this start ({})",
                name(record.current),
                record.phase.word()
            );
            self.report(What::Rescued, taken, &sentence);
            self.note_run(Reason::new(RESCUED, sentence));
        }
        if self.config.held {
            self.report(What::Held, record.current, "its owner holds this machine");
        }
    }
}

fn wait_for_lock(config: &Config) -> io::Result<File> {
    for _ in 1..LOCK_STEPS_MAX {
        match lock(&config.state) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(LOCK_STEP);
            }
            other => return other,
        }
    }
    lock(&config.state).map_err(|_| io::Error::other("another agent runs on this state"))
}

/// The record to begin with, and what is to be said about it: the one on disk; on the first start,
/// or when both its slots are lost, the seed.
fn first_record(config: &Config, store: &mut Store) -> Result<(Record, Option<String>), OpenError> {
    let seed = read_bounded(&config.seed).map_err(|error| {
        OpenError::Unusable(format!("the seed {}: {error}", config.seed.display()))
    });
    let unusable =
        |error: io::Error| OpenError::Unusable(format!("the seed cannot be kept: {error}"));
    match (store.record(), seed) {
        // The release that runs stays current; the new seed is what is below everything from now on.
        (Some(record), Ok(bytes)) => {
            let digest = store.keep(&bytes).unwrap_or(record.seed.digest);
            if digest == record.seed.digest {
                return Ok((record, None));
            }
            let record = record.reseeded(Generation { number: 0, digest });
            let said =
                store.commit(&record).is_err().then(|| "the new seed is not noted".to_owned());
            Ok((record, said))
        }
        (Some(record), Err(_)) => Ok((record, None)),
        (None, seed) => {
            let digest = store.keep(&seed?).map_err(unusable)?;
            let is_new = store.is_untouched();
            let record = Record::seeded(Generation { number: 0, digest });
            store.commit(&record).map_err(unusable)?;
            store.switch(digest).map_err(unusable)?;
            let said = "both slots of the commit record were lost, this machine runs its seed";
            Ok((record, (!is_new).then(|| said.to_owned())))
        }
    }
}
