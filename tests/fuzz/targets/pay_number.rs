//! The 18 digits: no text makes the reader fall over, and what reads is written the same but for gaps. The check
//! digit of card numbers reads the same text.
#![no_main]

use callahead_domain::luhn;
use callahead_domain::pay_code::PayNumber;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(number) = PayNumber::parse(text) {
        assert_eq!(number.text(), text.replace(' ', ""));
    }
    if let Some(card) = luhn::with_check_digit(text) {
        assert!(luhn::is_valid(&card));
    }
    let _ = luhn::is_valid(text);
});
