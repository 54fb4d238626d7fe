//! What is stored, as plain data.

use decide::exposure::Salt;
use decide::id::{ChannelName, Digest, MachineId, ReleaseRef, Ring, RolloutId};
use decide::rollout::{Event, Start};
use decide::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wire::api::{MachineRunning, RolloutStatus, Withdrawn};
use wire::fence::Fence;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Person(crate::model::Role),
    Enroll,
}

impl TokenKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            TokenKind::Person(role) => role.name(),
            TokenKind::Enroll => "enroll",
        }
    }
    pub(crate) fn parse(word: &str) -> Option<TokenKind> {
        let role = crate::model::Role::ALL.into_iter().find(|role| role.name() == word);
        role.map(TokenKind::Person).or((word == "enroll").then_some(TokenKind::Enroll))
    }
}

/// A token, by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRow {
    pub sha256: Digest,
    pub kind: TokenKind,
    pub name: String,
}

/// One machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MachineRow {
    pub machine: MachineId,
    pub labels: BTreeMap<String, String>,
    pub ring: Ring,
    pub channels: Vec<ChannelName>,
    pub token_sha256: Digest,
    pub sequence: u64,
    pub seen: Option<Time>,
    pub running: BTreeMap<ChannelName, MachineRunning>,
    /// It said that its owner holds it, and has taken nothing since.
    pub says_held: bool,
}

/// One channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChannelRow {
    pub channel: ChannelName,
    /// Version of the channel's role that is to be published.
    pub role_version: u64,
    /// The fence that is to be published; none before the first start.
    pub fence: Option<Fence>,
}

/// A digest that can never be installed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WithdrawnRow {
    pub channel: ChannelName,
    pub digest: Digest,
    pub withdrawn: Withdrawn,
}

/// An owner's hold on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    pub by: String,
    pub at: Time,
    pub reason: String,
}

/// One rollout as it was begun; everything later is in its log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RolloutRow {
    pub rollout: RolloutId,
    pub release: ReleaseRef,
    pub salt: Salt,
    pub by: String,
    pub reason: String,
    pub began: Time,
    /// What was frozen; absent once it is closed.
    pub start: Option<Start>,
    /// Names of the machines of `start`, same order.
    pub members: Vec<MachineId>,
    pub closed: Option<Closed>,
}

/// What is kept of a rollout that takes no more events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub status: RolloutStatus,
    /// It had become the channel's base.
    pub completed: bool,
}

/// One line of a rollout's log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EventRow {
    pub rollout: RolloutId,
    /// Counts up from 1.
    pub sequence: u64,
    pub at: Time,
    pub event: Event,
    /// The machine's name, for `Enrolled`.
    pub member: Option<MachineId>,
}
