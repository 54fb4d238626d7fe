//! The fleet without any rollout: who is heard, who is silent, who is held, and what runs where.
//!
//! [`Fleet::of`] looks at each machine once; everything drawn from it costs the same for sixty
//! machines and for a million.

use super::cells::{self, Cell, Row};
use super::clock;
use super::waffle::Waffle;
use super::words::{self, number};
use decide::id::{ChannelName, Ring};
use decide::time::{Span, Time};
use maud::{Markup, html};
use std::collections::BTreeMap;
use wire::api::MachineStatus;

/// After so long without a word a machine is drawn as silent: three heartbeats of the standard
/// policy. Rollouts judge by their own policy; this is only the picture.
const SILENT_AFTER: Span = Span::minutes(3);
/// Labels that name a machine's row, as in the standard policy's strata.
const ROW_LABELS: [&str; 2] = ["os", "consumer"];
/// Rows of the table of releases.
const RELEASES_MAX: usize = 40;

/// Machines that run one release of one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) machines: u64,
    /// Of these, whose last word was of health.
    pub(crate) healthy: u64,
    /// Of these, whose last word was a crash or a refusal.
    pub(crate) troubled: u64,
}

/// Counts drawn from all machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fleet {
    rows: BTreeMap<Ring, BTreeMap<String, Row>>,
    running: BTreeMap<ChannelName, BTreeMap<u64, Running>>,
    /// The oldest last word of a machine that is silent.
    oldest: Option<Time>,
}

fn cell(machine: &MachineStatus, as_of: Time) -> Cell {
    match machine.last_seen {
        None => Cell::Never,
        Some(seen) if as_of.since(seen) > SILENT_AFTER => Cell::Silent,
        Some(_) if machine.held.is_some() => Cell::Held,
        Some(_) => Cell::Heard,
    }
}

impl Fleet {
    /// Counts all machines once.
    pub(crate) fn of(machines: &[MachineStatus], as_of: Time) -> Fleet {
        let mut fleet = Fleet::default();
        let mut name = String::new();
        machines.iter().for_each(|machine| fleet.add(machine, as_of, &mut name));
        fleet
    }

    /// Counts one machine. `name` is a buffer, so that known rows cost no allocation.
    fn add(&mut self, machine: &MachineStatus, as_of: Time, name: &mut String) {
        name.clear();
        for label in ROW_LABELS.iter().filter_map(|label| machine.labels.get(*label)) {
            name.push_str(if name.is_empty() { "" } else { "/" });
            name.push_str(label);
        }
        let kind = cell(machine, as_of);
        let rows = self.rows.entry(machine.ring).or_default();
        match rows.get_mut(name.as_str()) {
            Some(row) => row.counts[kind as usize] += 1,
            None => {
                let mut row = Row::new(machine.ring, name.clone());
                row.counts[kind as usize] = 1;
                rows.insert(name.clone(), row);
            }
        }
        if kind == Cell::Silent {
            self.oldest = self.oldest.into_iter().chain(machine.last_seen).min();
        }
        self.count_running(machine);
    }

    fn count_running(&mut self, machine: &MachineStatus) {
        for (channel, running) in &machine.running {
            if !self.running.contains_key(channel) {
                self.running.insert(channel.clone(), BTreeMap::new());
            }
            let Some(releases) = self.running.get_mut(channel) else { continue };
            let counts = releases.entry(running.number).or_default();
            counts.machines += 1;
            match running.word.as_str() {
                "healthy" | "known_good" => counts.healthy += 1,
                "crashed" | "refused" => counts.troubled += 1,
                _ => {}
            }
        }
    }

    /// All rows, folded for drawing.
    pub(crate) fn rows(&self) -> Vec<Row> {
        cells::fold(self.rows.values().flat_map(BTreeMap::values).cloned().collect())
    }

    /// Machines of one kind.
    pub(crate) fn count(&self, cell: Cell) -> u64 {
        self.rows.values().flat_map(BTreeMap::values).map(|row| row.of(cell)).sum()
    }

    /// All machines.
    pub(crate) fn total(&self) -> u64 {
        self.rows.values().flat_map(BTreeMap::values).map(Row::total).sum()
    }

