//! The receipt word: four characters that stand on the customer's and on the stall's screen when a payment is made.
//!
//! Only the server can make it: it is keyed. A picture of "paid" that somebody drew, or the word of another payment,
//! does not agree with what the stall's own screen shows.

use crate::mac::{head_u64, hmac_sha256};

/// Characters of a word.
pub const LENGTH: usize = 4;

/// Digits and capitals without those that are taken for one another: 0 and O, 1, I and L, 2 and Z, 5 and S, 6 and G,
/// 8 and B, U and V.
const LETTERS: [char; 22] = [
    '3', '4', '7', '9', 'A', 'C', 'D', 'E', 'F', 'H', 'J', 'K', 'M', 'N', 'P', 'Q', 'R', 'T', 'V', 'W', 'X',
    'Y',
];

/// The word of a transfer, from the service's key and the transfer's id as everybody writes it. 234,256 words: it
/// tells two payments of one moment apart, and is no secret and no proof for later.
#[must_use]
pub fn receipt_word(key: &[u8], transfer_id: &str) -> String {
    let mut rest = head_u64(&hmac_sha256(key, &[b"RW1", transfer_id.as_bytes()]));
    let letters = u64::try_from(LETTERS.len()).unwrap_or(1);
    let mut next = || {
        let place = usize::try_from(rest % letters).unwrap_or(0);
        rest /= letters;
        LETTERS.get(place).copied().unwrap_or('A')
    };
    (0..LENGTH).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_word_is_of_one_transfer_and_one_key() {
        let word = receipt_word(b"key", "tra_1");
        assert_eq!(word, receipt_word(b"key", "tra_1"));
        assert_ne!(word, receipt_word(b"key", "tra_2"));
        assert_ne!(word, receipt_word(b"other", "tra_1"));
    }

    #[test]
    fn words_have_four_letters_nobody_mixes_up_and_are_spread() {
        let words: BTreeSet<_> = (0..2_000).map(|n| receipt_word(b"key", &format!("tra_{n}"))).collect();
        assert!(words.len() > 1_900, "{}", words.len());
        assert!(words.iter().all(|word| word.len() == LENGTH));
        let used: BTreeSet<_> = words.iter().flat_map(|word| word.chars()).collect();
        assert_eq!(used, LETTERS.into_iter().collect());
        assert!(used.iter().all(|letter| !"0O1IL2Z5S6G8BU".contains(*letter)));
    }
}
