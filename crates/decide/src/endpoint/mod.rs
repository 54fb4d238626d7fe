//! What one machine does: which release to run, and what to do after a crash.
//!
//! Decided by counts, boots and monotonic time; no wall clock takes part in recovery. A consumer
//! never starts on anything but the release that the [`Record`] names, and every record leads to a
//! startable release or to `Off` with the machine up. The shell persists a record before it acts.

pub mod choice;
pub mod record;

pub use choice::{Choice, FenceView, Me, OfferView, RETRY_AFTER, Standing, choose};
pub use record::{
    CRASHES_MAX, Evidence, Generation, Phase, Record, START_ATTEMPTS_MAX, Settled, StartDecision,
};
