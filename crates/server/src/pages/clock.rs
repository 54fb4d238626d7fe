//! Points in time and ages as people read them: UTC first, age beside it.
//!
//! Reads no clock: a page is as old as the snapshot it was drawn from, and says so.

use decide::time::{Span, Time};
use maud::{Markup, html};

const DAY_MS: u64 = 86_400_000;

/// Year, month and day of a day counted from 1970-01-01, by the civil calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    // Days from 0000-03-01, so that a leap day is the last day of its year.
    let day = days + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day_of_month)
}

/// `2026-11-25`.
pub(crate) fn date(at: Time) -> String {
    let (year, month, day) = civil(at.0 / DAY_MS);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `09:14:07Z`.
pub(crate) fn of_day(at: Time) -> String {
    let seconds = at.0 % DAY_MS / 1_000;
    format!("{:02}:{:02}:{:02}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// `2026-11-25T09:14:07.250Z`, for machines.
pub(crate) fn iso(at: Time) -> String {
    let time = of_day(at);
    format!("{}T{}.{:03}Z", date(at), time.trim_end_matches('Z'), at.0 % 1_000)
}

/// `2026-11-25 09:14:07Z`, for documents.
pub(crate) fn full(at: Time) -> String {
    format!("{} {}", date(at), of_day(at))
}

/// `3 s`, `6 min`, `2 h 5 min`, `3 days`: coarse, because an age moves on while it is read.
pub(crate) fn rough(span: Span) -> String {
    let seconds = span.0 / 1_000;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Age in words: `6 min ago`, or `in 6 min` for what lies ahead.
pub(crate) fn age(at: Time, as_of: Time) -> String {
    if at > as_of {
        format!("in {}", rough(at.since(as_of)))
    } else {
        format!("{} ago", rough(as_of.since(at)))
    }
}

/// A point in time with its age: the script keeps the age true, the server writes the first one.
pub(crate) fn stamp(at: Time, as_of: Time) -> Markup {
    html! {
        time datetime=(iso(at)) title=(full(at)) {
            @if date(at) != date(as_of) { (date(at)) " " }
            (of_day(at))
        }
        ", "
        span.age data-age=(at.0) { (age(at, as_of)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_agrees_with_known_days() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_614_265_330_000, "2021-02-25T15:02:10.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_721_362_140_000, "2024-07-19T04:09:00.000Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(iso(Time(ms)), text);
        }
    }

    #[test]
    fn ages_are_rough_and_know_the_future() {
        let at = Time(10_000_000);
        assert_eq!(age(at, at.plus(Span::seconds(3))), "3 s ago");
        assert_eq!(age(at, at.plus(Span::minutes(6))), "6 min ago");
        assert_eq!(age(at, at.plus(Span::minutes(125))), "2 h 5 min ago");
        assert_eq!(age(at.plus(Span::hours(72)), at), "in 3 days");
    }
}
