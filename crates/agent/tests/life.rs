//! A machine's life with a server: good releases, bad ones, and being killed in between.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::endpoint::Phase;
use decide::id::Digest;
use support::field::Options;
use support::{Field, Hub, content, deadly_event};
use wire::fence::OfferState;
use wire::report::What;

fn harmless() -> String {
    deadly_event().replace("supply", "harmless")
}

#[test]
fn a_good_release_goes_from_last_words_to_known_good() {
    let mut hub = Hub::new();
    let fixed = content("fixed");
    let release = hub.release(1, &fixed);
    let options = Options { tastes: true, events: 2, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("a healthy seed", |status| status.attempts == 0 && status.fence > 0);
    hub.offer(&release, OfferState::Open);
    field.until("probation", |status| status.phase == Phase::Probation);
    field.reads("fixed");
    field.event(&harmless());
    field.event(&harmless());
    field.until("known good", |status| {
        status.phase == Phase::Stable && status.known_good.number == 1
    });
    field.wait("the report", || hub.told(1).contains(&What::KnownGood));
    assert_eq!(hub.told(1), [What::Attempted, What::Loaded, What::KnownGood]);
    let healthy = |report: &wire::report::Report| {
        report.what == What::Healthy && report.release.number == 1 && report.events == Some(2)
    };
    field.wait("a heartbeat with counts", || hub.reports().iter().any(healthy));
    assert!(hub.reports().iter().any(|r| r.rss_kib.is_some_and(|kib| kib > 100)));
    let enrolled = hub.shared.lock().unwrap().enrolled.clone();
    assert_eq!(enrolled.len(), 1);
    assert_eq!(enrolled[0].labels["consumer"], "7.11");
    let kept: Vec<_> = std::fs::read_dir(field.state().join("cas")).unwrap().collect();
    assert_eq!(kept.len(), 2, "the release and the seed");
    field.stop();
    assert_eq!(hub.reports().last().unwrap().what, What::Goodbye);
    assert_eq!(field.consumers(), 0);
    assert!(!field.status().agent_runs);
}

/// The event arrives right after the signal to reload: the new release is blamed, nobody else.
#[test]
fn a_bad_release_is_put_back_without_hands_and_never_taken_again() {
    for reload in ["signal:HUP", "restart"] {
        let mut hub = Hub::new();
        let good = content("good");
        let bad = content("bad-291");
        let release = hub.release(1, &bad);
        let options = Options { reload, probation_ms: 60_000, ..Options::default() };
        let mut field = Field::with(&hub, &good, options);
        field.start();
        field.until("a healthy seed", |status| status.attempts == 0 && status.fence > 0);
        let events = std::thread::spawn({
            let path = field.path().join("events.jsonl");
            let link = field.state().join("current");
            move || {
                let bad = Digest::of(&content("bad-291"));
                while std::fs::read(&link).is_ok_and(|bytes| Digest::of(&bytes) != bad) {
                    std::thread::yield_now();
                }
                // As often as it takes until the sensor has loaded the file.
                for _ in 0..40 {
                    use std::io::Write;
                    let mut file = std::fs::File::options().append(true).open(&path).unwrap();
                    writeln!(file, "{}", deadly_event()).unwrap();
                    std::thread::sleep(std::time::Duration::from_millis(25));
                }
            }
        });
        hub.offer(&release, OfferState::Open);
        field.until("banned", |status| status.banned == [release.digest]);
        events.join().unwrap();
        field.reads("good");
        field.until("a healthy seed again", |s| s.phase == Phase::Stable && s.current.number == 0);
        field.wait("the reports", || hub.told(1).contains(&What::Reverted));
        let told: Vec<What> =
            hub.told(1).into_iter().filter(|what| *what != What::Loaded).collect();
        assert_eq!(told, [What::Attempted, What::Crashed, What::Reverted], "{reload}");
        assert!(hub.told(0).iter().all(|what| *what == What::Loaded), "the seed is not to blame");
        let crash = hub.reports().into_iter().find(|report| report.what == What::Crashed).unwrap();
        assert!(crash.detail.contains("died of signal 11"), "{}", crash.detail);
        // The fence goes on offering it, in number after number.
        for _ in 0..3 {
            let before = field.status().fence;
            hub.publish_fence();
            field.until("another fence", |status| status.fence > before);
        }
        field.reads("good");
        assert_eq!(hub.told(1).iter().filter(|what| **what == What::Attempted).count(), 1);
        let why = String::from_utf8(field.say(&["why"]).stdout).unwrap();
        assert!(why.contains("RF0512") && why.contains("RF0505"), "{why}");
    }
}

#[test]
fn with_the_server_dead_all_the_time_a_machine_recovers_by_itself() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("bad-291"));
    let options = Options { probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    hub.offer(&release, OfferState::Open);
    field.start();
    field.until("probation", |status| status.phase == Phase::Probation);
    hub.down(true);
    field.wait("loaded", || hub.told(1).contains(&What::Loaded) || field.consumer().is_some());
    // Until the sensor has loaded the file and dies of the event.
    field.wait("put back", || {
        field.event(&deadly_event());
        field.status().current.number == 0
    });
    field.until("settled", |status| status.banned.len() == 1 && status.phase == Phase::Stable);
    field.reads("good");
    assert!(!hub.told(1).contains(&What::Crashed));
    // A day later the server is back: nothing that was to be said is lost.
    hub.down(false);
    field.wait("the reports", || hub.told(1).contains(&What::Reverted));
    assert!(hub.told(1).contains(&What::Crashed));
}

