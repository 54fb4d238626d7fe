//! The real consumers on final bytes and on variants.
//!
//! [`run`] tries a candidate on every consumer version of its contract, with events, in the
//! sandbox; then it tries variants of it, so that landmines are found here and not in the field.
//! A death on the candidate is narrowed to the record and field that cause it. Deaths on variants
//! are confirmed, minimised, kept in a corpus and replayed first in the next trial. A consumer never
//! runs outside the sandbox.
#![forbid(unsafe_code)]

pub mod codes;
pub mod consumer;
pub mod corpus;
pub mod minimise;
pub mod mutate;
pub mod render;
pub mod report;

mod campaign;
mod events;
mod findings;
mod mines;
mod narrow;
mod reduce;

pub use campaign::{Plan, VARIANTS_DEFAULT, replay, run};
pub use report::{Class, Landmine, Report, VersionReport};
