//! The sensor through its real binaries: the planted fault, and nothing but the planted fault.
#![allow(missing_docs)]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SENSORS: [(&str, &str); 3] = [
    ("7.10", env!("CARGO_BIN_EXE_sensor-7-10")),
    ("7.11", env!("CARGO_BIN_EXE_sensor-7-11")),
    ("7.12", env!("CARGO_BIN_EXE_sensor-7-12")),
];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("examples").to_owned()
}

fn run(program: &str, arguments: &[&Path]) -> Output {
    Command::new(program).args(arguments).output().expect("the sensor starts")
}

fn content(directory: &Path, name: &str) -> PathBuf {
    let to = directory.join(format!("{name}.bin"));
    let from = examples().join(format!("content/{name}.toml"));
    let output = run(SENSORS[2].1, &[Path::new("encode"), &from, &to]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    to
}

fn attempt(program: &str, file: &Path, events: &str) -> Output {
    let events = examples().join("events").join(events);
    run(program, &[Path::new("try"), file, Path::new("--events"), &events])
}

#[test]
fn the_bad_file_faults_on_the_matching_event_and_only_in_old_versions() {
    let directory = tempfile::tempdir().expect("a directory");
    // (file, events, versions that die of signal 11)
    let cases = [
        ("good", "full.jsonl", [false, false, false]),
        ("bad-291", "blind.jsonl", [false, false, false]),
        ("bad-291", "full.jsonl", [true, true, false]),
        ("bad-292", "full.jsonl", [true, true, false]),
        ("fixed", "full.jsonl", [false, false, false]),
    ];
    for (name, events, deaths) in cases {
        let file = content(directory.path(), name);
        for ((version, program), dies) in SENSORS.iter().zip(deaths) {
            let loaded = run(program, &[Path::new("load"), &file]);
            assert!(loaded.status.success(), "{version} load {name}");
            let output = attempt(program, &file, events);
            if dies {
                assert_eq!(output.status.signal(), Some(11), "{version} {name} {events}");
            } else {
                assert_eq!(output.status.code(), Some(0), "{version} {name} {events}");
            }
        }
    }
}

#[test]
fn the_fixed_version_says_that_an_input_is_not_supplied() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = attempt(SENSORS[2].1, &content(directory.path(), "bad-291"), "full.jsonl");
    let counts = String::from_utf8_lossy(&output.stdout);
    assert!(counts.contains(r#""unsupplied":1"#), "{counts}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not supplied"));
}

#[test]
fn every_truncation_and_bit_flip_is_refused_or_read_but_never_kills_on_load() {
    let directory = tempfile::tempdir().expect("a directory");
    let good = std::fs::read(content(directory.path(), "good")).expect("readable");
    let path = directory.path().join("variant.bin");
    let step = (good.len() / 40).max(1);
    for end in (0..good.len()).step_by(step) {
        std::fs::write(&path, &good[..end]).expect("writable");
        let output = run(SENSORS[0].1, &[Path::new("load"), &path]);
        assert_eq!(output.status.code(), Some(1), "truncated at {end}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("offset"), "truncated at {end}");
    }
    for at in (0..good.len()).step_by(step) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&path, &bytes).expect("writable");
        assert!(
            run(SENSORS[0].1, &[Path::new("load"), &path]).status.code().is_some(),
            "bit at {at}"
        );
    }
}

#[test]
fn a_running_sensor_reloads_and_says_what_it_runs() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path();
    let (good, fixed) = (content(place, "good"), content(place, "fixed"));
    let (current, events) = (place.join("current.bin"), place.join("events.jsonl"));
    std::fs::copy(&good, &current).expect("copied");
    std::fs::write(&events, "").expect("written");
    let socket = std::os::unix::net::UnixDatagram::bind(place.join("s")).expect("bound");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
    let mut child = Command::new(SENSORS[1].1)
        .arg("run")
        .arg("--content")
        .arg(&current)
        .arg("--events")
        .arg(&events)
        .args(["--tick-ms", "10"])
        .env("RINGFENCE_SOCKET", place.join("s"))
        .spawn()
        .expect("started");
    let hear = |word: &str| loop {
        let mut buffer = [0u8; 4096];
        let length = socket.recv(&mut buffer).expect("the sensor speaks");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.contains(word) {
            return text;
        }
    };
    let first = hear("loaded");
    hear("healthy");
    std::fs::copy(&fixed, &current).expect("copied");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().expect("kill runs").success());
    assert_ne!(hear("loaded"), first);
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    assert!(child.wait().expect("waited").success());
}
