//! Spans as people write them: `250ms`, `15s`, `10m`, `26h`, `7d`.

use crate::time::Span;
use serde::{Deserialize, Deserializer, Serializer};

const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a span; the error says what is accepted.
pub fn parse(text: &str) -> Result<Span, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
    match (number.parse::<u64>(), factor) {
        (Ok(number), Some(factor)) => {
            number.checked_mul(*factor).map(Span).ok_or_else(|| format!("'{text}' is too long"))
        }
        _ => Err(format!("'{text}' is not a time span: write 250ms, 15s, 10m, 26h or 7d")),
    }
}

/// Writes a span in the largest unit that loses nothing.
pub fn print(span: Span) -> String {
    let (unit, factor) = UNITS
        .into_iter()
        .rev()
        .find(|(_, factor)| span.0 > 0 && span.0.is_multiple_of(*factor))
        .unwrap_or(("s", 1_000));
    format!("{}{unit}", span.0 / factor)
}

/// For `#[serde(with = "span")]`.
pub fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&print(*span))
}

/// For `#[serde(with = "span")]`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_back_what_they_print() {
        for text in ["250ms", "15s", "10m", "26h", "7d", "0s"] {
            assert_eq!(parse(text).map(print), Ok(text.to_owned()));
        }
        for bad in ["", "10", "m", "1.5h", "-1s", "99999999999999999999s", "10 m"] {
            assert!(parse(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
