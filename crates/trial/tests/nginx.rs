//! The trial on a program that nobody here wrote: nginx, as Debian packages it.
#![allow(missing_docs)]

use contract::Contract;
use ringfence_trial as trial;

use decide::verdict::Verdict;
use sandbox::Launcher;
use std::path::{Path, PathBuf};
use std::process::Command;
use trial::corpus::Corpus;
use trial::{Class, Plan, Report};

const NGINX: &str = "/usr/sbin/nginx";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// The launcher of this build; built first if it is not there yet.
fn launcher() -> Launcher {
    let test = std::env::current_exe().expect("known");
    let directory = test.parent().and_then(Path::parent).expect("target/PROFILE").to_owned();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "ringfence-sandbox", "--bins"]);
    if directory.ends_with("release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(directory.parent().expect("target")).current_dir(root());
    assert!(build.status().expect("cargo runs").success());
    Launcher::at(&directory.join("ringfence-sandbox-launcher"))
}

/// The trial of an include, or `None` where nginx is not installed.
fn attempt(name: &str, variants: usize) -> Option<Report> {
    if !Path::new(NGINX).exists() {
        eprintln!("SKIPPED: there is no {NGINX} here; `cargo xtask test` installs it");
        return None;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let contract =
        Contract::load(&root().join("contracts/nginx-include.toml")).expect("a good contract");
    let bytes = std::fs::read(root().join("examples/nginx").join(name)).expect("readable");
    assert_eq!(
        contract::check(&contract, name, &bytes, None).findings,
        [],
        "check has nothing against {name}"
    );
    let plan = Plan {
        file: name.into(),
        bytes,
        events: Vec::new(),
        bin: directory.path().to_owned(),
        variants,
        seed: 1,
        corpus: Corpus::at(&directory.path().join("corpus")),
        launcher: launcher(),
    };
    Some(trial::run(&contract, &plan, &mut |_| {}).expect("scratch"))
}

#[test]
fn what_nginx_takes_passes_and_what_it_refuses_does_not() {
    // The last but one is accepted by nginx and bad all the same: that is for the rollout to see.
    let cases = [
        ("served-good.conf", Class::Loaded, Verdict::Pass),
        ("served-fixed.conf", Class::Loaded, Verdict::Pass),
        ("served-bad.conf", Class::Loaded, Verdict::Pass),
        ("served-broken.conf", Class::Refused, Verdict::Fail),
    ];
    for (name, class, verdict) in cases {
        let Some(report) = attempt(name, 0) else { return };
        assert_eq!(report.versions[0].candidate, class, "{name}: {}", report.versions[0].said);
        assert_eq!(report.verdict, verdict, "{name}: {:?}", report.findings);
    }
    let broken = attempt("served-broken.conf", 0).expect("nginx is here");
    assert!(broken.findings[0].help.contains("expecting \"}\""), "{:?}", broken.findings[0].help);
}

#[test]
fn a_landmine_that_nobody_planted_is_found() {
    let Some(report) = attempt("served-good.conf", 60) else { return };
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    let nested = report.landmines.iter().find(|mine| mine.cause == "nest-block");
    let nested = nested.unwrap_or_else(|| panic!("{:?}", report.landmines));
    assert_eq!(nested.class, Class::Crashed { signal: 11 }, "its parser recurses");
}

#[test]
fn the_template_runs_live_and_the_probe_tells_good_from_bad() {
    if !Path::new(NGINX).exists() {
        eprintln!("SKIPPED: there is no {NGINX} here; `cargo xtask test` installs it");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path();
    let current = place.join("current");
    // A free port; somebody may take it before nginx does, so another is tried then.
    let mut nginx = (0..5).find_map(|_| start(place, &current)).expect("nginx listens");
    let outcome = std::panic::catch_unwind(|| {
        for (name, code) in [("served-good.conf", "200"), ("served-bad.conf", "500")] {
            std::fs::copy(root().join("examples/nginx").join(name), &current).expect("copied");
            let hup = Command::new("kill").args(["-HUP", &nginx.1.to_string()]).status();
            assert!(hup.expect("kill runs").success());
            assert!(
                eventually(|| answer(nginx.2).is_some_and(|line| line.contains(code))),
                "{name}"
            );
        }
    });
    let _ = Command::new("kill").args(["-TERM", &nginx.1.to_string()]).status();
    let _ = nginx.0.wait();
    assert!(outcome.is_ok());
}

/// nginx with the template as its live configuration: the process, its id, its port.
fn start(place: &Path, current: &Path) -> Option<(std::process::Child, u32, u16)> {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    std::fs::copy(root().join("examples/nginx/served-good.conf"), current).expect("copied");
    let template = root().join("examples/nginx/nginx.conf.in");
    let text = std::fs::read_to_string(template).expect("readable");
    let text = text
        .replace("{file}", &current.display().to_string())
        .replace("{work}", &place.display().to_string())
        .replace("{listen}", &format!("127.0.0.1:{port}"));
    let conf = place.join("nginx.conf");
    std::fs::write(&conf, text).expect("written");
    let mut command = Command::new(NGINX);
    command.arg("-e").arg(place.join("error.log")).arg("-p").arg(place).arg("-c").arg(conf);
    let mut child = command.spawn().expect("nginx starts");
    let id = child.id();
    if eventually(|| answer(port).is_some()) {
        return Some((child, id, port));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// The first line of the answer to the probe.
fn answer(port: u16) -> Option<String> {
    use std::io::{BufRead as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").ok()?;
    let mut line = String::new();
    std::io::BufReader::new(stream).read_line(&mut line).ok()?;
    (!line.is_empty()).then_some(line)
}

/// Whether something becomes true within ten seconds.
fn eventually(mut yes: impl FnMut() -> bool) -> bool {
    (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        yes()
    })
}
