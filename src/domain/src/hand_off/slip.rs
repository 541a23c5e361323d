//! `HS1`: the hand-off code that stays the same, for a printed slip, a text message, or a phone without script.
//!
//! It can be photographed, so it is weaker than `HO1`, and policy may forbid it above a value. The courier's side
//! holds a digest: `SHA-256("HS1" || hid || secret)`, cut to 16 bytes.
//!
//! The text is `HS1:` and base45 of version (1 byte, 0x01), hid (8) and the secret (16): 42 characters.

use super::chain::Hid;
use crate::base45::{TokenError, read_token, take, write_token};
use crate::mac::sha256_head;
use subtle::ConstantTimeEq;

/// What every `HS1` text begins with.
pub const PREFIX: &str = "HS1:";

const VERSION: u8 = 1;
const BYTES: usize = 25;

/// What stands on a slip.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Slip {
    /// Whose hand-off it says it is of.
    pub hid: Hid,
    /// The secret.
    pub secret: [u8; 16],
}

impl std::fmt::Debug for Slip {
    /// Without the secret: what is logged opens no door.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Slip").finish_non_exhaustive()
    }
}

impl Slip {
    /// The text of the picture.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.hid);
        bytes.extend(self.secret);
        write_token(PREFIX, &bytes)
    }

    /// Reads a text that was scanned. Says nothing about whether it proves anything.
    ///
    /// # Errors
    /// [`TokenError`] for anything [`Slip::text`] would not write.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let bytes = read_token::<BYTES>(PREFIX, VERSION, text)?;
        let (_, mut rest) = bytes.split_at(1);
        Ok(Self { hid: take(&mut rest)?, secret: take(&mut rest)? })
    }

    /// What the courier's phone checks the slip against.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        sha256_head(&[b"HS1", &self.hid, &self.secret])
    }

    /// Whether this is the slip of that hand-off id and digest.
    #[must_use]
    pub fn proves(&self, hid: Hid, digest: [u8; 16]) -> bool {
        self.hid == hid && bool::from(self.digest().ct_eq(&digest))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_slip_has_42_characters_and_proves_against_its_digest() {
        let slip = Slip { hid: [1; 8], secret: [2; 16] };
        assert_eq!(slip.text().len(), 42);
        assert!(slip.proves([1; 8], slip.digest()));
        assert!(!slip.proves([3; 8], slip.digest()));
        assert!(!slip.proves([1; 8], [0; 16]));
        assert_eq!(format!("{slip:?}"), "Slip { .. }");
    }

    #[test]
    fn the_digest_is_the_cut_hash_of_tag_id_and_secret() {
        // printf 'HS1\1\1\1\1\1\1\1\1\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2' | sha256sum
        let slip = Slip { hid: [1; 8], secret: [2; 16] };
        assert_eq!(slip.digest(), 0x9a10_3d6b_d364_339f_1e04_6ad6_9f2d_ad5c_u128.to_be_bytes());
    }

    proptest! {
        #[test]
        fn a_slip_reads_back(hid: Hid, secret: [u8; 16]) {
            let slip = Slip { hid, secret };
            prop_assert_eq!(Slip::parse(&slip.text()), Ok(slip));
        }

        #[test]
        fn a_slip_with_one_wrong_character_proves_nothing(hid: Hid, secret: [u8; 16], place in 0usize..42, put in "[0-9A-Z $%*+./:-]") {
            let slip = Slip { hid, secret };
            let text = slip.text();
            let wrong: String =
                text.chars().enumerate().map(|(at, c)| if at == place { put.chars().next().unwrap_or(c) } else { c }).collect();
            let proved = Slip::parse(&wrong).is_ok_and(|read| read.proves(hid, slip.digest()));
            prop_assert_eq!(proved, wrong == text);
        }

        #[test]
        fn no_text_makes_the_reader_fall_over(text in "\\PC{0,60}") {
            let _ = Slip::parse(&text);
            let _ = Slip::parse(&format!("HS1:{text}"));
        }
    }
}
