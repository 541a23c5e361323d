//! Writing the payload that a stall prints.

use super::{EmvError, LONGEST_VALUE, Payload, amount, checksum, id, number_of};
use crate::money::Currency;

/// Name and city in the language of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalName<'a> {
    /// ISO 639-1, two letters: `ko`.
    pub language: &'a str,
    /// The name, 25 characters at most.
    pub name: &'a str,
    /// The city, 15 characters at most.
    pub city: Option<&'a str>,
}

/// What stands on a stall's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StallCode<'a> {
    /// The globally unique id of the wallet scheme: a reverse domain such as `org.example.wallet`.
    pub gui: &'a str,
    /// The stall, as the scheme knows it.
    pub stall: &'a str,
    /// Merchant category code, four digits.
    pub category: &'a str,
    /// The currency.
    pub currency: Currency,
    /// Minor units, for a code made for one payment; `None`: the customer enters the amount.
    pub amount_minor: Option<i64>,
    /// Two capitals.
    pub country: &'a str,
    /// The stall's name, 25 characters at most.
    pub name: &'a str,
    /// Its city, 15 characters at most.
    pub city: &'a str,
    /// The terminal's label, if there are several.
    pub terminal: Option<&'a str>,
    /// Name and city in another language.
    pub local: Option<LocalName<'a>>,
}

impl StallCode<'_> {
    /// The text of the picture.
    ///
    /// # Errors
    /// What [`Payload::parse`] would refuse in it: a value too long or of the wrong form. [`EmvError::Value`] of 53
    /// or 54 for a currency or an amount that cannot be written.
    pub fn text(&self) -> Result<String, EmvError> {
        let number = number_of(self.currency).ok_or(EmvError::Value { at: id::CURRENCY })?;
        let amount = self.amount_text()?;
        let mut out = Writer::default();
        out.put(id::FORMAT, "01")?;
        out.put(id::INITIATION, if amount.is_some() { "12" } else { "11" })?;
        out.put_all(id::FIRST_TEMPLATE, &[(id::GUI, Some(self.gui)), (1, Some(self.stall))])?;
        out.put(id::CATEGORY, self.category)?;
        out.put(id::CURRENCY, number)?;
        out.put_if(id::AMOUNT, amount.as_deref())?;
        out.put(id::COUNTRY, self.country)?;
        out.put(id::NAME, self.name)?;
        out.put(id::CITY, self.city)?;
        let labels = [(id::STORE_LABEL, Some(self.stall)), (id::TERMINAL_LABEL, self.terminal)];
        out.put_all(id::ADDITIONAL, &labels)?;
        if let Some(local) = self.local {
            let names = [(0, Some(local.language)), (1, Some(local.name)), (2, local.city)];
            out.put_all(id::LANGUAGE, &names)?;
        }
        let text = out.signed();
        Payload::parse(&text)?;
        Ok(text)
    }

    fn amount_text(&self) -> Result<Option<String>, EmvError> {
        let write = |minor| {
            amount::from_minor(minor, self.currency.exponent()).ok_or(EmvError::Value { at: id::AMOUNT })
        };
        self.amount_minor.map(write).transpose()
    }
}

/// Objects written one after the other.
#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn put(&mut self, id: u8, value: &str) -> Result<(), EmvError> {
        let length = value.chars().count();
        if !(1..=LONGEST_VALUE).contains(&length) {
            return Err(EmvError::Value { at: id });
        }
        self.text.push_str(&format!("{id:02}{length:02}{value}"));
        Ok(())
    }

    fn put_if(&mut self, id: u8, value: Option<&str>) -> Result<(), EmvError> {
        value.map_or(Ok(()), |value| self.put(id, value))
    }

    fn put_all(&mut self, id: u8, values: &[(u8, Option<&str>)]) -> Result<(), EmvError> {
        let mut inner = Writer::default();
        values
            .iter()
            .try_for_each(|(id, value)| inner.put_if(*id, *value))
            .map_err(|_| EmvError::Value { at: id })?;
        self.put(id, &inner.text)
    }

    /// With the checksum at the end.
    fn signed(mut self) -> String {
        self.text.push_str("6304");
        let sum = checksum(&self.text);
        self.text.push_str(&format!("{sum:04X}"));
        self.text
    }
}
