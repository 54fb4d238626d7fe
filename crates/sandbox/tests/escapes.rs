//! Programs that want out: what they try, and that nothing is left behind.
#![allow(missing_docs)]

use ringfence_sandbox as sandbox;

use decide::time::Span;
use sandbox::{Command, Launcher, Limits, Outcome};
use std::path::Path;


fn launcher() -> Launcher {
    Launcher::at(Path::new(env!("CARGO_BIN_EXE_ringfence-sandbox-launcher")))
}

fn shell(work: &Path, script: &str, limits: Limits) -> sandbox::Run {
    let argv = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    launcher().run(&Command { argv, work: work.to_owned(), readable: Vec::new(), limits })
}

#[test]
fn exits_signals_and_missing_programs_are_told_apart() {
    let work = tempfile::tempdir().expect("a directory");
    let run = |script| shell(work.path(), script, Limits::default());
    let good = run("echo out; echo err >&2; exit 3");
    assert_eq!(good.outcome, Outcome::Exited(3));
    assert_eq!((good.said.output.as_str(), good.said.errors.as_str()), ("out\n", "err\n"));
    assert_eq!(run("kill -SEGV $$").outcome, Outcome::Signalled(11));
    let missing = launcher().run(&Command {
        argv: vec!["/no/such/program".into()],
        work: work.path().to_owned(),
        readable: Vec::new(),
        limits: Limits::default(),
    });
    assert!(matches!(missing.outcome, Outcome::NotStarted(why) if why.contains("/no/such/program")));
}

#[test]
fn a_hang_and_everything_it_started_are_killed() {
    let work = tempfile::tempdir().expect("a directory");
    let limits = Limits { time: Span(400), ..Limits::default() };
    // A child that ignores the polite signal, in the background, with its own marker in its name.
    let marker = work.path().join("left-behind");
    let script = format!(
        "trap '' TERM; (trap '' TERM; while :; do sleep 0.1; echo x >> {0}; done) & (setsid sh -c \
         'while :; do sleep 0.1; echo y >> {0}; done' &) ; while :; do sleep 0.1; done",
        marker.display()
    );
    assert_eq!(shell(work.path(), &script, limits).outcome, Outcome::TimedOut);
    let size = || std::fs::metadata(&marker).map_or(0, |meta| meta.len());
    std::thread::sleep(std::time::Duration::from_millis(300));
    let before = size();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(size(), before, "something still runs");
}

#[test]
fn nothing_is_written_outside_and_no_socket_is_opened() {
    let work = tempfile::tempdir().expect("a directory");
    let outside = tempfile::tempdir().expect("a directory");
    let strength = launcher().strength(work.path());
    eprintln!("sandbox here: {}", strength.words());
    assert!(strength.limits && strength.no_new_privileges);
    let target = outside.path().join("escaped");
    let run = shell(work.path(), &format!("echo x > {}", target.display()), Limits::default());
    if strength.files {
        assert!(!target.exists() && run.outcome != Outcome::Exited(0));
    } else {
        eprintln!("skipped: this kernel has no Landlock");
    }
    assert_eq!(shell(work.path(), "echo x > inside", Limits::default()).outcome, Outcome::Exited(0));
    if strength.system_calls {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
        listener.set_nonblocking(true).expect("set");
        let port = listener.local_addr().expect("bound").port();
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
        let argv = ["/bin/bash", "-c", &script].map(str::to_owned).to_vec();
        let command = Command {
            argv,
            work: work.path().to_owned(),
            readable: Vec::new(),
            limits: Limits::default(),
        };
        assert_ne!(launcher().run(&command).outcome, Outcome::Exited(0));
        assert!(listener.accept().is_err(), "a connection came out of the sandbox");
    } else {
        eprintln!("skipped: this kernel has no seccomp");
    }
}

#[test]
fn memory_files_and_output_are_bounded() {
    let work = tempfile::tempdir().expect("a directory");
    let limits = || Limits { memory_bytes: 64 << 20, file_bytes: 1 << 20, ..Limits::default() };
    let hog = "x=$(head -c 200000000 /dev/zero | tr '\\0' a); echo ${#x}";
    assert_ne!(shell(work.path(), hog, limits()).outcome, Outcome::Exited(0));
    let big = "head -c 5000000 /dev/zero > big";
    assert_ne!(shell(work.path(), big, limits()).outcome, Outcome::Exited(0));
    let size = std::fs::metadata(work.path().join("big")).map_or(0, |meta| meta.len());
    assert!(size <= 1 << 20, "{size} bytes were written");
    let talk = shell(work.path(), "head -c 1000000 /dev/zero | tr '\\0' a", Limits::default());
    assert_eq!(talk.said.output.len(), Limits::default().output_bytes);
}
