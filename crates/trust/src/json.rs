//! JSON that means one thing only: size capped, and no object with the same key twice.
//!
//! Two parsers that keep different copies of a repeated key would verify one text and act on
//! another; so such a text is refused before anything else reads it.

use serde::Serialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};
use std::collections::BTreeSet;
use std::fmt;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadJson {
    /// More bytes than the caller allows.
    TooLarge { bytes: usize, limit: usize },
    /// Not JSON, not of the wanted shape, or with a repeated key.
    Malformed(String),
}

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadJson::TooLarge { bytes, limit } => write!(f, "{bytes} bytes, allowed are {limit}"),
            BadJson::Malformed(why) => f.write_str(why),
        }
    }
}

/// Reads `bytes` as a `T`, after [`check`].
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, BadJson> {
    check(bytes, limit)?;
    serde_json::from_slice(bytes).map_err(|error| BadJson::Malformed(error.to_string()))
}

/// Refuses what is too large, is not one JSON value, or repeats a key in an object.
pub(crate) fn check(bytes: &[u8], limit: usize) -> Result<(), BadJson> {
    if bytes.len() > limit {
        return Err(BadJson::TooLarge { bytes: bytes.len(), limit });
    }
    let malformed = |error: serde_json::Error| BadJson::Malformed(error.to_string());
    // The parser's own depth limit (128) bounds the recursion of `Unique`.
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    Unique.deserialize(&mut parser).map_err(malformed)?;
    parser.end().map_err(malformed)
}

/// The bytes that signatures cover: OLPC canonical JSON.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let formatter = olpc_cjson::CanonicalFormatter::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut serializer).expect("metadata has text keys, whole numbers and no cycles");
    bytes
}

/// JSON bytes of a value of ours.
pub(crate) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("metadata has text keys and no cycles")
}

/// Walks any JSON value and keeps nothing.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Unique)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format!("the key '{key}' occurs twice")));
            }
            map.next_value_seed(Unique)?;
            seen.insert(key);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"x":{"b":1,"b":2}}]"#, r#"{"a":1,"\u0061":2}"#] {
            let error = check(text.as_bytes(), 100).unwrap_err();
            assert!(error.to_string().contains("twice"), "{text}: {error}");
        }
        for text in [r#"{"a":1,"b":{"a":1}}"#, "[1,2.5,null,true,\"x\"]", "-3"] {
            assert_eq!(check(text.as_bytes(), 100), Ok(()), "{text}");
        }
    }

    #[test]
    fn size_depth_and_trailing_text_are_refused() {
        assert_eq!(check(b"[1,2,3]", 3), Err(BadJson::TooLarge { bytes: 7, limit: 3 }));
        assert!(check(b"{} {}", 100).is_err());
        assert!(check("[".repeat(5_000).as_bytes(), 10_000).is_err());
    }
}
