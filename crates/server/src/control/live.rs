//! A rollout that takes events: the production state machine, its log, and who was heard.
//!
//! The same function takes an event when it happens and when the log is replayed.

use super::book::Book;
use super::fleet::Fleet;
use crate::error::ServerError;
use crate::store::{Closed, EventRow, RolloutRow};
use decide::health::liveness::Liveness;
use decide::id::MachineId;
use decide::reason::Reason;
use decide::rollout::{
    Action, Decision, Event, MachineEvent, Phase, Rollout, StartMachine, StratumView, View,
};
use decide::time::{Span, Time};
use std::collections::BTreeMap;
use wire::api::RolloutStatus;

/// Heartbeats of silence after which a machine that attempted the release counts as one that
/// needs hands: recovery by itself takes a few restarts, never this long.
const HANDS_HEARTBEATS: u64 = 10;
const WHOLE: &str = "a rollout is absent only while it takes a step";

/// What a step decided.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub actions: Vec<Action>,
    pub reasons: Vec<Reason>,
}

/// What is known of a machine in this rollout beside the rollout's own state.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    attempted: bool,
    reverted: bool,
    /// Silent or said goodbye.
    away: bool,
    held: bool,
}

/// A rollout that takes events.
#[derive(Debug)]
pub(crate) struct Live {
    pub row: RolloutRow,
    /// Always there but within [`Live::fold`].
    rollout: Option<Rollout>,
    /// Fleet number to index in the rollout.
    places: BTreeMap<u32, u32>,
    known: Vec<Known>,
    silent_since: BTreeMap<u32, Time>,
    liveness: Liveness,
    newest_control: Option<Time>,
    newest_any: Option<Time>,
    sequence: u64,
    /// Nothing happened since the last tick.
    idle: bool,
    pub next_tick: Time,
    gates_opened: usize,
    /// It has become everybody's.
    completed: bool,
    /// Audit lines about single machines so far.
    pub machine_lines: usize,
}

impl Live {
    /// A rollout that begins, or began: `row.start` must be there. `grace` is how long machines
    /// may still follow an older, slower cadence.
    pub(crate) fn begin(
        row: RolloutRow,
        fleet: &Fleet,
        now: Time,
        grace: Span,
    ) -> Result<(Live, Decided), ServerError> {
        let mut row = row;
        let Some(start) = row.start.take() else {
            return Err(ServerError::record(&row.rollout, "its start is missing"));
        };
        let Decision { rollout, actions, reasons } = Rollout::start(start, row.began);
        let start = rollout.started();
        let known = |machine: &StartMachine| Known {
            away: !machine.alive,
            held: machine.held,
            ..Known::default()
        };
        let mut live = Live {
            places: BTreeMap::new(),
            known: start.machines.iter().map(known).collect(),
            silent_since: BTreeMap::new(),
            liveness: Liveness::new(0, start.policy.heartbeat, now, |_| false),
            newest_control: None,
            newest_any: None,
            sequence: 0,
            idle: false,
            next_tick: row.began.plus(start.policy.tick),
            gates_opened: 0,
            completed: false,
            machine_lines: 0,
            row,
            rollout: Some(rollout),
        };
        for (index, name) in live.row.members.iter().enumerate() {
            if let Some(machine) = fleet.index(name) {
                live.places.insert(machine, index as u32);
                let heard = fleet.get(machine).heard;
                live.newest_any = live.newest_any.max(heard);
            }
        }
        live.newest_control = live.newest_any;
        live.watch(now, grace);
        Ok((live, Decided { actions, reasons }))
    }

    /// A rollout from its log. Machines that were away when the log ended are away still; all
    /// others count as heard just now.
    pub(crate) fn replay(
        row: RolloutRow,
        events: &[EventRow],
        fleet: &Fleet,
        now: Time,
    ) -> Result<Live, ServerError> {
        let (mut live, decided) = Live::begin(row, fleet, now, Span::ZERO)?;
        live.note_actions(&decided.actions);
        for event in events {
            if event.sequence != live.sequence + 1 {
                let why = format!("event {} follows event {}", event.sequence, live.sequence);
                return Err(ServerError::record(&live.row.rollout, why));
            }
            let member = event.member.as_ref().and_then(|name| fleet.index(name));
            live.fold(&event.event, member, event.at);
        }
        live.watch(now, Span::ZERO);
        live.next_tick = now.plus(live.rollout().started().policy.tick);
        live.gates_told(now);
        Ok(live)
    }

    fn watch(&mut self, now: Time, grace: Span) {
        let heartbeat = self.rollout().started().policy.heartbeat;
        let known = &self.known;
        let alive = |machine: u32| !known[machine as usize].away;
        self.liveness = Liveness::new(known.len(), heartbeat, now.plus(grace), alive);
    }

    /// Takes an event, logs it, and gives what was decided.
    pub(crate) fn take(
        &mut self,
        event: Event,
        member: Option<(u32, MachineId)>,
        now: Time,
        book: &mut Book,
    ) -> Decided {
        let decided = self.fold(&event, member.as_ref().map(|(machine, _)| *machine), now);
        if matches!(event, Event::Enrolled { .. }) {
            self.liveness.enrolled(now);
        }
        book.batch.events.push(EventRow {
            rollout: self.row.rollout.clone(),
            sequence: self.sequence,
            at: now,
            event,
            member: member.map(|(_, name)| name),
        });
        decided
    }

    /// The one way of an event into the state, new or replayed.
    fn fold(&mut self, event: &Event, member: Option<u32>, at: Time) -> Decided {
        self.sequence += 1;
        self.note(event, member, at);
        let rollout = self.rollout.take().expect(WHOLE);
        let Decision { rollout, actions, reasons } = rollout.step(event, at);
        self.rollout = Some(rollout);
        self.note_actions(&actions);
        Decided { actions, reasons }
    }

