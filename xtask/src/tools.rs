//! Programs that steps need from the Debian archive: what, why, and how they are installed.

use crate::{Fault, Outcome};
use std::process::{Command, Stdio};

/// A program that a step needs.
pub struct Tool {
    /// The command's name.
    pub command: &'static str,
    /// The Debian and Ubuntu packages that have it; the first that installs is taken.
    pub packages: &'static [&'static str],
    /// Why it is needed.
    pub why: &'static str,
}

/// A consumer that nobody here wrote.
pub const NGINX: Tool = Tool {
    command: "nginx",
    packages: &["nginx-light", "nginx"],
    why: "the same main job with a consumer that nobody here wrote",
};
/// A real browser.
pub const CHROMIUM: Tool =
    Tool { command: "chromium", packages: &["chromium"], why: "opens the page as a person would" };
/// Drives the browser.
pub const CHROMEDRIVER: Tool = Tool {
    command: "chromedriver",
    packages: &["chromium-driver"],
    why: "types and clicks in the browser as a person would",
};
/// An HTTP load generator.
pub const WRK: Tool = Tool { command: "wrk", packages: &["wrk"], why: "asks for unchanged files" };
/// The comparison for check, and independent TUF and DSSE readers.
pub const PYTHON: Tool = Tool {
    command: "python3",
    packages: &["python3"],
    why: "json.tool is the comparison; independent readers of our metadata run in it",
};
/// Virtual environments for the independent readers.
pub const PYTHON_VENV: Tool = Tool {
    command: "python3-venv",
    packages: &["python3-venv"],
    why: "independent readers are installed apart from the system",
};

/// Where a command is, if it is.
pub fn find(command: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|directory| directory.join(command))
        .find(|file| file.is_file())
}

fn present(tool: &Tool) -> bool {
    match tool.command {
        "python3-venv" => quiet(Command::new("python3").args(["-c", "import ensurepip, venv"])),
        command => find(command).is_some(),
    }
}

fn quiet(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Installs the tools that are missing, after saying what and why.
///
/// # Errors
/// When a tool is missing and cannot be installed here; the sentence says how to do it by hand.
pub fn ensure(tools: &[&Tool]) -> Outcome<()> {
    let missing: Vec<&&Tool> = tools.iter().filter(|tool| !present(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for tool in &missing {
        eprintln!("needs {} (package {}): {}", tool.command, tool.packages[0], tool.why);
    }
    let root = rustix::process::geteuid().is_root();
    if !root && !quiet(Command::new("sudo").args(["-n", "true"])) {
        return Err(Fault(by_hand(&missing)));
    }
    let prefix: &[&str] = if root { &[] } else { &["sudo", "-n"] };
    apt(prefix, &["update"]);
    for tool in &missing {
        eprintln!("installing {} from the Debian archive", tool.packages[0]);
        let done = tool.packages.iter().any(|package| {
            apt(prefix, &["install", "-y", "--no-install-recommends", package]) && present(tool)
        });
        if !done {
            return Err(Fault(by_hand(&[tool])));
        }
    }
    Ok(())
}

fn by_hand(missing: &[&&Tool]) -> String {
    let packages: Vec<&str> = missing.iter().map(|tool| tool.packages[0]).collect();
    format!(
        "cannot install {} here; run: sudo apt-get install {}",
        packages.join(", "),
        packages.join(" ")
    )
}

fn apt(prefix: &[&str], arguments: &[&str]) -> bool {
    let mut words: Vec<&str> = prefix.to_vec();
    // The service that a package starts by itself is not wanted here.
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq"]);
    words.extend(arguments);
    quiet(Command::new(words[0]).args(&words[1..]))
}
