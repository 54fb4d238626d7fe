//! `ringfence-rescue --dir STATE`: run it before every start of the consumer (`ExecStartPre=`).
//! Exit 0: start the consumer. Exit 3: do not start it, nothing starts here any more.
#![forbid(unsafe_code)]

use decide::endpoint::StartDecision;
use ringfence_agent::{rescue, store::Store};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [flag, directory] = words.as_slice() else {
        eprintln!("usage: ringfence-rescue --dir STATE");
        return ExitCode::from(2);
    };
    if flag != "--dir" {
        eprintln!("usage: ringfence-rescue --dir STATE");
        return ExitCode::from(2);
    }
    let opened = Store::open(&PathBuf::from(directory));
    match opened.and_then(|mut store| rescue::before_start(&mut store)) {
        Ok(rescued) => match rescued.decision {
            StartDecision::Start(release) => {
                println!("start release {} (attempt {})", release.number, rescued.record.attempts);
                ExitCode::SUCCESS
            }
            StartDecision::StartInstead { taken, started } => {
                println!("release {} put back instead of {}", started.number, taken.number);
                ExitCode::SUCCESS
            }
            StartDecision::Off => {
                println!("off: nothing starts here any more");
                ExitCode::from(3)
            }
        },
        Err(error) => {
            // A full disk must not keep the machine unprotected: it starts as it is.
            eprintln!("rescue could not count this start: {error}");
            ExitCode::SUCCESS
        }
    }
}