    fn note_actions(&mut self, actions: &[Action]) {
        if actions.contains(&Action::Complete) {
            self.completed = true;
        }
    }

    fn note(&mut self, event: &Event, member: Option<u32>, at: Time) {
        self.idle = matches!(event, Event::Tick { .. });
        match event {
            Event::Enrolled { machine } => {
                let index = self.known.len() as u32;
                self.known.push(Known { held: machine.held, ..Known::default() });
                if let Some(member) = member {
                    self.places.insert(member, index);
                }
            }
            Event::Machine { machine, what } => {
                let Some(known) = self.known.get_mut(*machine as usize) else { return };
                known.away = matches!(what, MachineEvent::Silent | MachineEvent::Goodbye);
                match what {
                    MachineEvent::Attempted | MachineEvent::Loaded => known.attempted = true,
                    MachineEvent::Reverted => known.reverted = true,
                    MachineEvent::Held => known.held = true,
                    _ => {}
                }
                if *what == MachineEvent::Silent {
                    self.silent_since.insert(*machine, at);
                } else {
                    self.silent_since.remove(machine);
                }
            }
            Event::Tick { .. } | Event::Order { .. } => {}
        }
    }

    pub(crate) fn rollout(&self) -> &Rollout {
        self.rollout.as_ref().expect(WHOLE)
    }
    pub(crate) fn phase(&self) -> Phase {
        self.rollout().phase()
    }
    pub(crate) fn view(&self, now: Time) -> View {
        self.rollout().view(now)
    }
    /// The index of a machine of the fleet in this rollout.
    pub(crate) fn place(&self, machine: u32) -> Option<u32> {
        self.places.get(&machine).copied()
    }
    /// Attempted by the log, and not put back.
    pub(crate) fn has_it(&self, place: u32) -> bool {
        self.known.get(place as usize).is_some_and(|known| known.attempted && !known.reverted)
    }
    pub(crate) fn has_reverted(&self, place: u32) -> bool {
        self.known.get(place as usize).is_some_and(|known| known.reverted)
    }
    /// True while it may become, or is, what everybody runs: nothing was quarantined on the way.
    pub(crate) fn is_base(&self, now: Time) -> bool {
        let quarantined = |stratum: &StratumView| stratum.quarantined;
        self.completed && !self.phase().stopped() && !self.view(now).strata.iter().any(quarantined)
    }

    /// A machine was heard. True when it had been silent or away.
    pub(crate) fn heard(&mut self, place: u32, now: Time) -> bool {
        self.newest_any = Some(now);
        if !self.rollout().is_assigned(place) {
            self.newest_control = Some(now);
        }
        self.liveness.heard(place, now)
    }
    pub(crate) fn goodbye(&mut self, place: u32) {
        self.liveness.goodbye(place);
    }
    /// Machines that have become silent, each once.
    pub(crate) fn silent(&mut self, now: Time) -> Vec<u32> {
        self.liveness.silent(now)
    }
    /// Silence is evidence where the rollout is judged, and tells a revert whom to wait for.
    pub(crate) fn watches(&self) -> bool {
        !matches!(self.phase(), Phase::Done | Phase::Reverted)
    }

    /// Age of the newest report of a control machine, or of any machine where no control machine
    /// is left that could report.
    pub(crate) fn feed_age(&self, now: Time) -> Option<Span> {
        let control = |(index, known): (usize, &Known)| {
            !known.held && !known.away && !self.rollout().is_assigned(index as u32)
        };
        let control_left = self.known.iter().enumerate().any(control);
        let newest = if control_left { self.newest_control } else { self.newest_any };
        newest.map(|newest| now.since(newest))
    }

    /// A tick changes something here: phases that are over are left alone, and a revert is looked
    /// at only when something was heard, so that no log grows for ever.
    pub(crate) fn wants_tick(&self) -> bool {
        match self.phase() {
            Phase::Advancing | Phase::Holding | Phase::Soaking => true,
            Phase::Reverting => !self.idle,
            Phase::Done | Phase::Halted | Phase::Reverted => false,
        }
    }

    /// Gates that have opened since this was last asked.
    pub(crate) fn gates_newly_open(&mut self, view: &View) -> std::ops::Range<usize> {
        let before = self.gates_opened;
        self.gates_opened = view.gates.iter().filter(|gate| gate.opened.is_some()).count();
        before..self.gates_opened.max(before)
    }
    /// The gates that are open already were told of before.
    pub(crate) fn gates_told(&mut self, now: Time) {
        let view = self.view(now);
        self.gates_newly_open(&view);
    }

    pub(crate) fn status(&self, now: Time) -> RolloutStatus {
        let start = self.rollout().started();
        let patience = start.policy.heartbeat.times(HANDS_HEARTBEATS);
        let stuck = |(place, since): (&u32, &Time)| {
            let attempted = self.known[*place as usize].attempted;
            attempted && now.since(*since) > patience
        };
        RolloutStatus {
            schema: "ringfence/rollout/v1".into(),
            rollout: self.row.rollout.clone(),
            release: start.release.clone(),
            previous: start.previous.clone(),
            lane: start.lane,
            by: self.row.by.clone(),
            reason: self.row.reason.clone(),
            started: self.row.began,
            as_of: now,
            view: self.view(now),
            hands_needed: self.silent_since.iter().filter(|one| stuck(*one)).count() as u64,
        }
    }

    /// What is kept once it takes no more events.
    pub(crate) fn close(&self, now: Time) -> Closed {
        Closed { status: self.status(now), completed: self.is_base(now) }
    }
}
