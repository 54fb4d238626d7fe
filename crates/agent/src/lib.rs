//! The machine's side: fetch, verify, taste, switch, watch, rescue.
//!
//! Whatever happens - server dead, network dead, disk full, power cut, this process killed - the
//! consumer keeps a whole, verified, known-good file, and coming back needs neither network nor
//! hands. What should happen is decided in `decide::endpoint`; here it is carried out, and written
//! down before it is carried out.
#![forbid(unsafe_code)]

pub mod config;
pub mod consumer;
pub mod http;
pub mod journal;
pub mod machine;
pub mod memory;
pub mod network;
pub mod report;
pub mod rescue;
pub mod status;
pub mod store;
pub mod taste;
pub mod verify;
