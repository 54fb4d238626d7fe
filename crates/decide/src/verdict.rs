//! The four answers a gate can give.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a gate says. Only [`Verdict::Pass`] opens it; the other three are kept apart because each
/// asks something else of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Enough evidence of health.
    Pass,
    /// Nothing was heard or nothing was checked. Never a pass.
    NoSignal,
    /// Something was heard, but not enough to say.
    Inconclusive,
    /// Evidence of harm.
    Fail,
}

impl Verdict {
    /// True for [`Verdict::Pass`] alone.
    pub fn opens_gate(self) -> bool {
        self == Verdict::Pass
    }
    /// The word people see.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::NoSignal => "no signal",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Fail => "fail",
        }
    }
    /// The more serious of two verdicts: a whole is as bad as its worst part.
    pub fn worst(self, other: Verdict) -> Verdict {
        self.max(other)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::*;

    #[test]
    fn only_pass_opens_and_the_worst_part_wins() {
        assert!(Pass.opens_gate());
        assert!([NoSignal, Inconclusive, Fail].iter().all(|v| !v.opens_gate()));
        assert_eq!(Pass.worst(NoSignal), NoSignal);
        assert_eq!(Fail.worst(Inconclusive), Fail);
    }
}
