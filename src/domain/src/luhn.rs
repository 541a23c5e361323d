//! The check digit of card numbers (Luhn, ISO/IEC 7812-1 annex B): it finds every single wrong digit and every
//! swap of neighbours except 09 and 90.

/// The sum of all digits, every second one doubled with its digits added, beginning with the last or the one before
/// it. `None` at anything but ASCII digits.
fn sum(digits: &str, double_last: bool) -> Option<u32> {
    digits.bytes().rev().enumerate().try_fold(0u32, |sum, (place, letter)| {
        let digit = letter.is_ascii_digit().then(|| u32::from(letter - b'0'))?;
        let doubled = (place % 2 == 0) == double_last;
        let worth = if doubled { digit * 2 / 10 + digit * 2 % 10 } else { digit };
        sum.checked_add(worth)
    })
}

/// The number with its check digit; `None` if it is empty or not all ASCII digits.
#[must_use]
pub fn with_check_digit(digits: &str) -> Option<String> {
    let check = (10 - sum(digits, true)? % 10) % 10;
    (!digits.is_empty()).then(|| format!("{digits}{check}"))
}

/// Whether a number of two digits or more ends in its check digit.
#[must_use]
pub fn is_valid(number: &str) -> bool {
    number.len() >= 2 && sum(number, false).is_some_and(|sum| sum % 10 == 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_card_numbers_are_valid() {
        for number in ["4242424242424242", "378282246310005", "5555555555554444", "79927398713"] {
            assert!(is_valid(number), "{number}");
            assert_eq!(with_check_digit(&number[..number.len() - 1]).as_deref(), Some(number));
        }
    }

    #[test]
    fn what_is_no_number_is_not_valid() {
        for text in ["", "0", "42424242 42424242", "４２", "4242424242424243", "-18"] {
            assert!(!is_valid(text), "{text}");
        }
        assert_eq!(with_check_digit(""), None);
        assert_eq!(with_check_digit("12a"), None);
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_found(digits in "[0-9]{1,18}", place in 0usize..19, put in 0u8..10) {
            let number = with_check_digit(&digits).unwrap();
            prop_assert!(is_valid(&number));
            let mut bytes = number.clone().into_bytes();
            let place = place % bytes.len();
            bytes[place] = b'0' + put;
            let wrong = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(is_valid(&wrong), wrong == number);
        }

        #[test]
        fn a_swap_of_neighbours_is_found_but_for_09(digits in "[0-9]{1,18}", place in 0usize..18) {
            let number = with_check_digit(&digits).unwrap();
            let mut bytes = number.clone().into_bytes();
            let place = place % (bytes.len() - 1);
            bytes.swap(place, place + 1);
            let pair = [bytes[place], bytes[place + 1]];
            let blind = pair[0] == pair[1] || pair == *b"09" || pair == *b"90";
            prop_assert_eq!(is_valid(std::str::from_utf8(&bytes).unwrap()), blind);
        }

        #[test]
        fn no_text_makes_it_fall_over(text in "\\PC{0,60}") {
            let _ = (is_valid(&text), with_check_digit(&text));
        }
    }
}
