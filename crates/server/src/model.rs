//! What pages and the retrospective are drawn from: plain data, taken from the state at one time.

use decide::time::Time;
use std::fmt;
use wire::api::{AuditLine, MachineStatus, Release, RolloutStatus};

/// Most audit lines in a [`Snapshot`]; older ones are read by `GET /v1/audit`.
pub const AUDIT_LINES_MAX: usize = 200;

/// The state of everything at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The server's time when it was taken.
    pub as_of: Time,
    /// The least role that may see it. What a person is offered depends on their own role, which
    /// is the [`Viewer`]'s.
    pub role: Role,
    /// All rollouts, newest first.
    pub rollouts: Vec<RolloutStatus>,
    /// All machines, by name.
    pub machines: Vec<MachineStatus>,
    /// All releases, newest first.
    pub releases: Vec<Release>,
    /// The newest audit lines, newest first; at most [`AUDIT_LINES_MAX`].
    pub audit: Vec<AuditLine>,
}

/// What a token's owner may do. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Publishes releases.
    Author,
    /// Plans, starts, orders, holds, withdraws.
    Operator,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Author, Role::Operator];
    /// The role's name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Author => "author",
            Role::Operator => "operator",
        }
    }
    /// True if the halt button and other orders are for this role.
    pub fn may_order(self) -> bool {
        self == Role::Operator
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who is looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The token's name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Token of their session that every form carries; empty for bearer tokens, which send none.
    pub csrf: String,
}
