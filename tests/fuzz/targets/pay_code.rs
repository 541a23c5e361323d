//! `PP1`: no text makes the reader fall over, and what reads is written the same.
#![no_main]

use callahead_domain::base45;
use callahead_domain::pay_code::PayCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(code) = PayCode::parse(text)
    {
        assert_eq!(code.text(), text);
    }
    if let Ok(code) = PayCode::parse(&format!("PP1:{}", base45::encode(data))) {
        assert!(!code.proves(b"a key nobody has"));
    }
});
