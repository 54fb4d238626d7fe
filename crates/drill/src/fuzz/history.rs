//! One history out of a seed: a fleet, a policy, a file and the weather.

use crate::draw::{Draw, Purpose};
use crate::fleet::Shape;
use crate::scenario::{Episode, Relay, Scenario, Weather, builtin};
use decide::policy::builtin::standard;
use decide::policy::{Lane, Policy, Size};
use decide::time::Span;
use std::fmt::Write as _;

/// Most machines of a history.
const MACHINES_MAX: u64 = 400;
/// Most machines of the few histories that are large enough for a herd.
const HERD_MAX: u64 = 4_000;

/// A history.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct History {
    pub seed: u64,
    pub machines: u64,
    pub scenario: Scenario,
    pub policy: Policy,
    pub lane: Lane,
}

/// Draws in a row.
struct Dice {
    draw: Draw,
    thrown: u64,
}

impl Dice {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.thrown += 1;
        self.draw.between(0, Purpose::Fuzz, self.thrown, low, high)
    }
    fn share(&mut self, most: f64) -> f64 {
        self.between(0, 1_000) as f64 / 1_000.0 * most
    }
    /// True once in `n` throws.
    fn one_in(&mut self, n: u64) -> bool {
        self.between(1, n) == 1
    }
    fn minutes(&mut self, low: u64, high: u64) -> Span {
        Span::minutes(self.between(low, high))
    }
    fn episode(&mut self) -> Episode {
        let from_s = self.between(60, 4 * 3_600);
        Episode { share: self.share(1.0), from_s, until_s: from_s + self.between(60, 3 * 3_600) }
    }
}

/// The history of a seed.
pub(crate) fn history(seed: u64) -> History {
    let mut dice = Dice { draw: Draw::new(seed), thrown: 0 };
    let machines = match dice.between(0, 31) {
        0 => dice.between(1_000, HERD_MAX),
        1..=7 => dice.between(1, 12),
        8..=15 => dice.between(2, 60),
        _ => dice.between(20, MACHINES_MAX),
    };
    let lane = Lane::ALL[dice.between(0, 2) as usize];
    let policy = policy(&mut dice);
    let scenario = scenario(&mut dice);
    History { seed, machines, scenario, policy, lane }
}

fn policy(dice: &mut Dice) -> Policy {
    let mut policy = standard();
    policy.name = "drawn".into();
    policy.heartbeat = Span::seconds([30, 60, 120][dice.between(0, 2) as usize]);
    policy.tick = Span::seconds([15, 30, 60][dice.between(0, 2) as usize]);
    policy.hold_at = dice.between(5, 50);
    policy.resume_at = policy.hold_at / 2;
    for ladder in policy.lanes.values_mut() {
        ladder.doubling = dice.minutes(1, 8);
        ladder.multiplier = dice.between(2, 8) as u32;
        ladder.evidence_age = dice.minutes(2, 10);
        ladder.hold_max = dice.minutes(30, 180);
        ladder.probation = dice.minutes(30, 180);
        for gate in &mut ladder.gates {
            gate.wait = dice.minutes(2, 20);
            if let Size::Machines(count) = &mut gate.size {
                *count = dice.between(1, 10);
            }
        }
        if dice.one_in(3) {
            let place = dice.between(1, ladder.gates.len() as u64 - 1) as usize;
            ladder.gates.remove(place);
        }
    }
    policy
}

fn scenario(dice: &mut Dice) -> Scenario {
    let all = builtin();
    let mut scenario = all[dice.between(0, all.len() as u64 - 1) as usize].clone();
    if dice.one_in(2) {
        scenario.affected = dice.share(1.0);
    }
    if dice.one_in(2) {
        scenario.trigger_p50_s = dice.between(0, 7_200) as f64;
        scenario.trigger_p99_s = scenario.trigger_p50_s + dice.between(1, 7_200) as f64;
        scenario.trigger_word = "on_load".into();
    }
    scenario.baseline_per_day = dice.share(0.3);
    scenario.weather = weather(dice);
    scenario.fleet = fleet(dice);
    scenario
}

fn weather(dice: &mut Dice) -> Weather {
    let mut weather = Weather::default();
    if dice.one_in(4) {
        weather.region_outage = Some(dice.episode());
    }
    if dice.one_in(4) {
        weather.telemetry_loss = Some(dice.episode());
    }
    if dice.one_in(4) {
        weather.control_outage = Some(dice.episode());
    }
    if dice.one_in(4) {
        weather.other_release = Some(dice.episode());
    }
    if dice.one_in(4) {
        let share = dice.share(1.0);
        weather.relay = Some(Relay { share, from_s: dice.between(60, 3 * 3_600) });
    }
    if dice.one_in(4) {
        weather.false_reporters = dice.share(1.0);
    }
    weather.poisoned = dice.one_in(8);
    weather
}

fn fleet(dice: &mut Dice) -> Shape {
    let mut shape = Shape::default();
    let groups = dice.between(1, shape.groups.len() as u64) as usize;
    shape.groups.truncate(groups);
    let rings = dice.between(1, shape.rings.len() as u64) as usize;
    let first = dice.between(0, (shape.rings.len() - rings) as u64) as usize;
    shape.rings = shape.rings[first..first + rings].to_vec();
    shape.regions = dice.between(1, 5) as u16;
    if dice.one_in(3) {
        shape.offline = dice.share(0.6);
    }
    if dice.one_in(3) {
        shape.leave_per_hour = dice.share(0.2);
    }
    if dice.one_in(4) {
        shape.held = dice.share(0.5);
    }
    shape
}

impl History {
    /// The history as people read it, one fact a line.
    pub(crate) fn script(&self) -> String {
        let scenario = &self.scenario;
        let mut text = format!(
            "# ringfence drill fuzz --seed {} --histories 1\nmachines {}\nscenario {}: {:?}, affected \
             {}, p50 {} s, p99 {} s, crashes {} a day\n",
            self.seed,
            self.machines,
            scenario.id,
            scenario.harm,
            scenario.affected,
            scenario.trigger_p50_s,
            scenario.trigger_p99_s,
            scenario.baseline_per_day
        );
        let fleet = &scenario.fleet;
        let _ = writeln!(
            text,
            "fleet {} groups, {} rings from {}, {} regions, offline {}, leave {} an hour, held {}",
            fleet.groups.len(),
            fleet.rings.len(),
            fleet.rings.first().map_or_else(String::new, |ring| ring.ring.to_string()),
            fleet.regions,
            fleet.offline,
            fleet.leave_per_hour,
            fleet.held
        );
        let calm = Weather::default();
        if scenario.weather != calm {
            let _ = writeln!(text, "weather {:?}", scenario.weather);
        }
        if self.policy == standard() {
            let _ = writeln!(text, "policy standard, {} lane", self.lane.name());
        } else if let Some(ladder) = self.policy.ladder(self.lane) {
            let _ = writeln!(
                text,
                "policy heartbeat {:?}, tick {:?}, hold at {}, {} lane {ladder:?}",
                self.policy.heartbeat,
                self.policy.tick,
                self.policy.hold_at,
                self.lane.name()
            );
        }
        text
    }
}
