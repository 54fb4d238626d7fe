//! A server in the test's own process, and machines with real agents and real sensors.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

pub mod field;
pub mod http;
pub mod repo;

pub use field::Field;
pub use repo::Hub;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Longest wait for anything; generous, because the machine may be loaded.
const WAIT: Duration = Duration::from_secs(20);

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Where the sensors of this build are; built first if they are not there yet.
pub fn sensors() -> &'static Path {
    static SENSORS: OnceLock<PathBuf> = OnceLock::new();
    SENSORS.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let directory = test.parent().and_then(Path::parent).unwrap().to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "sensor", "--bins"]);
        if directory.ends_with("release") {
            build.arg("--release");
        }
        build.arg("--target-dir").arg(directory.parent().unwrap()).current_dir(root());
        assert!(build.status().unwrap().success());
        directory
    })
}

/// A channel file of the examples.
pub fn content(name: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out.bin");
    let from = root().join(format!("examples/content/{name}.toml"));
    let mut encode = Command::new(sensors().join("sensor-7-12"));
    assert!(encode.arg("encode").arg(from).arg(&out).status().unwrap().success());
    std::fs::read(out).unwrap()
}

/// The last event of the full corpus: the one that the bad files die of.
pub fn deadly_event() -> String {
    let text = std::fs::read_to_string(root().join("examples/events/full.jsonl")).unwrap();
    text.lines().last().unwrap().to_owned()
}

/// Events that nobody dies of.
pub fn harmless_events() -> PathBuf {
    root().join("examples/events/blind.jsonl")
}

/// Polls until `done`, or fails with what `say` says.
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool, say: impl Fn() -> String) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < WAIT, "waited in vain for: {what}\n{}", say());
        std::thread::sleep(Duration::from_millis(15));
    }
}
