//! The six-digit hand-off code: what the customer reads to the courier when nothing can be scanned.
//!
//! Five digits come from HMAC-SHA256 under the service's master key over `"HN1" || hid || rotation`; the sixth
//! is a Damm check digit. The code is derived, so nothing is stored, and nothing that could check it goes to
//! the courier: the courier's app checks only the last digit, which finds every single wrong digit and every
//! swap of neighbours before the one comparison that counts is made here.
//! A code is guessed with one try in 100,000; the caller counts the tries and rotates.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Digits of a code, the check digit included.
pub const CODE_DIGITS: usize = 6;

/// Damm's totally anti-symmetric quasigroup of order ten: row = state so far, column = next digit.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The code of a delivery: `master` is the service's key, `hid` the delivery's random hand-off id (not its
/// database id), `rotation` counts the times the code was replaced.
///
/// The rotation enters the MAC as two big-endian bytes (four beyond 65,535, so that no rotation repeats an
/// earlier input); the first eight bytes of the MAC, big-endian, modulo 100,000 are the digits.
#[must_use]
pub fn code(master: &[u8], hid: [u8; 8], rotation: u32) -> String {
    let mut mac = mac_of(master);
    mac.update(b"HN1");
    mac.update(&hid);
    match u16::try_from(rotation) {
        Ok(short) => mac.update(&short.to_be_bytes()),
        Err(_) => mac.update(&rotation.to_be_bytes()),
    }
    let tag = mac.finalize().into_bytes();
    let head = tag.iter().take(8).fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    let digits = format!("{:05}", head % 100_000);
    let check = damm(&digits).unwrap_or(0);
    format!("{digits}{check}")
}

/// Whether a text is six digits of which the last is the right check digit. Says nothing about whose code it is.
#[must_use]
pub fn check_digit_ok(text: &str) -> bool {
    text.len() == CODE_DIGITS && damm(text) == Some(0)
}

/// Whether `given` is the code of this delivery and rotation. Takes the same time for every wrong code.
#[must_use]
pub fn verify(master: &[u8], hid: [u8; 8], rotation: u32, given: &str) -> bool {
    let wanted = code(master, hid, rotation);
    check_digit_ok(given) && bool::from(wanted.as_bytes().ct_eq(given.as_bytes()))
}

/// An HMAC keyed with any number of bytes; RFC 2104: a key longer than a block is hashed first.
fn mac_of(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0u8; 64];
    let hashed = Sha256::digest(key);
    let source = if key.len() > block.len() { hashed.as_slice() } else { key };
    for (slot, byte) in block.iter_mut().zip(source) {
        *slot = *byte;
    }
    Hmac::<Sha256>::new(&block.into())
}

/// The state of Damm's check after all digits, 0 for a number that carries its check digit; `None` at a non-digit.
fn damm(digits: &str) -> Option<u8> {
    digits.bytes().try_fold(0u8, |state, letter| {
        let digit = letter.checked_sub(b'0').map(usize::from)?;
        DAMM.get(usize::from(state))?.get(digit).copied()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

    use super::*;

    const MASTER: [u8; 32] = [0x11; 32];
    const HID: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

    #[test]
    fn the_known_codes_come_out() {
        assert_eq!(code(&MASTER, HID, 0), "951332");
        assert_eq!(code(&MASTER, HID, 1), "940332");
    }

    #[test]
    fn another_delivery_rotation_or_key_has_another_code() {
        let base = code(&MASTER, HID, 0);
        assert_ne!(code(&MASTER, [0; 8], 0), base);
        assert_ne!(code(&[0x12; 32], HID, 0), base);
        assert_ne!(code(&MASTER, HID, 65_536), base);
        assert_ne!(code(&MASTER, HID, 65_537), code(&MASTER, HID, 1));
    }

    #[test]
    fn the_keyed_mac_agrees_with_the_library_at_every_key_length() {
        for length in [0usize, 1, 32, 63, 64, 65, 200] {
            let key = vec![7u8; length];
            let mut ours = mac_of(&key);
            let mut theirs = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            ours.update(b"text");
            theirs.update(b"text");
            assert_eq!(ours.finalize().into_bytes(), theirs.finalize().into_bytes());
        }
    }

    #[test]
    fn every_code_carries_its_check_digit_and_verifies() {
        for rotation in 0..2_000 {
            let text = code(&MASTER, HID, rotation);
            assert_eq!(text.len(), CODE_DIGITS);
            assert!(check_digit_ok(&text));
            assert!(verify(&MASTER, HID, rotation, &text));
            assert!(!verify(&MASTER, [9; 8], rotation, &text) || code(&MASTER, [9; 8], rotation) == text);
        }
    }

    #[test]
    fn a_right_check_digit_alone_does_not_verify() {
        assert!(check_digit_ok("000000"));
        assert!(!verify(&MASTER, HID, 0, "000000"));
        assert!(!verify(&MASTER, HID, 0, "940332"));
    }

    #[test]
    fn texts_that_are_not_six_ascii_digits_are_refused() {
        for text in ["", "95133", "9513322", "95133 ", "95133a", " 951332", "９５１３３２", "+51332"] {
            assert!(!check_digit_ok(text), "{text}");
            assert!(!verify(&MASTER, HID, 0, text), "{text}");
        }
    }

    #[test]
    fn every_single_wrong_digit_is_found() {
        for number in (0..100_000u32).step_by(7) {
            let digits = format!("{number:05}");
            let good = format!("{digits}{}", damm(&digits).unwrap());
            for place in 0..CODE_DIGITS {
                for wrong in b'0'..=b'9' {
                    let mut bytes = good.clone().into_bytes();
                    if bytes[place] == wrong {
                        continue;
                    }
                    bytes[place] = wrong;
                    assert!(!check_digit_ok(std::str::from_utf8(&bytes).unwrap()));
                }
            }
        }
    }

    #[test]
    fn every_swap_of_neighbours_is_found() {
        for number in 0..100_000u32 {
            let digits = format!("{number:05}");
            let good = format!("{digits}{}", damm(&digits).unwrap());
            for place in 0..CODE_DIGITS - 1 {
                let mut bytes = good.clone().into_bytes();
                if bytes[place] == bytes[place + 1] {
                    continue;
                }
                bytes.swap(place, place + 1);
                assert!(!check_digit_ok(std::str::from_utf8(&bytes).unwrap()));
            }
        }
    }
}
