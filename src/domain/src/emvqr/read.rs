//! Reading a payload.

use super::objects::{Object, Objects};
use super::{EmvError, LONGEST, amount, checksum, currency_of, id};
use crate::money::Currency;

/// The last object but for its four digits.
const CHECKSUM_HEAD: &str = "6304";

/// Whether a code serves many payments or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initiation {
    /// Hung up, and paid again and again.
    Static,
    /// Made for one payment.
    Dynamic,
}

/// A template: an object that holds objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template<'a> {
    text: &'a str,
}

impl<'a> Template<'a> {
    /// The value of an object in it.
    #[must_use]
    pub fn get(self, id: u8) -> Option<&'a str> {
        find(self.text, id)
    }

    /// Its objects.
    #[must_use]
    pub fn objects(self) -> Objects<'a> {
        Objects::of(self.text)
    }
}

/// A payload whose form and checksum are right. What it says is the printer's word: who is paid is looked up, never
/// taken from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a> {
    text: &'a str,
}

impl<'a> Payload<'a> {
    /// Reads a scanned text.
    ///
    /// # Errors
    /// The first [`EmvError`]: length, checksum, the list of objects, then each object's own form.
    pub fn parse(text: &'a str) -> Result<Self, EmvError> {
        if text.len() > 4 * LONGEST || text.chars().count() > LONGEST {
            return Err(EmvError::TooLong);
        }
        check_sum(text)?;
        check_list(text)?;
        let payload = Self { text };
        for object in Objects::of(text) {
            check_value(object?)?;
        }
        for at in [id::CATEGORY, id::CURRENCY, id::COUNTRY, id::NAME, id::CITY] {
            payload.get(at).ok_or(EmvError::Missing { at })?;
        }
        if !payload.objects().any(|object| (2..=id::LAST_ACCOUNT).contains(&object.id)) {
            return Err(EmvError::Missing { at: id::FIRST_TEMPLATE });
        }
        payload.check_tip()?;
        Ok(payload)
    }

    /// The objects, in their order.
    pub fn objects(&self) -> impl Iterator<Item = Object<'a>> {
        Objects::of(self.text).filter_map(Result::ok)
    }

    /// The value of an object.
    #[must_use]
    pub fn get(&self, id: u8) -> Option<&'a str> {
        find(self.text, id)
    }

    /// The merchant account template of this globally unique id, in capitals or not.
    #[must_use]
    pub fn account(&self, gui: &str) -> Option<Template<'a>> {
        let of_gui = |template: &Template<'a>| {
            template.get(id::GUI).is_some_and(|value| value.eq_ignore_ascii_case(gui))
        };
        let accounts = self
            .objects()
            .filter(|object| (id::FIRST_TEMPLATE..=id::LAST_ACCOUNT).contains(&object.id))
            .map(|object| Template { text: object.value });
        accounts.into_iter().find(of_gui)
    }

    /// Additional data: store label, terminal label and so on.
    #[must_use]
    pub fn additional(&self) -> Option<Template<'a>> {
        self.get(id::ADDITIONAL).map(|text| Template { text })
    }

    /// Name and city in another language.
    #[must_use]
    pub fn in_language(&self) -> Option<Template<'a>> {
        self.get(id::LANGUAGE).map(|text| Template { text })
    }

    /// Whether it serves many payments or one; static where it does not say.
    #[must_use]
    pub fn initiation(&self) -> Initiation {
        if self.get(id::INITIATION) == Some("12") { Initiation::Dynamic } else { Initiation::Static }
    }

    /// The currency; `None` for a number that is no currency of ours.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.get(id::CURRENCY).and_then(currency_of)
    }

    /// The amount in minor units of [`Payload::currency`]; `None` where the customer enters it, or where it has more
    /// digits than the currency. [`Payload::get`] tells the two apart.
    #[must_use]
    pub fn amount_minor(&self) -> Option<i64> {
        amount::to_minor(self.get(id::AMOUNT)?, self.currency()?.exponent())
    }

    /// The merchant's name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.get(id::NAME).unwrap_or_default()
    }

    /// The merchant's city.
    #[must_use]
    pub fn city(&self) -> &'a str {
        self.get(id::CITY).unwrap_or_default()
    }

    /// A fixed fee stands with its amount and a percentage with its number, and neither alone.
    fn check_tip(&self) -> Result<(), EmvError> {
        let tip = self.get(id::TIP);
        for (at, sign) in [(id::TIP_FIXED, "02"), (id::TIP_PERCENT, "03")] {
            match (tip == Some(sign), self.get(at).is_some()) {
                (true, false) => return Err(EmvError::Missing { at }),
                (false, true) => return Err(EmvError::Value { at: id::TIP }),
                _ => {}
            }
        }
        Ok(())
    }
}

