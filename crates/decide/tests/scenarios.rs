//! Rollouts against small fleets: what must spread spreads, what harms is stopped.
#![allow(missing_docs)]

mod common;

use common::{Fate, Fleet, mix, start};
use ringfence_decide as decide;

use decide::policy::Lane;
use decide::rollout::{Action, Event, MachineEvent, Order, Phase};
use decide::time::Span;

#[test]
fn a_good_release_reaches_everybody_in_about_the_stated_time() {
    for (lane, least, most) in [(Lane::Standard, 85, 260), (Lane::Emergency, 32, 110)] {
        let mut fleet = Fleet::new(start(20_000, 10, 1, lane), 1, |_, _| Fate::Good);
        assert!(
            fleet.live(Span::hours(12), |r| r.phase() == Phase::Soaking),
            "{:?}",
            fleet.rollout.view(fleet.now).reasons
        );
        let minutes = fleet.now.0 / 60_000;
        assert!((least..=most).contains(&minutes), "{lane:?}: {minutes} min");
        assert_eq!(fleet.exposed_most, 20_000);
        assert!(fleet.live(Span::hours(30), |r| r.phase() == Phase::Done));
    }
}

#[test]
fn a_crash_on_load_harms_a_handful_and_is_withdrawn() {
    for seed in 0..20 {
        let mut fleet =
            Fleet::new(start(100_000, 40, seed, Lane::Standard), seed, |_, _| Fate::CrashOnLoad);
        assert!(fleet.live(Span::hours(6), |r| r.phase() == Phase::Reverted), "seed {seed}");
        let view = fleet.rollout.view(fleet.now);
        assert!(view.harmed <= 4, "seed {seed}: {} harmed", view.harmed);
        assert!(view.withdrawn);
        assert_eq!((view.down, view.refused), (0, 0), "seed {seed}: everybody is back");
        assert_eq!(view.strata.iter().map(|s| s.reverted).sum::<u64>(), view.reverted);
        let halted = fleet.trace.iter().position(|(_, a)| *a == Action::Halt).expect("halted");
        assert!(!fleet.trace[halted..].iter().any(|(_, a)| matches!(a, Action::Expose { .. })));
    }
}

#[test]
fn one_bad_stratum_and_a_dark_release_are_stopped_early() {
    type Fated = fn(u32, u16) -> Fate;
    let cases: [(&str, Fated, u64); 3] = [
        ("one stratum", |_, s| if s == 7 { Fate::CrashOnLoad } else { Fate::Good }, 12),
        ("dark", |_, _| Fate::Dark, 12),
        (
            "a hidden half percent",
            |m, _| {
                if mix(u64::from(m)).is_multiple_of(200) { Fate::CrashOnLoad } else { Fate::Good }
            },
            25,
        ),
    ];
    for (name, fate, most) in cases {
        for seed in 0..5 {
            let mut fleet = Fleet::new(start(100_000, 40, seed, Lane::Standard), seed, fate);
            fleet.live(Span::hours(12), |r| r.phase().stopped() || r.phase() == Phase::Soaking);
            let view = fleet.rollout.view(fleet.now);
            assert!(
                fleet.phase().stopped(),
                "{name}, seed {seed}: {:?} {:?}",
                view.phase,
                view.reasons
            );
            assert!(view.harmed <= most, "{name}, seed {seed}: {} harmed", view.harmed);
        }
    }
}

#[test]
fn a_fleet_of_three_halts_on_the_first_harm() {
    for fate in [|_, _| Fate::CrashOnLoad, |_, _| Fate::Refuses] {
        let mut fleet = Fleet::new(start(3, 1, 5, Lane::Standard), 5, fate);
        assert!(fleet.live(Span::hours(6), |r| r.phase().stopped()));
        let view = fleet.rollout.view(fleet.now);
        assert_eq!((view.assigned, view.harmed, view.withdrawn), (1, 1, true));
    }
    let mut good = Fleet::new(start(3, 1, 5, Lane::Standard), 5, |_, _| Fate::Good);
    assert!(
        good.live(Span::hours(12), |r| r.phase() == Phase::Soaking),
        "{:?}",
        good.rollout.view(good.now)
    );
    let mut dark = Fleet::new(start(3, 1, 5, Lane::Standard), 5, |_, _| Fate::Dark);
    assert!(!dark.live(Span::minutes(60), |r| r.phase() == Phase::Soaking));
    assert_eq!(dark.exposed_most, 1, "silence is never success");
}

#[test]
fn nobody_grows_blind() {
    let mut fleet = Fleet::new(start(1_000, 5, 3, Lane::Standard), 3, |_, _| Fate::Good);
    fleet.feed = false;
    assert!(
        !fleet.live(Span::hours(12), |r| r.phase() != Phase::Advancing
            && r.phase() != Phase::Holding)
    );
    assert!(fleet.exposed_most <= 1, "{} exposed", fleet.exposed_most);
    assert_eq!(fleet.rollout.view(fleet.now).reasons[0].code.to_string(), "RF0410");
}

