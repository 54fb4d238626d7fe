//! ed25519 keys: making, signing, checking, and what TUF calls them.

mod file;

pub use file::{KeyError, load, save};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A public key as TUF writes it: `{keytype, keyval: {public}, scheme}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    keytype: Ed25519Name,
    keyval: KeyValue,
    scheme: Ed25519Name,
}

/// The only key type and scheme that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ed25519Name {
    Ed25519,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyValue {
    /// 32 bytes in hexadecimal.
    public: String,
}

impl PublicKey {
    /// The key with these 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> PublicKey {
        PublicKey {
            keytype: Ed25519Name::Ed25519,
            keyval: KeyValue { public: hex::encode(bytes) },
            scheme: Ed25519Name::Ed25519,
        }
    }
    /// The 32 bytes in hexadecimal.
    pub fn hex(&self) -> &str {
        &self.keyval.public
    }
    /// The key's id: SHA-256 of its canonical JSON, as TUF tools compute it.
    pub fn id(&self) -> String {
        decide::id::Digest::of(&crate::json::canonical(self)).to_string()
    }
    /// True if `signature` over `message` was made by this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(bytes) = hex::decode(&self.keyval.public) else { return false };
        UnparsedPublicKey::new(&ED25519, &bytes).verify(message, signature).is_ok()
    }
}

/// A private key with its public half. Never printed, never serialised.
pub struct KeyPair {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.public.id())
    }
}

impl KeyPair {
    /// A new key from the system's source of randomness.
    pub fn generate() -> Result<KeyPair, KeyError> {
        Ed25519KeyPair::generate().map_err(|_| KeyError::Generate).and_then(Self::from_pair)
    }
    /// The key with this 32-byte seed. For reproducible tests and simulations.
    pub fn from_seed(seed: &[u8; 32]) -> Result<KeyPair, KeyError> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| KeyError::Generate)
            .and_then(Self::from_pair)
    }
    fn from_pair(pair: Ed25519KeyPair) -> Result<KeyPair, KeyError> {
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Generate)?;
        Ok(KeyPair { public: PublicKey::from_bytes(bytes), pair })
    }
    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
    /// Signs `message`; 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}
