//! Base45 (RFC 9285), strict: what the codes in a QR picture are written in.
//!
//! A text that is read is exactly the text that would be written: groups beyond 16 bits, a last pair beyond eight
//! bits, small letters and spare characters are refused, so that two texts never mean the same bytes. A written
//! text never ends in a space; it may hold `%`, `+`, `/` and spaces, so it never goes raw into a URL.

/// Why a text is not the wanted token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin with the prefix of its kind.
    #[error("not a code of this kind")]
    Prefix,
    /// Not as long as a token of this kind is.
    #[error("the code is not as long as it should be")]
    Length,
    /// Not base45 as RFC 9285 writes it.
    #[error("the code is damaged")]
    Damaged,
    /// A version this service does not know.
    #[error("the code is of an unknown version")]
    Version,
    /// A number that the kind does not allow.
    #[error("a number in the code is out of its range")]
    Range,
}

/// Characters of `bytes` bytes.
#[must_use]
pub const fn encoded_len(bytes: usize) -> usize {
    bytes / 2 * 3 + bytes % 2 * 2
}

/// The bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    base45::encode(bytes)
}

/// Exactly `N` bytes from a text.
///
/// # Errors
/// [`TokenError::Length`] before anything is read, [`TokenError::Damaged`] for what [`encode`] would not write.
pub fn decode<const N: usize>(text: &str) -> Result<[u8; N], TokenError> {
    if text.len() != encoded_len(N) {
        return Err(TokenError::Length);
    }
    let bytes = base45::decode(text).map_err(|_| TokenError::Damaged)?;
    if base45::encode(&bytes) != text {
        return Err(TokenError::Damaged);
    }
    bytes.try_into().map_err(|_| TokenError::Damaged)
}

/// A prefix and the bytes as text: `HO1:...`.
pub(crate) fn write_token(prefix: &str, bytes: &[u8]) -> String {
    format!("{prefix}{}", encode(bytes))
}

/// The `N` bytes of a token with this prefix whose first byte is `version`.
pub(crate) fn read_token<const N: usize>(
    prefix: &str,
    version: u8,
    text: &str,
) -> Result<[u8; N], TokenError> {
    let bytes = decode::<N>(text.strip_prefix(prefix).ok_or(TokenError::Prefix)?)?;
    if bytes.first() == Some(&version) { Ok(bytes) } else { Err(TokenError::Version) }
}

/// Takes the next `N` bytes off the front of a slice.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], TokenError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(TokenError::Length)?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_rfc_read_and_write() {
        for (bytes, text) in
            [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581"), ("ietf!", "QED8WEX0")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
        assert_eq!(decode::<7>("%69 VD92EX0").unwrap(), *b"Hello!!");
        assert_eq!(decode::<5>("QED8WEX0").unwrap(), *b"ietf!");
    }

    #[test]
    fn what_would_not_be_written_is_not_read() {
        assert_eq!(decode::<2>("GGW"), Err(TokenError::Damaged), "65,536, the RFC's own example");
        assert_eq!(decode::<2>(":::"), Err(TokenError::Damaged));
        assert_eq!(decode::<1>("::"), Err(TokenError::Damaged), "2,024 is no byte");
        assert_eq!(decode::<1>("V5"), Err(TokenError::Damaged), "256 is no byte");
        assert_eq!(decode::<1>("U5"), Ok([255]));
        assert_eq!(decode::<2>("bb8"), Err(TokenError::Damaged));
        assert_eq!(decode::<2>("BB"), Err(TokenError::Length));
        assert_eq!(decode::<2>("BB8 "), Err(TokenError::Length));
        assert_eq!(decode::<1>("가"), Err(TokenError::Length));
        assert_eq!(decode::<2>("가"), Err(TokenError::Damaged));
    }

    proptest! {
        #[test]
        fn bytes_read_back(bytes: [u8; 21]) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(21));
            prop_assert!(!text.ends_with(' '));
            prop_assert_eq!(decode::<21>(&text), Ok(bytes));
        }

        #[test]
        fn two_texts_never_mean_the_same(text in "[0-9A-Z $%*+./:-]{8}") {
            if let Ok(bytes) = decode::<5>(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn no_text_makes_it_fall_over(text in "\\PC{0,60}") {
            let _ = (decode::<1>(&text), decode::<2>(&text), decode::<27>(&text));
        }
    }
}
