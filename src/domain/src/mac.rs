//! The one keyed hash the codes are derived with: HMAC-SHA256 under a key of any length.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// HMAC-SHA256 (RFC 2104) of all parts, one after the other without anything between them.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0u8; 64];
    let hashed = Sha256::digest(key);
    let source = if key.len() > block.len() { hashed.as_slice() } else { key };
    for (slot, byte) in block.iter_mut().zip(source) {
        *slot = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// The first 16 bytes of SHA-256 over all parts.
pub(crate) fn sha256_head(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    head(&hash.finalize().into())
}

/// The first `N` of 32 bytes. `N` is 32 at most.
pub(crate) fn head<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    let mut out = [0u8; N];
    for (slot, byte) in out.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    out
}

/// The first eight bytes as a big-endian number.
pub(crate) fn head_u64(bytes: &[u8; 32]) -> u64 {
    u64::from_be_bytes(head(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_keyed_hash_agrees_with_the_library_at_every_key_length() {
        for length in [0usize, 1, 32, 63, 64, 65, 200] {
            let key = vec![7u8; length];
            let mut theirs = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            theirs.update(b"text");
            let theirs: [u8; 32] = theirs.finalize().into_bytes().into();
            assert_eq!(hmac_sha256(&key, &[b"te", b"", b"xt"]), theirs);
        }
    }
}
