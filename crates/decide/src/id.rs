//! Names and numbers that identify things, as distinct types.
//!
//! Each textual name passes one gate, [`check_name`]; nothing behind it sees an unchecked name.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest name accepted, in bytes. Names become parts of URLs, file names and fence tables.
pub const NAME_BYTES_MAX: usize = 96;

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadName {
    /// The name as given.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a usable name: {}", self.name, self.why)
    }
}
impl std::error::Error for BadName {}

/// Accepts letters, digits, `.`, `_`, `-` and, inside, `/`; refuses what could climb out of a
/// directory or be read as an option.
pub fn check_name(name: &str, slash_allowed: bool) -> Result<(), BadName> {
    let bad = |why| Err(BadName { name: name.to_owned(), why });
    if name.is_empty() {
        return bad("it is empty");
    }
    if name.len() > NAME_BYTES_MAX {
        return bad("it is longer than 96 bytes");
    }
    if !name.bytes().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-') || (slash_allowed && b == b'/')
    }) {
        return bad("only letters, digits, '.', '_' and '-' are allowed");
    }
    if name.split('/').any(|part| part.is_empty() || part.starts_with(['.', '-'])) {
        return bad("a part of it is empty or starts with '.' or '-'");
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, slash: $slash:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(name: String) -> Result<Self, BadName> {
                check_name(&name, $slash)?;
                Ok(Self(name))
            }
        }
        impl TryFrom<&str> for $name {
            type Error = BadName;
            fn try_from(name: &str) -> Result<Self, BadName> { Self::try_from(name.to_owned()) }
        }
        impl std::str::FromStr for $name {
            type Err = BadName;
            fn from_str(name: &str) -> Result<Self, BadName> { Self::try_from(name) }
        }
        impl From<$name> for String { fn from(name: $name) -> String { name.0 } }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    };
}

name_type!(
    /// A named stream of files read by one kind of consumer, e.g. `ipc-rules`.
    ChannelName, slash: false);
name_type!(
    /// One machine of the fleet; chosen by its owner, stable for the machine's life.
    MachineId, slash: false);
name_type!(
    /// One combination of the labels that matter, ending in the ring, e.g. `linux/7.11/standard`.
    StratumName, slash: true);
name_type!(
    /// What an outage takes down as a whole: region, site or tenant.
    BlockName, slash: false);
name_type!(
    /// One rollout of one release, e.g. `r-0003`.
    RolloutId, slash: false);
name_type!(
    /// The version of a consumer as it names itself, e.g. `7.11`.
    ConsumerVersion, slash: false);

/// The SHA-256 of some bytes; the identity of content everywhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        use sha2::Digest as _;
        Digest(sha2::Sha256::digest(bytes).into())
    }
    /// The first 12 hexadecimal digits: what people see.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.short())
    }
}
impl std::str::FromStr for Digest {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName {
            name: text.chars().take(NAME_BYTES_MAX).collect(),
            why: "a SHA-256 is 64 hexadecimal digits",
        };
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut digest = [0u8; 32];
        for (i, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Digest(digest))
    }
}
impl TryFrom<String> for Digest {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}
impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

/// How early a machine may be exposed, by its risk profile. The machine's owner sets it; nobody
/// else may move it earlier. Ordered from first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ring {
    /// Our own test machines.
    Lab,
    /// Volunteers for early files.
    Early,
    /// Most machines.
    Standard,
    /// Machines whose owners want others to go first.
    Late,
    /// Machines that may be exposed only at the very end.
    Critical,
}

impl Ring {
    /// All rings, earliest first.
    pub const ALL: [Ring; 5] = [Ring::Lab, Ring::Early, Ring::Standard, Ring::Late, Ring::Critical];
    /// The ring's name as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Ring::Lab => "lab",
            Ring::Early => "early",
            Ring::Standard => "standard",
            Ring::Late => "late",
            Ring::Critical => "critical",
        }
    }
}
impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
impl std::str::FromStr for Ring {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        Ring::ALL.into_iter().find(|ring| ring.name() == text).ok_or_else(|| BadName {
            name: text.chars().take(NAME_BYTES_MAX).collect(),
            why: "a ring is one of lab, early, standard, late, critical",
        })
    }
}

/// One published release: channel, number, digest and length. Immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRef {
    /// The channel it belongs to.
    pub channel: ChannelName,
    /// Counts up within the channel; never reused.
    pub number: u64,
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
    /// Length of the file in bytes.
    pub length: u64,
}

impl fmt::Display for ReleaseRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (sha256:{})", self.channel, self.number, self.digest.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_climb_or_be_options_are_refused() {
        for name in ["", "a b", "../x", "-rf", ".hidden", "a\n", "ä", &"x".repeat(97)] {
            assert!(ChannelName::try_from(name).is_err(), "{name:?} was accepted");
        }
        for name in ["ipc-rules", "a.b_c-1"] {
            assert!(ChannelName::try_from(name).is_ok(), "{name:?} was refused");
        }
        assert!(ChannelName::try_from("a/b").is_err());
        assert!(StratumName::try_from("linux/7.11/standard").is_ok());
        assert!(StratumName::try_from("linux//standard").is_err());
    }

    #[test]
    fn a_digest_reads_back_what_it_prints() {
        let digest = Digest::of(b"ringfence");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(format!("sha256:{digest}").parse(), Ok(digest));
        for bad in ["", "abc", &"g".repeat(64), &"é".repeat(32)] {
            assert!(bad.parse::<Digest>().is_err(), "{bad:?} was accepted");
        }
    }
}
