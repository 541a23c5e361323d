//! `HO1`: no text makes the reader fall over, and what reads is written the same.
#![no_main]

use callahead_domain::base45;
use callahead_domain::hand_off::chain::Token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(token) = Token::parse(text)
    {
        assert_eq!(token.text(), text);
    }
    // The same bytes as the body of a code, so that the fields are reached as well.
    if let Ok(token) = Token::parse(&format!("HO1:{}", base45::encode(data))) {
        assert!(token.window > 0);
    }
});
