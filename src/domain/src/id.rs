//! Typed ids. One newtype per kind of thing, so that an order's id never stands where a delivery's is meant.
//!
//! Inside, an id is a version 7 UUID: it sorts by the moment it was made. On the wire it is a prefix, an
//! underscore and the 16 bytes as 26 lower-case Crockford base32 characters: `ord_01jh2q...`. Reading is
//! strict: exactly that text or an [`IdError`]; no upper case, no look-alike letters, no spare bits.
//! Everybody who speaks to a caller, to the store or to another module comes in here.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de;
use uuid::Uuid;

/// The 32 letters: digits and the lower-case alphabet without i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of 128 bits in groups of five.
const BODY_CHARS: usize = 26;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Another prefix, or none.
    #[error("an id of this kind starts with \"{expected}_\"")]
    Prefix {
        /// The prefix the kind wants, without the underscore.
        expected: &'static str,
    },
    /// Not 26 characters after the prefix.
    #[error("an id has 26 characters after its prefix")]
    Length,
    /// A character outside the alphabet (upper case, i, l, o, u, anything else).
    #[error("an id uses the lower-case letters and digits of Crockford base32 only")]
    Letter,
    /// More than 128 bits: the first character is above 7.
    #[error("the id does not fit in 128 bits")]
    Overflow,
}

/// Writes 128 bits as 26 characters, most significant first.
fn write_body(value: u128, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; BODY_CHARS];
    let mut rest = value;
    for slot in text.iter_mut().rev() {
        let digit = usize::try_from(rest & 31).map_err(|_| fmt::Error)?;
        *slot = ALPHABET.get(digit).copied().ok_or(fmt::Error)?;
        rest >>= 5;
    }
    out.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

/// The value of one letter, 0..=31.
fn digit_of(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'h' => Some(letter - b'a' + 10),
        b'j' | b'k' => Some(letter - b'j' + 18),
        b'm' | b'n' => Some(letter - b'm' + 20),
        b'p'..=b't' => Some(letter - b'p' + 22),
        b'v'..=b'z' => Some(letter - b'v' + 27),
        _ => None,
    }
}

/// Reads `prefix_` and 26 characters.
fn parse_text(text: &str, prefix: &'static str) -> Result<Uuid, IdError> {
    let wrong_prefix = IdError::Prefix { expected: prefix };
    let body = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(wrong_prefix)?;
    if body.len() != BODY_CHARS {
        return Err(IdError::Length);
    }
    let mut value: u128 = 0;
    for (place, letter) in body.bytes().enumerate() {
        let digit = digit_of(letter).ok_or(IdError::Letter)?;
        if place == 0 && digit > 7 {
            return Err(IdError::Overflow);
        }
        value = (value << 5) | u128::from(digit);
    }
    Ok(Uuid::from_u128(value))
}

/// A version 7 UUID of a moment and ten random bytes. Moments before 1970 count as 1970.
fn v7(now: DateTime<Utc>, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Reads any `FromStr` type from a serialized string without an allocation where the format allows it.
struct TextVisitor<T> {
    prefix: &'static str,
    kind: PhantomData<T>,
}

impl<T: FromStr<Err = IdError>> de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "an id that starts with \"{}_\"", self.prefix)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the wire form, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id: the moment it is made and ten random bytes (version 7, sorts by the moment).
            #[must_use]
            pub fn from_parts(now: DateTime<Utc>, random: [u8; 10]) -> Self {
                Self(v7(now, random))
            }

            /// The id a stored UUID stands for.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID to store.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!($prefix, "_"))?;
                write_body(self.0.as_u128(), out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_text(text, $prefix).map(Self)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_str(TextVisitor::<$name> { prefix: $prefix, kind: PhantomData })
            }
        }
    )+};
}

