//! Stall codes: no text makes the reader fall over, with the checksum as it comes and with the right one.
#![no_main]

use callahead_domain::emvqr::{LONGEST, Objects, Payload};
use crc::{CRC_16_IBM_3740, Crc};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    look_at(text);
    let open = format!("{text}6304");
    let sum = Crc::<u16>::new(&CRC_16_IBM_3740).checksum(open.as_bytes());
    look_at(&format!("{open}{sum:04X}"));
});

/// Everything a caller may ask of what was read.
fn look_at(text: &str) {
    assert!(Objects::of(text).count() <= text.len());
    let Ok(payload) = Payload::parse(text) else { return };
    assert!(text.chars().count() <= LONGEST);
    let written: String = payload
        .objects()
        .map(|object| format!("{:02}{:02}{}", object.id, object.value.chars().count(), object.value))
        .collect();
    assert_eq!(written, text);
    let _ = (payload.account("org.example.wallet"), payload.additional(), payload.in_language());
    let _ =
        (payload.initiation(), payload.currency(), payload.amount_minor(), payload.name(), payload.city());
}
