//! `cargo xtask`: the demonstration, the test command, the benchmarks.
#![forbid(unsafe_code)]

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask demo [--keep] [--output human|json] [--profile release|dev] [--machines N]
    Runs the main job: 60 real agents and consumers meet a bad file behind five walls.
    --keep leaves the server and its page up until you press Ctrl-C.
cargo xtask test [--only STEP]
    Everything that continuous integration runs. Installs what it needs, and says so first.
cargo xtask bench [AREA] [--output human|json]
    Ratios measured in one run: check, polls, drill.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let result = match command.as_str() {
        "demo" => xtask::demo::main(&rest),
        "test" => xtask::suite::main(&rest),
        "bench" => xtask::bench::main(&rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprint!("error: there is no step '{other}'\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::from(1)
        }
    }
}
