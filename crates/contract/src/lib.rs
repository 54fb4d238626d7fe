//! Hostile bytes in, facts and findings out.
//!
//! A [`Contract`] says what a good file of a channel looks like and what each consumer version can
//! take. [`check`] holds bytes against it and reports all it finds, each finding at its exact
//! place. This crate runs nothing, trusts no length that a file states, and never stops at the
//! first fault. One module per format; each bounds its own depth, width and repetition.
#![forbid(unsafe_code)]

pub mod binary;
pub mod codes;
pub mod delimited;
pub mod json;
pub mod model;
pub mod render;
pub mod rules;
pub mod schema;
pub mod strict;
pub mod text;

mod capabilities;
mod checker;
mod lines;
mod soundness;

pub use checker::{CheckReport, Facts, check, check_path};
pub use model::Contract;
