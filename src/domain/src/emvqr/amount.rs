//! Amounts as decimal text, to and from minor units, without a floating point in between.

/// Characters of an amount at most.
const LONGEST: usize = 13;

/// Whether a text has the form of an amount: digits, and at most one point with digits before it.
pub(super) fn is_amount(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= LONGEST && !whole.is_empty() && digits(whole) && digits(part)
}

/// The minor units of an amount in a currency of this exponent; `None` if it has more digits after the point than the
/// currency, or is not an amount.
pub(super) fn to_minor(text: &str, exponent: u8) -> Option<i64> {
    if !is_amount(text) {
        return None;
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let places = usize::from(exponent);
    if part.len() > places {
        return None;
    }
    let scale = 10i64.checked_pow(u32::from(exponent))?;
    let filled = part.bytes().chain(std::iter::repeat(b'0')).take(places);
    let part = filled.fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    whole.parse::<i64>().ok()?.checked_mul(scale)?.checked_add(part)
}

/// The amount of minor units as text; `None` below zero and beyond thirteen characters.
pub(super) fn from_minor(minor: i64, exponent: u8) -> Option<String> {
    let scale = 10i64.checked_pow(u32::from(exponent))?;
    let (whole, part) = (minor / scale, minor % scale);
    let places = usize::from(exponent);
    let text = if exponent == 0 { whole.to_string() } else { format!("{whole}.{part:0places$}") };
    (minor >= 0 && text.len() <= LONGEST).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_as_they_are_meant() {
        for (text, exponent, minor) in
            [("23.72", 2, 2372), ("23.7", 2, 2370), ("23", 2, 2300), ("23.", 2, 2300), ("1500", 0, 1500)]
        {
            assert_eq!(to_minor(text, exponent), Some(minor), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", ".5", "-1", "+1", "1,5", "1.2.3", "1e3", " 1", "12345678901234", "１"] {
            assert!(!is_amount(text), "{text}");
            assert_eq!(to_minor(text, 2), None, "{text}");
        }
        assert_eq!(to_minor("1.5", 0), None, "no half won");
        assert_eq!(to_minor("1.234", 2), None);
        assert_eq!(from_minor(-1, 2), None);
        assert_eq!(from_minor(i64::MAX, 0), None);
    }

    proptest! {
        #[test]
        fn amounts_read_back(minor in 0i64..10_000_000_000, exponent in 0u8..5) {
            let text = from_minor(minor, exponent).unwrap();
            prop_assert!(is_amount(&text));
            prop_assert_eq!(to_minor(&text, exponent), Some(minor));
        }
    }
}
