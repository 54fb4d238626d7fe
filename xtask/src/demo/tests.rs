//! Faults on the whole: processes are killed in the middle of rollouts, and everything goes on.

use super::Voice;
use super::fleet::Machine;
use super::setting::{FLEET_WAIT, Setting};
use super::weather::{append, trigger};
use crate::browser::Browser;
use crate::process::wait_for;
use crate::stage::{Programs, Scratch, repository, scratch};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Machines of a test; enough for every stratum of the demonstration to have some.
const MACHINES: usize = 15;
/// Time between two events of a victim.
const BETWEEN_EVENTS: Duration = Duration::from_millis(500);
/// Rounds without a victim after which nobody switches any more.
const CALM_ROUNDS: u32 = 6;
/// Longest wait for a page to show what has happened.
const PAGE_WAIT: Duration = Duration::from_secs(20);

/// One fleet at a time: two would only make each other late.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| Programs::build("dev").expect("built"))
}

/// A fleet on which the good file is soaking or known good.
fn fleet(name: &str) -> (Setting, Scratch) {
    let directory = scratch(name).expect("a directory");
    let voice = Voice { json: true };
    let mut setting = Setting::open(programs(), &directory, MACHINES, voice).expect("a project");
    setting.start_fleet().expect("a fleet");
    setting.rain(false);
    (setting, directory)
}

fn good_file_everywhere(setting: &mut Setting) {
    let number = setting.publish("good").expect("published");
    let rollout = setting.roll_out(number, "emergency", "test").expect("applied");
    setting.wait_phase(&rollout, &["soaking", "done"]).expect("soaking");
    setting.wait_known_good().expect("everywhere");
}

/// How often a machine has switched to a release, by its own journal.
fn takes(machine: &Machine, number: u64) -> usize {
    let words = format!("takes release {number}");
    machine.journal().iter().filter(|(_, line)| line.contains(&words)).count()
}

fn count(status: &Value, name: &str) -> u64 {
    status["view"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {status}"))
}

/// Consumers that run for a machine: processes whose command line has its directory.
fn consumers(machine: &Machine) -> usize {
    let directory = machine.directory.display().to_string();
    let of = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).ok();
    let lines = std::fs::read_dir("/proc").expect("readable").flatten().filter_map(of);
    lines
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .filter(|line| line.split('\0').next().is_some_and(|name| name.contains("/sensor-")))
        .filter(|line| line.contains(&directory))
        .count()
}

#[test]
fn the_server_is_killed_in_the_middle_and_the_same_rollout_goes_on() {
    let _turn = turn();
    let (mut setting, _directory) = fleet("t-server");
    let number = setting.publish("good").expect("published");
    let rollout = setting.roll_out(number, "standard", "test").expect("applied");
    let mut assigned = 0;
    for _ in 0..3 {
        wait_for("more machines to be exposed", FLEET_WAIT, || {
            let now = count(&setting.status(&rollout)?, "assigned");
            Ok((now > assigned).then(|| assigned = now))
        })
        .expect("it grows");
        setting.kill_server();
        setting.serve().expect("it comes back");
        let after = count(&setting.status(&rollout).expect("known"), "assigned");
        assert!(after >= assigned, "{after} exposed after the kill, {assigned} before");
        assigned = after;
    }
    let status = setting.wait_phase(&rollout, &["soaking", "done"]).expect("it goes on");
    setting.wait_running(&setting.digest("good").expect("known")).expect("everywhere");
    assert_eq!(count(&status, "harmed"), 0, "{status}");
    for machine in &setting.machines {
        assert_eq!(takes(machine, number), 1, "{} was exposed once", machine.name);
    }
    let audit = setting.stage.api("/v1/audit").expect("readable");
    let lines = audit["items"].as_array().expect("a list").clone();
    let starts = lines.iter().filter(|line| line["verb"] == "rollout_started").count();
    assert_eq!(starts, 1, "one start in the audit log");
    let sequence: Vec<u64> = lines.iter().filter_map(|line| line["sequence"].as_u64()).collect();
    assert!(sequence.windows(2).all(|pair| pair[1] == pair[0] + 1), "no gap: {sequence:?}");
}

#[test]
fn agents_are_killed_in_the_middle_and_nobody_runs_two_consumers() {
    let _turn = turn();
    let (mut setting, _directory) = fleet("t-agents");
    let number = setting.publish("good").expect("published");
    let rollout = setting.roll_out(number, "standard", "test").expect("applied");
    let digest = setting.digest("good").expect("known");
    wait_for("two machines to run it", FLEET_WAIT, || {
        Ok((setting.running(&digest) >= 2).then_some(()))
    })
    .expect("it grows");
    let names: Vec<String> = setting.machines.iter().map(|machine| machine.name.clone()).collect();
    for name in names.iter().step_by(3) {
        let machine = super::fleet::named(&mut setting.machines, name).expect("known");
        machine.kill();
        setting.restart(name).expect("it starts again");
    }
    setting.wait_phase(&rollout, &["soaking", "done"]).expect("it goes on");
    setting.wait_running(&digest).expect("everywhere");
    for machine in &setting.machines {
        assert_eq!(consumers(machine), 1, "consumers of {}", machine.name);
        assert_eq!(takes(machine, number), 1, "{} was exposed once", machine.name);
    }
}

