//! Starting, stopping, starting again: each fault is one sentence with a code; a restart goes on.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::id::{Digest, MachineId};
use decide::rollout::Phase;
use ringfence_server as server;
use server::{ServerError, Setup};
use support::fleet::{Does, Fleet};
use support::{World, key, options, quick, start, wall};

fn refused(result: Result<(std::net::SocketAddr, support::Running), ServerError>) -> ServerError {
    result.err().expect("it must not start")
}

#[test]
fn each_fault_at_start_is_one_sentence() {
    let mut world = World::new();
    let elsewhere = world.directory.path().join("nowhere");
    let error = refused(start(options(elsewhere)));
    assert_eq!((error.code().to_string().as_str(), error.exit()), ("RF0702", 2));
    assert!(error.to_string().contains("ringfence init"), "{error}");

    let error = refused(start(options(world.data())));
    assert_eq!(error.code().to_string(), "RF0703", "{error}");

    let other = World::new();
    let taken = other.address;
    drop(world.running.take());
    let mut listen = options(world.data());
    listen.listen = taken;
    let error = refused(start(listen));
    assert_eq!(error.code().to_string(), "RF0701");
    assert!(error.to_string().contains(&taken.to_string()), "{error}");

    let files = Setup {
        metadata: support::repository().0,
        snapshot: key(3),
        timestamp: key(4),
        fences: key(5),
    };
    let error = server::setup(&world.data(), &files, wall()).unwrap_err();
    assert_eq!(error.code().to_string(), "RF0706");

    let database = world.data().join("ringfence.db");
    let bytes = std::fs::read(&database).unwrap();
    std::fs::write(&database, b"this is not a database, but some text that is long enough")
        .unwrap();
    let error = refused(start(options(world.data())));
    assert_eq!(error.code().to_string(), "RF0705", "{error}");
    std::fs::write(&database, bytes).unwrap();

    let pem = world.data().join("keys/fences.pem");
    std::fs::write(&pem, b"nonsense").unwrap();
    let error = refused(start(options(world.data())));
    assert_eq!((error.code().to_string().as_str(), error.exit()), ("RF0314", 4), "{error}");
}

#[test]
fn a_restart_in_the_middle_goes_on() {
    fn fate(_: &MachineId, digest: Digest) -> Does {
        if digest == Digest::of(b"bad") { Does::Crashes } else { Does::Runs }
    }
    let mut world = World::new();
    let mut fleet = Fleet::join(&world, 10, fate);
    fleet.step(&world);
    world.publish(1, b"good");
    world.rollout(1, &quick()).unwrap();
    for exposed in [2, 4, 8] {
        fleet.live(&world, "exposed", |w| w.status("r-0001").view.assigned >= exposed);
        let before = world.fence();
        world.restart();
        let after = world.fence();
        assert!(after.number >= before.number);
        assert_eq!(before.offers[0].salt, after.offers[0].salt, "the order of machines stays");
    }
    fleet.live(&world, "done", |w| w.status("r-0001").view.phase == Phase::Done);
    fleet.step(&world);
    assert_eq!(fleet.running(1), 10);
    assert!(fleet.machines.iter().all(|machine| machine.loaded == [1]), "nobody loads twice");

    world.publish(2, b"bad");
    world.rollout(2, &quick()).unwrap();
    fleet.live(&world, "stopped", |w| w.status("r-0002").view.phase.stopped());
    world.restart();
    assert_eq!(world.fence().withdrawn, vec![Digest::of(b"bad")]);
    assert_eq!(world.status("r-0002").view.harmed, 1);
    fleet.live(&world, "reverted", |w| w.status("r-0002").view.phase == Phase::Reverted);
    let lines: wire::api::List<wire::api::AuditLine> = world.json("/v1/audit");
    server::audit::verify(&lines.items).unwrap();
}

#[test]
fn a_changed_audit_log_is_said_in_the_log() {
    let mut world = World::new();
    support::fleet::Machine::join(&world, "m-1", "7.11", decide::id::Ring::Early);
    world.publish(1, b"good");
    drop(world.running.take());
    let database = rusqlite::Connection::open(world.data().join("ringfence.db")).unwrap();
    let change = "UPDATE audit SET sentence = 'nothing' WHERE sequence = 2";
    assert_eq!(database.execute(change, []).unwrap(), 1);
    drop(database);
    let (address, running) = start(options(world.data())).unwrap();
    (world.address, world.running) = (address, Some(running));
    let lines: wire::api::List<wire::api::AuditLine> = world.json("/v1/audit");
    let last = lines.items.last().unwrap();
    assert_eq!((last.verb.as_str(), last.code.as_deref()), ("audit_changed", Some("RF0740")));
    assert!(last.sentence.contains("line 2"), "{}", last.sentence);
    assert!(server::audit::verify(&lines.items).is_err());
}
