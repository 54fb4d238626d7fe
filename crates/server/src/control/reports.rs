//! Machines enrol and report: what they say becomes events of the rollouts it concerns.

use super::channel::{Channel, Kept};
use super::fleet::{LABELS_MAX, MACHINE_CHANNELS_MAX};
use super::live::Live;
use super::{Control, State};
use crate::error::Refusal;
use crate::secret::secret;
use crate::store::MachineRow;
use decide::exposure::{bucket, stratum_of};
use decide::id::{Digest, MachineId};
use decide::rollout::{Event, MachineEvent, Phase, StartMachine};
use decide::time::{Span, Time};
use std::collections::BTreeMap;
use wire::api::MachineRunning;
use wire::report::{Enroll, REPORTS_MAX, Report, Reports, What};

/// Longest label name or value, in bytes.
const LABEL_BYTES_MAX: usize = 96;
/// Audit lines about single machines in one rollout; the counts go on without them.
const MACHINE_LINES_MAX: usize = 1_000;
/// A report older than this is taken as this old.
const AGE_MAX: Span = Span::hours(24 * 7);

/// What the server has heard: for the answer.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Newest sequence number taken.
    pub sequence: u64,
}

/// The word of the wire.
fn word(what: What) -> &'static str {
    match what {
        What::Attempted => "attempted",
        What::Loaded => "loaded",
        What::Healthy => "healthy",
        What::Alive => "alive",
        What::Refused => "refused",
        What::Crashed => "crashed",
        What::Reverted => "reverted",
        What::Rescued => "rescued",
        What::KnownGood => "known_good",
        What::Stale => "stale",
        What::Held => "held",
        What::Goodbye => "goodbye",
    }
}

impl Control {
    /// A machine enrols, or comes back with other labels. Gives its token.
    pub(crate) fn enroll(
        &mut self,
        enroll: &Enroll,
        now: Time,
    ) -> Result<(String, Digest), Refusal> {
        if enroll.labels.len() > LABELS_MAX {
            return Err(Refusal::limit("labels", enroll.labels.len(), LABELS_MAX));
        }
        if enroll.channels.len() > MACHINE_CHANNELS_MAX {
            return Err(Refusal::limit("channels", enroll.channels.len(), MACHINE_CHANNELS_MAX));
        }
        for (name, value) in &enroll.labels {
            let longest = name.len().max(value.len());
            if longest > LABEL_BYTES_MAX {
                return Err(Refusal::limit("bytes are in a label", longest, LABEL_BYTES_MAX));
            }
            for part in [name, value] {
                decide::id::check_name(part, false).map_err(|error| {
                    let sentence = format!("label {name}={value}: {error}");
                    Refusal::new(400, crate::codes::MALFORMED, sentence)
                })?;
            }
        }
        if let Some(unknown) = enroll.channels.iter().find(|c| !self.state.channels.contains_key(c))
        {
            return Err(Refusal::unknown(format!("the channel '{unknown}'")));
        }
        let secret = secret()?;
        let token = format!("{}~{secret}", enroll.machine);
        let token_sha256 = Digest::of(token.as_bytes());
        let known = self.state.fleet.index(&enroll.machine);
        let running =
            known.map(|index| self.state.fleet.get(index).row.running.clone()).unwrap_or_default();
        let row = MachineRow {
            machine: enroll.machine.clone(),
            labels: enroll.labels.clone(),
            ring: enroll.ring,
            channels: enroll.channels.clone(),
            token_sha256,
            // A machine that enrols again may have lost its count; repeats change nothing.
            sequence: 0,
            seen: Some(now),
            running,
            says_held: false,
        };
        let index = self.state.fleet.enroll(row.clone())?;
        self.state.fleet.get_mut(index).heard = Some(now);
        self.state.book.batch.machines.push(row);
        let verb = if known.is_some() { "enrolled_again" } else { "enrolled" };
        let labels: Vec<String> =
            enroll.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let sentence = format!("ring {}, {}", enroll.ring, labels.join(" "));
        let actor = format!("machine:{}", enroll.machine);
        self.state.book.say(now, &actor, verb, enroll.machine.as_str(), None, &sentence);
        self.join_rollouts(index, now);
        Ok((token, token_sha256))
    }

