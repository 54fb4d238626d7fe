//! The sensor, version 7.11.

fn main() -> std::process::ExitCode {
    sensor::command::main(sensor::Version::V7_11)
}
