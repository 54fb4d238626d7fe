//! `cargo xtask test`: everything that continuous integration runs, in the order in which a fault
//! is cheapest to find.

use crate::arguments::Arguments;
use crate::tools::{self, CHROMEDRIVER, CHROMIUM, NGINX, PYTHON, PYTHON_VENV};
use crate::{Fault, Outcome};
use std::process::Command;
use std::time::Instant;

/// One step of the suite.
struct Step {
    name: &'static str,
    why: &'static str,
    run: fn() -> Outcome<()>,
}

const STEPS: &[Step] = &[
    Step { name: "install", why: "programs that the tests need", run: install },
    Step { name: "format", why: "one layout", run: format },
    Step { name: "lint", why: "warnings are errors", run: lint },
    Step { name: "docs", why: "documentation builds without warnings", run: docs },
    Step { name: "tests", why: "units, properties, real processes, house rules", run: tests },
    Step { name: "advisories", why: "known faults in dependencies", run: advisories },
    Step { name: "demo", why: "the main job, end to end", run: demo },
];

/// Runs the suite, or one step of it with `--only`.
pub fn main(rest: &[String]) -> Outcome<u8> {
    let mut arguments = Arguments::new(rest);
    let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
    let only = arguments.value("--only", &names)?;
    arguments.words()?;
    let began = Instant::now();
    for step in STEPS.iter().filter(|step| only.as_deref().is_none_or(|only| only == step.name)) {
        let step_began = Instant::now();
        eprintln!("\n== {}: {}", step.name, step.why);
        (step.run)().map_err(|fault| Fault::about(format!("step '{}'", step.name), fault))?;
        eprintln!("== {}: good, {} s", step.name, step_began.elapsed().as_secs());
    }
    eprintln!("\nall steps good, {} s", began.elapsed().as_secs());
    Ok(0)
}

fn install() -> Outcome<()> {
    tools::ensure(&[&NGINX, &CHROMIUM, &CHROMEDRIVER, &PYTHON, &PYTHON_VENV])
}

fn cargo(arguments: &[&str]) -> Outcome<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    if arguments.first() == Some(&"doc") {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    let status = command.status().map_err(|error| Fault::about("cannot run cargo", error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Fault(format!("cargo {} ended with {status}", arguments.join(" "))))
    }
}

fn format() -> Outcome<()> {
    cargo(&["fmt", "--all", "--check"])
}

fn lint() -> Outcome<()> {
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

fn docs() -> Outcome<()> {
    cargo(&["doc", "--workspace", "--no-deps", "--locked"])
}

fn tests() -> Outcome<()> {
    // Programs of other crates that integration tests start are built first.
    cargo(&["build", "--workspace", "--bins", "--locked"])?;
    cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])
}

fn advisories() -> Outcome<()> {
    if tools::find("cargo-deny").is_none() {
        eprintln!("skipped: cargo-deny is not installed, so known faults were not looked up;");
        eprintln!("licences and sources were checked by the house rules");
        return Ok(());
    }
    cargo(&["deny", "--locked", "check"])
}

fn demo() -> Outcome<()> {
    let arguments = ["--profile", "dev", "--output", "json"].map(str::to_owned);
    match crate::demo::main(&arguments)? {
        0 => Ok(()),
        code => Err(Fault(format!("a wall did not hold (exit {code})"))),
    }
}
