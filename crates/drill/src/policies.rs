//! The policies that a drill can follow.

use crate::error::{DrillError, did_you_mean};
use crate::library::strict;
use crate::peers::{self, PEERS, Peer};
use crate::scenario::Scenario;
use decide::policy::builtin::POLICY_REFUSED;
use decide::policy::{Lane, Policy, builtin};
use serde::Serialize;
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
    /// Another tool's policy, as its documentation has it.
    Peer(&'static Peer),
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
            Choice::Peer(peer) => peer.id.into(),
            Choice::Ladder { policy, lane } if policy.name == lane.name() => policy.name.clone(),
            Choice::Ladder { policy, lane } => format!("{}, {} lane", policy.name, lane.name()),
        }
    }
    /// The standard ladder.
    pub fn standard() -> Choice {
        Choice::Ladder { policy: Box::new(builtin::standard()), lane: Lane::Standard }
    }
}

/// What a comparison follows: the words that were said or, without any, our ladder for such a
/// file and everybody at once; then all of [`PEERS`] where those are wanted.
///
/// # Errors
/// As [`choose`].
pub fn compared(scenario: &str, words: &[&str], peers: bool) -> Result<Vec<Choice>, DrillError> {
    let lane = builtin_scenario(scenario).map_or(Lane::Standard, |found| found.lane);
    let words = if words.is_empty() { vec![lane.name(), NAMES[0]] } else { words.to_vec() };
    let mut choices = Vec::new();
    for word in words.into_iter().chain(PEERS.iter().map(|peer| peer.id).filter(|_| peers)) {
        let choice = choose(word)?;
        if !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    Ok(choices)
}

fn builtin_scenario(id: &str) -> Option<Scenario> {
    let mut all = crate::scenario::builtin().into_iter();
    all.find(|of| of.id == id || of.shapes.iter().any(|shape| shape.eq_ignore_ascii_case(id)))
}

/// The schema of [`Policies`].
pub const POLICIES_SCHEMA: &str = "ringfence/drill-policies/v1";

/// The policies there are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Policies {
    /// Always [`POLICIES_SCHEMA`].
    pub schema: &'static str,
    /// Ours, and everybody at once.
    pub ours: Vec<&'static str>,
    /// Those of other tools.
    pub others: Vec<Other>,
}

/// Another tool's policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Other {
    /// The name for `--policy`.
    pub id: &'static str,
    /// The tool.
    pub product: &'static str,
    /// Where its numbers are from.
    pub source: &'static str,
    /// What is our assumption.
    pub assumed: &'static str,
}

/// All policies.
pub fn listed() -> Policies {
    let others = PEERS.iter().map(|peer| Other {
        id: peer.id,
        product: peer.product,
        source: peer.source,
        assumed: peer.assumed,
    });
    Policies { schema: POLICIES_SCHEMA, ours: NAMES.to_vec(), others: others.collect() }
}

/// Reads what the user asked for: one of [`NAMES`], one of [`PEERS`], or a policy file, whose standard lane is used.
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
    if let Some(peer) = peers::find(word) {
        return Ok(Choice::Peer(peer));
    }
    let path = Path::new(word);
    if !path.exists() {
        let hint = did_you_mean(word, NAMES.into_iter().chain(PEERS.iter().map(|peer| peer.id)))
            .map_or_else(String::new, |meant| format!(", did you mean '{meant}'?"));
        let sentence = format!(
            "no policy '{word}'{hint} Known are {}, the policies of other tools that `ringfence drill \
             policies` lists, or the path of a policy file",
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