#[test]
fn a_bad_file_is_stopped_although_the_server_dies_with_the_first_crash() {
    let _turn = turn();
    let (mut setting, _directory) = fleet("t-crash");
    good_file_everywhere(&mut setting);
    let number = setting.publish("bad-291").expect("published");
    let bad = setting.digest("bad-291").expect("known");
    let rollout = setting.roll_out(number, "standard", "test").expect("applied");
    wait_for("a machine to run the bad file", FLEET_WAIT, || {
        Ok((setting.running(&bad) >= 1).then_some(()))
    })
    .expect("it starts");
    setting.kill_server();
    let good = setting.digest("good").expect("known");
    let mut victims = BTreeSet::new();
    let mut calm = 0;
    // Whoever runs the bad file, or still switches to it, meets the event until nobody does.
    wait_for("everybody to heal without a server", FLEET_WAIT, || {
        std::thread::sleep(BETWEEN_EVENTS);
        for machine in setting.machines.iter().filter(|machine| machine.runs() == bad) {
            victims.insert(machine.name.clone());
            append(&machine.events(), &trigger());
        }
        calm = if setting.running(&good) == MACHINES { calm + 1 } else { 0 };
        Ok((calm >= CALM_ROUNDS).then_some(()))
    })
    .expect("healed");
    setting.serve().expect("it comes back");
    let status = setting.wait_phase(&rollout, &["reverted"]).expect("it halts on old news");
    assert_eq!(status["view"]["withdrawn"], true, "{status}");
    assert_eq!(count(&status, "attempted"), victims.len() as u64, "every last word has arrived");
    assert!(count(&status, "assigned") < MACHINES as u64, "{status}");
    assert_eq!(status["hands_needed"], 0);
    let again =
        setting.stage.ringfence(&["publish", &setting.file("bad-291"), "--channel", "ipc-rules"]);
    assert_eq!(again.expect("runs").code, 4, "a withdrawn digest stays withdrawn");
}

#[test]
fn a_person_logs_in_and_halts_with_one_click() {
    let _turn = turn();
    let (mut setting, directory) = fleet("t-page");
    good_file_everywhere(&mut setting);
    let number = setting.publish("fixed").expect("published");
    // With its real minutes the ladder gives a person time to press the button.
    let unhurried = repository().join("policies/standard.toml").display().to_string();
    let policy = ["--policy", unhurried.as_str()];
    let rollout = setting.roll_out_by(number, "standard", "test", &policy).expect("applied");
    let browser = Browser::open(&directory).expect("a browser");
    let address = setting.stage.address();
    browser.go(&address).expect("a page");
    browser.write("input[name=token]", "wrong").expect("a field");
    browser.click("form button").expect("a button");
    browser.wait_text("token", PAGE_WAIT).expect("it says why not");
    let token = setting.stage.token("operator").expect("a token");
    browser.write("input[name=token]", &token).expect("a field");
    browser.click("form button").expect("a button");
    browser.wait_text(&rollout, PAGE_WAIT).expect("the rollout is on the page");
    assert!(
        browser.eval("document.querySelectorAll('svg').length").expect("counted").as_u64()
            > Some(0)
    );
    browser.picture("running").expect("taken");
    browser.click("button.halt").expect("the halt button");
    let status = setting.wait_phase(&rollout, &["halted"]).expect("halted");
    assert!(count(&status, "assigned") < MACHINES as u64);
    browser.go(&address).expect("a page");
    browser.wait_text("Halted by operator", PAGE_WAIT).expect("the page says so");
    // The page turns stale by itself when the server dies, and does not show old data as live.
    setting.kill_server();
    browser.wait_text("Not connected", Duration::from_secs(40)).expect("it says that it is old");
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 380)] {
        browser.size(width, 900).expect("resized");
        browser.colours(scheme).expect("coloured");
        let overflow =
            "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        browser.picture(&format!("dead-{scheme}-{width}")).expect("taken");
        assert_eq!(browser.eval(overflow).expect("measured"), 0, "{scheme} {width}");
    }
}

/// A small file system of its own, unmounted when it goes.
struct Small(Scratch);

impl Small {
    /// `None` where this user may not mount.
    fn mount(name: &str) -> Option<Small> {
        let directory = scratch(name).expect("a directory");
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(&*directory);
        let mounted = command.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Small(directory))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&*self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_a_release_and_loses_nothing() {
    let _turn = turn();
    let Some(small) = Small::mount("t-disk") else {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    };
    let mut setting =
        Setting::open(programs(), &small.0, 0, Voice { json: true }).expect("a project");
    setting.serve().expect("a server");
    setting.publish("good").expect("published");
    setting.check("fixed", "ipc-rules-2024", &[]).expect("checked");
    setting.trial("fixed", "blind", "2", &[]).expect("tried");
    let filler = small.0.join("filler");
    fill(&filler);
    let path = setting.file("fixed");
    let publish = ["publish", path.as_str(), "--channel", "ipc-rules"];
    let said = setting.stage.ringfence(&publish).expect("it runs");
    assert!(said.code != 0 && said.err.contains("RF"), "{said:?}");
    assert!(said.err.contains("space") || said.err.contains("full"), "{said:?}");
    let releases = setting.stage.api("/v1/releases").expect("the server still answers");
    assert_eq!(releases["items"].as_array().map(Vec::len), Some(1), "{releases}");
    std::fs::remove_file(&filler).expect("removed");
    setting.stage.ringfence(&publish).expect("it runs").expect(0).expect("published");
    setting.kill_server();
    setting.serve().expect("it comes back");
    let releases = setting.stage.api("/v1/releases").expect("readable");
    assert_eq!(releases["items"].as_array().map(Vec::len), Some(2), "{releases}");
}

/// Writes until the file system is full.
fn fill(path: &std::path::Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).expect("made");
    let block = vec![0u8; 64 * 1024];
    while file.write_all(&block).is_ok() {}
    let small = vec![0u8; 512];
    while file.write_all(&small).is_ok() {}
}
