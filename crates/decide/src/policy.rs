//! Policies: the ladders by which a release may grow and the limits it is held against.
//!
//! A policy is plain data from a TOML file. [`Policy::check`] is the single gate: a policy that
//! has not passed it must not reach a rollout. There is no lane without gates (invariant 9).

pub mod builtin;
pub mod span;

use crate::id::Ring;
use crate::reason::Reason;
use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema name a policy document carries.
pub const SCHEMA: &str = "ringfence/policy/v1";

/// How releases of a channel reach a fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Name shown in plans.
    pub name: String,
    /// Labels whose combination makes a stratum, in order; the ring is always added last.
    pub strata: Vec<String>,
    /// Label that names what an outage takes down as a whole.
    pub block: String,
    /// How often an agent reports that it is alive.
    #[serde(with = "span")]
    pub heartbeat: Span,
    /// How often the rollout is judged between events.
    #[serde(with = "span")]
    pub tick: Span,
    /// A release that changes nothing is halted at most once in this many rollouts.
    pub false_halt_one_in: u64,
    /// Evidence (odds against chance) at which growth brakes.
    pub hold_at: u64,
    /// Evidence under which a brake is released.
    pub resume_at: u64,
    /// The ladders. `standard` and `emergency` must exist.
    pub lanes: BTreeMap<Lane, Ladder>,
}

/// Ladders that differ in time, never in whether there are gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// The default.
    Standard,
    /// For content that depends on time or is read rarely.
    Cautious,
    /// For protection against something that spreads now.
    Emergency,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Lane; 3] = [Lane::Standard, Lane::Cautious, Lane::Emergency];
    /// The lane's name as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Standard => "standard",
            Lane::Cautious => "cautious",
            Lane::Emergency => "emergency",
        }
    }
}

/// One ladder: gates in order, and how fast exposure may grow between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Time in which the target may double.
    #[serde(with = "span")]
    pub doubling: Span,
    /// Exposure never exceeds this many times the machines confirmed healthy.
    pub multiplier: u32,
    /// A machine is confirmed when it reports healthy at this age or later.
    #[serde(with = "span")]
    pub evidence_age: Span,
    /// A brake that lasts longer than this becomes a halt.
    #[serde(with = "span")]
    pub hold_max: Span,
    /// After everybody has it, how long it stays on probation before it is known good.
    #[serde(with = "span")]
    pub probation: Span,
    /// The gates, in order.
    pub gates: Vec<Gate>,
}

/// A size at which growth waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The size.
    pub size: Size,
    /// How long growth waits once the size is reached; not shortened because evidence looks good.
    #[serde(with = "span")]
    pub wait: Span,
    /// The last ring that may be exposed up to and including this gate.
    pub ring: Ring,
}

/// A size of exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// This many machines.
    Machines(u64),
    /// One machine of every stratum whose ring is open.
    EachStratum,
    /// This many of 1,000 of the machines whose ring is open.
    Permille(u32),
}

impl Policy {
    /// Refuses a policy that could open a path around the gates or that cannot work. Returns
    /// every fault, not only the first.
    pub fn check(&self) -> Vec<Reason> {
        builtin::faults(self)
    }
    /// The ladder of a lane, if the policy has it.
    pub fn ladder(&self, lane: Lane) -> Option<&Ladder> {
        self.lanes.get(&lane)
    }
}
