//! Programs that want out: what they try, and that nothing is left behind.
#![allow(missing_docs)]

use decide::time::Span;
use ringfence_sandbox::{Command, Grade, Launcher, Limits, Outcome, Run};
use std::path::Path;

const ZOO: &str = env!("CARGO_BIN_EXE_sandbox-zoo");

fn run(work: &Path, words: &[&str], limits: Limits) -> Run {
    let argv = words.iter().map(|word| (*word).to_owned()).collect();
    Launcher::at(Path::new(ZOO)).run(&Command {
        argv,
        work: work.to_owned(),
        readable: Vec::new(),
        limits,
    })
}

fn zoo(work: &Path, words: &[&str], limits: Limits) -> Run {
    run(work, &[&[ZOO], words].concat(), limits)
}

fn shell(work: &Path, script: &str, limits: Limits) -> Run {
    run(work, &["/bin/sh", "-c", script], limits)
}

fn work() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Says loudly that a layer is missing here, and why; true when it is there.
fn has(run: &Run, layer: &str) -> bool {
    let here = run.strength.has(layer);
    if !here {
        eprintln!("SKIPPED: no layer '{layer}' here; the sandbox is {}", run.strength.words());
    }
    here
}

/// Processes of this machine whose command line holds `mark`.
fn alive(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").expect("readable");
    let line = |entry: std::fs::DirEntry| {
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(mark).then_some(line)
    };
    entries.flatten().filter_map(line).collect()
}

#[test]
fn endings_are_told_apart() {
    let work = work();
    let said = shell(work.path(), "echo out; echo err >&2; exit 3", Limits::default());
    assert_eq!(said.outcome, Outcome::Exited(3));
    assert_eq!((said.said.output.as_str(), said.said.errors.as_str()), ("out\n", "err\n"));
    assert!(said.rss_bytes > 0);
    let ends = |words: &[&str]| zoo(work.path(), words, Limits::default()).outcome;
    assert_eq!(ends(&["exit", "125"]), Outcome::Exited(125));
    assert_eq!(ends(&["abort"]), Outcome::Signalled(6));
    let fault = shell(work.path(), "kill -SEGV $$", Limits::default());
    assert_eq!(fault.outcome, Outcome::Signalled(11));
    for missing in ["/no/such/program", "no-such-program"] {
        let run = run(work.path(), &[missing], Limits::default());
        assert!(
            matches!(&run.outcome, Outcome::NotStarted(why) if why.contains(missing)),
            "{run:?}"
        );
    }
    let nowhere = run(Path::new("/no/such/directory"), &["true"], Limits::default());
    assert!(matches!(nowhere.outcome, Outcome::NotStarted(_)), "{nowhere:?}");
}

#[test]
fn a_program_that_is_no_launcher_starts_nothing() {
    let work = work();
    let argv = vec!["true".to_owned()];
    let limits = Limits::default();
    let command = Command { argv, work: work.path().to_owned(), readable: Vec::new(), limits };
    for program in ["/bin/true", "/no/such/launcher"] {
        let run = Launcher::at(Path::new(program)).run(&command);
        assert!(matches!(run.outcome, Outcome::NotStarted(_)), "{run:?}");
        assert!(!run.strength.confines());
        assert_eq!(run.strength.words(), "none");
    }
}

#[test]
fn time_and_processor_time_are_bounded() {
    let work = work();
    let short = Limits { time: Span(300), ..Limits::default() };
    assert_eq!(zoo(work.path(), &["sleep"], short.clone()).outcome, Outcome::TimedOut);
    let stubborn = "trap '' TERM INT HUP; while :; do sleep 0.05; done";
    assert_eq!(shell(work.path(), stubborn, short).outcome, Outcome::TimedOut);
    let busy = Limits { time: Span::seconds(60), cpu_seconds: 1, ..Limits::default() };
    let spun = zoo(work.path(), &["spin"], busy);
    assert_eq!(spun.outcome, Outcome::Signalled(24), "SIGXCPU");
    assert!(spun.cpu >= Span(900), "{:?}", spun.cpu);
}

