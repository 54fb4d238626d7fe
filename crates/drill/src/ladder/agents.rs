//! The agents of a simulated fleet: `decide::endpoint`, a number a machine.
//!
//! A real agent keeps a [`Record`] and what it remembers. Here a machine keeps the index of such a
//! pair in a table. A transition that has not been met before is computed by `decide::endpoint`
//! itself and then remembered, so that the table can never say anything else than the code does;
//! a million machines share the few dozen pairs that occur.

use decide::endpoint::{
    Choice, Evidence, FenceView, Generation, Me, OfferView, RETRY_AFTER, Record, Settled, Standing,
    StartDecision, choose,
};
use decide::exposure::{Salt, Threshold};
use decide::id::{BadName, ChannelName, Digest, MachineId, ReleaseRef, StratumName};
use decide::time::Span;

/// Index of a record in the table; 0 is a machine before the rollout.
pub(crate) type State = u16;

/// Number of the release that machines run before the rollout.
pub(crate) const BEFORE: u64 = 1;
/// Number of the release in the drill.
pub(crate) const CANDIDATE: u64 = 2;
/// Age at which an agent counts a release as known good, when all else is proved.
pub(crate) const PROBATION_S: u64 = 600;

/// What can happen to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Activate,
    BeforeStart,
    CrashSeen,
    /// Healthy, but not for long.
    Healthy,
    /// Healthy for all that probation asks.
    Proved,
    TakenBack,
}

const INPUTS: usize = 6;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    Nothing,
    /// The consumer starts on the release with this number.
    Starts(u64),
    Off,
    /// The candidate was taken away.
    Taken,
    KnownGood,
    Banned,
    Retry,
}

/// What an agent sees in the fence, and that it is exposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub exposed: bool,
    pub open: bool,
    pub reverting: bool,
    pub withdrawn: bool,
    pub fresh: bool,
    /// The candidate is the channel's base.
    pub complete: bool,
    /// A release that failed without a witness has waited for its retry.
    pub retry_due: bool,
    /// Its owner holds it.
    pub held: bool,
    /// The fence is older than one that this machine has read.
    pub older: bool,
}

const SEEN: usize = 512;

impl Seen {
    fn index(self) -> usize {
        let bits = [
            self.exposed,
            self.open,
            self.reverting,
            self.withdrawn,
            self.fresh,
            self.complete,
            self.retry_due,
            self.held,
            self.older,
        ];
        bits.iter().enumerate().map(|(place, bit)| usize::from(*bit) << place).sum()
    }
}

/// What an agent does about a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    Keep,
    Take,
    GoBack,
}

/// The machine's side of a drill. Production is [`Agents`]; tests break it on purpose.
pub(crate) trait Endpoint {
    fn step(&mut self, state: State, input: Input) -> (State, Did);
    fn choose(&mut self, state: State, seen: Seen) -> Chosen;
    fn record(&self, state: State) -> &Record;
    /// Seconds that a poll is put off, so that machines do not come together.
    fn jitter_s(&self, drawn: u64) -> u64 {
        drawn
    }
}

type Row = ([Option<(State, Did)>; INPUTS], [Option<Chosen>; SEEN]);

/// The table.
pub(crate) struct Agents {
    states: Vec<(Record, Standing)>,
    rows: Vec<Row>,
    releases: [ReleaseRef; 2],
    me: Me,
}

const ENOUGH: Evidence =
    Evidence { age_ms: PROBATION_S * 1000, heartbeats: 3, events: None, polls: 1 };

fn release(number: u64) -> Result<ReleaseRef, BadName> {
    let digest = Digest::of(&number.to_le_bytes());
    Ok(ReleaseRef { channel: ChannelName::try_from("drill")?, number, digest, length: 1 })
}

fn generation(release: &ReleaseRef) -> Generation {
    Generation { number: release.number, digest: release.digest }
}

impl Agents {
    /// A fleet that runs [`BEFORE`] and knows it is good.
    pub(crate) fn new() -> Result<Agents, BadName> {
        let releases = [release(BEFORE)?, release(CANDIDATE)?];
        let seed = generation(&release(0)?);
        let (record, _) =
            Record::seeded(seed).activate(generation(&releases[0])).healthy(ENOUGH, ENOUGH);
        Ok(Agents {
            states: vec![(record, Standing::default())],
            rows: vec![([None; INPUTS], [None; SEEN])],
            releases,
            me: Me {
                machine: MachineId::try_from("m")?,
                stratum: StratumName::try_from("s/standard")?,
                held: false,
            },
        })
    }

    /// What `decide::endpoint` makes of one input.
    fn transition(&self, state: State, input: Input) -> ((Record, Standing), Did) {
        let (record, mut standing) = self.states[usize::from(state)].clone();
        let candidate = generation(&self.releases[1]);
        let healthy = |proved: bool| {
            if proved { ENOUGH } else { Evidence { heartbeats: 1, ..Evidence::default() } }
        };
        let (record, did) = match input {
            Input::Activate => (record.activate(candidate), Did::Nothing),
            Input::BeforeStart => {
                let (record, decision) = record.before_start();
                let did = match decision {
                    StartDecision::Start(release) => Did::Starts(release.number),
                    StartDecision::StartInstead { started, .. } => Did::Starts(started.number),
                    StartDecision::Off => Did::Off,
                };
                (record, did)
            }
            Input::CrashSeen => {
                let (record, taken) = record.crash_seen();
                (record, if taken.is_some() { Did::Taken } else { Did::Nothing })
            }
            Input::TakenBack => {
                let (record, taken) = record.taken_back(candidate.digest);
                (record, if taken.is_some() { Did::Taken } else { Did::Nothing })
            }
            Input::Healthy | Input::Proved => {
                let (record, settled) = record.healthy(healthy(input == Input::Proved), ENOUGH);
                let did = match settled {
                    Settled::Nothing => Did::Nothing,
                    Settled::KnownGood(_) => Did::KnownGood,
                    Settled::Retry(_) => Did::Retry,
                    Settled::Banned(release) => {
                        if !standing.banned.contains(&release.digest) {
                            standing.banned.push(release.digest);
                        }
                        Did::Banned
                    }
                };
                (record, did)
            }
        };
        ((record, standing), did)
    }

