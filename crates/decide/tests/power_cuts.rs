//! Every placement of up to two power cuts over the commit record's writes and the consumer's
//! runs, each write leaving the old slot, a torn one or the new one, over all mixes of good and
//! bad releases. The negative control writes the newest slot in place and must be caught.
#![allow(missing_docs)]

use decide::endpoint::{Evidence, Generation, Phase, Record, Settled, StartDecision};
use decide::id::Digest;
use ringfence_decide as decide;

/// How a release behaves when it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    /// Kills the consumer; the agent lives and sees it.
    Seen,
    /// Resets the machine; nobody sees anything.
    Silent,
}

/// What a power cut leaves of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    Old,
    Torn,
    New,
}

/// The power is gone.
struct Cut;

/// More boots than any placement needs; reaching it means that the machine needs hands.
const BOOTS_MAX: usize = 60;
/// Releases offered one after the other, on top of the known-good release 1.
const OFFERED: [u64; 3] = [2, 3, 4];
const ENOUGH: Evidence = Evidence { age_ms: 1, heartbeats: 1, events: None, polls: 1 };

fn generation(number: u64) -> Generation {
    Generation { number, digest: Digest::of(&number.to_le_bytes()) }
}

struct Machine<'a> {
    in_place: bool,
    mix: [Kind; 3],
    cuts: &'a [(usize, Leaves)],
    step: usize,
    slots: [Option<(u64, Record)>; 2],
    banned: Vec<u64>,
    starts: [usize; 5],
    faults: Vec<String>,
}

