//! Whole stories over a real socket: a good release reaches everybody, a bad one is stopped on
//! the first machine and can never come back.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::id::{Digest, MachineId};
use decide::rollout::Phase;
use serde_json::{Value, json};
use support::fleet::{Does, Fleet, Machine, seed};
use support::{World, quick};
use wire::api::{AuditLine, List, MachineStatus, Release};
use wire::report::What;

fn fate(_: &MachineId, digest: Digest) -> Does {
    if digest == Digest::of(b"bad") { Does::Crashes } else { Does::Runs }
}

#[test]
fn a_good_release_reaches_everybody_and_a_bad_one_stops_at_the_first() {
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 12, fate);
    fleet.step(&world);
    world.publish(1, b"good");
    let status = world.rollout(1, &quick()).unwrap();
    assert_eq!((status.view.assigned, status.view.machines), (1, 12), "one machine first");
    fleet.live(&world, "done", |w| w.status("r-0001").view.phase == Phase::Done);
    fleet.live(&world, "running everywhere", |w| w.fence().base.is_some());
    fleet.step(&world);
    assert_eq!(fleet.running(1), 12);

    world.publish(2, b"bad");
    let status = world.rollout(2, &quick()).unwrap();
    assert_eq!(status.previous.unwrap().number, 1);
    fleet.live(&world, "reverted", |w| w.status("r-0002").view.phase == Phase::Reverted);
    let view = world.status("r-0002").view;
    assert_eq!((view.assigned, view.harmed, view.withdrawn), (1, 1, true), "{view:?}");
    assert_eq!(fleet.ever_loaded(2), 1);
    let fence = world.fence();
    assert_eq!(fence.withdrawn, vec![Digest::of(b"bad")]);
    assert_eq!(fence.base.unwrap().number, 1);
    fleet.step(&world);
    assert_eq!(fleet.running(1), 12, "everybody runs what is known good");

    let (request, _) = world.release(3, b"bad").sign(&world);
    let refused = world.post::<Value>("/v1/releases", &world.tokens.author, &request);
    let (status, problem) = refused.unwrap_err();
    assert_eq!((status, problem["code"].as_str()), (403, Some("RF0723")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("withdrawn by evidence"), "{detail}");

    world.publish(3, b"fixed");
    world.rollout(3, &quick()).unwrap();
    fleet.live(&world, "done", |w| w.status("r-0003").view.phase == Phase::Done);
    fleet.step(&world);
    assert_eq!(fleet.running(3), 12);
    the_log_tells_it(&world);
}

fn the_log_tells_it(world: &World) {
    let log: List<AuditLine> = world.json("/v1/audit");
    ringfence_server::audit::verify(&log.items).unwrap();
    let of = |target: &str| -> Vec<String> {
        let log: List<AuditLine> = world.json(&format!("/v1/audit?target={target}"));
        log.items.into_iter().map(|line| line.verb).collect()
    };
    let bad = of("r-0002");
    for verb in ["rollout_started", "crashed", "halted", "reverting", "withdrawn", "reverted"] {
        assert!(bad.iter().any(|found| found == verb), "{verb} is missing in {bad:?}");
    }
    assert!(of("r-0003").contains(&"known_good".to_owned()));
    let releases: List<Release> = world.json("/v1/releases");
    let withdrawn: Vec<bool> =
        releases.items.iter().map(|release| release.withdrawn.is_some()).collect();
    assert_eq!(withdrawn, [false, true, false]);
    let (status, markdown) = world.get("/v1/rollouts/r-0002/retro", &world.tokens.viewer);
    assert_eq!(status, 200);
    assert!(String::from_utf8(markdown).unwrap().contains("r-0002"));
}

#[test]
fn machines_that_fall_silent_count_as_harmed() {
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 8, |_, _| Does::GoesDark);
    fleet.step(&world);
    world.publish(1, b"dark");
    world.rollout(1, &quick()).unwrap();
    fleet.live(&world, "counted", |w| w.status("r-0001").view.harmed >= 1);
    let view = world.status("r-0001").view;
    assert_eq!(view.confirmed, 0);
    assert!(view.phase == Phase::Holding || view.phase.stopped(), "{view:?}");
    assert!(fleet.ever_loaded(1) <= 4, "silence is never success");
}