#[test]
fn memory_files_and_output_are_bounded() {
    let work = work();
    let limits = || Limits { file_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(zoo(work.path(), &["allocate", "64"], limits()).outcome, Outcome::Exited(0));
    assert_eq!(zoo(work.path(), &["allocate", "8192"], limits()).outcome, Outcome::Exited(1));
    let big = "head -c 5000000 /dev/zero > big";
    assert_ne!(shell(work.path(), big, limits()).outcome, Outcome::Exited(0));
    let size = std::fs::metadata(work.path().join("big")).map_or(0, |meta| meta.len());
    assert!(size <= 1 << 20, "{size} bytes were written");
    let talk = zoo(work.path(), &["chatter"], Limits::default());
    assert_eq!(talk.outcome, Outcome::Exited(0));
    assert_eq!(talk.said.output.len(), Limits::default().output_bytes);
}

#[test]
fn nothing_outside_is_read_or_written() {
    let (work, outside) = (work(), work());
    let (secret, target) = (outside.path().join("secret"), outside.path().join("out"));
    std::fs::write(&secret, "x").expect("written");
    let (secret, out) = (secret.display().to_string(), target.display().to_string());
    let wrote = zoo(work.path(), &["write", &out], Limits::default());
    if has(&wrote, "landlock") {
        assert_eq!(wrote.outcome, Outcome::Exited(1));
        assert!(!target.exists());
        let read = zoo(work.path(), &["read", &secret], Limits::default());
        assert_eq!(read.outcome, Outcome::Exited(1));
    }
    let inside = zoo(work.path(), &["write", "inside"], Limits::default());
    assert_eq!(inside.outcome, Outcome::Exited(0));
    assert!(work.path().join("inside").exists());
}

#[test]
fn no_connection_comes_out_and_no_mount_is_made() {
    let work = work();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.set_nonblocking(true).expect("set");
    let address = listener.local_addr().expect("bound").to_string();
    let run = zoo(work.path(), &["connect", &address], Limits::default());
    if has(&run, "net") || has(&run, "seccomp") {
        assert_eq!(run.outcome, Outcome::Exited(1));
        assert!(listener.accept().is_err(), "a connection came out of the sandbox");
    }
    if has(&run, "seccomp") {
        let run = zoo(work.path(), &["unlucky", "mount"], Limits::default());
        assert_eq!(run.outcome, Outcome::Exited(1));
    }
}

#[test]
fn a_thousand_processes_are_stopped_and_gone() {
    let work = work();
    let limits = Limits { processes: 64, time: Span::seconds(20), ..Limits::default() };
    let run = zoo(work.path(), &["fork", "1000"], limits);
    if has(&run, "processes") {
        assert_ne!(run.outcome, Outcome::Exited(0), "{run:?}");
    }
    assert!(run.strays || run.outcome == Outcome::TimedOut, "{run:?}");
}

#[test]
fn what_leaves_its_session_is_killed_all_the_same() {
    let work = work();
    // No other process has this in its command line.
    let mark = format!("mark-{}", work.path().file_name().expect("a name").display());
    let run = zoo(work.path(), &["daemon", &mark], Limits::default());
    assert_eq!(run.outcome, Outcome::Exited(0), "{run:?}");
    assert!(run.strays, "the daemon was seen");
    assert_eq!(alive(&mark), [""; 0]);
    let script = format!("setsid sh -c 'sleep 600; : {mark}' & sleep 600");
    let short = Limits { time: Span(400), ..Limits::default() };
    assert_eq!(shell(work.path(), &script, short).outcome, Outcome::TimedOut);
    assert_eq!(alive(&mark), [""; 0]);
}

#[test]
fn the_strength_is_said_in_words() {
    let work = work();
    let strength = Launcher::at(Path::new(ZOO)).strength(work.path());
    eprintln!("the sandbox here: {}", strength.words());
    assert!(strength.has("limits") && strength.has("privileges"));
    for layer in &strength.layers {
        assert!(strength.words().contains(&layer.name));
        assert!(layer.on || !layer.note.is_empty(), "{layer:?} says why it is off");
    }
}

/// Runs the zoo as a sandbox in user namespaces that allow `count` of each kind of namespace inside.
fn denied(work: &Path, count: &str, words: &[&str]) -> Option<Run> {
    let kinds = ["user", "pid", "net", "ipc"];
    let deny: Vec<String> = kinds
        .iter()
        .map(|kind| format!("echo {count} > /proc/sys/user/max_{kind}_namespaces"))
        .collect();
    let script = format!("{} && exec {ZOO} \"$@\"", deny.join(" && "));
    let wrapper = work.join("launcher.sh");
    let text =
        format!("#!/bin/sh\nexec unshare --user --map-root-user sh -c '{script}' sh \"$@\"\n");
    std::fs::write(&wrapper, text).expect("written");
    let mut mode = std::fs::metadata(&wrapper).expect("there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&wrapper, mode).expect("set");
    let argv = [&[ZOO], words].concat().iter().map(|word| (*word).to_owned()).collect();
    let limits = Limits { time: Span::seconds(3), ..Limits::default() };
    let command = Command { argv, work: work.to_owned(), readable: Vec::new(), limits };
    let run = Launcher::at(&wrapper).run(&command);
    let started = !matches!(run.outcome, Outcome::NotStarted(_));
    if !started {
        eprintln!("SKIPPED: no user namespace here to deny others in: {:?}", run.outcome);
    }
    started.then_some(run)
}

#[test]
fn without_namespaces_the_sandbox_is_weaker_and_says_so_and_still_confines() {
    let (work, outside) = (work(), work());
    let target = outside.path().join("out").display().to_string();
    let Some(run) = denied(work.path(), "0", &["write", &target]) else { return };
    for layer in ["user", "pid", "net", "ipc"] {
        assert!(!run.strength.has(layer), "{}", run.strength.words());
    }
    assert!(run.strength.words().contains("without user ("), "{}", run.strength.words());
    assert!(run.strength.grade() < Grade::Full);
    if has(&run, "landlock") && has(&run, "seccomp") {
        assert_eq!(run.strength.grade(), Grade::Confined, "{}", run.strength.words());
        assert_eq!(run.outcome, Outcome::Exited(1));
        assert!(!outside.path().join("out").exists());
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("bound").to_string();
    let run = denied(work.path(), "0", &["connect", &address]).expect("as before");
    assert_eq!(run.outcome, Outcome::Exited(1), "seccomp stands in for the namespace");
    // Without a process namespace what the consumer leaves is found and killed one by one.
    let mark = format!("mark-{}", work.path().file_name().expect("a name").display());
    let run = denied(work.path(), "0", &["daemon", &mark]).expect("as before");
    assert!(run.strays, "{run:?}");
    assert_eq!(alive(&mark), [""; 0]);
}

#[test]
fn the_consumer_is_not_root() {
    let work = work();
    let run = shell(work.path(), "id -u", Limits::default());
    if has(&run, "identity") {
        assert_ne!(run.said.output, "0\n");
    }
}