impl<'a> Machine<'a> {
    fn new(mix: [Kind; 3], cuts: &'a [(usize, Leaves)], in_place: bool) -> Machine<'a> {
        let record =
            Record::seeded(generation(0)).activate(generation(1)).healthy(ENOUGH, ENOUGH).0;
        Machine {
            in_place,
            mix,
            cuts,
            step: 0,
            slots: [Some((1, record)), None],
            banned: Vec::new(),
            starts: [0; 5],
            faults: Vec::new(),
        }
    }

    fn kind(&self, number: u64) -> Kind {
        let place = OFFERED.iter().position(|offered| *offered == number);
        place.map_or(Kind::Good, |place| self.mix[place])
    }

    /// What a cut at this step leaves, if there is one.
    fn cut(&mut self) -> Option<Leaves> {
        let here = self.step;
        self.step += 1;
        self.cuts.iter().find(|(step, _)| *step == here).map(|(_, leaves)| *leaves)
    }

    fn newest(&self) -> Option<&(u64, Record)> {
        self.slots.iter().flatten().max_by_key(|(sequence, _)| *sequence)
    }

    fn write(&mut self, record: &Record) -> Result<(), Cut> {
        let sequences = self.slots.each_ref().map(|slot| slot.as_ref().map_or(0, |(seq, _)| *seq));
        let older = usize::from(sequences[1] < sequences[0]);
        let target = if self.in_place { 1 - older } else { older };
        let new = Some((sequences[0].max(sequences[1]) + 1, record.clone()));
        let cut = self.cut();
        match cut {
            None | Some(Leaves::New) => self.slots[target] = new,
            Some(Leaves::Torn) => self.slots[target] = None,
            Some(Leaves::Old) => {}
        }
        cut.map_or(Ok(()), |_| Err(Cut))
    }

    /// The next release that is offered and not settled.
    fn wanted(&self, record: &Record) -> Option<Generation> {
        let open =
            |number: &&u64| **number > record.known_good.number && !self.banned.contains(number);
        (record.phase == Phase::Stable).then_some(())?;
        OFFERED.iter().find(open).map(|number| generation(*number))
    }

    /// One boot, until the power goes, the machine resets, or nothing is left to do.
    fn boot(&mut self) -> Result<(), Cut> {
        let Some((_, mut record)) = self.newest().cloned() else {
            self.faults.push("both slots are lost".to_owned());
            return Ok(());
        };
        loop {
            record = self.count(record)?;
            loop {
                let current = record.current.number;
                self.starts[usize::try_from(current).expect("small")] += 1;
                // A cut while it runs, before it has shown anything.
                if self.cut().is_some() {
                    return Err(Cut);
                }
                match self.kind(current) {
                    Kind::Good => {}
                    Kind::Silent => return Err(Cut),
                    Kind::Seen => {
                        record = record.crash_seen().0;
                        self.write(&record)?;
                        break;
                    }
                }
                record = self.healthy(record)?;
                let Some(wanted) = self.wanted(&record) else { return Ok(()) };
                record = record.activate(wanted);
                self.write(&record)?;
                record = self.count(record)?;
            }
        }
    }

    fn count(&mut self, record: Record) -> Result<Record, Cut> {
        let (record, decision) = record.before_start();
        self.write(&record)?;
        if decision == StartDecision::Off {
            self.faults.push("off, though a good release is here".to_owned());
        }
        Ok(record)
    }

    fn healthy(&mut self, record: Record) -> Result<Record, Cut> {
        let (next, settled) = record.clone().healthy(ENOUGH, ENOUGH);
        if let Settled::Banned(accused) = settled {
            // The ban has two slots of its own, so a torn write leaves the old list.
            let cut = self.cut();
            if matches!(cut, None | Some(Leaves::New)) {
                self.banned.push(accused.number);
            }
            if cut.is_some() {
                return Err(Cut);
            }
        }
        if next != record {
            self.write(&next)?;
        }
        Ok(next)
    }

    /// Runs to the end and returns the number of steps.
    fn live(mut self) -> (usize, Vec<String>) {
        let ended = (0..BOOTS_MAX).any(|_| self.boot().is_ok());
        if !ended {
            self.faults.push(format!("still booting after {BOOTS_MAX} boots"));
        }
        let last = self.newest().map(|(_, record)| record.clone());
        let good = |number: &&u64| self.kind(**number) == Kind::Good;
        let newest_good = OFFERED.iter().rev().find(good).copied().unwrap_or(1);
        if last.is_none_or(|record| record.current.number != newest_good) {
            self.faults.push(format!("good release {newest_good} is not reached"));
        }
        for number in &self.banned {
            if self.kind(*number) == Kind::Good {
                self.faults.push(format!("good release {number} is banned"));
            }
        }
        for number in OFFERED {
            let starts = self.starts[usize::try_from(number).expect("small")];
            let most = match self.kind(number) {
                Kind::Good => continue,
                Kind::Seen => 3 + self.cuts.len(),
                Kind::Silent => 6 + self.cuts.len(),
            };
            if starts > most {
                self.faults
                    .push(format!("bad release {number} started {starts} times, at most {most}"));
            }
        }
        (self.step, self.faults)
    }
}

/// Runs every placement; the number of runs, and the runs with faults as text.
fn explore(in_place: bool) -> (usize, usize, Option<String>) {
    const KINDS: [Kind; 3] = [Kind::Good, Kind::Seen, Kind::Silent];
    const LEAVES: [Leaves; 3] = [Leaves::Old, Leaves::Torn, Leaves::New];
    let (mut runs, mut faulty, mut first) = (0, 0, None);
    for mix in 0..27 {
        let mix = [KINDS[mix / 9], KINDS[mix / 3 % 3], KINDS[mix % 3]];
        let mut live = |cuts: &[(usize, Leaves)]| {
            let (steps, faults) = Machine::new(mix, cuts, in_place).live();
            runs += 1;
            if !faults.is_empty() {
                faulty += 1;
                first.get_or_insert_with(|| format!("{mix:?} with cuts {cuts:?}: {faults:?}"));
            }
            steps
        };
        let steps = live(&[]);
        for at in 0..steps {
            for leaves in LEAVES {
                let cut = (at, leaves);
                let steps = live(&[cut]);
                for again in at + 1..steps {
                    for leaves in LEAVES {
                        live(&[cut, (again, leaves)]);
                    }
                }
            }
        }
    }
    (runs, faulty, first)
}

#[test]
fn no_two_power_cuts_lose_a_machine_or_ban_a_good_release() {
    let (runs, faulty, first) = explore(false);
    println!("{runs} runs, {faulty} with faults");
    assert!(runs > 50_000, "{runs} runs are not all placements");
    assert_eq!(faulty, 0, "{}", first.unwrap_or_default());
}

#[test]
fn the_checker_bites_when_the_newest_slot_is_overwritten_in_place() {
    let (runs, faulty, _) = explore(true);
    println!("{runs} runs, {faulty} with faults");
    assert!(faulty > runs / 20, "{faulty} of {runs}");
}
