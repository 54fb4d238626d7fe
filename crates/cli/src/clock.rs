//! The only reader of the clock in this crate, and times in words.

use decide::time::Time;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// `2026-11-25T03:40:02Z`.
pub(crate) fn stamp(time: Time) -> String {
    trust::metadata::time_text(time)
}

/// `03:40:02Z`.
pub(crate) fn hour(time: Time) -> String {
    stamp(time).split_once('T').map_or_else(String::new, |(_, hour)| hour.to_owned())
}

/// `03:40:02Z, 6 min ago`.
pub(crate) fn ago(time: Time, now: Time) -> String {
    format!("{}, {} ago", hour(time), now.since(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_their_age() {
        let time = Time(1_766_000_000_000);
        assert_eq!(stamp(time), "2025-12-17T19:33:20Z");
        assert_eq!(ago(time, Time(time.0 + 360_000)), "19:33:20Z, 6 min ago");
    }
}
