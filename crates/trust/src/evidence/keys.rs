//! Which keys may sign evidence: the target `evidence-keys.json`, signed by the top-level targets.

use super::EvidenceError;
use crate::key::PublicKey;
use serde::{Deserialize, Serialize};

/// Largest list accepted, in bytes.
pub const EVIDENCE_KEYS_BYTES_MAX: usize = 64 * 1024;
const SCHEMA: &str = "ringfence/evidence-keys/v1";

/// The public keys that may sign evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceKeys {
    schema: String,
    keys: Vec<PublicKey>,
}

impl EvidenceKeys {
    /// The list of these keys.
    pub fn of(keys: &[PublicKey]) -> EvidenceKeys {
        EvidenceKeys { schema: SCHEMA.to_owned(), keys: keys.to_vec() }
    }
    /// The keys.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }
    /// The target's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        crate::json::write(self)
    }
    /// Reads the target's bytes, which must come from a verified target.
    pub fn read(bytes: &[u8]) -> Result<EvidenceKeys, EvidenceError> {
        let bad = |why: String| EvidenceError::Keys { why };
        let keys: EvidenceKeys = crate::json::read(bytes, EVIDENCE_KEYS_BYTES_MAX)
            .map_err(|error| bad(error.to_string()))?;
        if keys.schema != SCHEMA {
            return Err(bad(format!("schema '{}', expected '{SCHEMA}'", keys.schema)));
        }
        Ok(keys)
    }
}