    /// A machine that is new to a running rollout joins it late: the thresholds hold for it, it
    /// counts in no risk set.
    fn join_rollouts(&mut self, index: u32, now: Time) {
        let State { fleet, channels, book, .. } = &mut self.state;
        let machine = fleet.get(index).row.clone();
        for name in &machine.channels {
            let Some(channel) = channels.get_mut(name) else { continue };
            let last = channel.rollouts.len().saturating_sub(1);
            let Some(live) = channel.newest() else { continue };
            if live.place(index).is_some() || live.phase() == Phase::Done {
                continue;
            }
            let event = Event::Enrolled { machine: late(live, &machine, fleet.is_held(index)) };
            channel.take(last, event, Some((index, machine.machine.clone())), now, book);
        }
    }

    /// Takes reports, oldest first; repeats are dropped.
    pub(crate) fn reports(&mut self, reports: &Reports, now: Time) -> Result<Heard, Refusal> {
        if reports.reports.len() > REPORTS_MAX {
            return Err(Refusal::limit("reports", reports.reports.len(), REPORTS_MAX));
        }
        let Some(index) = self.state.fleet.index(&reports.machine) else {
            return Err(Refusal::unknown(format!("the machine '{}'", reports.machine)));
        };
        let mut save = false;
        for report in &reports.reports {
            if report.sequence <= self.state.fleet.get(index).row.sequence {
                continue;
            }
            save |= self.report(index, report, now);
        }
        let machine = self.state.fleet.get_mut(index);
        machine.row.seen = Some(now);
        machine.heard = Some(now);
        machine.unsaved = true;
        let heard = Heard { sequence: machine.row.sequence };
        if save {
            self.state.book.batch.machines.push(machine.row.clone());
        }
        self.touch();
        Ok(heard)
    }

    /// One report. True when the machine's row must be stored.
    fn report(&mut self, index: u32, report: &Report, now: Time) -> bool {
        let State { fleet, channels, book, .. } = &mut self.state;
        let fleet_holds = fleet.holds.contains_key(&fleet.get(index).row.machine);
        let machine = fleet.get_mut(index);
        machine.row.sequence = report.sequence;
        machine.away = report.what == What::Goodbye;
        let age = Span(report.age.0.min(AGE_MAX.0));
        let running = MachineRunning {
            number: report.release.number,
            digest: report.release.digest,
            word: word(report.what).to_owned(),
            at: now,
        };
        if !machine.row.channels.contains(&report.channel) {
            return false;
        }
        let id = machine.row.machine.clone();
        match report.what {
            // The server's own hold, echoed, ends with that hold.
            What::Held => machine.row.says_held = !fleet_holds,
            What::Attempted | What::Loaded => machine.row.says_held = false,
            _ => {}
        }
        let changed = note_running(&mut machine.row.running, report, running);
        let Some(channel) = channels.get_mut(&report.channel) else { return changed };
        let mut stored = false;
        let released = report.what == What::Crashed && channel.knows(&report.release.digest);
        for rollout in 0..channel.rollouts.len() {
            let last = rollout + 1 == channel.rollouts.len();
            let Some(Kept::Live(live)) = channel.rollouts.get_mut(rollout) else { continue };
            let Some(place) = live.place(index) else { continue };
            let was_away = live.heard(place, now);
            if report.what == What::Goodbye {
                live.goodbye(place);
            }
            let control = last && compares(live, &report.release.digest, released, age, now);
            let mut events = events_of(live, place, report, last, control, now);
            if events.is_empty() && was_away && live.watches() {
                events.push(MachineEvent::Back);
            }
            let concerns = report.release.digest == live.row.release.digest;
            if concerns && !events.is_empty() {
                tell(live, &id, report, age, now, book);
            }
            for what in events {
                stored = true;
                channel.take(rollout, Event::Machine { machine: place, what }, None, now, book);
            }
        }
        changed || stored
    }
}

/// Notes what runs where. True when it differs from before in more than its time.
fn note_running(
    table: &mut BTreeMap<decide::id::ChannelName, MachineRunning>,
    report: &Report,
    running: MachineRunning,
) -> bool {
    // What was refused or taken away is not what runs; the next report says what does.
    let aside = matches!(report.what, What::Refused | What::Stale | What::Held);
    let before = table.get(&report.channel);
    if aside && let Some(before) = before.cloned() {
        let changed = before.word != running.word;
        table.insert(
            report.channel.clone(),
            MachineRunning { word: running.word, at: running.at, ..before },
        );
        return changed;
    }
    let changed = before.is_none_or(|b| (b.digest, &b.word) != (running.digest, &running.word));
    table.insert(report.channel.clone(), running);
    changed
}

