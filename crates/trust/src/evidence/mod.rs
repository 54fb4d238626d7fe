//! Signed evidence about a file: who tested exactly these bytes, with what, and what came out.
//!
//! An in-toto Statement v1 with the predicate `test-result/v0.1`, in a DSSE envelope. The few
//! things Ringfence adds stand in the predicate's field `ringfence` ([`statement::Extra`]);
//! readers that do not know it still see a test result.

mod dsse;
mod error;
mod keys;
pub mod statement;

pub use dsse::{Envelope, pae, sign};
pub use error::EvidenceError;
pub use keys::{EVIDENCE_KEYS_BYTES_MAX, EvidenceKeys};
pub use statement::{Outcome, Statement};

use decide::release::EvidenceFacts;

/// Largest envelope accepted, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 1024 * 1024;
/// DSSE payload type of in-toto statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Verifies an envelope and reads its statement: at least one valid signature by `keys`.
pub fn verify(envelope: &[u8], keys: &EvidenceKeys) -> Result<Statement, EvidenceError> {
    let payload = dsse::verified_payload(envelope, keys)?;
    statement::read(&payload)
}

/// What a verified envelope says, in the words of the gate in front of publishing.
pub fn facts(envelope: &[u8], keys: &EvidenceKeys) -> Result<EvidenceFacts, EvidenceError> {
    verify(envelope, keys)?.facts()
}
