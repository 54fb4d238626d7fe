//! The rescue program alone, and states that something has damaged.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::endpoint::{Generation, Phase, Record};
use ringfence_agent::store::Store;
use std::path::Path;
use std::process::Command;
use support::field::{Options, RESCUE};
use support::{Field, Hub, content};
use wire::fence::OfferState;
use wire::report::What;

/// Runs rescue as a unit file would before a start: exit code, and what it said.
fn rescue(state: &Path) -> (i32, String) {
    let output = Command::new(RESCUE).arg("--dir").arg(state).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), said.trim().to_owned())
}

/// A state on which release 2 is on probation, release 1 known good, 0 the seed.
fn on_probation(state: &Path) -> Record {
    let mut store = Store::open(state).unwrap();
    let contents: [&[u8]; 3] = [b"seed", b"one", b"two"];
    let [seed, one, two] = [0u64, 1, 2].map(|number| Generation {
        number,
        digest: store.keep(contents[usize::try_from(number).unwrap()]).unwrap(),
    });
    let record = Record { known_good: one, current: one, ..Record::seeded(seed) };
    let record = record.activate(two);
    store.commit(&record).unwrap();
    store.switch(two.digest).unwrap();
    record
}

#[test]
fn a_crash_loop_without_an_agent_goes_down_the_ladder_and_ends_off() {
    let directory = tempfile::tempdir().unwrap();
    on_probation(directory.path());
    let mut story = Vec::new();
    for _ in 0..11 {
        let (code, said) = rescue(directory.path());
        let read = std::fs::read_to_string(directory.path().join("current")).unwrap();
        story.push(format!("{code} {read}: {said}"));
    }
    let expected = [
        "0 two: start release 2 (attempt 1)",
        "0 two: start release 2 (attempt 2)",
        "0 two: start release 2 (attempt 3)",
        "0 one: release 1 put back instead of 2",
        "0 one: start release 1 (attempt 2)",
        "0 one: start release 1 (attempt 3)",
        "0 seed: release 0 put back instead of 1",
        "0 seed: start release 0 (attempt 2)",
        "0 seed: start release 0 (attempt 3)",
        "3 seed: off: nothing starts here any more",
        "3 seed: off: nothing starts here any more",
    ];
    assert_eq!(story, expected);
}

#[test]
fn damaged_bytes_never_start() {
    for damage in ["removed", "flipped", "truncated"] {
        let directory = tempfile::tempdir().unwrap();
        let record = on_probation(directory.path());
        let store = Store::open(directory.path()).unwrap();
        let path = store.content_path(record.current.digest);
        std::fs::remove_file(&path).unwrap();
        match damage {
            "flipped" => std::fs::write(&path, b"twp").unwrap(),
            "truncated" => std::fs::write(&path, b"").unwrap(),
            _ => {}
        }
        let (code, said) = rescue(directory.path());
        assert_eq!((code, said.as_str()), (0, "release 1 put back instead of 2"), "{damage}");
        assert_eq!(std::fs::read(directory.path().join("current")).unwrap(), b"one");
    }
}

#[test]
fn usage_is_said_and_an_empty_state_starts_as_it_is() {
    let output = Command::new(RESCUE).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(RESCUE).arg("--dir").arg(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "a consumer is never kept from starting by rescue");
    assert!(String::from_utf8_lossy(&output.stderr).contains("both slots"));
}

/// Rescue acted while no agent could tell: the next agent tells.
#[test]
fn what_rescue_did_is_reported_by_the_next_agent() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("fixed"));
    hub.offer(&release, OfferState::Open);
    let options = Options { probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("probation", |status| status.phase == Phase::Probation);
    field.kill();
    while rescue(&field.state()).1 != "release 0 put back instead of 1" {}
    field.reads("good");
    field.start();
    field.wait("the report", || hub.told(1).contains(&What::Rescued));
    field.until("healthy on the seed", |s| s.phase == Phase::Stable && s.current.number == 0);
}