    fn state_of(&mut self, pair: (Record, Standing)) -> State {
        if let Some(index) = self.states.iter().position(|known| *known == pair) {
            return index as State;
        }
        self.states.push(pair);
        self.rows.push(([None; INPUTS], [None; SEEN]));
        (self.states.len() - 1) as State
    }

    fn fence(&self, seen: Seen) -> FenceView {
        let [before, candidate] = &self.releases;
        let below = if seen.exposed { Threshold::ALL } else { Threshold::NONE };
        FenceView {
            number: if seen.older { 1 } else { 2 },
            fresh: seen.fresh,
            base: Some(if seen.complete { candidate } else { before }.clone()),
            offers: vec![OfferView {
                release: candidate.clone(),
                salt: Salt("drill".into()),
                open: seen.open,
                reverting: seen.reverting,
                below,
            }],
            withdrawn: if seen.withdrawn { vec![candidate.digest] } else { Vec::new() },
        }
    }
}

impl Endpoint for Agents {
    fn step(&mut self, state: State, input: Input) -> (State, Did) {
        if let Some(known) = self.rows[usize::from(state)].0[input as usize] {
            return known;
        }
        let (pair, did) = self.transition(state, input);
        let next = (self.state_of(pair), did);
        self.rows[usize::from(state)].0[input as usize] = Some(next);
        next
    }

    fn choose(&mut self, state: State, seen: Seen) -> Chosen {
        if let Some(known) = self.rows[usize::from(state)].1[seen.index()] {
            return known;
        }
        let (record, mut standing) = self.states[usize::from(state)].clone();
        standing.retry_waited = if seen.retry_due { RETRY_AFTER } else { Span::ZERO };
        standing.fence_seen = 2 * u64::from(seen.older);
        let me = Me { held: seen.held, ..self.me.clone() };
        let chosen = match choose(&self.fence(seen), &me, &record, &standing) {
            Choice::Keep(_) => Chosen::Keep,
            Choice::Take(release, _) if release.number == CANDIDATE => Chosen::Take,
            // The fence's base is what ran before: nothing to do with the drill.
            Choice::Take(..) => Chosen::Keep,
            Choice::GoBack(..) => Chosen::GoBack,
        };
        self.rows[usize::from(state)].1[seen.index()] = Some(chosen);
        chosen
    }

    fn record(&self, state: State) -> &Record {
        &self.states[usize::from(state)].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Draw, Purpose};

    const ALL: [Input; INPUTS] = [
        Input::Activate,
        Input::BeforeStart,
        Input::CrashSeen,
        Input::Healthy,
        Input::Proved,
        Input::TakenBack,
    ];

    /// The table against a record that is lived through without it.
    #[test]
    fn the_table_says_what_the_record_says_for_random_histories() {
        let mut agents = Agents::new().expect("names");
        let draw = Draw::new(11);
        for history in 0..2_000u64 {
            let mut state = 0;
            let (mut record, mut standing) = agents.states[0].clone();
            for step in 0..40 {
                let input = ALL[draw.between(history, Purpose::Boot, step, 0, 5) as usize];
                let (next, did) = agents.step(state, input);
                let alone = Agents {
                    states: vec![(record, standing)],
                    rows: Vec::new(),
                    releases: agents.releases.clone(),
                    me: agents.me.clone(),
                };
                let (pair, did_alone) = alone.transition(0, input);
                (record, standing) = pair;
                assert_eq!((agents.record(next), did), (&record, did_alone), "history {history}");
                assert_eq!(agents.states[usize::from(next)].1, standing);
                state = next;
            }
        }
        assert!(agents.states.len() < 1_000, "{} states", agents.states.len());
    }

    #[test]
    fn a_fence_is_followed_as_the_endpoint_says() {
        let mut agents = Agents::new().expect("names");
        let offer = Seen { exposed: true, open: true, fresh: true, ..Seen::default() };
        assert_eq!(agents.choose(0, offer), Chosen::Take);
        for seen in [
            Seen { exposed: false, ..offer },
            Seen { open: false, ..offer },
            Seen { fresh: false, ..offer },
            Seen { withdrawn: true, ..offer },
            Seen { held: true, ..offer },
            Seen { older: true, ..offer },
        ] {
            assert_eq!(agents.choose(0, seen), Chosen::Keep, "{seen:?}");
        }
        let (runs, _) = agents.step(0, Input::Activate);
        let stale = Seen { reverting: true, ..Seen::default() };
        assert_eq!(agents.choose(runs, stale), Chosen::GoBack, "going back needs no fresh fence");
    }
}
