//! A try of a candidate with the consumer that is installed here, in the sandbox.

use crate::config::Config;
use sandbox::{Command, Launcher, Limits, Outcome};
use std::path::Path;

/// What a taste says against a candidate, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTasted {
    /// The consumer refused it, died or hung.
    Refused(String),
    /// The consumer could not be run at all: nothing is said about the candidate.
    Later(String),
}

/// Runs every taste command on the candidate. Without taste commands there is nothing to say.
///
/// # Errors
/// The first command that did not exit with 0, and how it ended.
pub fn taste(config: &Config, launcher: &Launcher, candidate: &Path) -> Result<(), NotTasted> {
    let work = config.state.join("taste");
    let mut consumer = config.consumer.clone();
    // A candidate never gets the live address.
    consumer.values.insert("listen".into(), format!("unix:{}/socket", work.display()));
    let _ = std::fs::remove_dir_all(&work);
    consumer
        .render(&consumer.taste_files, candidate, &work)
        .map_err(|error| NotTasted::Later(format!("the taste could not be prepared: {error}")))?;
    for words in &consumer.taste {
        let argv: Vec<String> =
            words.iter().map(|word| consumer.fill(word, candidate, &work)).collect();
        let name = argv.join(" ");
        let mut readable = vec![config.state.join("cas")];
        readable.extend(argv.iter().filter(|word| word.starts_with('/')).map(Into::into));
        let run = launcher.run(&Command {
            argv,
            work: work.clone(),
            readable,
            limits: Limits { time: consumer.taste_time, ..Limits::default() },
        });
        let how = match run.outcome {
            Outcome::Exited(0) => continue,
            Outcome::Exited(code) => format!("exit code {code}"),
            Outcome::Signalled(signal) => format!("died of signal {signal}"),
            Outcome::TimedOut => format!("still ran after {}", consumer.taste_time),
            Outcome::NotStarted(why) => {
                return Err(NotTasted::Later(format!("taste: {name} could not be run: {why}")));
            }
        };
        let said: String = run.said.errors.trim().chars().take(160).collect();
        return Err(NotTasted::Refused(format!("taste: {how} ({name}): {said}")));
    }
    let _ = std::fs::remove_dir_all(&work);
    Ok(())
}
