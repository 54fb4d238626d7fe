//! What should happen next.
//!
//! All judgement of Ringfence lives here: whether a rollout may grow, whether a file harms, what a
//! machine does after a crash. Each decider takes its state, one event and the time, and returns
//! the next state, actions as data and typed reasons. Server, agent and simulator call the same
//! functions.
//!
//! This crate never does I/O, never reads a clock, never draws randomness and never uses a hash
//! map, so that a stored log of events replays to the same decisions on any machine.
#![forbid(unsafe_code)]

pub mod endpoint;
pub mod exposure;
pub mod finding;
pub mod health;
pub mod id;
pub mod policy;
pub mod reason;
pub mod release;
pub mod rollout;
pub mod time;
pub mod verdict;
