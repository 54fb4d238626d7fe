//! A try of a candidate with the consumer that is installed here, in the sandbox.

use crate::config::Config;
use sandbox::{Command, Launcher, Limits, Outcome};
use std::path::Path;

/// Why a candidate is refused, in one sentence.
pub type Refused = String;

/// Runs every taste command on the candidate. Without taste commands there is nothing to say.
///
/// # Errors
/// The first command that did not exit with 0, and how it ended.
pub fn taste(config: &Config, launcher: &Launcher, candidate: &Path) -> Result<(), Refused> {
    let work = config.state.join("taste");
    let _ = std::fs::remove_dir_all(&work);
    let prepared = config.consumer.render(&config.consumer.taste_files, candidate, &work);
    prepared.map_err(|error| format!("the taste could not be prepared: {error}"))?;
    for words in &config.consumer.taste {
        let argv: Vec<String> =
            words.iter().map(|word| config.consumer.fill(word, candidate, &work)).collect();
        let name = argv.join(" ");
        let mut readable = vec![config.state.join("cas")];
        readable.extend(argv.iter().filter(|word| word.starts_with('/')).map(Into::into));
        let run = launcher.run(&Command {
            argv,
            work: work.clone(),
            readable,
            limits: Limits { time: config.consumer.taste_time, ..Limits::default() },
        });
        let how = match run.outcome {
            Outcome::Exited(0) => continue,
            Outcome::Exited(code) => format!("exit code {code}"),
            Outcome::Signalled(signal) => format!("died of signal {signal}"),
            Outcome::TimedOut => format!("still ran after {}", config.consumer.taste_time),
            Outcome::NotStarted(why) => format!("could not be run: {why}"),
        };
        let said: String = run.said.errors.trim().chars().take(160).collect();
        return Err(format!("taste: {how} ({name}): {said}"));
    }
    let _ = std::fs::remove_dir_all(&work);
    Ok(())
}