#[test]
fn a_region_outage_only_holds() {
    for seed in 0..20 {
        let begun = start(10_000, 10, seed, Lane::Standard);
        let region: Vec<u32> =
            (0..10_000).filter(|m| begun.machines[*m as usize].block == 0).collect();
        let mut fleet = Fleet::new(begun, seed, |_, _| Fate::Good);
        fleet.live(Span::minutes(60), |_| false);
        for machine in &region {
            fleet.event(&Event::Machine { machine: *machine, what: MachineEvent::Silent });
        }
        fleet.live(Span::minutes(30), |_| false);
        assert!(
            !fleet.phase().stopped(),
            "seed {seed}: {:?}",
            fleet.rollout.view(fleet.now).reasons
        );
        for machine in &region {
            fleet.event(&Event::Machine { machine: *machine, what: MachineEvent::Back });
            fleet.event(&Event::Machine { machine: *machine, what: MachineEvent::Healthy });
        }
        assert!(
            fleet.live(Span::hours(24), |r| r.phase() == Phase::Soaking),
            "seed {seed}: {:?}",
            fleet.rollout.view(fleet.now)
        );
    }
}

#[test]
fn orders_are_idempotent_and_say_why_not() {
    let order =
        |order, reason: &str| Event::Order { order, by: "carol".into(), reason: reason.into() };
    let mut fleet = Fleet::new(start(100, 2, 3, Lane::Standard), 3, |_, _| Fate::Good);
    fleet.event(&order(Order::Halt, ""));
    fleet.event(&order(Order::Halt, ""));
    assert_eq!(fleet.trace.iter().filter(|(_, a)| *a == Action::Halt).count(), 1);
    fleet.event(&order(Order::Resume, "false alarm"));
    assert_eq!(fleet.phase(), Phase::Advancing);
    fleet.event(&order(Order::Withdraw, "typo"));
    fleet.event(&order(Order::Resume, "please"));
    assert!(fleet.phase().stopped());
    let view = fleet.rollout.view(fleet.now);
    assert!(view.withdrawn);
    assert!(view.reasons.iter().any(|reason| reason.code.to_string() == "RF0434"));
}

#[test]
fn replaying_the_same_events_gives_the_same_actions() {
    let run = || {
        let mut fleet = Fleet::new(start(5_000, 10, 9, Lane::Standard), 9, |m, _| {
            if m % 300 == 0 { Fate::CrashOnLoad } else { Fate::Good }
        });
        fleet.live(Span::hours(12), |r| r.phase() == Phase::Reverted);
        (fleet.trace.clone(), format!("{:?}", fleet.rollout.view(fleet.now)))
    };
    assert_eq!(run(), run());
}

/// A machine that goes dark and is then rescued confirms the harm, also where silence came first.
#[test]
fn silence_and_then_a_rescue_halts_a_small_fleet_at_once() {
    let mut fleet = Fleet::new(start(60, 1, 5, Lane::Standard), 5, |_, _| Fate::Good);
    let exposed = (0..60).find(|machine| fleet.rollout.is_assigned(*machine)).expect("one is");
    let tell = |fleet: &mut Fleet, what| fleet.event(&Event::Machine { machine: exposed, what });
    tell(&mut fleet, MachineEvent::Attempted);
    tell(&mut fleet, MachineEvent::Silent);
    assert_eq!(fleet.phase(), Phase::Holding, "silence alone holds");
    tell(&mut fleet, MachineEvent::Back);
    tell(&mut fleet, MachineEvent::Reverted);
    assert_eq!(fleet.phase(), Phase::Reverting);
    assert_eq!(fleet.rollout.reasons()[0].code.to_string(), "RF0421");
}

/// A server that was away comes back to silence everywhere and one harm: the silence is weather,
/// and when the weather is over the harm is still there.
#[test]
fn a_harm_in_bad_weather_is_not_forgotten_when_the_weather_clears() {
    let mut fleet = Fleet::new(start(40, 2, 5, Lane::Standard), 5, |_, _| Fate::Good);
    let exposed = (0..40).find(|m| fleet.rollout.is_assigned(*m)).expect("a canary");
    let event = |machine, what| Event::Machine { machine, what };
    fleet.event(&event(exposed, MachineEvent::Attempted));
    for machine in (0..40).filter(|machine| *machine != exposed).take(12) {
        fleet.event(&event(machine, MachineEvent::Silent));
        fleet.event(&event(machine, MachineEvent::Back));
    }
    fleet.event(&event(exposed, MachineEvent::Crashed));
    fleet.event(&event(exposed, MachineEvent::Reverted));
    assert!(!fleet.live(Span::hours(30), |r| r.phase() == Phase::Done), "it went on");
    assert!(fleet.phase().stopped(), "a person decides: {:?}", fleet.phase());
}