fn find(text: &str, id: u8) -> Option<&str> {
    Objects::of(text)
        .find_map(|object| object.ok().filter(|object| object.id == id))
        .map(|object| object.value)
}

/// The text ends in `6304` and four capital hexadecimal digits, and they are right.
fn check_sum(text: &str) -> Result<(), EmvError> {
    let (before, digits) =
        text.len().checked_sub(4).and_then(|end| text.split_at_checked(end)).ok_or(EmvError::Truncated)?;
    if !before.ends_with(CHECKSUM_HEAD) {
        return Err(EmvError::Order);
    }
    let hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    let given = u16::from_str_radix(digits, 16).ok().filter(|_| hex);
    if given == Some(checksum(before)) { Ok(()) } else { Err(EmvError::Checksum) }
}

/// Whole objects, 00 first, 63 last, none twice.
fn check_list(text: &str) -> Result<(), EmvError> {
    let ids = unique_ids(text)?;
    let last = Objects::of(text).filter_map(Result::ok).last();
    let first = Objects::of(text).find_map(Result::ok);
    let begins = first.is_some_and(|object| object.id == id::FORMAT);
    let ends = last.is_some_and(|object| object.id == id::CHECKSUM && object.value.len() == 4);
    if ids != 0 && begins && ends { Ok(()) } else { Err(EmvError::Order) }
}

/// The ids of a text as bits.
fn unique_ids(text: &str) -> Result<u128, EmvError> {
    Objects::of(text).try_fold(0u128, |seen, object| {
        let at = object?.id;
        let bit = 1u128 << at;
        if seen & bit == 0 { Ok(seen | bit) } else { Err(EmvError::Twice { at }) }
    })
}

/// An object's own form.
fn check_value(object: Object<'_>) -> Result<(), EmvError> {
    let Object { id: at, value } = object;
    let digits = |count: usize| value.len() == count && value.bytes().all(|byte| byte.is_ascii_digit());
    let at_most = |count: usize| value.chars().count() <= count;
    let fits = match at {
        id::FORMAT => value == "01",
        id::INITIATION => matches!(value, "11" | "12"),
        id::CATEGORY => digits(4),
        id::CURRENCY => digits(3),
        id::AMOUNT | id::TIP_FIXED => amount::is_amount(value),
        id::TIP => matches!(value, "01" | "02" | "03"),
        id::TIP_PERCENT => value.len() <= 5 && amount::is_amount(value),
        id::COUNTRY => value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()),
        id::NAME => at_most(25),
        id::CITY => at_most(15),
        id::POSTAL => at_most(10),
        _ => true,
    };
    let must_hold: &[u8] = match at {
        id::FIRST_TEMPLATE..=id::LAST_ACCOUNT | id::FIRST_UNRESERVED..=99 => &[id::GUI],
        id::LANGUAGE => &[0, 1],
        id::ADDITIONAL => &[],
        _ => return if fits { Ok(()) } else { Err(EmvError::Value { at }) },
    };
    let held = unique_ids(value).map_err(|_| EmvError::Value { at })?;
    if must_hold.iter().all(|id| held & (1u128 << id) != 0) { Ok(()) } else { Err(EmvError::Value { at }) }
}
