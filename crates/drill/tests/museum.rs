//! Other tools' bugs, each as a history that ours must get right.
#![allow(missing_docs)]

use decide::exposure::{Bucket, Salt, bucket};
use decide::id::{BlockName, Digest, MachineId, ReleaseRef, Ring, RolloutId, StratumName};
use decide::policy::Lane;
use decide::policy::builtin::standard;
use decide::rollout::{Action, Event, MachineEvent, Order, Phase, Rollout, Start, StartMachine};
use decide::time::{Span, Time};

const MACHINES: u64 = 400;
const MINUTE: u64 = 60_000;

fn release(number: u64) -> ReleaseRef {
    ReleaseRef {
        channel: "museum".try_into().expect("a name"),
        number,
        digest: Digest::of(&number.to_le_bytes()),
        length: 1,
    }
}

fn start(salt: &str) -> Start {
    let machine = |m: u64| StartMachine {
        stratum: (m % 4) as u16,
        block: 0,
        bucket: bucket(&Salt(salt.into()), &MachineId::try_from(format!("m-{m}")).expect("a name")),
        held: false,
        alive: true,
    };
    Start {
        rollout: RolloutId::try_from("r-museum").expect("a name"),
        release: release(2),
        previous: Some(release(1)),
        lane: Lane::Standard,
        policy: standard(),
        strata: (0..4)
            .map(|n| StratumName::try_from(format!("linux/{n}/early")).expect("a name"))
            .collect(),
        rings: vec![Ring::Early; 4],
        blocks: vec![BlockName::try_from("here").expect("a name")],
        machines: (0..MACHINES).map(machine).collect(),
    }
}

/// A rollout with a clock; machines that are exposed attempt and, if wished, prove themselves.
struct Museum {
    rollout: Rollout,
    now: u64,
    attempted: Vec<u32>,
    actions: Vec<Action>,
}

impl Museum {
    fn new() -> Museum {
        let decision = Rollout::start(start("museum"), Time(0));
        let (rollout, actions) = (decision.rollout, decision.actions);
        Museum { rollout, now: 0, attempted: Vec::new(), actions }
    }
    fn tell(&mut self, event: &Event) {
        let actions = self.rollout.fold(event, Time(self.now));
        self.actions.extend(actions);
    }
    fn machine(&mut self, machine: u32, what: MachineEvent) {
        self.tell(&Event::Machine { machine, what });
    }
    fn order(&mut self, order: Order) {
        self.tell(&Event::Order { order, by: "ann".into(), reason: "test".into() });
    }
    /// `minutes` of ticks; `each` says what a newly exposed machine does, and `proves` whether it
    /// proves itself when it is old enough.
    fn live(&mut self, minutes: u64, feed_age: Option<Span>, proves: bool) {
        for _ in 0..minutes * 4 {
            self.now += MINUTE / 4;
            for machine in 0..MACHINES as u32 {
                if self.rollout.is_assigned(machine) && !self.attempted.contains(&machine) {
                    self.attempted.push(machine);
                    self.machine(machine, MachineEvent::Attempted);
                }
                if proves && self.rollout.wants_healthy(machine, Time(self.now)) {
                    self.machine(machine, MachineEvent::Healthy);
                }
            }
            self.tell(&Event::Tick { feed_age });
        }
    }
    fn assigned(&self) -> u64 {
        self.rollout.tally().assigned
    }
    fn first(&self) -> u32 {
        self.attempted[0]
    }
}

const FRESH: Option<Span> = Some(Span(1_000));

#[test]
fn argo_3850_no_data_never_promotes() {
    let mut museum = Museum::new();
    museum.live(600, FRESH, false);
    assert!(museum.assigned() <= 4, "probes at most: {}", museum.assigned());
    assert!(!museum.actions.iter().any(|action| matches!(action, Action::Complete)));
}

#[test]
fn kayenta_780_an_empty_group_is_no_pass() {
    let mut museum = Museum::new();
    museum.live(600, None, true);
    assert_eq!(museum.assigned(), 1, "nothing was ever heard of the feed");
}

#[test]
fn argo_1329_a_pause_never_expires_into_going_on() {
    let mut museum = Museum::new();
    museum.live(30, FRESH, true);
    let before = museum.assigned();
    museum.live(24 * 60, Some(Span::hours(9)), true);
    assert_eq!(museum.assigned(), before, "blind for a day");
    assert_ne!(museum.rollout.phase(), Phase::Done);
}

#[test]
fn argo_4479_a_halt_is_never_left_by_itself() {
    let mut museum = Museum::new();
    museum.live(30, FRESH, true);
    museum.order(Order::Halt);
    let before = museum.assigned();
    museum.live(24 * 60, FRESH, true);
    assert_eq!((museum.rollout.phase(), museum.assigned()), (Phase::Halted, before));
}

#[test]
fn flagger_1801_harm_while_it_waits_stops_it() {
    let mut museum = Museum::new();
    museum.live(9, FRESH, true);
    let first = museum.first();
    museum.machine(first, MachineEvent::Crashed);
    museum.live(1, FRESH, true);
    assert!(museum.rollout.phase().stopped() || museum.rollout.phase() == Phase::Holding);
    let before = museum.assigned();
    museum.live(60, FRESH, true);
    assert_eq!(museum.assigned(), before);
}

#[test]
fn flagger_1011_data_that_stops_later_holds_it() {
    let mut museum = Museum::new();
    museum.live(40, FRESH, true);
    let before = museum.assigned();
    museum.live(120, Some(Span::minutes(30)), true);
    assert_eq!(museum.assigned(), before);
    museum.live(240, FRESH, true);
    assert!(museum.assigned() > before, "and goes on when it is heard again");
}