    /// In one sentence.
    pub(crate) fn sentence(&self, as_of: Time) -> String {
        let total = self.total();
        let silent = self.count(Cell::Silent);
        let oldest = self
            .oldest
            .filter(|_| silent > 0)
            .map(|seen| format!(", the longest for {}", clock::rough(as_of.since(seen))))
            .unwrap_or_default();
        format!(
            "{} heard in the last {}; {} silent{oldest}; {} never heard; {} held by their owners",
            words::of(self.count(Cell::Heard) + self.count(Cell::Held), total),
            clock::rough(SILENT_AFTER),
            number(silent),
            number(self.count(Cell::Never)),
            number(self.count(Cell::Held)),
        )
    }

    /// The picture of who is heard.
    pub(crate) fn picture(&self, as_of: Time) -> Markup {
        let rows = self.rows();
        Waffle {
            id: "fleet-waffle",
            title: "Machines by ring and kind: heard, silent, held".into(),
            description: self.sentence(as_of),
            rows: &rows,
            front: None,
        }
        .render()
    }

    /// What runs where.
    pub(crate) fn releases(&self) -> Markup {
        let lines = self.running.iter().flat_map(|(channel, releases)| {
            let all: u64 = releases.values().map(|counts| counts.machines).sum();
            releases.iter().rev().map(move |(release, counts)| (channel, release, counts, all))
        });
        html! {
            div.scroll tabindex="0" role="region" aria-label="What machines run" {
                table {
                    thead { tr { th scope="col" { "Channel" } th scope="col" { "Release" }
                        th scope="col" { "Machines" } th scope="col" { "Healthy" }
                        th scope="col" { "Crashed or refused" } } }
                    tbody { @for (channel, release, counts, all) in lines.take(RELEASES_MAX) { tr {
                        th scope="row" { (channel) }
                        td { @if *release == 0 { "seed" } @else { (release) } }
                        td.n { (words::of(counts.machines, all)) }
                        td.n { (number(counts.healthy)) }
                        td.n.harm[counts.troubled > 0] {
                            @if counts.troubled > 0 { (words::Glyph::Cross.draw()) }
                            (number(counts.troubled)) }
                    } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use decide::id::{Digest, MachineId};
    use wire::api::MachineRunning;

    const NOW: Time = Time(1_795_597_320_000);

    /// A fleet of so many machines; one is made and changed, because a million would fill memory.
    fn fleet(count: u64) -> Fleet {
        let running = MachineRunning {
            number: 42,
            digest: Digest::of(b"file"),
            word: "healthy".into(),
            at: NOW,
        };
        let mut machine = MachineStatus {
            machine: MachineId::try_from("m").expect("name"),
            labels: [("os".into(), "linux".into()), ("consumer".into(), String::new())].into(),
            ring: Ring::Lab,
            held: None,
            last_seen: None,
            running: [(ChannelName::try_from("rules").expect("name"), running)].into(),
        };
        let (mut fleet, mut name) = (Fleet::default(), String::new());
        for n in 0..count {
            machine.ring = Ring::ALL[(n % 5) as usize];
            if let Some(consumer) = machine.labels.get_mut("consumer") {
                consumer.clear();
                consumer.push_str(["7.10", "7.11", "7.12"][(n % 3) as usize]);
            }
            machine.held = (n % 100 == 1).then(String::new);
            let age = if n % 1_000 == 7 { 1_000_000 } else { 5_000 };
            machine.last_seen = (n % 1_000 != 500).then_some(Time(NOW.0 - age));
            fleet.add(&machine, NOW, &mut name);
        }
        fleet
    }

    #[test]
    fn a_million_machines_are_counted_once_and_drawn_like_a_thousand() {
        let (large, small) = (fleet(1_000_000), fleet(1_000));
        assert_eq!(large.total(), 1_000_000);
        assert_eq!(large.count(Cell::Silent), 1_000);
        assert_eq!(large.count(Cell::Never), 1_000);
        assert_eq!(large.count(Cell::Held), 10_000);
        let counts = &large.running[&ChannelName::try_from("rules").expect("name")][&42];
        assert_eq!((counts.machines, counts.healthy, counts.troubled), (1_000_000, 1_000_000, 0));
        let size = |fleet: &Fleet| fleet.picture(NOW).into_string().len();
        assert!(size(&large) < 2 * size(&small), "{} v. {}", size(&large), size(&small));
        assert!(large.sentence(NOW).starts_with("998,000 of 1,000,000"));
    }
}
