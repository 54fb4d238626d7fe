//! What the server accepts from a channel's people: new metadata of the channel's role.
//!
//! The server has no key that could make a release. It takes what people have signed, and checks
//! here that it continues what is published: the threshold is met, the version is the next one,
//! nothing published was taken away or changed, and nothing lies outside the channel.

use crate::metadata::{TARGETS_BYTES_MAX, is_safe_path, time_of};
use crate::refusal::refusals;
use decide::id::{ChannelName, Digest};
use decide::time::Time;
use sigstore_tuf::{DelegatedRole, Error as Library, Metadata, TargetFile, Targets};
use std::fmt;

/// One target that new role metadata adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedTarget {
    /// Its path, `release/<channel>/<number>.json`.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub length: u64,
}

/// New role metadata that has passed [`verify_channel_role`]; nothing else makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRole {
    role: String,
    version: u64,
    expires: Time,
    added: Vec<AddedTarget>,
}

impl VerifiedRole {
    /// The role's name.
    pub fn role(&self) -> &str {
        &self.role
    }
    /// Its version.
    pub fn version(&self) -> u64 {
        self.version
    }
    /// When it expires.
    pub fn expires(&self) -> Time {
        self.expires
    }
    /// What it adds, by path; empty when it only renews.
    pub fn added(&self) -> &[AddedTarget] {
        &self.added
    }
}

/// Why new role metadata is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelError {
    /// One of the three files cannot be read.
    Malformed {
        /// Which: `targets`, `the published role`, `the new role`.
        file: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The top-level targets do not know the channel.
    UnknownChannel {
        /// The channel.
        channel: ChannelName,
    },
    /// Too few valid signatures by the channel's keys.
    Signatures {
        /// The role.
        role: String,
        /// Valid signatures found.
        found: usize,
        /// Signatures wanted.
        threshold: usize,
    },
    /// Not the version after the published one.
    Version {
        /// The role.
        role: String,
        /// As given.
        found: u64,
        /// The next one.
        expected: u64,
    },
    /// Something that is published would be gone or different.
    Changed {
        /// The target's path.
        path: String,
        /// `missing` or `different`.
        how: &'static str,
    },
    /// A target outside the channel, or with a path or digest that cannot be used.
    Foreign {
        /// The target's path.
        path: String,
        /// The role.
        role: String,
    },
    /// A channel's role must not delegate further.
    Delegates {
        /// The role.
        role: String,
    },
    /// It has expired already.
    Expired {
        /// The role.
        role: String,
        /// When.
        expired: Time,
        /// The server's time.
        now: Time,
    },
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelError::Malformed { file, why } => write!(f, "{file} cannot be read: {why}"),
            ChannelError::UnknownChannel { channel } => {
                write!(f, "the channel '{channel}' is not delegated in this repository")
            }
            ChannelError::Signatures { role, found, threshold } => {
                write!(f, "'{role}' has {found} valid signatures, wanted are {threshold}")
            }
            ChannelError::Version { role, found, expected } => {
                write!(f, "'{role}' comes in version {found}, the next version is {expected}")
            }
            ChannelError::Changed { path, how } => {
                write!(f, "the published '{}' is {how} in the new metadata", path.escape_debug())
            }
            ChannelError::Foreign { path, role } => {
                write!(f, "'{role}' may not list '{}'", path.escape_debug())
            }
            ChannelError::Delegates { role } => write!(f, "'{role}' may not delegate to others"),
            ChannelError::Expired { role, expired, now } => {
                write!(f, "'{role}' expired {} ago", now.since(*expired))
            }
        }
    }
}
refusals!(ChannelError {
    E::Malformed { .. } => 351,
    E::UnknownChannel { .. } => 352,
    E::Signatures { .. } => 353,
    E::Version { .. } => 354,
    E::Changed { .. } => 355,
    E::Foreign { .. } => 356,
    E::Delegates { .. } => 357,
    E::Expired { .. } => 358,
});

/// Checks new metadata of a channel's role against the top-level targets and the published role,
/// both of which the caller has from its own repository.
pub fn verify_channel_role(
    targets: &[u8],
    published: &[u8],
    new: &[u8],
    channel: &ChannelName,
    now: Time,
) -> Result<VerifiedRole, ChannelError> {
    let role = crate::channel_role(channel);
    let top = parse("targets", targets)?;
    let published = parse("the published role", published)?;
    let new = parse("the new role", new)?;
    let unknown = || ChannelError::UnknownChannel { channel: channel.clone() };
    let delegations = top.signed().delegations.as_ref().ok_or_else(unknown)?;
    let delegated =
        delegations.roles.iter().find(|known| known.name == role).ok_or_else(unknown)?;

    new.verify_threshold(&delegations.keys, &delegated.role_keys(), &role).map_err(|error| {
        match error {
            Library::ThresholdNotMet { role, found, threshold } => {
                ChannelError::Signatures { role, found, threshold }
            }
            other => ChannelError::Malformed { file: "the new role", why: other.to_string() },
        }
    })?;
    let (old, new) = (published.signed(), new.signed());
    let expected = old.version.saturating_add(1);
    if new.version != expected {
        return Err(ChannelError::Version { role, found: new.version, expected });
    }
    let expires = time_of(new.expires);
    if expires <= now {
        return Err(ChannelError::Expired { role, expired: expires, now });
    }
    if new.delegations.is_some() {
        return Err(ChannelError::Delegates { role });
    }
    unchanged(old, new)?;
    let added = added(old, new, delegated)?;
    Ok(VerifiedRole { role, version: new.version, expires, added })
}

fn parse(file: &'static str, bytes: &[u8]) -> Result<Metadata<Targets>, ChannelError> {
    let malformed = |why: String| ChannelError::Malformed { file, why };
    crate::json::check(bytes, TARGETS_BYTES_MAX).map_err(|bad| malformed(bad.to_string()))?;
    Metadata::from_slice(bytes).map_err(|error| malformed(error.to_string()))
}

fn unchanged(old: &Targets, new: &Targets) -> Result<(), ChannelError> {
    for (path, file) in &old.targets {
        let how = match new.targets.get(path) {
            Some(same) if same == file => continue,
            Some(_) => "different",
            None => "missing",
        };
        return Err(ChannelError::Changed { path: path.clone(), how });
    }
    Ok(())
}

fn added(
    old: &Targets,
    new: &Targets,
    delegated: &DelegatedRole,
) -> Result<Vec<AddedTarget>, ChannelError> {
    let added = new.targets.iter().filter(|(path, _)| !old.targets.contains_key(*path));
    added
        .map(|(path, file)| {
            let inside = is_safe_path(path) && delegated.matches_path(path).unwrap_or(false);
            match usable_digest(file).filter(|_| inside) {
                Some(digest) => Ok(AddedTarget { path: path.clone(), digest, length: file.length }),
                None => {
                    Err(ChannelError::Foreign { path: path.clone(), role: delegated.name.clone() })
                }
            }
        })
        .collect()
}

fn usable_digest(file: &TargetFile) -> Option<Digest> {
    file.hashes.get("sha256")?.parse().ok()
}
