//! The sensor's commands.

use crate::engine::Engine;
use crate::{Version, event, file, run};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The file was refused, cleanly.
const REFUSED: u8 = 1;
/// The command was not understood.
const USAGE: u8 = 2;

const HELP: &str = "\
usage: sensor load FILE
       sensor try FILE --events EVENTS.jsonl
       sensor encode IN.toml OUT.bin
       sensor run --content FILE --events EVENTS.jsonl [--tick-ms N]
       sensor --version
";

/// Runs the sensor of one version.
pub fn main(version: Version) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["load", path] => load(version, Path::new(path)).map(|_| ()),
        ["try", path, "--events", events] => attempt(version, Path::new(path), Path::new(events)),
        ["encode", from, to] => encode(Path::new(from), Path::new(to)),
        ["run", "--content", content, "--events", events] => live(version, content, events, "50"),
        ["run", "--content", content, "--events", events, "--tick-ms", tick] => {
            live(version, content, events, tick)
        }
        ["--version"] => {
            println!("sensor {}", version.name());
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(USAGE);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("sensor {}: {why}", version.name());
            ExitCode::from(REFUSED)
        }
    }
}

/// Reads and decodes a channel file.
pub(crate) fn load(version: Version, path: &Path) -> Result<(Engine, Vec<u8>), String> {
    let size =
        std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?.len();
    if size > file::FILE_BYTES_MAX as u64 {
        return Err(format!("{}: {size} bytes, at most {}", path.display(), file::FILE_BYTES_MAX));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let decoded = file::decode(&bytes)
        .map_err(|refused| format!("{}: refused at {refused}", path.display()))?;
    let engine = Engine::new(version, decoded).map_err(|error| format!("no memory: {error}"))?;
    if version.checks_bound() && engine.beyond_supply() > 0 {
        eprintln!(
            "sensor {}: warning: {} criteria look at inputs that are not supplied and never match",
            version.name(),
            engine.beyond_supply()
        );
    }
    Ok((engine, bytes))
}

fn attempt(version: Version, path: &Path, events: &Path) -> Result<(), String> {
    let (mut engine, _) = load(version, path)?;
    let text = std::fs::read_to_string(events).map_err(|e| format!("{}: {e}", events.display()))?;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let event = event::parse(line)
            .ok_or_else(|| format!("{}:{}: this is not an event", events.display(), number + 1))?;
        engine.evaluate(&event);
    }
    let counts = serde_json::to_string(&engine.counts()).map_err(|error| error.to_string())?;
    println!("{counts}");
    Ok(())
}

fn encode(from: &Path, to: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(from).map_err(|e| format!("{}: {e}", from.display()))?;
    let file: file::ChannelFile =
        toml::from_str(&text).map_err(|e| format!("{}: {e}", from.display()))?;
    std::fs::write(to, file::encode(&file)).map_err(|e| format!("{}: {e}", to.display()))
}

fn live(version: Version, content: &str, events: &str, tick: &str) -> Result<(), String> {
    let tick = tick.parse().map_err(|_| format!("--tick-ms {tick} is not a number"))?;
    run::run(
        version,
        &run::Options {
            content: PathBuf::from(content),
            events: PathBuf::from(events),
            tick_ms: tick,
            socket: std::env::var_os("RINGFENCE_SOCKET").map(PathBuf::from),
        },
    )
}
