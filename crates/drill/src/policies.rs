//! The policies that a drill can follow.

use crate::error::{DrillError, did_you_mean};
use crate::library::strict;
use decide::policy::builtin::POLICY_REFUSED;
use decide::policy::{Lane, Policy, builtin};
use std::path::Path;

/// Largest policy file read, in bytes.
pub const POLICY_BYTES_MAX: u64 = 1024 * 1024;
/// The policies that need no file.
pub const NAMES: [&str; 4] = ["all-at-once", "standard", "cautious", "emergency"];

/// What a drill follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// As it happened: no rings, no agent, stopped by people.
    AllAtOnce,
    /// A ladder, with the production decisions and agents.
    Ladder {
        /// The policy.
        policy: Box<Policy>,
        /// Which of its ladders.
        lane: Lane,
    },
}

impl Choice {
    /// The name people see.
    pub fn name(&self) -> String {
        match self {
            Choice::AllAtOnce => NAMES[0].into(),
            Choice::Ladder { policy, lane } if policy.name == lane.name() => policy.name.clone(),
            Choice::Ladder { policy, lane } => format!("{}, {} lane", policy.name, lane.name()),
        }
    }
    /// The standard ladder.
    pub fn standard() -> Choice {
        Choice::Ladder { policy: Box::new(builtin::standard()), lane: Lane::Standard }
    }
}

/// Reads what the user asked for: one of [`NAMES`], or a policy file, whose standard lane is used.
///
/// # Errors
/// The name is no policy and no file, or the file is refused; every fault of it is named.
pub fn choose(word: &str) -> Result<Choice, DrillError> {
    let lane = match word {
        "all-at-once" => return Ok(Choice::AllAtOnce),
        "standard" => Some(Lane::Standard),
        "cautious" => Some(Lane::Cautious),
        "emergency" => Some(Lane::Emergency),
        _ => None,
    };
    if let Some(lane) = lane {
        return Ok(Choice::Ladder { policy: Box::new(builtin::standard()), lane });
    }
    let path = Path::new(word);
    if !path.exists() {
        let hint = did_you_mean(word, NAMES.into_iter())
            .map_or_else(String::new, |meant| format!(", did you mean '{meant}'?"));
        let sentence = format!(
            "no policy '{word}'{hint} Known are {}, or the path of a policy file",
            NAMES.join(", ")
        );
        return Err(DrillError::refused(POLICY_REFUSED, sentence));
    }
    let policy: Policy = strict::parse(&strict::text(path, POLICY_BYTES_MAX)?, word)?;
    let faults: Vec<String> = policy.check().into_iter().map(|reason| reason.sentence).collect();
    if !faults.is_empty() {
        let sentence = format!("{word}: {}", faults.join("; "));
        return Err(DrillError::refused(POLICY_REFUSED, sentence));
    }
    Ok(Choice::Ladder { policy: Box::new(policy), lane: Lane::Standard })
}
