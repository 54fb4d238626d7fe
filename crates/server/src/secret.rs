//! Random secrets and how they are compared: by digest, in constant time.

use crate::codes;
use crate::error::ServerError;
use decide::id::Digest;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A new secret from the system's source of randomness, in hexadecimal.
pub(crate) fn secret() -> Result<String, ServerError> {
    let mut bytes = [0u8; SECRET_BYTES];
    let mut filled = 0;
    // The system may give fewer bytes than asked for; it never gives none without an error.
    while filled < SECRET_BYTES {
        filled +=
            rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())
                .map_err(|error| {
                    ServerError::new(
                        codes::STORAGE,
                        format!("the system gives no randomness: {error}"),
                    )
                })?;
    }
    Ok(hex::encode(bytes))
}

/// True if both digests are the same; takes the same time wherever they differ.
pub(crate) fn same(left: &Digest, right: &Digest) -> bool {
    let difference = left.0.iter().zip(right.0).fold(0u8, |all, (l, r)| all | (l ^ r));
    std::hint::black_box(difference) == 0
}