ids! {
    /// A shop.
    ShopId "shp";
    /// A place where a shop hands parcels to couriers.
    PickupPointId "pup";
    /// An order.
    OrderId "ord";
    /// A delivery.
    DeliveryId "dlv";
    /// One parcel of a delivery.
    ParcelId "prc";
    /// The payment of an order.
    PaymentId "pay";
    /// A refund of a captured payment.
    RefundId "rfd";
    /// A courier.
    CourierId "cou";
    /// One shift of a courier.
    ShiftId "shf";
    /// A region.
    RegionId "reg";
    /// An entry in a delivery's record.
    EventId "evt";
    /// A piece of work to be done later.
    JobId "job";
    /// A caller's API key.
    KeyId "key";
    /// A courier's signed-in session.
    SessionId "ses";
    /// A hand-off.
    HandOffId "hnd";
    /// A courier's invitation.
    InviteId "inv";
    /// A sign-in code.
    CodeId "otp";
    /// A photo taken as proof.
    PhotoId "pho";
    /// A customer's answer to a call-ahead.
    AnswerId "ans";
    /// One request to the service.
    RequestId "req";
    /// An account of the ledger.
    AccountId "acc";
    /// A transfer of the ledger.
    TransferId "trf";
    /// A customer's wallet.
    WalletId "wal";
    /// A prepaid card.
    CardId "crd";
    /// A stall.
    StallId "stl";
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn a_known_id_has_a_known_text() {
        assert_eq!(OrderId::from_uuid(Uuid::nil()).to_string(), format!("ord_{}", "0".repeat(26)));
        assert_eq!(OrderId::from_uuid(Uuid::max()).to_string(), format!("ord_7{}", "z".repeat(25)));
        let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(DeliveryId::from_uuid(uuid).to_string(), "dlv_014d2pf2dbsqqg28t5cy4tqkff");
    }

    #[test]
    fn every_letter_of_the_alphabet_reads_back_as_its_place() {
        for (place, letter) in ALPHABET.iter().enumerate() {
            assert_eq!(digit_of(*letter), Some(place as u8));
        }
        let known = (0..=255u8).filter(|letter| digit_of(*letter).is_some()).count();
        assert_eq!(known, 32);
    }

    #[test]
    fn a_new_id_is_a_version_7_uuid_that_carries_its_moment() {
        let id = EventId::from_parts(at(1_767_604_364_120), [0xff; 10]);
        assert_eq!(id.uuid().get_version_num(), 7);
        assert_eq!(id.uuid().get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.uuid().as_u128() >> 80, 1_767_604_364_120);
    }

    #[test]
    fn a_later_id_sorts_after_an_earlier_one_in_memory_and_as_text() {
        let early = OrderId::from_parts(at(1_000), [0xff; 10]);
        let late = OrderId::from_parts(at(1_001), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn a_moment_before_1970_counts_as_1970() {
        assert_eq!(OrderId::from_parts(at(-5), [1; 10]), OrderId::from_parts(at(0), [1; 10]));
    }

    #[test]
    fn wrong_texts_are_refused_each_with_its_reason() {
        let body = "0".repeat(26);
        let parse = |text: &str| text.parse::<OrderId>();
        assert_eq!(parse(&format!("dlv_{body}")), Err(IdError::Prefix { expected: "ord" }));
        assert_eq!(parse(&format!("ord{body}")), Err(IdError::Prefix { expected: "ord" }));
        assert_eq!(parse(&format!("ORD_{body}")), Err(IdError::Prefix { expected: "ord" }));
        assert_eq!(parse(""), Err(IdError::Prefix { expected: "ord" }));
        assert_eq!(parse("ord_"), Err(IdError::Length));
        assert_eq!(parse(&format!("ord_{body}0")), Err(IdError::Length));
        assert_eq!(parse(&format!(" ord_{body}")), Err(IdError::Prefix { expected: "ord" }));
        assert_eq!(parse(&format!("ord_8{}", "0".repeat(25))), Err(IdError::Overflow));
        for letter in ['i', 'l', 'o', 'u', 'A', '-', ' ', '\0'] {
            assert_eq!(parse(&format!("ord_{}{letter}", "0".repeat(25))), Err(IdError::Letter));
        }
        assert_eq!(parse(&format!("ord_{}é", "0".repeat(24))), Err(IdError::Letter));
    }

    #[test]
    fn json_carries_the_text_also_as_a_map_key() {
        let id = ShopId::from_uuid(Uuid::from_u128(7));
        let text = "\"shp_00000000000000000000000007\"";
        assert_eq!(serde_json::to_string(&id).unwrap(), text);
        assert_eq!(serde_json::from_str::<ShopId>(text).unwrap(), id);
        assert!(serde_json::from_str::<OrderId>(text).is_err());
        assert!(serde_json::from_str::<ShopId>("7").is_err());
        let map = std::collections::BTreeMap::from([(id, 1)]);
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(serde_json::from_str::<std::collections::BTreeMap<ShopId, i32>>(&json).unwrap(), map);
    }

    proptest! {
        #[test]
        fn every_id_reads_back(bits: u128) {
            let id = CourierId::from_uuid(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<CourierId>(), Ok(id));
            prop_assert_eq!(id.to_string().len(), 30);
        }

        #[test]
        fn text_order_is_id_order(a: u128, b: u128) {
            let (a, b) = (JobId::from_uuid(Uuid::from_u128(a)), JobId::from_uuid(Uuid::from_u128(b)));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn no_text_makes_the_parser_fall_over(text in "\\PC*") {
            let _ = text.parse::<OrderId>();
            let _ = format!("ord_{text}").parse::<OrderId>();
        }
    }
}
