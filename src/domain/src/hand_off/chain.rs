//! `HO1`: the hand-off code that changes every thirty seconds, shown as a QR picture on the customer's page and
//! checked by the courier's phone without a network.
//!
//! A chain of hashes runs from a secret seed down to an anchor: `x(i-1) = SHA-256("HO1" || hid || i || x(i))`, cut
//! to 16 bytes, where `i` is two bytes, big-endian. The customer's side holds the seed `x(N)` and shows `x(t)` in
//! window `t`. The courier's side holds the anchor `x(0)` alone: it checks a shown value by hashing it `t` times,
//! and can compute none. Who has seen `x(t)` knows all older values and no newer one.
//!
//! Windows are counted from 1. Window 0 would show the anchor, which the courier holds, so it is no window.
//!
//! The text is `HO1:` and base45 of version (1 byte, 0x01), hid (8), `t` (2) and `x(t)` (16): 45 characters.

use crate::base45::{TokenError, read_token, take, write_token};
use crate::mac::sha256_head;
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;

/// A delivery's hand-off id: eight bytes that are not its database id.
pub type Hid = [u8; 8];
/// A value of the chain: seed, anchor or what is shown.
pub type Link = [u8; 16];

/// What every `HO1` text begins with.
pub const PREFIX: &str = "HO1:";
/// Seconds of one window.
pub const WINDOW_S: i64 = 30;
/// Windows of a chain of one day.
pub const DAY_WINDOWS: u16 = 2_880;
/// How many windows the clocks of two phones may be apart.
pub const TOLERANCE: u16 = 2;

const VERSION: u8 = 1;
const BYTES: usize = 27;

/// One step towards the anchor: the value of window `i - 1` from that of window `i`.
fn step(hid: Hid, i: u16, value: Link) -> Link {
    sha256_head(&[b"HO1", &hid, &i.to_be_bytes(), &value])
}

/// The value at window `to` from that at window `from`, not before it.
fn descend(hid: Hid, from: u16, to: u16, value: Link) -> Link {
    (to.saturating_add(1)..=from).rev().fold(value, |value, i| step(hid, i, value))
}

/// The customer's half: what can show codes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Whose hand-off.
    pub hid: Hid,
    /// The secret end.
    pub seed: Link,
    /// How many windows there are.
    pub windows: u16,
}

impl std::fmt::Debug for Chain {
    /// Without the seed: what is logged opens no door.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Chain").field("windows", &self.windows).finish_non_exhaustive()
    }
}

impl Chain {
    /// The courier's half. It can check and cannot show.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        let value = descend(self.hid, self.windows, 0, self.seed);
        Anchor { hid: self.hid, value, windows: self.windows }
    }

    /// What is shown in a window; `None` outside 1 to the number of windows.
    #[must_use]
    pub fn shown_in(&self, window: u16) -> Option<Token> {
        let there = (1..=self.windows).contains(&window);
        let value = || descend(self.hid, self.windows, window, self.seed);
        there.then(|| Token { hid: self.hid, window, value: value() })
    }

    /// Whether a token is what this chain shows in the token's window.
    #[must_use]
    pub fn made(&self, token: &Token) -> bool {
        self.shown_in(token.window)
            .is_some_and(|shown| shown.hid == token.hid && bool::from(shown.value.ct_eq(&token.value)))
    }
}

/// The courier's half: what can check codes and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Whose hand-off.
    pub hid: Hid,
    /// `x(0)`.
    pub value: Link,
    /// How many windows there are.
    pub windows: u16,
}

impl Anchor {
    /// Whether a token is of this chain, in whatever window. It is the caller who judges the window: see
    /// [`is_fresh`].
    #[must_use]
    pub fn proves(&self, token: &Token) -> bool {
        token.hid == self.hid
            && token.window <= self.windows
            && bool::from(descend(token.hid, token.window, 0, token.value).ct_eq(&self.value))
    }
}