#[test]
fn repeats_and_late_words_change_nothing() {
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 6, fate);
    fleet.step(&world);
    world.publish(1, b"bad");
    world.rollout(1, &quick()).unwrap();
    fleet.live(&world, "stopped", |w| w.status("r-0001").view.phase.stopped());
    let before = world.status("r-0001").view;
    let machine = fleet.machines.iter_mut().find(|m| !m.loaded.is_empty()).unwrap();
    let release = wire::report::RunningRelease { number: 1, digest: Digest::of(b"bad") };
    // Once more with the same number, and once more as if it were new.
    machine.sequence -= 1;
    let repeat = machine.report(What::Crashed, release, "again");
    let taken = machine.send(&world, vec![repeat.clone(), repeat]);
    assert_eq!(taken.sequence, machine.sequence);
    let again = machine.report(What::Crashed, release, "again");
    machine.send(&world, vec![again]);
    let after = world.status("r-0001").view;
    assert_eq!((after.harmed, after.attempted), (before.harmed, before.attempted));
    assert_eq!(after.harmed, 1);

    world.publish(2, b"fixed");
    world.rollout(2, &quick()).unwrap();
    for machine in &mut fleet.machines {
        let late = machine.report(What::Crashed, release, "what release 1 did here");
        machine.send(&world, vec![late]);
    }
    let view = world.status("r-0002").view;
    assert_eq!(view.harmed, 0, "release 1's harm is not held against release 2: {view:?}");
    fleet.live(&world, "done", |w| w.status("r-0002").view.phase == Phase::Done);
}

#[test]
fn a_machine_that_says_it_is_held_is_in_no_denominator() {
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 4, fate);
    let held = fleet.machines[0].report(What::Held, seed(), "its owner holds this machine");
    fleet.machines[0].send(&world, vec![held]);
    world.publish(1, b"good");
    assert_eq!(world.rollout(1, &quick()).unwrap().view.machines, 3);
    world.restart();
    let machines: List<MachineStatus> = world.json("/v1/machines");
    assert_eq!(machines.items[0].held.as_deref(), Some("held on the machine itself"));
    let release = wire::report::RunningRelease { number: 1, digest: Digest::of(b"good") };
    let taken = fleet.machines[0].report(What::Attempted, release, "");
    fleet.machines[0].send(&world, vec![taken]);
    let machines: List<MachineStatus> = world.json("/v1/machines");
    assert_eq!(machines.items[0].held, None, "it has taken a release since");
}

#[test]
fn a_late_machine_joins_and_a_held_one_stays_out() {
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 6, fate);
    fleet.step(&world);
    let hold = json!({"schema": "ringfence/hold/v1", "machines": ["m-001"], "reason": "exam week"});
    let held: List<MachineStatus> = world.post("/v1/holds", &world.tokens.operator, &hold).unwrap();
    assert_eq!(held.items[0].held.as_deref(), Some("exam week"));
    assert_eq!(world.fence().held, vec!["m-001".parse().unwrap()]);
    world.publish(1, b"good");
    let status = world.rollout(1, &quick()).unwrap();
    assert_eq!(status.view.machines, 5, "a held machine is in no denominator");
    fleet.machines.push(Machine::join(&world, "m-900", "7.11", decide::id::Ring::Early));
    fleet.live(&world, "done", |w| w.status("r-0001").view.phase == Phase::Done);
    for _ in 0..3 {
        fleet.step(&world);
    }
    let runs =
        |name: &str| fleet.machines.iter().find(|m| m.id.as_str() == name).unwrap().running.number;
    assert_eq!((runs("m-001"), runs("m-900"), runs("m-000")), (0, 1, 1));
    let bearer = format!("Bearer {}", world.tokens.operator);
    let lifted = ureq::delete(format!("http://{}/v1/holds/m-001", world.address))
        .header("Authorization", bearer)
        .call()
        .unwrap();
    assert_eq!(lifted.status(), 200);
    assert_eq!(world.fence().held, vec![]);
    fleet.step(&world);
    assert_eq!(fleet.running(0), 0, "after the hold it takes the base");
}

