//! Why metadata could not be made.

use crate::refusal::refusals;
use std::fmt;

/// Why metadata could not be made or continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepositoryError {
    /// The metadata to be continued cannot be read.
    Malformed {
        /// Whose metadata.
        role: String,
        /// What is wrong.
        why: String,
    },
    /// A target path that is no safe part of an address.
    TargetPath {
        /// The path as given.
        path: String,
    },
    /// The target is there already and must not change.
    TargetExists {
        /// Its path.
        path: String,
    },
    /// The role is delegated already.
    RoleExists {
        /// Its name.
        role: String,
    },
    /// The threshold is zero, or above the number of different keys.
    Threshold {
        /// The role.
        role: String,
        /// Signatures wanted.
        threshold: u32,
        /// Different keys given.
        keys: usize,
    },
    /// The metadata would grow beyond what clients accept.
    TooLarge {
        /// Bytes it would have.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

impl fmt::Display for RepositoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RepositoryError::Malformed { role, why } => {
                write!(f, "the metadata of '{role}' cannot be read: {why}")
            }
            RepositoryError::TargetPath { path } => {
                write!(f, "'{}' is not a usable target path", path.escape_debug())
            }
            RepositoryError::TargetExists { path } => {
                write!(f, "'{path}' is published already; what is published never changes")
            }
            RepositoryError::RoleExists { role } => write!(f, "the role '{role}' is there already"),
            RepositoryError::Threshold { role, threshold, keys } => {
                write!(f, "the role '{role}' wants {threshold} signatures of {keys} different keys")
            }
            RepositoryError::TooLarge { bytes, limit } => {
                write!(f, "the role would have {bytes} bytes, clients accept {limit}")
            }
        }
    }
}
refusals!(RepositoryError {
    E::Malformed { .. } => 321,
    E::TargetPath { .. } => 322,
    E::TargetExists { .. } => 323,
    E::RoleExists { .. } => 324,
    E::Threshold { .. } => 325,
    E::TooLarge { .. } => 326,
});
