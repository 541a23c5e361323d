//! `PP1`: the personal code a customer shows at a stall, made by the customer's phone also without a network.
//!
//! Every thirty seconds the phone makes another one from its device key: the first eight bytes of
//! `HMAC-SHA256(device key, "PP1" || alias || window)`, where `alias` (8 bytes) names the device and can be
//! replaced, and `window` (4 bytes) counts half minutes since 1970; numbers are big-endian. The server, which has
//! the device key too, accepts windows from two before to one after its own, each once per alias.
//!
//! As a picture the text is `PP1:` and base45 of version (1 byte, 0x01), alias, window and MAC: 36 characters. For a
//! bar code or a keyboard there are 18 digits: `28`, the last nine decimal digits of the alias, and seven digits
//! from the next eight bytes of the same MAC. The digits do not tell the window: the server tries those it accepts.

use crate::base45::{TokenError, read_token, take, write_token};
use crate::mac::hmac_sha256;
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

/// What every `PP1` text begins with.
pub const PREFIX: &str = "PP1:";
/// Seconds of one window.
pub const WINDOW_S: i64 = 30;
/// Digits of the number form.
pub const DIGITS: usize = 18;

const VERSION: u8 = 1;
const BYTES: usize = 21;
const ISSUER: &str = "28";
const SHORT_ALIASES: u64 = 1_000_000_000;
const NUMBERS: u64 = 10_000_000;

/// The name of a device, made by chance and replaceable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alias(pub u64);

impl Alias {
    /// The nine digits that stand for it in the number form. Two devices may share them by chance, so whoever makes
    /// an alias sees to it that its short form is not taken.
    #[must_use]
    pub fn short(self) -> u32 {
        u32::try_from(self.0 % SHORT_ALIASES).unwrap_or(0)
    }
}

/// What stands in a `PP1` picture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayCode {
    /// The device it says it is of.
    pub alias: Alias,
    /// The half minute it says it is of.
    pub window: u32,
    /// The proof.
    pub mac: [u8; 8],
}

impl std::fmt::Debug for PayCode {
    /// Without the proof: what is logged pays nothing.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PayCode")
            .field("alias", &self.alias)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

/// What was typed or read from a bar code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayNumber {
    /// The nine digits of the alias.
    pub short_alias: u32,
    /// The seven digits of the proof.
    pub number: u32,
}

impl std::fmt::Debug for PayNumber {
    /// Without the proof: what is logged pays nothing.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PayNumber").field("short_alias", &self.short_alias).finish_non_exhaustive()
    }
}

/// The half minute of a moment. `None` before 1970 and after 4,000 years.
#[must_use]
pub fn window_at(now: DateTime<Utc>) -> Option<u32> {
    u32::try_from(now.timestamp().div_euclid(WINDOW_S)).ok()
}

/// The windows the server accepts at a moment, the likeliest first: its own, the one before, the one after, and two
/// before.
#[must_use]
pub fn accepted_at(now: DateTime<Utc>) -> Vec<u32> {
    let Some(own) = window_at(now) else { return Vec::new() };
    [Some(own), own.checked_sub(1), own.checked_add(1), own.checked_sub(2)].into_iter().flatten().collect()
}

/// The whole MAC of a window: what both forms are cut from.
fn mac(device_key: &[u8], alias: Alias, window: u32) -> [u8; 32] {
    hmac_sha256(device_key, &[b"PP1", &alias.0.to_be_bytes(), &window.to_be_bytes()])
}

impl PayCode {
    /// The code of a device and a window.
    #[must_use]
    pub fn new(device_key: &[u8], alias: Alias, window: u32) -> Self {
        Self { alias, window, mac: crate::mac::head(&mac(device_key, alias, window)) }
    }

    /// Whether this device key made it. Whether its window is accepted and unused is the caller's to judge.
    #[must_use]
    pub fn proves(&self, device_key: &[u8]) -> bool {
        bool::from(Self::new(device_key, self.alias, self.window).mac.ct_eq(&self.mac))
    }

    /// The text of the picture.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.alias.0.to_be_bytes());
        bytes.extend(self.window.to_be_bytes());
        bytes.extend(self.mac);
        write_token(PREFIX, &bytes)
    }

    /// Reads a text that was scanned. Says nothing about whether it proves anything.
    ///
    /// # Errors
    /// [`TokenError`] for anything [`PayCode::text`] would not write.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let bytes = read_token::<BYTES>(PREFIX, VERSION, text)?;
        let (_, mut rest) = bytes.split_at(1);
        let alias = Alias(u64::from_be_bytes(take(&mut rest)?));
        Ok(Self { alias, window: u32::from_be_bytes(take(&mut rest)?), mac: take(&mut rest)? })
    }
}

impl PayNumber {
    /// The number of a device and a window.
    #[must_use]
    pub fn new(device_key: &[u8], alias: Alias, window: u32) -> Self {
        let tag = mac(device_key, alias, window);
        let next_eight = tag.iter().skip(8).take(8).fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
        Self { short_alias: alias.short(), number: u32::try_from(next_eight % NUMBERS).unwrap_or(0) }
    }

