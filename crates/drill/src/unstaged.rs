//! The outage as it happened: everybody gets the file, nobody has an agent, people repair.
//!
//! No decision couples the machines, so each is lived through from beginning to end before the
//! next; only counts a minute are kept. That is why millions take seconds.

use crate::draw::{Draw, Purpose, exponential};
use crate::error::DrillError;
use crate::report::{Outcome, Point};
use crate::request::Watch;
use crate::scenario::{Harm, Reports, Scenario, Trigger};

/// Heartbeats of a machine that are simulated one by one: a day of them.
const BEATS_S_MAX: u64 = 86_400;
/// Boots after which a machine that has not healed stops at its recovery screen and waits for a
/// person. (Up to 15 were reported to help, where somebody went on rebooting.)
const SELF_HEAL_BOOTS_MAX: u64 = 3;
/// Machines between two looks at whether to stop.
const WATCH_EVERY: u64 = 1 << 16;
/// Minutes of virtual time that are kept: two weeks.
const MINUTES_MAX: usize = 14 * 24 * 60;

/// Changes a minute; sums give the curves.
struct Minutes {
    exposed: Vec<i64>,
    harmed: Vec<i64>,
    down: Vec<i64>,
}

/// One machine's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Life {
    on: bool,
    loaded_s: Option<u64>,
    harmed_s: Option<u64>,
    back_s: Option<u64>,
    hands: bool,
}

/// Runs it.
pub(crate) fn run(
    scenario: &Scenario,
    machines: u64,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<(Outcome, Vec<Point>), DrillError> {
    let draw = Draw::new(seed);
    let halt = scenario.spread.halt_s as u64;
    let mut outcome = Outcome { of: machines, ..Outcome::default() };
    let mut minutes = Minutes::new();
    let all_down_s = shared_fate_s(scenario, machines, draw);
    for machine in 0..machines {
        if machine % WATCH_EVERY == 0 {
            watch.progress(machine, machines, "machines");
            if watch.interrupted() {
                return Err(DrillError::Interrupted);
            }
        }
        let life = live(scenario, draw, machine, all_down_s);
        minutes.add(&life);
        outcome.add(&life, halt);
        outcome.heartbeats += beats(scenario, draw, machine, &life, halt.min(BEATS_S_MAX));
    }
    outcome.hands_hours =
        (outcome.hands_needed as f64 * scenario.repair.hands_min / 60.0).round() as u64;
    outcome.halted_s = Some(halt);
    outcome.first_harm_to_halt_s = outcome.first_harm_s.map(|first| halt.saturating_sub(first));
    outcome.simulated_s = outcome.healed_s.unwrap_or(0).max(halt);
    Ok((outcome, minutes.points()))
}

/// When one machine is enough, the first that is harmed takes all down.
fn shared_fate_s(scenario: &Scenario, machines: u64, draw: Draw) -> Option<u64> {
    let shared = scenario.shared_fate || scenario.harm == Harm::ControlPlaneDown;
    let mut first = None;
    for machine in (0..machines).filter(|_| shared) {
        let life = live(scenario, draw, machine, None);
        first = [first, life.harmed_s].into_iter().flatten().min();
    }
    first
}

fn live(scenario: &Scenario, draw: Draw, machine: u64, all_down_s: Option<u64>) -> Life {
    let mut life = Life::default();
    if draw.unit(machine, Purpose::Online, 0) < scenario.fleet.offline {
        return life;
    }
    life.on = true;
    let fetch = fetch_s(scenario, draw, machine, 0);
    let halt = scenario.spread.halt_s as u64;
    if fetch < halt {
        life.loaded_s = Some(fetch);
    }
    let affected =
        scenario.harm != Harm::None && draw.unit(machine, Purpose::Affected, 0) < scenario.affected;
    if !affected {
        return life;
    }
    let own = life.loaded_s.and_then(|loaded| {
        let unit = draw.unit(machine, Purpose::Trigger, 0);
        let delay = scenario.delay_s(unit);
        let at = match scenario.trigger {
            Trigger::AfterLoad => loaded + delay,
            Trigger::WallClock => loaded.max(scenario.wall_clock_s as u64) + delay,
        };
        // The good file may reach it before the trigger does.
        (at < halt + fetch_s(scenario, draw, machine, 1)).then_some(at)
    });
    life.harmed_s = match all_down_s {
        Some(all) if scenario.shared_fate => Some(own.map_or(all, |own| own.min(all))),
        _ => own,
    };
    if let Some(harmed) = life.harmed_s {
        repair(scenario, draw, machine, harmed, &mut life);
    }
    life
}

fn fetch_s(scenario: &Scenario, draw: Draw, machine: u64, counter: u64) -> u64 {
    let unit = draw.unit(machine, Purpose::Fetch, counter);
    let p50 = scenario.spread.p50_s;
    if scenario.spread.even {
        (unit * 2.0 * p50) as u64
    } else if p50 > 0.0 {
        exponential(unit, std::f64::consts::LN_2 / p50)
    } else {
        0
    }
}

/// How a harmed machine comes back, or that a person has to come.
fn repair(scenario: &Scenario, draw: Draw, machine: u64, harmed: u64, life: &mut Life) {
    let halt = scenario.spread.halt_s as u64;
    let repair = scenario.repair;
    let good = harmed.max(halt) + fetch_s(scenario, draw, machine, 2);
    match recovery(scenario, draw, machine) {
        Recovery::Boots(boots) => {
            life.back_s = Some(harmed.max(halt) + boots * (scenario.boot_s as u64 + 60));
        }
        Recovery::Hands => life.hands = true,
        Recovery::Undo => life.back_s = Some(good + repair.restart_s as u64),
    }
}

/// What brings back a machine that has no agent, once the previous file is on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// It comes back by itself after so many boots.
    Boots(u64),
    /// A person.
    Hands,
    /// The previous file.
    Undo,
}

