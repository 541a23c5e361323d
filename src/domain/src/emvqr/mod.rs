//! EMVCo merchant-presented QR payloads (version 1.1): what stands on the picture that a stall hangs up.
//!
//! Text of objects: two digits id, two digits length, and that many characters. The length counts characters, so
//! that a Korean syllable is one, while the checksum at the end runs over the bytes of the UTF-8 text. An object of
//! some ids is a template and holds objects itself. The payload begins with object 00 and ends with 63, the CRC-16
//! of all before it, the `6304` included; it has 512 characters at most.
//!
//! Reading ([`Payload::parse`]) is strict and allocates nothing. Writing ([`StallCode::text`]) reads back what it
//! wrote, so that nothing is printed that would not be read.

mod amount;
mod currency;
mod objects;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use currency::{currency_of, number_of};
pub use objects::{Object, Objects};
pub use read::{Initiation, Payload, Template};
pub use write::{LocalName, StallCode};

use crc::{CRC_16_IBM_3740, Crc};

/// Characters of a payload at most.
pub const LONGEST: usize = 512;
/// Characters of one object's value at most.
pub const LONGEST_VALUE: usize = 99;

/// The objects by their ids, as the specification numbers them.
pub mod id {
    /// Payload format indicator: "01".
    pub const FORMAT: u8 = 0;
    /// Point of initiation: "11" for a code used again and again, "12" for one made for a single payment.
    pub const INITIATION: u8 = 1;
    /// The first of the merchant account templates (02 to 25 are plain numbers of card schemes).
    pub const FIRST_TEMPLATE: u8 = 26;
    /// The last merchant account template.
    pub const LAST_ACCOUNT: u8 = 51;
    /// Merchant category code, ISO 18245, four digits.
    pub const CATEGORY: u8 = 52;
    /// Currency, ISO 4217, three digits.
    pub const CURRENCY: u8 = 53;
    /// Amount; absent: the customer enters it.
    pub const AMOUNT: u8 = 54;
    /// Tip or fee: "01" ask, "02" fixed, "03" percent.
    pub const TIP: u8 = 55;
    /// The fixed fee.
    pub const TIP_FIXED: u8 = 56;
    /// The fee in percent.
    pub const TIP_PERCENT: u8 = 57;
    /// Country, ISO 3166-1, two capitals.
    pub const COUNTRY: u8 = 58;
    /// The merchant's name, 25 characters at most.
    pub const NAME: u8 = 59;
    /// The merchant's city, 15 characters at most.
    pub const CITY: u8 = 60;
    /// Postal code, 10 characters at most.
    pub const POSTAL: u8 = 61;
    /// Additional data.
    pub const ADDITIONAL: u8 = 62;
    /// The checksum.
    pub const CHECKSUM: u8 = 63;
    /// The merchant's name in another language.
    pub const LANGUAGE: u8 = 64;
    /// The first unreserved template.
    pub const FIRST_UNRESERVED: u8 = 80;
    /// In an account template: who defined the rest of it.
    pub const GUI: u8 = 0;
    /// In additional data: the store's label.
    pub const STORE_LABEL: u8 = 3;
    /// In additional data: the terminal's label.
    pub const TERMINAL_LABEL: u8 = 7;
}

/// Why a text is not a payload. `at` is an object's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmvError {
    /// More characters than a payload has.
    #[error("a payload has 512 characters at most")]
    TooLong,
    /// The text ends in the middle of an object.
    #[error("the payload breaks off")]
    Truncated,
    /// An id or a length that is not two digits, or a length of 0.
    #[error("an object does not begin with its number and length")]
    Header,
    /// The checksum is not that of the text.
    #[error("the checksum does not fit")]
    Checksum,
    /// Not 00 first and 63 last.
    #[error("the payload does not begin and end as it should")]
    Order,
    /// An object stands twice.
    #[error("object {at:02} stands twice")]
    Twice {
        /// Which.
        at: u8,
    },
    /// An object that must be there is not.
    #[error("object {at:02} is missing")]
    Missing {
        /// Which.
        at: u8,
    },
    /// A value of a form its object does not allow.
    #[error("object {at:02} has a value it may not have")]
    Value {
        /// Which.
        at: u8,
    },
}

/// The checksum of a text, as a number.
fn checksum(text: &str) -> u16 {
    const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);
    CRC.checksum(text.as_bytes())
}