/// What stands in an `HO1` picture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Whose hand-off it says it is of.
    pub hid: Hid,
    /// The window it says it was shown in, from 1.
    pub window: u16,
    /// The value.
    pub value: Link,
}

impl std::fmt::Debug for Token {
    /// Without the value: what is logged opens no door.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Token").field("window", &self.window).finish_non_exhaustive()
    }
}

impl Token {
    /// The text of the picture.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.hid);
        bytes.extend(self.window.to_be_bytes());
        bytes.extend(self.value);
        write_token(PREFIX, &bytes)
    }

    /// Reads a text that was scanned. Says nothing about whether it proves anything.
    ///
    /// # Errors
    /// [`TokenError`] for anything [`Token::text`] would not write; window 0 is [`TokenError::Range`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let bytes = read_token::<BYTES>(PREFIX, VERSION, text)?;
        let (_, mut rest) = bytes.split_at(1);
        let hid = take(&mut rest)?;
        let window = u16::from_be_bytes(take(&mut rest)?);
        let value = take(&mut rest)?;
        if window == 0 { Err(TokenError::Range) } else { Ok(Self { hid, window, value }) }
    }
}

/// The window of a moment in a chain that began at `t0`: 1 in its first thirty seconds. `None` before it, and after
/// the last of `windows`.
#[must_use]
pub fn window_at(t0: DateTime<Utc>, now: DateTime<Utc>, windows: u16) -> Option<u16> {
    let since = (now - t0).num_milliseconds().div_euclid(WINDOW_S * 1_000);
    let window = u16::try_from(since.checked_add(1)?).ok()?;
    (1..=windows).contains(&window).then_some(window)
}

/// When a window begins.
#[must_use]
pub fn window_start(t0: DateTime<Utc>, window: u16) -> DateTime<Utc> {
    t0 + TimeDelta::seconds((i64::from(window) - 1) * WINDOW_S)
}

