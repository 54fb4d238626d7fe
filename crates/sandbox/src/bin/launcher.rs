//! The launcher alone, for programs that cannot be their own launcher (tests, other languages).
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    sandbox_crate::launcher_main();
    eprintln!("this program is started by a sandbox, not by hand");
    std::process::ExitCode::from(2)
}

use ringfence_sandbox as sandbox_crate;
