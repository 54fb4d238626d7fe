//! The example's programs, built first if they are not there yet.

use super::Environment;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// Where the sensors of this build are.
pub fn sensors() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let ringfence = Path::new(env!("CARGO_BIN_EXE_ringfence"));
        let directory = ringfence.parent().expect("target/PROFILE").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "sensor", "--bins"]);
        if directory.ends_with("release") {
            build.arg("--release");
        }
        build.arg("--target-dir").arg(directory.parent().expect("target")).current_dir(root());
        assert!(build.status().expect("cargo runs").success());
        directory
    })
}

/// Puts the example's contracts, events and the encoded files of `names` where commands run.
pub fn stage(environment: &Environment, names: &[&str]) {
    let sensors = sensors();
    for name in ["ipc-rules", "ipc-rules-2024"] {
        let text = std::fs::read(root().join(format!("contracts/{name}.toml"))).expect("there");
        environment.write(&format!("contracts/{name}.toml"), text);
    }
    for name in ["full", "blind"] {
        let from = root().join(format!("examples/events/{name}.jsonl"));
        let text = std::fs::read(from).expect("there");
        environment.write(&format!("examples/events/{name}.jsonl"), text);
    }
    for name in names {
        let from = root().join(format!("examples/content/{name}.toml"));
        let to = environment.file(&format!("{name}.bin"));
        let encoded =
            Command::new(sensors.join("sensor-7-12")).arg("encode").arg(from).arg(to).status();
        assert!(encoded.expect("the sensor runs").success());
    }
}