#[test]
fn hawkbit_3110_completion_never_outweighs_failures() {
    let mut museum = Museum::new();
    for _ in 0..400 {
        museum.live(1, FRESH, false);
        for machine in museum.attempted.clone() {
            museum.machine(machine, MachineEvent::Crashed);
        }
    }
    assert!(museum.rollout.phase().stopped(), "{:?}", museum.rollout.phase());
    assert!(museum.assigned() <= 4, "{}", museum.assigned());
}

#[test]
fn hawkbit_1853_what_is_said_twice_counts_once() {
    let mut once = Museum::new();
    let mut twice = Museum::new();
    for museum in [&mut once, &mut twice] {
        museum.live(30, FRESH, true);
    }
    let machine = once.first();
    for what in [MachineEvent::Attempted, MachineEvent::Healthy, MachineEvent::Crashed] {
        once.machine(machine, what);
        twice.machine(machine, what);
        twice.machine(machine, what);
    }
    assert_eq!(once.rollout.tally(), twice.rollout.tally());
}

#[test]
fn hawkbit_a_threshold_that_cannot_be_read_is_no_open_gate() {
    let mut policy = standard();
    policy.lanes.values_mut().for_each(|ladder| ladder.gates.clear());
    assert!(!policy.check().is_empty());
    let text =
        toml::to_string(&standard()).expect("TOML").replace("wait = \"10m\"", "wait = \"?\"");
    assert!(toml::from_str::<decide::policy::Policy>(&text).is_err());
}

#[test]
fn cincinnati_the_first_machines_differ_from_release_to_release() {
    let first = |salt: &str| {
        let machines = start(salt).machines;
        (0..MACHINES as usize).min_by_key(|m| machines[*m].bucket).expect("a machine")
    };
    let firsts: std::collections::BTreeSet<usize> =
        (0..20).map(|n| first(&format!("release-{n}"))).collect();
    assert!(firsts.len() > 15, "{firsts:?}");
    assert_ne!(bucket_of("a"), bucket_of("b"));
}

fn bucket_of(salt: &str) -> Bucket {
    bucket(&Salt(salt.into()), &MachineId::try_from("m-1").expect("a name"))
}

#[test]
fn streams_183_nobody_gets_everyone_at_once() {
    let mut museum = Museum::new();
    let mut before = museum.assigned();
    assert_eq!(before, 1);
    for _ in 0..300 {
        museum.live(1, FRESH, true);
        let after = museum.assigned();
        assert!(after <= before.max(1) * 4 + 4, "from {before} to {after} in a minute");
        before = after;
    }
}

#[test]
fn zincati_1938_a_rollback_is_never_undone() {
    let mut museum = Museum::new();
    museum.live(40, FRESH, true);
    museum.order(Order::Withdraw);
    for machine in museum.attempted.clone() {
        museum.machine(machine, MachineEvent::Reverted);
    }
    museum.order(Order::Resume);
    museum.live(600, FRESH, true);
    assert!(museum.rollout.withdrawn());
    assert!(matches!(museum.rollout.phase(), Phase::Reverting | Phase::Reverted));
}

#[test]
fn opamp_397_a_machine_that_went_back_is_not_healthy_with_it() {
    let mut museum = Museum::new();
    museum.live(5, FRESH, false);
    let first = museum.first();
    museum.machine(first, MachineEvent::Reverted);
    museum.now += 60 * MINUTE;
    museum.machine(first, MachineEvent::Healthy);
    assert_eq!(museum.rollout.tally().confirmed, 0);
}

#[test]
fn omicron_10392_health_from_before_it_is_old_enough_is_no_evidence() {
    let mut museum = Museum::new();
    museum.live(1, FRESH, false);
    let first = museum.first();
    museum.machine(first, MachineEvent::Healthy);
    assert_eq!(museum.rollout.tally().confirmed, 0);
}

#[test]
fn mender_machines_that_join_later_do_not_change_who_is_asked() {
    let mut museum = Museum::new();
    museum.live(5, FRESH, false);
    let before = museum.rollout.tally();
    let late = StartMachine { alive: true, ..start("late").machines[0] };
    for _ in 0..50 {
        museum.tell(&Event::Enrolled { machine: late });
    }
    assert_eq!(museum.rollout.tally().assigned, before.assigned);
    assert_eq!(museum.rollout.tally().confirmed, before.confirmed);
}

#[test]
fn nebraska_a_first_failure_never_lifts_the_limit() {
    let mut museum = Museum::new();
    museum.live(1, FRESH, false);
    let first = museum.first();
    museum.machine(first, MachineEvent::Crashed);
    museum.live(60, FRESH, false);
    assert!(museum.assigned() <= 4, "{}", museum.assigned());
}

#[test]
fn spinnaker_6278_a_hundredfold_rate_in_a_small_sample_is_seen() {
    let mut museum = Museum::new();
    museum.live(45, FRESH, true);
    for machine in museum.attempted.clone().into_iter().take(7) {
        museum.machine(machine, MachineEvent::Crashed);
    }
    museum.live(1, FRESH, false);
    assert!(museum.rollout.phase().stopped(), "{:?}", museum.rollout.phase());
}

#[test]
fn appconfig_machines_that_were_red_before_are_not_blamed_on_the_release() {
    let mut museum = Museum::new();
    for machine in 0..MACHINES as u32 {
        if !museum.rollout.is_assigned(machine) && machine % 3 == 0 {
            museum.machine(machine, MachineEvent::Crashed);
        }
    }
    museum.live(5, FRESH, true);
    assert!(!museum.rollout.phase().stopped(), "{:?}", museum.rollout.phase());
}