/// Draws it.
pub(crate) fn recovery(scenario: &Scenario, draw: Draw, machine: u64) -> Recovery {
    let repair = scenario.repair;
    if scenario.harm == Harm::BootLoop || repair.hands > 0.0 {
        for boot in 1..=SELF_HEAL_BOOTS_MAX {
            if draw.unit(machine, Purpose::Heal, boot) < repair.heal_per_boot {
                return Recovery::Boots(boot);
            }
        }
    }
    if draw.unit(machine, Purpose::Hands, 0) < repair.hands {
        Recovery::Hands
    } else {
        Recovery::Undo
    }
}

/// Heartbeats of one machine until `until`, 57 to 63 seconds apart, one by one.
fn beats(scenario: &Scenario, draw: Draw, machine: u64, life: &Life, until: u64) -> u64 {
    if !life.on {
        return 0;
    }
    let silent = match (scenario.reports, scenario.harm) {
        (Reports::None, _) | (_, Harm::BootLoop | Harm::HostDown | Harm::NetLost) => {
            life.harmed_s.unwrap_or(u64::MAX)
        }
        _ => u64::MAX,
    };
    let mut bits = draw.bits(machine, Purpose::Beat, 0);
    let mut at = bits % 60;
    let mut heard = 0;
    while at < until && at < silent {
        heard += 1;
        bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        at += 57 + (((bits >> 33) * 7) >> 31);
    }
    heard
}

impl Outcome {
    fn add(&mut self, life: &Life, halt: u64) {
        self.online += u64::from(life.on);
        if let Some(loaded) = life.loaded_s {
            self.exposed += 1;
            self.everywhere_s = Some(self.everywhere_s.unwrap_or(0).max(loaded.min(halt)));
        }
        if let Some(harmed) = life.harmed_s {
            self.harmed += 1;
            self.first_harm_s = Some(self.first_harm_s.unwrap_or(u64::MAX).min(harmed));
        }
        self.hands_needed += u64::from(life.hands);
        if let Some(back) = life.back_s {
            self.healed_alone += 1;
            self.healed_s = Some(self.healed_s.unwrap_or(0).max(back));
        }
    }
}

impl Minutes {
    fn new() -> Minutes {
        let empty = || vec![0; MINUTES_MAX + 1];
        Minutes { exposed: empty(), harmed: empty(), down: empty() }
    }
    fn add(&mut self, life: &Life) {
        let minute = |at: u64| (at / 60).min(MINUTES_MAX as u64) as usize;
        if let Some(loaded) = life.loaded_s {
            self.exposed[minute(loaded)] += 1;
        }
        if let Some(harmed) = life.harmed_s {
            self.harmed[minute(harmed)] += 1;
            self.down[minute(harmed)] += 1;
            if let Some(back) = life.back_s {
                self.down[minute(back)] -= 1;
            }
        }
    }
    fn points(&self) -> Vec<Point> {
        let mut point = Point::default();
        let mut points = vec![];
        for minute in 0..=MINUTES_MAX {
            let (exposed, harmed, down) =
                (self.exposed[minute], self.harmed[minute], self.down[minute]);
            if exposed == 0 && harmed == 0 && down == 0 {
                continue;
            }
            point.at_s = minute as u64 * 60 + 60;
            point.exposed = point.exposed.saturating_add_signed(exposed);
            point.harmed = point.harmed.saturating_add_signed(harmed);
            point.down = point.down.saturating_add_signed(down);
            points.push(point);
        }
        points
    }
}
