//! Points in time and durations, as numbers that a caller hands in.
//!
//! Must never read a clock: the shells own the clocks, the deciders only compare.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A point in time: milliseconds since the Unix epoch (server, agent) or since the start of a
/// simulation (drill). Deciders only compare and subtract.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A span of time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub u64);

impl Time {
    /// How long ago `earlier` was; zero when it lies in the future (clocks step back).
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
    /// This point moved on by `span`, saturating at the end of time.
    pub fn plus(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// `n` seconds.
    pub const fn seconds(n: u64) -> Span {
        Span(n * 1_000)
    }
    /// `n` minutes.
    pub const fn minutes(n: u64) -> Span {
        Span(n * 60_000)
    }
    /// `n` hours.
    pub const fn hours(n: u64) -> Span {
        Span(n * 3_600_000)
    }
    /// `n` times this span, saturating.
    pub const fn times(self, n: u64) -> Span {
        Span(self.0.saturating_mul(n))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms @ 0..=999 => write!(f, "{ms} ms"),
            ms @ 1_000..=119_999 if ms % 1_000 == 0 => write!(f, "{} s", ms / 1_000),
            ms @ 1_000..=119_999 => write!(f, "{}.{} s", ms / 1_000, ms % 1_000 / 100),
            ms @ 120_000..=7_199_999 => write!(f, "{} min", ms / 60_000),
            ms => write!(f, "{}.{} h", ms / 3_600_000, ms % 3_600_000 / 360_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_in_the_unit_people_would_choose() {
        let cases = [
            (0, "0 ms"),
            (850, "850 ms"),
            (1_500, "1.5 s"),
            (60_000, "60 s"),
            (600_000, "10 min"),
            (9_000_000, "2.5 h"),
        ];
        for (ms, text) in cases {
            assert_eq!(Span(ms).to_string(), text);
        }
    }

    #[test]
    fn a_clock_that_steps_back_gives_no_negative_age() {
        assert_eq!(Time(5).since(Time(9)), Span::ZERO);
    }
}
