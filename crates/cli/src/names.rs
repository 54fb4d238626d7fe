//! How people name releases, and how their documents are read.

use crate::api::Api;
use crate::codes;
use crate::error::Failure;
use decide::id::{ChannelName, Digest};
use std::fmt;
use std::str::FromStr;
use wire::api::Release;

/// Fewest hexadecimal digits that name a release.
const PREFIX_DIGITS_MIN: usize = 6;

/// A release of a channel, by its number or the first digits of its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReleaseName {
    /// The channel.
    pub(crate) channel: ChannelName,
    which: Which,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Number(u64),
    Prefix(String),
}

impl FromStr for ReleaseName {
    type Err = String;
    fn from_str(text: &str) -> Result<ReleaseName, String> {
        let form = || format!("'{text}' is not a release: CHANNEL@NUMBER, such as ipc-rules@3");
        let (channel, which) = text.split_once('@').ok_or_else(form)?;
        let channel = channel.parse().map_err(|error| format!("{error}"))?;
        let digits = which.strip_prefix("sha256:").unwrap_or(which);
        if let Ok(number) = which.parse::<u64>() {
            return Ok(ReleaseName { channel, which: Which::Number(number) });
        }
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || !(PREFIX_DIGITS_MIN..=64).contains(&digits.len()) {
            return Err(form());
        }
        Ok(ReleaseName { channel, which: Which::Prefix(digits.to_lowercase()) })
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Which::Number(number) => write!(f, "{}@{number}", self.channel),
            Which::Prefix(prefix) => write!(f, "{}@{prefix}", self.channel),
        }
    }
}

impl ReleaseName {
    /// The number, asking the server only if a digest was given.
    pub(crate) fn number(&self, api: &Api) -> Result<u64, Failure> {
        match &self.which {
            Which::Number(number) => Ok(*number),
            Which::Prefix(_) => Ok(self.find(api)?.manifest.release.number),
        }
    }

    /// The release as the server knows it.
    pub(crate) fn find(&self, api: &Api) -> Result<Release, Failure> {
        let releases = api.list::<Release>("/v1/releases")?.items;
        let mut of_channel =
            releases.into_iter().filter(|one| one.manifest.release.channel == self.channel);
        let mut fitting = of_channel.by_ref().filter(|one| match &self.which {
            Which::Number(number) => one.manifest.release.number == *number,
            Which::Prefix(prefix) => {
                one.manifest.release.digest.to_string().starts_with(prefix.as_str())
            }
        });
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => {
                let sentence = format!("the server at {} has no release {self}", api.url());
                Err(Failure::new(codes::UNKNOWN_NAME, sentence))
            }
            (Some(_), Some(_)) => {
                let sentence = format!("{self} names more than one release");
                Err(Failure::new(codes::UNKNOWN_NAME, sentence).hint("give more digits"))
            }
        }
    }
}

/// The release with exactly these bytes, if the server knows one.
pub(crate) fn with_digest(api: &Api, digest: Digest) -> Result<Option<Release>, Failure> {
    let releases = api.list::<Release>("/v1/releases")?.items;
    Ok(releases.into_iter().find(|one| one.manifest.release.digest == digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_by_number_or_digest() {
        for (text, shown) in [
            ("ipc-rules@3", "ipc-rules@3"),
            ("ipc-rules@9f2c41ab", "ipc-rules@9f2c41ab"),
            ("ipc-rules@sha256:9F2C41AB", "ipc-rules@9f2c41ab"),
        ] {
            assert_eq!(text.parse::<ReleaseName>().map(|name| name.to_string()), Ok(shown.into()));
        }
        for bad in ["", "ipc-rules", "ipc-rules@", "ipc-rules@abc", "a b@1", "x@zzzzzz"] {
            assert!(bad.parse::<ReleaseName>().is_err(), "{bad} was accepted");
        }
    }
}
