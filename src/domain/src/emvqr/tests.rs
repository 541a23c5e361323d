#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::money::Currency;
use proptest::prelude::*;

/// The example of EMVCo's specification.
const TRANSPORT: &str = "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A";
/// The example of the Brazilian central bank's manual.
const PIX: &str = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D";
const OURS: &str = "00020101021126340018org.example.wallet0108S7K2M9QD5204541153034085802KP5919RYUGYONG SEAFOOD 126009PYONGYANG62190308S7K2M9QD0703T01630466E5";

fn stall() -> StallCode<'static> {
    StallCode {
        gui: "org.example.wallet",
        stall: "S7K2M9QD",
        category: "5411",
        currency: Currency::parse("KPW").unwrap(),
        amount_minor: None,
        country: "KP",
        name: "RYUGYONG SEAFOOD 12",
        city: "PYONGYANG",
        terminal: Some("T01"),
        local: None,
    }
}

/// A payload of these objects with its right checksum.
fn signed(body: &str) -> String {
    let text = format!("{body}6304");
    format!("{text}{:04X}", checksum(&text))
}

const BASE: &str = "0002015204541153034085802KP5904NAME6004CITY26050001A";

#[test]
fn the_checksum_is_the_one_of_the_catalogue() {
    assert_eq!(checksum("123456789"), 0x29b1);
}

#[test]
fn the_public_examples_read() {
    let transport = Payload::parse(TRANSPORT).unwrap();
    assert_eq!((transport.name(), transport.city()), ("BEST TRANSPORT", "BEIJING"));
    assert_eq!(transport.initiation(), Initiation::Dynamic);
    assert_eq!(transport.amount_minor(), Some(2372));
    assert_eq!(transport.currency().unwrap().code(), "CNY");
    let chinese = transport.in_language().unwrap();
    assert_eq!((chinese.get(1), chinese.get(2)), (Some("最佳运输"), Some("北京")));
    assert_eq!(transport.additional().unwrap().get(id::TERMINAL_LABEL), Some("A6008667"));
    assert_eq!(transport.account("d15600000001").unwrap().get(3), Some("12345678"));

    let pix = Payload::parse(PIX).unwrap();
    assert_eq!(pix.name(), "Fulano de Tal");
    assert_eq!(pix.initiation(), Initiation::Static);
    assert_eq!((pix.amount_minor(), pix.get(id::AMOUNT)), (None, None));
    assert_eq!(pix.account("BR.GOV.BCB.PIX").unwrap().get(1), Some("123e4567-e12b-12d1-a456-426655440000"));
    assert!(pix.account("org.example.wallet").is_none());
}

#[test]
fn what_we_print_is_known_and_reads_back() {
    assert_eq!(stall().text().unwrap(), OURS);
    let read = Payload::parse(OURS).unwrap();
    assert_eq!(read.account("org.example.wallet").unwrap().get(1), Some("S7K2M9QD"));
    assert_eq!(read.currency(), Currency::parse("KPW").ok());
}

#[test]
fn a_code_for_one_payment_names_the_amount() {
    let text = StallCode { amount_minor: Some(125_050), ..stall() }.text().unwrap();
    let read = Payload::parse(&text).unwrap();
    assert_eq!((read.initiation(), read.amount_minor()), (Initiation::Dynamic, Some(125_050)));
    assert_eq!(read.get(id::AMOUNT), Some("1250.50"));
}

#[test]
fn lengths_count_characters_also_of_many_bytes() {
    let local = LocalName { language: "ko", name: "류경수산물식당 12호매대", city: Some("평양") };
    let text = StallCode { local: Some(local), ..stall() }.text().unwrap();
    assert!(text.contains("64290002ko0113류경수산물식당 12호매대0202평양"), "{text}");
    let read = Payload::parse(&text).unwrap();
    assert_eq!(read.in_language().unwrap().get(1), Some("류경수산물식당 12호매대"));
}

#[test]
fn what_cannot_be_printed_is_refused_with_its_object() {
    let long = "x".repeat(26);
    for (code, at) in [
        (StallCode { name: &long, ..stall() }, id::NAME),
        (StallCode { name: "", ..stall() }, id::NAME),
        (StallCode { city: &long, ..stall() }, id::CITY),
        (StallCode { country: "kp", ..stall() }, id::COUNTRY),
        (StallCode { category: "54", ..stall() }, id::CATEGORY),
        (StallCode { amount_minor: Some(-1), ..stall() }, id::AMOUNT),
        (StallCode { stall: "", ..stall() }, id::FIRST_TEMPLATE),
        (StallCode { gui: &"g".repeat(95), ..stall() }, id::FIRST_TEMPLATE),
    ] {
        assert_eq!(code.text(), Err(EmvError::Value { at }));
    }
}