#[test]
fn orders_stop_resume_and_withdraw() {
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 6, fate);
    fleet.step(&world);
    world.publish(1, b"good");
    let mut slow = quick();
    slow.lanes.values_mut().for_each(|lane| lane.gates[0].wait = decide::time::Span::hours(1));
    world.rollout(1, &slow).unwrap();
    let second = world.rollout(1, &slow).unwrap_err();
    assert_eq!((second.0, second.1["code"].as_str()), (409, Some("RF0730")));
    let halted = world.order("r-0001", "halt", "").unwrap();
    assert_eq!(halted.view.phase, Phase::Halted);
    let fence = world.fence();
    assert_eq!(fence.offers[0].state, wire::fence::OfferState::Halted);
    let refused = world.order("r-0001", "resume", " ").unwrap_err();
    assert_eq!((refused.0, refused.1["code"].as_str()), (400, Some("RF0733")));
    let resumed = world.order("r-0001", "resume", "false alarm").unwrap();
    assert_eq!(resumed.view.phase, Phase::Advancing);
    let refused = world.order("r-0001", "resume", "again").unwrap_err();
    assert_eq!((refused.0, refused.1["code"].as_str()), (409, Some("RF0434")));
    let all = json!({"schema": "ringfence/order/v1", "order": "halt", "reason": ""});
    let halted: List<Value> = world.post("/v1/orders", &world.tokens.operator, &all).unwrap();
    assert_eq!(halted.items.len(), 1);
    let digest = Digest::of(b"good");
    let withdraw = json!({"schema": "ringfence/withdraw/v1", "channel": "rules", "digest": digest,
        "reason": "typo in rule 7"});
    let release: Release =
        world.post("/v1/withdrawals", &world.tokens.operator, &withdraw).unwrap();
    assert_eq!(release.withdrawn.unwrap().by, "operator");
    assert_eq!(world.fence().withdrawn, vec![digest]);
    assert!(world.status("r-0001").view.withdrawn);
    let gone = world.rollout(1, &quick()).unwrap_err();
    assert_eq!((gone.0, gone.1["code"].as_str()), (403, Some("RF0723")));
    assert_eq!(fleet.machines[0].running, seed());
}

#[test]
fn a_later_rollout_stands_on_an_earlier_one_and_falls_back_to_it() {
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 8, fate);
    let mut long = quick();
    long.lanes.values_mut().for_each(|lane| lane.probation = decide::time::Span::hours(1));
    let phase = |world: &World, id: &str| world.status(id).view.phase;
    for (number, content) in [(1, b"first".as_slice()), (2, b"second"), (3, b"third")] {
        world.publish(number, content);
        let status = world.rollout(number, &long).unwrap();
        let before = status.previous.map_or(0, |release| release.number);
        assert_eq!(before, number - 1, "what is on probation everywhere is what was there before");
        let id = format!("r-{number:04}");
        fleet.live(&world, "offered to all", |w| phase(w, &id) == Phase::Soaking);
        fleet.live(&world, "the base", |w| w.fence().base.is_some_and(|b| b.number == number));
        fleet.step(&world);
        assert_eq!(fleet.running(number), 8);
    }
    world.order("r-0003", "revert", "wrong rule").unwrap();
    fleet.live(&world, "back", |w| phase(w, "r-0003") == Phase::Reverted);
    assert_eq!(world.fence().base.unwrap().number, 2);
    assert_eq!(fleet.running(2), 8);
    world.restart();
    assert_eq!(world.fence().base.unwrap().number, 2);
    // A machine that was away comes back with the release that was taken back meanwhile.
    let machine = &mut fleet.machines[0];
    machine.known_good = machine.running;
    machine.running = wire::report::RunningRelease { number: 3, digest: Digest::of(b"third") };
    world.publish(4, b"fourth");
    world.rollout(4, &long).unwrap();
    let closed = world.order("r-0003", "halt", "").unwrap_err();
    assert_eq!((closed.0, closed.1["code"].as_str()), (409, Some("RF0734")));
    fleet.live(&world, "offered to all", |w| phase(w, "r-0004") == Phase::Soaking);
    fleet.step(&world);
    fleet.step(&world);
    assert_eq!((fleet.running(4), fleet.running(3)), (8, 0));
    // The base itself is withdrawn: the one before it takes its place.
    let digest = Digest::of(b"fourth");
    let withdraw = json!({"schema": "ringfence/withdraw/v1", "channel": "rules", "digest": digest,
        "reason": "matches too much"});
    world.post::<Release>("/v1/withdrawals", &world.tokens.operator, &withdraw).unwrap();
    assert_eq!(world.fence().base.unwrap().number, 2);
    fleet.live(&world, "back", |w| phase(w, "r-0004") == Phase::Reverted);
    world.restart();
    let all: List<wire::api::RolloutStatus> = world.json("/v1/rollouts");
    let names: Vec<&str> = all.items.iter().map(|status| status.rollout.as_str()).collect();
    assert_eq!(names, ["r-0004", "r-0003", "r-0002", "r-0001"], "newest first");
}