#[test]
fn a_machine_that_never_hears_a_server_runs_its_seed() {
    let hub = Hub::new();
    hub.down(true);
    let mut field = Field::new(&hub, &content("good"));
    field.start();
    field.until("a healthy seed", |status| status.attempts == 0 && status.now.consumer.is_some());
    assert!(field.consumer().is_some());
    let asleep = field.status();
    assert_eq!((asleep.current.number, asleep.fence), (0, 0));
    field.until("a reason", |s| s.now.stays_because.as_ref().is_some_and(|r| r.code.0 == 503));
}

/// kill -9 of the agent wherever it stands: it goes on, the consumer never runs twice, a release
/// is activated once and counted.
#[test]
fn killed_anywhere_it_goes_on() {
    for point in ["attempted", "switched", "probation"] {
        let mut hub = Hub::new();
        let fixed = content("fixed");
        let release = hub.release(1, &fixed);
        let options = Options { probation_ms: 800, ..Options::default() };
        let mut field = Field::with(&hub, &content("good"), options);
        field.start();
        field.until("a healthy seed", |status| status.attempts == 0 && status.fence > 0);
        hub.offer(&release, OfferState::Open);
        match point {
            "attempted" => field.wait(point, || hub.told(1).contains(&What::Attempted)),
            "switched" => field.wait(point, || field.current() == fixed),
            _ => field.wait(point, || hub.told(1).contains(&What::Loaded)),
        }
        field.kill();
        field.wait("the consumer is gone with its agent", || field.consumers() == 0);
        field.start();
        field.until("known good", |s| s.known_good.number == 1 && s.phase == Phase::Stable);
        assert_eq!(field.consumers(), 1, "{point}");
        field.reads("fixed");
        assert!(field.status().banned.is_empty());
        field.wait("the report", || hub.told(1).contains(&What::KnownGood));
        let sequences: Vec<u64> = hub.reports().iter().map(|report| report.sequence).collect();
        assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]), "no number twice: {point}");
    }
}

/// Killed again and again in probation, without a witness: the release is put back, and not
/// banned, because a power cut looks the same.
#[test]
fn silent_ends_put_back_but_do_not_ban() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("fixed"));
    hub.offer(&release, OfferState::Open);
    let options = Options { probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("a counted start in probation", |status| {
        status.phase == Phase::Probation && status.attempts == 1
    });
    for attempts in 2..=3 {
        field.kill();
        field.start();
        field.until("another counted start", |status| status.attempts == attempts);
    }
    field.kill();
    field.start();
    field.until("put back", |s| s.current.number == 0 && s.phase == Phase::Stable);
    field.wait("the report", || hub.told(1).contains(&What::Rescued));
    let status = field.status();
    assert!(status.banned.is_empty());
    assert_eq!(status.accused.unwrap().number, 1);
    field.until("the retry waits", |s| {
        s.now.stays_because.as_ref().is_some_and(|r| r.code.0 == 509)
    });
    field.reads("good");
}

/// A stop in good order is not held against the release on probation.
#[test]
fn clean_stops_are_not_counted() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("fixed"));
    hub.offer(&release, OfferState::Open);
    let options = Options { probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("probation", |status| status.phase == Phase::Probation && status.attempts == 1);
    for _ in 0..4 {
        field.until("a start", |s| s.attempts == 1 && s.agent_runs && s.now.consumer.is_some());
        field.stop();
        assert_eq!(field.status().attempts, 0);
        field.start();
    }
    field.until("still on probation", |s| s.attempts == 1 && s.phase == Phase::Probation);
}

#[test]
fn two_agents_never_run_on_one_state() {
    let hub = Hub::new();
    let mut field = Field::new(&hub, &content("good"));
    field.start();
    field.until("it runs", |status| status.agent_runs);
    let second = field.say(&["run"]);
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another agent runs"));
    assert!(field.agent_runs());
}

#[test]
fn a_machine_enrols_once_and_again_when_it_says_something_else_of_itself() {
    let hub = Hub::new();
    let mut field = Field::new(&hub, &content("good"));
    let enrolled = || hub.shared.lock().unwrap().enrolled.len();
    let heartbeats = || hub.reports().len();
    for (labels, expected) in [("linux", 1), ("linux", 1), ("bsd", 2)] {
        let text = std::fs::read_to_string(field.config()).unwrap();
        std::fs::write(
            field.config(),
            text.replace("os = \"linux\"", &format!("os = \"{labels}\"")),
        )
        .unwrap();
        let before = heartbeats();
        field.start();
        field.wait("a report", || heartbeats() > before);
        assert_eq!(enrolled(), expected);
        field.stop();
    }
    let labels = hub.shared.lock().unwrap().enrolled[1].labels.clone();
    assert_eq!(labels["os"], "bsd");
}

/// Killed at many moments around a bad release and its crash: it always ends on the good file,
/// the bad one is started a bounded number of times, and one consumer runs.
#[test]
fn killed_around_a_crash_it_still_ends_on_the_good_file() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("bad-291"));
    hub.offer(&release, OfferState::Open);
    let options = Options { probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    for pause_ms in [40, 90, 160, 250, 360, 490] {
        field.start();
        let pause = std::time::Duration::from_millis(pause_ms);
        std::thread::sleep(pause / 2);
        field.event(&deadly_event());
        std::thread::sleep(pause / 2);
        field.kill();
    }
    field.start();
    field.wait("the good file, settled", || {
        field.event(&deadly_event());
        let status = field.status();
        let settled = !status.banned.is_empty() || status.accused.is_some();
        status.current.number == 0 && status.phase == Phase::Stable && settled
    });
    field.reads("good");
    field.wait("one consumer", || field.consumers() == 1);
    let attempted = hub.told(1).iter().filter(|what| **what == What::Attempted).count();
    assert!(attempted <= 7, "{attempted} activations in 7 lives");
}
