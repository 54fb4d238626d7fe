//! Who may say what: keys, signed metadata, a client's trusted state, evidence.
//!
//! Answers for: ed25519 keys and their files ([`key`]), making a TUF repository ([`repository`]),
//! reading one without believing its server ([`client`]), what the server accepts from people
//! ([`channel`]), and signed evidence about a file ([`evidence`]).
//!
//! Must never: touch the network (a [`client::Fetch`] does), read a clock (the time is an
//! argument), or hold an agent's floors (the agent keeps [`client::Floors`] in its own record, so
//! that a torn cache cannot undo them).
#![forbid(unsafe_code)]

pub mod channel;
pub mod client;
pub mod evidence;
mod json;
pub mod key;
pub mod metadata;
mod refusal;
pub mod repository;

pub use refusal::Refusal;

/// Name of the online delegated role that signs fences.
pub const FENCES_ROLE: &str = "fences";
/// Path of the target that lists the public keys which may sign evidence.
pub const EVIDENCE_KEYS_PATH: &str = "evidence-keys.json";

/// Name of the role that signs a channel's releases.
pub fn channel_role(channel: &decide::id::ChannelName) -> String {
    format!("channel-{channel}")
}
