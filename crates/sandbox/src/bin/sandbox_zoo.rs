//! Hostile programs for the tests of the sandbox. Never installed.
#![forbid(unsafe_code)]

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

fn main() -> ExitCode {
    ringfence_sandbox::launcher_main();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let worked = match words.as_slice() {
        ["exit", code] => return ExitCode::from(code.parse::<u8>().unwrap_or(99)),
        ["abort"] => std::process::abort(),
        ["write", path] => std::fs::write(path, "out").is_ok(),
        ["read", path] => std::fs::read(path).is_ok(),
        ["connect", address] => std::net::TcpStream::connect(address).is_ok(),
        ["fork", count] => fork(count.parse().unwrap_or(0)),
        ["allocate", mib] => allocate(mib.parse().unwrap_or(0)),
        ["spin"] => spin(),
        ["sleep"] => sleep(),
        ["chatter"] => chatter(),
        ["daemon", mark] => daemon(mark),
        ["unlucky", call] => unlucky(call),
        _ => false,
    };
    ExitCode::from(u8::from(!worked))
}

/// True when as many processes could be started.
fn fork(count: usize) -> bool {
    let mut children = Vec::new();
    for _ in 0..count {
        match Command::new("/bin/sleep").arg("60").stdin(Stdio::null()).spawn() {
            Ok(child) => children.push(child),
            Err(error) => {
                println!("{} started: {error}", children.len());
                return false;
            }
        }
    }
    true
}

fn allocate(mib: usize) -> bool {
    let mut block: Vec<u8> = Vec::new();
    if block.try_reserve_exact(mib << 20).is_err() {
        return false;
    }
    block.resize(mib << 20, 1);
    block.iter().step_by(4096).map(|byte| u64::from(*byte)).sum::<u64>() > 0
}

fn spin() -> bool {
    let mut number = 1u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
        if number == 0 {
            return false;
        }
    }
}

fn sleep() -> bool {
    std::thread::sleep(Duration::from_secs(600));
    true
}

fn chatter() -> bool {
    use std::io::Write as _;
    let line = [b'x'; 65_536];
    (0..256).all(|_| std::io::stdout().write_all(&line).is_ok())
}

/// Leaves a process behind that is in no group and no session of ours, and holds the output open.
fn daemon(mark: &str) -> bool {
    let script =
        format!("trap '' TERM HUP; setsid sh -c 'trap \"\" TERM; sleep 600; : {mark}' & :");
    Command::new("/bin/sh").args(["-c", &script]).status().is_ok_and(|status| status.success())
}

/// Tries what only an operator may do.
fn unlucky(call: &str) -> bool {
    match call {
        "mount" => Command::new("/bin/mount")
            .args(["-t", "tmpfs", "none", "."])
            .status()
            .is_ok_and(|status| status.success()),
        _ => false,
    }
}
