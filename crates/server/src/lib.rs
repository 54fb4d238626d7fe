//! The control plane: API, storage, the reconcile loop over `decide`, fences, pages.
//!
//! The order is always the same: what machines and people say becomes events; events and what
//! they decide are stored in one transaction; only then is a fence signed and published. After a
//! crash the same code replays the log and publishes what is missing. There is no second path.
//!
//! Must never hold a key that can make a release, decide by itself (all judgement is in
//! `decide`), or act on what is not stored.
#![forbid(unsafe_code)]

pub mod audit;
mod clock;
mod codes;
mod control;
mod desk;
mod error;
mod files;
mod http;
pub mod model;
pub mod pages;
mod publisher;
pub mod retro;
mod secret;
mod serve;
mod setup;
mod shelf;
mod store;

pub use error::ServerError;
pub use serve::{ServeOptions, openapi, serve, serve_until};
pub use setup::{Setup, Tokens, setup};
