//! The sensor, version 7.10.

fn main() -> std::process::ExitCode {
    sensor::command::main(sensor::Version::V7_10)
}
