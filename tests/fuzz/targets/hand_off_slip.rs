//! `HS1`: no text makes the reader fall over, and what reads is written the same.
#![no_main]

use callahead_domain::base45;
use callahead_domain::hand_off::slip::Slip;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(slip) = Slip::parse(text)
    {
        assert_eq!(slip.text(), text);
    }
    if let Ok(slip) = Slip::parse(&format!("HS1:{}", base45::encode(data))) {
        assert!(slip.proves(slip.hid, slip.digest()));
    }
});