#[test]
fn broken_payloads_are_refused_each_with_its_reason() {
    assert!(Payload::parse(&signed(BASE)).is_ok());
    let value = |at| EmvError::Value { at };
    let missing = |at| EmvError::Missing { at };
    for (body, why) in [
        ("", EmvError::Order),
        ("0002", EmvError::Header),
        ("0002019", EmvError::Truncated),
        ("000201599", EmvError::Truncated),
        ("0002015900", EmvError::Header),
        ("０0020159", EmvError::Header),
        ("000201aa01x", EmvError::Header),
        ("00020159+1x", EmvError::Header),
        ("5204541100020153034085802KP5904NAME6004CITY26050001A", EmvError::Order),
        ("0002025204541153034085802KP5904NAME6004CITY26050001A", value(0)),
        ("0002015204541153034085802KP5904NAME5904NAME6004CITY26050001A", EmvError::Twice { at: 59 }),
        ("00020153034085802KP5904NAME6004CITY26050001A", missing(52)),
        ("0002015204541153034085802KP5904NAME26050001A", missing(60)),
        ("0002015204541153034085802KP5904NAME6004CITY", missing(26)),
        ("0002015204541153034085802KP5904NAME6004CITY26050101A", value(26)),
        ("0002015204541153034085802KP5904NAME6004CITY26050009A", value(26)),
        ("0002015204541153034085802KP5904NAME6004CITY26050001A540512.3a", value(54)),
        ("0002015204541153034085802KP5904NAME6004CITY26050001A0102XX", value(1)),
        ("0002015204541153034085802KP5904NAME6004CITY26050001A64060002ko", value(64)),
        ("0002015204541153034085802KP5904NAME6004CITY26050001A550202", missing(56)),
        ("0002015204541153034085802KP5904NAME6004CITY26050001A56015", value(55)),
        ("0002015204541153034085802KP5904NAME6004CITY26050001A6304ABCD", EmvError::Twice { at: 63 }),
    ] {
        assert_eq!(Payload::parse(&signed(body)), Err(why), "{body}");
    }
}

#[test]
fn a_last_object_that_swallows_the_checksum_is_no_end() {
    // Object 59 of eight characters more takes the "6304" and the digits into its value.
    let body = "0002015204541153034085802KP6004CITY26050001A5908";
    assert_eq!(Payload::parse(&signed(body)), Err(EmvError::Order));
}

#[test]
fn oversized_and_cut_texts_are_refused() {
    assert_eq!(Payload::parse(&"가".repeat(513)), Err(EmvError::TooLong));
    assert_eq!(Payload::parse(&"0".repeat(5_000)), Err(EmvError::TooLong));
    for end in (0..OURS.len()).filter(|end| OURS.is_char_boundary(*end)) {
        assert!(Payload::parse(&OURS[..end]).is_err(), "{end}");
    }
    assert_eq!(Payload::parse(&OURS.replace("66E5", "66e5")), Err(EmvError::Checksum));
}

#[test]
fn every_changed_bit_of_the_examples_is_found() {
    for text in [TRANSPORT, PIX, OURS] {
        for place in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[place] ^= 1 << bit;
                if let Ok(flipped) = std::str::from_utf8(&bytes) {
                    assert!(Payload::parse(flipped).is_err(), "{flipped}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn stalls_read_back(
        name in "[A-Z가-힣 ]{1,25}",
        city in "\\PC{1,15}",
        stall_ref in "[0-9A-Z]{1,20}",
        minor in proptest::option::of(0i64..1_000_000_000),
        korean in proptest::option::of("[가-힣 0-9]{1,25}"),
        code in "(KPW|KRW|JPY|USD|BHD)",
    ) {
        let local = korean.as_deref().map(|name| LocalName { language: "ko", name, city: None });
        let currency = Currency::parse(&code).unwrap();
        let stall = StallCode {
            name: &name, city: &city, stall: &stall_ref, amount_minor: minor, local, currency, ..stall()
        };
        let text = stall.text().unwrap();
        let read = Payload::parse(&text).unwrap();
        prop_assert_eq!((read.name(), read.city()), (name.as_str(), city.as_str()));
        prop_assert_eq!(read.account("org.example.wallet").unwrap().get(1), Some(stall_ref.as_str()));
        prop_assert_eq!(read.amount_minor(), minor);
        prop_assert_eq!(read.currency(), Some(currency));
        prop_assert_eq!(read.in_language().and_then(|local| local.get(1)), korean.as_deref());
    }

    #[test]
    fn no_text_makes_the_reader_fall_over(text in "\\PC{0,200}", ids in "([0-9]{4}\\PC{0,9}){0,9}") {
        let _ = Payload::parse(&text);
        let _ = Payload::parse(&signed(&ids));
        let _ = Payload::parse(&signed(&format!("{BASE}{ids}")));
    }
}
