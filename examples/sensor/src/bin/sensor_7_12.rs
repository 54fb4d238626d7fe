//! The sensor, version 7.12.

fn main() -> std::process::ExitCode {
    sensor::command::main(sensor::Version::V7_12)
}