    /// The window of `accepted` in which this device made the number; `None` if in none. One number fits two windows
    /// once in millions; then the one named first is taken.
    #[must_use]
    pub fn window(&self, device_key: &[u8], alias: Alias, accepted: &[u32]) -> Option<u32> {
        let fits = |window: &&u32| {
            let wanted = Self::new(device_key, alias, **window);
            bool::from(wanted.text().as_bytes().ct_eq(self.text().as_bytes()))
        };
        accepted.iter().find(fits).copied()
    }

    /// The eighteen digits.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{ISSUER}{:09}{:07}", self.short_alias, self.number)
    }

    /// Reads eighteen digits, as they are printed or typed in groups with single spaces.
    ///
    /// # Errors
    /// [`TokenError::Length`] for another number of digits, [`TokenError::Prefix`] if they do not begin with 28,
    /// [`TokenError::Damaged`] for anything that is no ASCII digit.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if text.len() > 2 * DIGITS || text.chars().filter(|c| *c != ' ').count() != DIGITS {
            return Err(TokenError::Length);
        }
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TokenError::Damaged);
        }
        let body = digits.strip_prefix(ISSUER).ok_or(TokenError::Prefix)?;
        let (alias, number) = body.split_at_checked(9).ok_or(TokenError::Length)?;
        let read = |part: &str| part.parse::<u32>().map_err(|_| TokenError::Range);
        Ok(Self { short_alias: read(alias)?, number: read(number)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [0x22; 32];
    const ALIAS: Alias = Alias(0x075b_cd15);
    const WINDOW: u32 = 59_846_666;

    #[test]
    fn the_known_code_and_number_come_out() {
        let code = PayCode::new(&KEY, ALIAS, WINDOW);
        assert_eq!(code.text(), "PP1:V50000700BRBOT2/FIZD112W%*G0C722");
        assert_eq!(code.text().len(), 36);
        assert_eq!(PayNumber::new(&KEY, ALIAS, WINDOW).text(), "281234567895090653");
        assert!(PayCode::parse(&code.text()).unwrap().proves(&KEY));
        assert!(!code.proves(&[0x23; 32]));
    }

    #[test]
    fn the_server_accepts_from_two_windows_before_to_one_after() {
        let now = DateTime::from_timestamp(i64::from(WINDOW) * 30 + 29, 0).unwrap();
        assert_eq!(window_at(now), Some(WINDOW));
        assert_eq!(accepted_at(now), [WINDOW, WINDOW - 1, WINDOW + 1, WINDOW - 2]);
        let find = |window| PayNumber::new(&KEY, ALIAS, window).window(&KEY, ALIAS, &accepted_at(now));
        assert_eq!(find(WINDOW - 2), Some(WINDOW - 2));
        assert_eq!(find(WINDOW + 1), Some(WINDOW + 1));
        assert_eq!(find(WINDOW - 3), None);
        assert_eq!(find(WINDOW + 2), None);
    }

    #[test]
    fn moments_without_a_window_accept_nothing() {
        assert!(accepted_at(DateTime::from_timestamp(-1, 0).unwrap()).is_empty());
        assert_eq!(accepted_at(DateTime::from_timestamp(0, 0).unwrap()), [0, 1]);
    }

    #[test]
    fn typed_numbers_may_have_gaps_and_nothing_else() {
        let number = PayNumber::new(&KEY, ALIAS, WINDOW);
        assert_eq!(PayNumber::parse("28 1234 5678 9509 0653"), Ok(number));
        for (text, why) in [
            ("281234567895090", TokenError::Length),
            ("2812345678950906531", TokenError::Length),
            ("271234567895090653", TokenError::Prefix),
            ("28123456789509065a", TokenError::Damaged),
            ("+8123456789509065３", TokenError::Damaged),
        ] {
            assert_eq!(PayNumber::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_log_shows_no_proof() {
        assert_eq!(
            format!("{:?}", PayNumber::new(&KEY, ALIAS, WINDOW)),
            "PayNumber { short_alias: 123456789, .. }"
        );
        let code = format!("{:?}", PayCode::new(&KEY, ALIAS, WINDOW));
        assert_eq!(code, "PayCode { alias: Alias(123456789), window: 59846666, .. }");
    }

    proptest! {
        #[test]
        fn both_forms_read_back_and_prove(key: [u8; 32], alias: u64, window: u32) {
            let code = PayCode::new(&key, Alias(alias), window);
            prop_assert_eq!(PayCode::parse(&code.text()), Ok(code));
            prop_assert!(code.proves(&key));
            let number = PayNumber::new(&key, Alias(alias), window);
            prop_assert_eq!(PayNumber::parse(&number.text()), Ok(number));
            prop_assert_eq!(number.window(&key, Alias(alias), &[window]), Some(window));
        }

        #[test]
        fn a_code_with_one_wrong_character_proves_nothing(key: [u8; 32], place in 0usize..36, put in "[0-9A-Z $%*+./:-]") {
            let text = PayCode::new(&key, ALIAS, WINDOW).text();
            let wrong: String =
                text.chars().enumerate().map(|(at, c)| if at == place { put.chars().next().unwrap_or(c) } else { c }).collect();
            let proved = PayCode::parse(&wrong).is_ok_and(|code| code.proves(&key));
            prop_assert_eq!(proved, wrong == text);
        }

        #[test]
        fn no_text_makes_the_readers_fall_over(text in "\\PC{0,60}") {
            let _ = (PayCode::parse(&text), PayCode::parse(&format!("PP1:{text}")), PayNumber::parse(&text));
        }
    }
}
