//! DSSE envelopes (Dead Simple Signing Envelope, protocol version 1).

use super::{ENVELOPE_BYTES_MAX, EvidenceError, EvidenceKeys, PAYLOAD_TYPE};
use crate::json::{BadJson, read};
use crate::key::KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};

/// Signatures looked at in one envelope.
const SIGNATURES_MAX: usize = 16;

/// A signed payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The payload in base64.
    pub payload: String,
    /// Its type.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// Who signed.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// A hint at the key; it proves nothing.
    #[serde(default)]
    pub keyid: String,
    /// The signature in base64.
    pub sig: String,
}

/// The bytes that are signed: `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// An envelope around a payload of the in-toto type, signed by each of `signers`.
pub fn sign(payload: &[u8], signers: &[&KeyPair]) -> Vec<u8> {
    let message = pae(PAYLOAD_TYPE, payload);
    let signature = |signer: &&KeyPair| EnvelopeSignature {
        keyid: signer.public().id(),
        sig: STANDARD.encode(signer.sign(&message)),
    };
    crate::json::write(&Envelope {
        payload: STANDARD.encode(payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: signers.iter().map(signature).collect(),
    })
}

/// The payload, if one of `keys` has signed it.
pub(super) fn verified_payload(
    bytes: &[u8],
    keys: &EvidenceKeys,
) -> Result<Vec<u8>, EvidenceError> {
    let envelope: Envelope = read(bytes, ENVELOPE_BYTES_MAX).map_err(|bad| match bad {
        BadJson::TooLarge { bytes, limit } => EvidenceError::TooLarge { bytes, limit },
        BadJson::Malformed(why) => EvidenceError::Envelope { why },
    })?;
    if envelope.payload_type != PAYLOAD_TYPE {
        let found = envelope.payload_type.chars().take(96).collect();
        return Err(EvidenceError::PayloadType { found });
    }
    let signatures = envelope.signatures.len();
    if signatures > SIGNATURES_MAX {
        let why = format!("{signatures} signatures, looked at are at most {SIGNATURES_MAX}");
        return Err(EvidenceError::Envelope { why });
    }
    let not_base64 = || EvidenceError::Envelope { why: "the payload is not base64".to_owned() };
    let payload = decode(&envelope.payload).ok_or_else(not_base64)?;
    let message = pae(&envelope.payload_type, &payload);
    // Key ids are hints, so every key is tried on every signature.
    let signed = envelope
        .signatures
        .iter()
        .filter_map(|one| decode(&one.sig))
        .any(|signature| keys.keys().iter().any(|key| key.verify(&message, &signature)));
    match signed {
        true => Ok(payload),
        false => Err(EvidenceError::Unsigned { signatures, keys: keys.keys().len() }),
    }
}

/// Both alphabets of base64, as the protocol demands.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}
