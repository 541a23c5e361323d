//! The six-digit hand-off code: what the customer reads to the courier when nothing can be scanned.
//!
//! Five digits come from HMAC-SHA256 under the service's master key over `"HN1" || hid || rotation`; the sixth
//! is a Damm check digit. The code is derived, so nothing is stored, and nothing that could check it goes to
//! the courier: the courier's app checks only the last digit, which finds every single wrong digit and every
//! swap of neighbours before the one comparison that counts is made here.
//! A code is guessed with one try in 100,000; the caller counts the tries and rotates.

use crate::mac::{head_u64, hmac_sha256};
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
    let (short, long) = (u16::try_from(rotation).map(u16::to_be_bytes), rotation.to_be_bytes());
    let counted: &[u8] = short.as_ref().map_or(&long, <[u8; 2]>::as_slice);
    let tag = hmac_sha256(master, &[b"HN1", &hid, counted]);
    let digits = format!("{:05}", head_u64(&tag) % 100_000);
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
