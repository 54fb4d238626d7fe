//! `ringfence-agent --config FILE [run|why|status]`.
#![forbid(unsafe_code)]

use ringfence_agent::config::Config;
use ringfence_agent::machine::{Machine, OpenError};
use ringfence_agent::{consumer, status};
use sandbox::Launcher;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const USAGE: u8 = 2;
const UNDECIDED: u8 = 3;
const UNTRUSTED: u8 = 4;

const HELP: &str = "\
The machine's side of Ringfence: fetch, verify, taste, switch, watch, rescue.

usage: ringfence-agent --config FILE [run]
       ringfence-agent --config FILE why
       ringfence-agent --config FILE status [--output human|json]
       ringfence-agent --version

why and status read the state directory only; they work while the agent runs and when it is dead.

exit codes: 0 good, 2 usage or configuration, 3 nothing is known yet, 4 the trusted root is unusable
";

enum Act {
    Run,
    Why,
    Json,
}

fn main() -> ExitCode {
    // Both must come first: this program is also the sandbox's launcher and the consumer's parent.
    sandbox::launcher_main();
    consumer::become_consumer();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (file, act) = match words.as_slice() {
        ["--version"] => {
            println!("ringfence-agent {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        ["--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["--config", file] | ["--config", file, "run"] => (file, Act::Run),
        ["--config", file, "why"]
        | ["--config", file, "status"]
        | ["--config", file, "status", "--output", "human"] => (file, Act::Why),
        ["--config", file, "status", "--output", "json"] => (file, Act::Json),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(USAGE);
        }
    };
    let config = match Config::load(Path::new(file)) {
        Ok(config) => config,
        Err(why) => return fail(USAGE, &why),
    };
    match act {
        Act::Run => run(config),
        Act::Why => show(&config, false),
        Act::Json => show(&config, true),
    }
}

fn fail(code: u8, why: &str) -> ExitCode {
    eprintln!("ringfence-agent: {why}");
    ExitCode::from(code)
}

fn run(config: Config) -> ExitCode {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
            return fail(USAGE, &format!("signal {signal} cannot be watched: {error}"));
        }
    }
    // This very program, even when its file was replaced meanwhile.
    let launcher = Launcher::at(&PathBuf::from("/proc/self/exe"));
    match Machine::open(config, launcher) {
        Ok(machine) => {
            machine.run(&stop);
            ExitCode::SUCCESS
        }
        Err(OpenError::Untrusted(why)) => fail(UNTRUSTED, &why),
        Err(OpenError::Unusable(why)) => fail(USAGE, &why),
    }
}

fn show(config: &Config, json: bool) -> ExitCode {
    let Some(status) = status::status(config) else {
        let why = format!("{}: no agent has run on this state yet", config.state.display());
        return fail(UNDECIDED, &why);
    };
    if json {
        match serde_json::to_string_pretty(&status) {
            Ok(text) => println!("{text}"),
            Err(error) => return fail(USAGE, &error.to_string()),
        }
    } else {
        println!("{status}");
    }
    ExitCode::SUCCESS
}
