//! Numbers and times as people read them.

/// `8500000` as `8,500,000`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds as `45 s`, `12:30` (minutes and seconds), `2 h 56`, `1 d 12 h`.
pub fn clock(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        3_600..=172_799 => format!("{} h {:02}", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_times_have_their_unit() {
        assert_eq!([0, 999, 1_000, 8_500_000].map(count), ["0", "999", "1,000", "8,500,000"]);
        assert_eq!([59, 78 * 60, 10_560].map(clock), ["59 s", "1 h 18", "2 h 56"]);
        assert_eq!(clock(605), "10:05 min");
    }
}
