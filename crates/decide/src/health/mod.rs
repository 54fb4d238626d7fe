//! Is a release harming machines? Evidence of exposed machines against concurrent control.
//!
//! The mathematics is that of `docs/explanation/decision-statistics.md`: for each endpoint and
//! node an anytime-valid ratio e-process ([`evidence`]), fed with risk sets counted per cell
//! ([`risk`]), and a pure table of who was heard when ([`liveness`]). Nothing here decides what to
//! do about harm; the rollout does.
//!
//! Places kept for what comes next: age buckets are further nodes of [`evidence::Evidence`];
//! continuous metrics (one rank a machine) are a further endpoint with the same capital.

pub mod evidence;
pub mod liveness;
pub mod risk;

use serde::{Deserialize, Serialize};

/// One kind of bad event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Consumer crash or hang, boot loop, refusal, local revert.
    Crash,
    /// No heartbeat for three intervals without a goodbye.
    Silence,
}

impl Endpoint {
    /// All endpoints, in index order.
    pub const ALL: [Endpoint; 2] = [Endpoint::Crash, Endpoint::Silence];
    /// Index into tables.
    pub fn index(self) -> usize {
        self as usize
    }
    /// The word people see.
    pub fn word(self) -> &'static str {
        match self {
            Endpoint::Crash => "crash",
            Endpoint::Silence => "silence",
        }
    }
}

/// The upper limit, at this confidence, of the share of machines that can fail where none of
/// `healthy` has: 1 - (1 - confidence)^(1 / healthy), the exact limit of Clopper and Pearson.
pub fn zero_failures_limit(healthy: u64, confidence: f64) -> f64 {
    if healthy == 0 {
        return 1.0;
    }
    // Through the logarithm, so that small limits keep their digits.
    -libm::expm1(libm::log1p(-confidence) / healthy as f64)
}
