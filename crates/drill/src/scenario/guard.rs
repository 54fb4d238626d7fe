//! Which wall a guard of the incident library stands on.

use serde::Serialize;

/// The walls, in the order in which a file meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// The contract's check.
    Check,
    /// The real consumers.
    Trial,
    /// Evidence bound to the bytes, one path for every writer.
    Publish,
    /// The ladder.
    Rollout,
    /// The machine alone.
    Agent,
    /// Withdrawal and paced recovery.
    Recall,
}

impl Wall {
    /// The word people see.
    pub fn word(self) -> &'static str {
        match self {
            Wall::Check => "check",
            Wall::Trial => "trial",
            Wall::Publish => "publish",
            Wall::Rollout => "rollout",
            Wall::Agent => "agent",
            Wall::Recall => "recall",
        }
    }
}

const GUARDS: [(&str, Wall); 25] = [
    ("static_rule", Wall::Check),
    ("growth_limit", Wall::Check),
    ("min_consumer", Wall::Check),
    ("fleet parity", Wall::Check),
    ("real_consumer", Wall::Trial),
    ("consumer_matrix", Wall::Trial),
    ("corpus", Wall::Trial),
    ("ill_formed", Wall::Trial),
    ("time_travel", Wall::Trial),
    ("warnings", Wall::Trial),
    ("bind_bytes", Wall::Publish),
    ("no_bypass", Wall::Publish),
    ("positive_verdict", Wall::Publish),
    ("gate needs", Wall::Publish),
    ("compare-and-set", Wall::Publish),
    ("single writer", Wall::Publish),
    ("a single writer", Wall::Publish),
    ("canary", Wall::Rollout),
    ("cohort", Wall::Rollout),
    ("soak", Wall::Rollout),
    ("agent", Wall::Agent),
    ("action_limiter", Wall::Agent),
    ("freshness", Wall::Agent),
    ("kill_switch", Wall::Recall),
    ("recovery_throttle", Wall::Recall),
];

/// The wall of a guard, by the words it begins with; `None` for advice that no wall of ours
/// stands for.
pub fn wall_of_guard(guard: &str) -> Option<Wall> {
    GUARDS.iter().find(|(prefix, _)| guard.starts_with(prefix)).map(|(_, wall)| *wall)
}
