//! Why something from a repository is not believed.

use crate::refusal::refusals;
use decide::time::Time;
use std::fmt;

/// Why metadata or a target from a repository is refused, or could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustError {
    /// Not JSON, a repeated key, or not what this role's metadata looks like.
    Malformed {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// More bytes than this file may have.
    TooLarge {
        /// The file.
        file: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// Too few valid signatures by the role's keys.
    Signatures {
        /// The role.
        role: String,
        /// Valid signatures found.
        found: usize,
        /// Signatures wanted.
        threshold: usize,
    },
    /// An older version than was trusted before.
    Rollback {
        /// The role.
        role: String,
        /// The version offered.
        found: u64,
        /// The oldest version that is acceptable.
        floor: u64,
    },
    /// Length, digest or version is not what the signed parent says.
    Integrity {
        /// The file.
        file: String,
        /// What differs.
        why: String,
    },
    /// The repository does not have the file, though its metadata names it.
    Missing {
        /// The file.
        file: String,
    },
    /// The repository cannot be reached.
    Unreachable {
        /// The file that was asked for.
        file: String,
        /// What went wrong.
        why: String,
    },
    /// More new roots than one refresh follows; the next refresh goes on from here.
    TooManyRoots {
        /// The root that was reached.
        version: u64,
        /// New roots followed in one refresh.
        limit: u64,
    },
    /// The metadata has expired: what is held may be kept, nothing new may be activated.
    Stale {
        /// The role.
        role: String,
        /// When it expired.
        expired: Time,
        /// The time it was held against.
        now: Time,
    },
    /// No refresh has succeeded yet.
    NotRefreshed,
    /// No role that may list this path lists it.
    TargetUnknown {
        /// The path.
        path: String,
    },
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrustError::Malformed { file, why } => write!(f, "{file} is malformed: {why}"),
            TrustError::TooLarge { file, limit } => {
                write!(f, "{file} has more than the {limit} bytes allowed")
            }
            TrustError::Signatures { role, found, threshold } => {
                write!(f, "'{role}' has {found} valid signatures, wanted are {threshold}")
            }
            TrustError::Rollback { role, found, floor } => write!(
                f,
                "'{role}' is offered in version {found}, but version {floor} was trusted before"
            ),
            TrustError::Integrity { file, why } => {
                write!(f, "{file} is not what signed metadata says: {why}")
            }
            TrustError::Missing { file } => write!(f, "the repository does not have {file}"),
            TrustError::Unreachable { file, why } => write!(f, "{file} cannot be fetched: {why}"),
            TrustError::TooManyRoots { version, limit } => {
                write!(f, "there are more than {limit} new roots; root {version} was reached")
            }
            TrustError::Stale { role, expired, now } => {
                let ago = now.since(*expired);
                write!(
                    f,
                    "'{role}' expired {ago} ago; nothing new is activated until it is renewed"
                )
            }
            TrustError::NotRefreshed => f.write_str("the repository's state is not known yet"),
            TrustError::TargetUnknown { path } => {
                write!(f, "no role that may list '{}' lists it", path.escape_debug())
            }
        }
    }
}
refusals!(TrustError {
    E::Malformed { .. } => 331,
    E::TooLarge { .. } => 332,
    E::Signatures { .. } => 333,
    E::Rollback { .. } => 334,
    E::Integrity { .. } => 335,
    E::Missing { .. } => 336,
    E::Unreachable { .. } => 337,
    E::TooManyRoots { .. } => 338,
    E::Stale { .. } => 339,
    E::NotRefreshed => 340,
    E::TargetUnknown { .. } => 341,
});

/// Puts an error of the verifying library into our words. `floor` is what the role was at.
pub(super) fn from_library(file: &str, error: sigstore_tuf::Error) -> TrustError {
    use sigstore_tuf::Error as Library;
    let file = file.to_owned();
    match error {
        Library::ThresholdNotMet { role, found, threshold } => {
            TrustError::Signatures { role, found, threshold }
        }
        Library::Rollback { role, trusted, new } => {
            TrustError::Rollback { role, found: new, floor: trusted }
        }
        Library::IntegrityMismatch(why) => TrustError::Integrity { file, why },
        Library::BadRootVersion { trusted, new } => {
            let why = format!("it is root {new}, and root {} is next", trusted.saturating_add(1));
            TrustError::Integrity { file, why }
        }
        Library::Json(error) => TrustError::Malformed { file, why: error.to_string() },
        other => TrustError::Malformed { file, why: other.to_string() },
    }
}
