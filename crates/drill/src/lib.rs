//! Simulated rollouts: a virtual fleet, seeded faults and the production decisions.
//!
//! A drill runs `decide::rollout` and `decide::endpoint`, the code that server and agent run,
//! against a fleet that exists only in memory, under a virtual clock. The same seed gives the same
//! bytes. Independent checkers watch every decision. This crate must never contain a decision
//! of its own: it makes weather, not judgement.
#![forbid(unsafe_code)]

mod check;
mod compare;
mod draw;
pub mod error;
pub mod fleet;
pub mod fuzz;
mod ladder;
pub mod library;
pub mod peers;
pub mod policies;
pub mod render;
pub mod report;
pub mod request;
pub mod scenario;
mod sweep;
mod table;
mod unstaged;

pub use compare::{CompareRequest, compare};
pub use error::DrillError;
pub use report::{IncidentsReport, ListReport, RunReport};
pub use request::{IncidentsRequest, Request, Unwatched, Watch, incidents, list, run};
pub use sweep::{SweepRequest, sweep};
