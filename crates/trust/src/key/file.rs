//! Private keys on disk: PKCS#8 in PEM, readable by their owner only.
//!
//! A file that anybody else may read is refused: its key must be taken for stolen.

use super::KeyPair;
use crate::refusal::refusals;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Largest key file read, in bytes; a real one has about 120.
const KEY_FILE_BYTES_MAX: u64 = 4096;
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Why a key could not be made, saved or loaded.
#[derive(Debug)]
pub enum KeyError {
    /// The system gave no usable key.
    Generate,
    /// The file is there already; keys are never overwritten.
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// Others than its owner may read or write the file.
    OpenToOthers {
        /// The file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not an ed25519 key in PKCS#8.
    NotAKey {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// Reading or writing failed.
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Generate => f.write_str("the system gave no usable ed25519 key"),
            KeyError::Exists { file } => {
                write!(f, "{} is there already; a key is never overwritten", file.display())
            }
            KeyError::OpenToOthers { file, mode } => write!(
                f,
                "{} has mode {mode:04o}, others than its owner can use the key: make a new key, or \
                 if you are sure that nobody read it, chmod 600",
                file.display()
            ),
            KeyError::NotAKey { file, why } => {
                write!(f, "{} is not an ed25519 private key in PKCS#8: {why}", file.display())
            }
            KeyError::Io { file, source } => write!(f, "{}: {source}", file.display()),
        }
    }
}
refusals!(KeyError {
    E::Generate => 311,
    E::Exists { .. } => 312,
    E::OpenToOthers { .. } => 313,
    E::NotAKey { .. } => 314,
    E::Io { .. } => 315,
});

/// Saves a new private key with mode 0600 and makes it durable. Refuses to overwrite.
pub fn save(pair: &KeyPair, file: &Path) -> Result<(), KeyError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists { file: file.to_owned() },
        _ => KeyError::Io { file: file.to_owned(), source },
    };
    let der = pair.pair.to_pkcs8v1().map_err(|_| KeyError::Generate)?;
    let text = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der.as_ref()));
    let mut output =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(io)?;
    output.write_all(text.as_bytes()).map_err(io)?;
    output.sync_all().map_err(io)?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
}

/// Loads a private key: PKCS#8, in PEM or as raw DER.
pub fn load(file: &Path) -> Result<KeyPair, KeyError> {
    let io = |source| KeyError::Io { file: file.to_owned(), source };
    let input = File::open(file).map_err(io)?;
    let metadata = input.metadata().map_err(io)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::OpenToOthers { file: file.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    input.take(KEY_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    parse(&bytes).map_err(|why| KeyError::NotAKey { file: file.to_owned(), why })
}

/// Reads a key from the bytes of its file.
pub(super) fn parse(bytes: &[u8]) -> Result<KeyPair, &'static str> {
    if bytes.len() as u64 > KEY_FILE_BYTES_MAX {
        return Err("it has more than 4096 bytes");
    }
    let der = match std::str::from_utf8(bytes).ok().map(str::trim) {
        Some(text) if text.starts_with("-----BEGIN") => {
            let body = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
            let body = body.ok_or("its first and last lines are not those of a private key")?;
            let packed: String = body.split_ascii_whitespace().collect();
            STANDARD.decode(packed).map_err(|_| "what stands between the lines is not base64")?
        }
        _ => bytes.to_vec(),
    };
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
        .map_err(|_| "it holds another kind of key, or damaged bytes")?;
    KeyPair::from_pair(pair).map_err(|_| "its public half has the wrong length")
}