/// Whether a token's window is near enough to the moment it was scanned at: the window of some moment within
/// `slack` of it (never negative), give or take [`TOLERANCE`] windows.
#[must_use]
pub fn is_fresh(t0: DateTime<Utc>, window: u16, scanned: DateTime<Utc>, slack: TimeDelta) -> bool {
    let slack = slack.max(TimeDelta::zero()) + TimeDelta::seconds(i64::from(TOLERANCE) * WINDOW_S);
    let from = window_start(t0, window);
    let to = from + TimeDelta::seconds(WINDOW_S);
    from - slack <= scanned && scanned < to + slack
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const HID: Hid = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
    const SEED: Link = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    const DAY: Chain = Chain { hid: HID, seed: SEED, windows: DAY_WINDOWS };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_600_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_known_chain_comes_out() {
        assert_eq!(DAY.anchor().value, 0xc5c9_7137_3859_875c_3870_5fed_d2ec_6052_u128.to_be_bytes());
        let token = DAY.shown_in(77).unwrap();
        assert_eq!(token.value, 0x24f2_27df_343a_daa6_4a10_0bdc_18f1_e2d3_u128.to_be_bytes());
        assert_eq!(token.text(), "HO1:W50TK404DGWLT9U%X9QRUZ9S J701LC124$R2QUV4");
        assert_eq!(token.text().len(), 45);
        assert!(DAY.anchor().proves(&Token::parse(&token.text()).unwrap()));
        assert!(DAY.made(&token) && !DAY.made(&Token { window: 78, ..token }));
    }

    #[test]
    fn the_anchor_itself_is_never_a_code() {
        assert!(DAY.shown_in(0).is_none());
        assert!(DAY.shown_in(DAY_WINDOWS + 1).is_none());
        let forged = Token { hid: HID, window: 0, value: DAY.anchor().value };
        assert_eq!(Token::parse(&forged.text()), Err(TokenError::Range));
    }

    #[test]
    fn who_knows_one_value_knows_the_older_and_no_newer_one() {
        let seen = DAY.shown_in(100).unwrap();
        let older = Token { window: 99, value: step(HID, 100, seen.value), ..seen };
        assert_eq!(DAY.shown_in(99), Some(older));
        let newer = Token { window: 101, ..seen };
        assert!(!DAY.anchor().proves(&newer));
    }

    #[test]
    fn windows_begin_with_the_chain_and_end_with_it() {
        assert_eq!(window_at(at(0), at(-1), 2_880), None);
        assert_eq!(window_at(at(0), at(0), 2_880), Some(1));
        assert_eq!(window_at(at(0), at(29), 2_880), Some(1));
        assert_eq!(window_at(at(0), at(30), 2_880), Some(2));
        assert_eq!(window_at(at(0), at(86_399), 2_880), Some(2_880));
        assert_eq!(window_at(at(0), at(86_400), 2_880), None);
        assert_eq!(window_start(at(0), 2), at(30));
    }

    #[test]
    fn a_code_is_fresh_for_two_windows_and_the_slack_beside_its_own() {
        let none = TimeDelta::zero();
        assert!(is_fresh(at(0), 10, at(270), none));
        assert!(is_fresh(at(0), 10, at(270 - 60), none) && is_fresh(at(0), 10, at(299 + 60), none));
        assert!(!is_fresh(at(0), 10, at(270 - 61), none) && !is_fresh(at(0), 10, at(300 + 60), none));
        assert!(is_fresh(at(0), 10, at(300 + 69), TimeDelta::seconds(10)));
        assert!(!is_fresh(at(0), 10, at(300 + 70), TimeDelta::seconds(10)));
        assert!(is_fresh(at(0), 10, at(270), TimeDelta::seconds(-500)), "no slack is no strictness");
    }

    #[test]
    fn a_log_shows_neither_the_seed_nor_what_is_shown() {
        assert_eq!(format!("{DAY:?}"), "Chain { windows: 2880, .. }");
        assert_eq!(format!("{:?}", DAY.shown_in(77).unwrap()), "Token { window: 77, .. }");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_shown_reads_back_and_proves(hid: Hid, seed: Link, windows in 1u16..300, part in 0u16..300) {
            let chain = Chain { hid, seed, windows };
            let token = chain.shown_in(1 + part % windows).unwrap();
            let read = Token::parse(&token.text()).unwrap();
            prop_assert_eq!(read, token);
            prop_assert!(chain.anchor().proves(&read));
            let other = Chain { seed: seed.map(|byte| byte ^ 1), ..chain };
            prop_assert!(!other.anchor().proves(&read));
        }

        #[test]
        fn a_code_with_one_wrong_bit_proves_nothing(hid: Hid, seed: Link, window in 1u16..60, bit in 0usize..26 * 8) {
            let chain = Chain { hid, seed, windows: 60 };
            let token = chain.shown_in(window).unwrap();
            let mut bytes = vec![1u8];
            bytes.extend(token.hid);
            bytes.extend(token.window.to_be_bytes());
            bytes.extend(token.value);
            if let Some(byte) = bytes.get_mut(1 + bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            let proved = Token::parse(&write_token(PREFIX, &bytes)).is_ok_and(|read| chain.anchor().proves(&read));
            prop_assert!(!proved);
        }

        #[test]
        fn a_code_with_one_wrong_character_proves_nothing(seed: Link, window in 1u16..60, place in 0usize..45, put in "[0-9A-Z $%*+./:-]") {
            let chain = Chain { hid: HID, seed, windows: 60 };
            let text = chain.shown_in(window).unwrap().text();
            let wrong: String =
                text.chars().enumerate().map(|(at, c)| if at == place { put.chars().next().unwrap_or(c) } else { c }).collect();
            let proved = Token::parse(&wrong).is_ok_and(|read| chain.anchor().proves(&read));
            prop_assert_eq!(proved, wrong == text);
        }

        #[test]
        fn no_text_makes_the_reader_fall_over(text in "\\PC{0,60}") {
            let _ = Token::parse(&text);
            let _ = Token::parse(&format!("HO1:{text}"));
        }
    }
}