/// The rollout's view of a machine that enrolled late.
fn late(live: &Live, machine: &MachineRow, held: bool) -> StartMachine {
    let start = live.rollout().started();
    let stratum = stratum_of(&machine.labels, &start.policy.strata, machine.ring).ok();
    let stratum = stratum.and_then(|name| start.strata.iter().position(|known| *known == name));
    let block = super::rollouts::block_of(machine, &start.policy.block);
    let block = start.blocks.iter().position(|known| known.as_str() == block);
    StartMachine {
        // A stratum that the rollout does not know is exposed by no threshold.
        stratum: stratum.map_or(u16::MAX, |stratum| stratum as u16),
        block: block.unwrap_or(0) as u16,
        bucket: bucket(&live.row.salt, &machine.machine),
        held,
        alive: true,
    }
}

/// The events that a report means for one rollout; empty for what changes nothing.
fn events_of(
    live: &Live,
    place: u32,
    report: &Report,
    last: bool,
    control: bool,
    now: Time,
) -> Vec<MachineEvent> {
    use MachineEvent as E;
    let going_back = matches!(report.what, What::Reverted | What::Rescued);
    let late_return = going_back && live.phase() == Phase::Reverted;
    if !live.watches() && !late_return {
        return Vec::new();
    }
    let digest = report.release.digest;
    if digest == live.row.release.digest {
        let mut events = Vec::new();
        // Last words may be lost with a machine's disk; that it runs the release is not.
        let runs = matches!(report.what, What::Healthy | What::KnownGood | What::Alive);
        if runs && !live.has_it(place) && !live.has_reverted(place) {
            events.push(E::Loaded);
        }
        match report.what {
            What::Attempted => events.push(E::Attempted),
            What::Loaded => events.push(E::Loaded),
            What::Healthy | What::KnownGood => {
                if live.rollout().wants_healthy(place, now) {
                    events.push(E::Healthy);
                }
            }
            What::Crashed => events.push(E::Crashed),
            What::Refused => events.push(E::Refused),
            What::Reverted | What::Rescued if !live.has_reverted(place) => events.push(E::Reverted),
            What::Reverted | What::Rescued | What::Alive | What::Stale => {}
            What::Held => events.push(E::Held),
            What::Goodbye => events.push(E::Goodbye),
        }
        return events;
    }
    match report.what {
        What::Goodbye => vec![E::Goodbye],
        What::Held if last => vec![E::Held],
        What::Crashed if control => vec![E::Crashed],
        _ => Vec::new(),
    }
}

/// True when a crash on another release says something about what machines do without the new
/// one: it is the release that was there before (their seed, where there was none), and it
/// happened since the rollout began.
fn compares(live: &Live, digest: &Digest, released: bool, age: Span, now: Time) -> bool {
    let is_before = match &live.rollout().started().previous {
        Some(before) => before.digest == *digest,
        None => !released,
    };
    is_before && age <= now.since(live.row.began)
}

/// Audit lines about what happened to single machines; never for heartbeats.
fn tell(
    live: &mut Live,
    machine: &MachineId,
    report: &Report,
    age: Span,
    now: Time,
    book: &mut super::book::Book,
) {
    let notable =
        matches!(report.what, What::Crashed | What::Refused | What::Reverted | What::Rescued);
    if !notable || live.machine_lines > MACHINE_LINES_MAX {
        return;
    }
    live.machine_lines += 1;
    let target = live.row.rollout.to_string();
    if live.machine_lines > MACHINE_LINES_MAX {
        let sentence = format!(
            "{MACHINE_LINES_MAX} lines about single machines are written; the counts go on without"
        );
        book.say(now, "server", "more_machines", &target, None, &sentence);
        return;
    }
    let detail = if report.detail.is_empty() { "no details given" } else { &report.detail };
    let sentence =
        format!("release {}: {detail} ({age} before it was reported)", report.release.number);
    book.say(now, &format!("machine:{machine}"), word(report.what), &target, None, &sentence);
}

impl Channel {
    /// A hold reaches the running rollout.
    pub(super) fn hold(&mut self, machine: u32, now: Time, book: &mut super::book::Book) {
        let last = self.rollouts.len().saturating_sub(1);
        self.dirty = true;
        let Some(live) = self.newest() else { return };
        if let Some(place) = live.place(machine)
            && live.watches()
        {
            let event = Event::Machine { machine: place, what: MachineEvent::Held };
            self.take(last, event, None, now, book);
        }
    }
}
