//! What people and pages see of a rollout; drawn from its state, never stored.

use crate::id::Ring;
use crate::reason::Reason;
use crate::time::{Span, Time};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// Where a rollout is. Each variant says what may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It grows, or waits at a gate. May hold, halt, revert, soak.
    Advancing,
    /// A brake: the evidence is suspicious, the feed is stale or the weather is bad. May advance,
    /// halt, revert.
    Holding,
    /// Everybody has it; the slow judge still watches. May halt, revert, finish.
    Soaking,
    /// Known good. Final.
    Done,
    /// Nobody further gets it. By evidence: final but for revert and withdraw.
    Halted,
    /// Those that have it are going back.
    Reverting,
    /// Everybody that can be heard is back. Final.
    Reverted,
}

impl Phase {
    /// The word people see.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Advancing => "advancing",
            Phase::Holding => "holding",
            Phase::Soaking => "soaking",
            Phase::Done => "done",
            Phase::Halted => "halted",
            Phase::Reverting => "reverting",
            Phase::Reverted => "reverted",
        }
    }
    /// True when no further machine can be exposed.
    pub fn stopped(self) -> bool {
        matches!(self, Phase::Halted | Phase::Reverting | Phase::Reverted)
    }
}

/// Counts of one rollout; the words are those of [`View`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Machines that it may reach.
    pub machines: u64,
    /// Assigned.
    pub assigned: u64,
    /// About to load it, or more.
    pub attempted: u64,
    /// Confirmed healthy and not harmed since.
    pub confirmed: u64,
    /// Harmed while assigned.
    pub harmed: u64,
    /// Back on the previous file.
    pub reverted: u64,
}

/// One rollout as a page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Where it is.
    pub phase: Phase,
    /// Since when.
    pub since: Time,
    /// True once the digest can never be installed again.
    pub withdrawn: bool,
    /// The verdict of the last judgement.
    pub verdict: Verdict,
    /// Why it is where it is; the most important first.
    pub reasons: Vec<Reason>,
    /// The ladder.
    pub gates: Vec<GateView>,
    /// The strata, in index order.
    pub strata: Vec<StratumView>,
    /// Machines of the fleet that this rollout may reach (held ones left out).
    pub machines: u64,
    /// Assigned by the server's record, whether or not they answered.
    pub assigned: u64,
    /// Said that they are about to load it, or more.
    pub attempted: u64,
    /// Reported healthy at evidence age or later.
    pub confirmed: u64,
    /// Crashed, refused, reverted or silent while assigned; each machine once.
    pub harmed: u64,
    /// Of the attempted, those that said they are back on the previous file.
    pub reverted: u64,
    /// Exposed, crashed or fell silent, and neither back nor healthy since.
    #[serde(default)]
    pub down: u64,
    /// Refused by the machines' own agents, which kept what they ran.
    #[serde(default)]
    pub refused: u64,
    /// Odds against chance that the release does no harm (E), as a decimal text.
    pub evidence: String,
    /// First harm on an assigned machine, if any.
    pub first_harm: Option<Time>,
    /// When growth was stopped for good, if it was.
    pub halted_at: Option<Time>,
}

/// One gate of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateView {
    /// `1 machine`, `each stratum once`, `1 %`.
    pub size: String,
    /// The size in machines of this fleet.
    pub machines: u64,
    /// Last ring open.
    pub ring: Ring,
    /// How long it waits.
    pub wait: Span,
    /// When the size was reached.
    pub reached: Option<Time>,
    /// When it opened.
    pub opened: Option<Time>,
    /// Pass once opened; NoSignal before anything was heard.
    pub verdict: Verdict,
}

/// One stratum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StratumView {
    /// Its name.
    pub name: String,
    /// Its ring.
    pub ring: Ring,
    /// Machines in it, held ones left out.
    pub machines: u64,
    /// Assigned.
    pub assigned: u64,
    /// About to load, or more.
    pub attempted: u64,
    /// Confirmed healthy.
    pub confirmed: u64,
    /// Harmed.
    pub harmed: u64,
    /// Of the attempted, those back on the previous file.
    #[serde(default)]
    pub reverted: u64,
    /// Exposed, crashed or fell silent, and neither back nor healthy since.
    #[serde(default)]
    pub down: u64,
    /// Refused by the machines' own agents, which kept what they ran.
    #[serde(default)]
    pub refused: u64,
    /// True when its canaries all failed and it stays where it is.
    pub quarantined: bool,
}