/// A consumer that nothing helps: off, with the agent polling and reporting; a release that works
/// starts it again.
#[test]
fn off_goes_on_polling_and_a_good_release_ends_it() {
    let mut hub = Hub::new();
    let mut field = Field::new(&hub, b"this is no channel file");
    field.start();
    field.until("off", |status| status.phase == Phase::Off);
    assert_eq!(field.consumer(), None);
    let off = |report: &wire::report::Report| report.what == What::Alive && report.detail == "off";
    field.wait("a heartbeat that says so", || hub.reports().iter().any(off));
    let why = String::from_utf8(field.say(&["why"]).stdout).unwrap();
    assert!(why.contains("RF0514"), "{why}");
    let release = hub.release(1, &content("fixed"));
    hub.offer(&release, OfferState::Open);
    field.until("known good", |s| s.known_good.number == 1 && s.phase == Phase::Stable);
}

/// Both slots of the record are lost: the seed, said aloud, and the fence number is still known.
#[test]
fn a_lost_record_means_the_seed() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("fixed"));
    hub.offer(&release, OfferState::Open);
    let mut field = Field::new(&hub, &content("good"));
    field.start();
    field.until("known good", |status| status.known_good.number == 1);
    let seen = field.status().fence;
    field.kill();
    std::fs::write(field.state().join("commit.bin"), vec![0xff; 8192]).unwrap();
    hub.fence.offers.clear();
    hub.publish_fence();
    field.start();
    field.until("the seed", |s| s.current.number == 0 && s.attempts == 0 && s.fence > seen);
    field.reads("good");
    let rescued =
        |r: &wire::report::Report| r.what == What::Rescued && r.detail.contains("both slots");
    field.wait("the report", || hub.reports().iter().any(rescued));
}

/// A consumer that lives but says nothing about the new file is hung: put back.
#[test]
fn a_consumer_that_hangs_in_probation_loses_the_release() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("fixed"));
    let options = Options { probation_ms: 60_000, hang_ms: 1_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("a healthy seed", |status| status.attempts == 0 && status.fence > 0);
    hub.offer(&release, OfferState::Open);
    field.until("probation", |status| status.phase == Phase::Probation);
    let process = i32::try_from(field.consumer().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(process).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    // Late words about the file before: they are no health of the new one.
    let late = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let old = decide::id::Digest::of(&content("good"));
    field.wait("banned", || {
        for event in ["loaded", "healthy"] {
            let word = format!(r#"{{"event": "{event}", "digest": "{old}", "events": 9}}"#);
            let _ = late.send_to(word.as_bytes(), field.state().join("s"));
        }
        let status = field.status();
        status.banned == [release.digest] && status.current.number == 0
    });
    field.wait("the report", || hub.told(1).contains(&What::Reverted));
    let hung = |r: &wire::report::Report| r.what == What::Crashed && r.detail.contains("no health");
    assert!(hub.reports().iter().any(hung));
}

/// A file that the consumer refuses on reload: it keeps its old one and the release goes back.
#[test]
fn a_refusal_on_reload_gives_the_release_back_without_a_restart() {
    let mut hub = Hub::new();
    let release = hub.release(1, b"no channel file either");
    let options = Options { probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("a healthy seed", |status| status.attempts == 0 && status.fence > 0);
    let process = field.consumer();
    hub.offer(&release, OfferState::Open);
    field.until("banned", |s| s.banned == [release.digest] && s.phase == Phase::Stable);
    field.wait("the reports", || hub.told(1).contains(&What::Reverted));
    assert_eq!(hub.told(1), [What::Attempted, What::Refused, What::Reverted]);
    assert_eq!(field.consumer(), process, "it was never restarted");
    field.reads("good");
}

/// The consumer itself was broken, and is replaced: no hands are needed to start again.
#[test]
fn off_ends_with_another_consumer_version() {
    let hub = Hub::new();
    let mut field = Field::new(&hub, &content("good"));
    let text = std::fs::read_to_string(field.config()).unwrap();
    let broken =
        text.replace("\"run\"", "\"walk\"").replace("version = \"7.11\"", "version = \"7.0\"");
    std::fs::write(field.config(), broken).unwrap();
    field.start();
    field.until("off", |status| status.phase == Phase::Off);
    field.stop();
    field.start();
    field.until("still off", |status| status.agent_runs && status.phase == Phase::Off);
    field.stop();
    std::fs::write(field.config(), text).unwrap();
    field.start();
    field.until("healthy", |status| status.phase == Phase::Stable && status.attempts == 0);
}
