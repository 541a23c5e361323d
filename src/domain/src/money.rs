//! Money: whole minor units of one currency, checked on every step.
//!
//! No floating point anywhere, no sum across currencies, no silent overflow. Amounts stay within ±(2^53 - 1)
//! so that a browser reads them exactly. The table of currencies is ISO 4217's list of circulating
//! currencies and fund codes with its exponents; metals, test codes and "no currency" are not money to us.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest amount either side of zero, in minor units: 2^53 - 1.
pub const MAX_MINOR: i64 = 9_007_199_254_740_991;

/// Code and exponent (digits after the point), sorted by code. ISO 4217 list one; BGN stays for old orders.
#[rustfmt::skip]
const CURRENCIES: &[(&str, u8)] = &[
    ("AED", 2), ("AFN", 2), ("ALL", 2), ("AMD", 2), ("AOA", 2), ("ARS", 2), ("AUD", 2),
    ("AWG", 2), ("AZN", 2), ("BAM", 2), ("BBD", 2), ("BDT", 2), ("BGN", 2), ("BHD", 3),
    ("BIF", 0), ("BMD", 2), ("BND", 2), ("BOB", 2), ("BOV", 2), ("BRL", 2), ("BSD", 2),
    ("BTN", 2), ("BWP", 2), ("BYN", 2), ("BZD", 2), ("CAD", 2), ("CDF", 2), ("CHE", 2),
    ("CHF", 2), ("CHW", 2), ("CLF", 4), ("CLP", 0), ("CNY", 2), ("COP", 2), ("COU", 2),
    ("CRC", 2), ("CUP", 2), ("CVE", 2), ("CZK", 2), ("DJF", 0), ("DKK", 2), ("DOP", 2),
    ("DZD", 2), ("EGP", 2), ("ERN", 2), ("ETB", 2), ("EUR", 2), ("FJD", 2), ("FKP", 2),
    ("GBP", 2), ("GEL", 2), ("GHS", 2), ("GIP", 2), ("GMD", 2), ("GNF", 0), ("GTQ", 2),
    ("GYD", 2), ("HKD", 2), ("HNL", 2), ("HTG", 2), ("HUF", 2), ("IDR", 2), ("ILS", 2),
    ("INR", 2), ("IQD", 3), ("IRR", 2), ("ISK", 0), ("JMD", 2), ("JOD", 3), ("JPY", 0),
    ("KES", 2), ("KGS", 2), ("KHR", 2), ("KMF", 0), ("KPW", 2), ("KRW", 0), ("KWD", 3),
    ("KYD", 2), ("KZT", 2), ("LAK", 2), ("LBP", 2), ("LKR", 2), ("LRD", 2), ("LSL", 2),
    ("LYD", 3), ("MAD", 2), ("MDL", 2), ("MGA", 2), ("MKD", 2), ("MMK", 2), ("MNT", 2),
    ("MOP", 2), ("MRU", 2), ("MUR", 2), ("MVR", 2), ("MWK", 2), ("MXN", 2), ("MXV", 2),
    ("MYR", 2), ("MZN", 2), ("NAD", 2), ("NGN", 2), ("NIO", 2), ("NOK", 2), ("NPR", 2),
    ("NZD", 2), ("OMR", 3), ("PAB", 2), ("PEN", 2), ("PGK", 2), ("PHP", 2), ("PKR", 2),
    ("PLN", 2), ("PYG", 0), ("QAR", 2), ("RON", 2), ("RSD", 2), ("RUB", 2), ("RWF", 0),
    ("SAR", 2), ("SBD", 2), ("SCR", 2), ("SDG", 2), ("SEK", 2), ("SGD", 2), ("SHP", 2),
    ("SLE", 2), ("SOS", 2), ("SRD", 2), ("SSP", 2), ("STN", 2), ("SVC", 2), ("SYP", 2),
    ("SZL", 2), ("THB", 2), ("TJS", 2), ("TMT", 2), ("TND", 3), ("TOP", 2), ("TRY", 2),
    ("TTD", 2), ("TWD", 2), ("TZS", 2), ("UAH", 2), ("UGX", 0), ("USD", 2), ("USN", 2),
    ("UYI", 0), ("UYU", 2), ("UYW", 4), ("UZS", 2), ("VED", 2), ("VES", 2), ("VND", 0),
    ("VUV", 0), ("WST", 2), ("XAD", 2), ("XAF", 0), ("XCD", 2), ("XCG", 2), ("XOF", 0),
    ("XPF", 0), ("YER", 2), ("ZAR", 2), ("ZMW", 2), ("ZWG", 2),
];

/// Why an amount or a currency was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a code of the ISO 4217 table, in capitals.
    #[error("not an ISO 4217 currency code")]
    UnknownCurrency,
    /// Beyond ±(2^53 - 1) minor units.
    #[error("the amount is beyond what can be carried exactly")]
    OutOfRange,
    /// Two amounts of different currencies met.
    #[error("{left} and {right} are different currencies")]
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// A split needs at least one weight above zero.
    #[error("a split needs at least one weight above zero")]
    NoWeights,
}

/// A currency of the ISO 4217 table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

impl Currency {
    /// The currency of a three-letter code in capitals.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] for any other text.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let place = CURRENCIES
            .binary_search_by(|(known, _)| (*known).cmp(code))
            .map_err(|_| MoneyError::UnknownCurrency)?;
        let (code, exponent) = *CURRENCIES.get(place).ok_or(MoneyError::UnknownCurrency)?;
        Ok(Self { code, exponent })
    }

    /// The three-letter code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Digits after the point: 2 means that one unit is 100 minor units.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }

    /// Every currency of the table, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        CURRENCIES.iter().map(|(code, exponent)| Self { code, exponent: *exponent })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::parse(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let code = String::deserialize(input)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units of a currency. JSON: `{"amount": 125000, "currency": "KPW"}`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// The JSON shape of [`Money`].
#[derive(Serialize, Deserialize)]
struct Wire {
    amount: i64,
    currency: Currency,
}

impl From<Money> for Wire {
    fn from(money: Money) -> Self {
        Self { amount: money.minor, currency: money.currency }
    }
}

impl TryFrom<Wire> for Money {
    type Error = MoneyError;

    fn try_from(wire: Wire) -> Result<Self, MoneyError> {
        Self::new(wire.amount, wire.currency)
    }
}

impl Money {
    /// An amount of minor units.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond ±[`MAX_MINOR`].
    pub const fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor > MAX_MINOR || minor < -MAX_MINOR {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Self { minor, currency })
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::OutOfRange`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Self::new(self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?, self.currency)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::OutOfRange`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Self::new(self.minor.checked_sub(other.minor).ok_or(MoneyError::OutOfRange)?, self.currency)
    }

    /// Splits by weights so that the parts sum to the whole: each part gets its share rounded towards zero,
    /// and what is left goes minor unit by minor unit to the largest remainders, earlier weights first.
    ///
    /// # Errors
    /// [`MoneyError::NoWeights`] when no weight is above zero.
    pub fn split(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        if sum == 0 {
            return Err(MoneyError::NoWeights);
        }
        let whole = u128::from(self.minor.unsigned_abs());
        let mut shares = Vec::with_capacity(weights.len());
        let mut order = Vec::with_capacity(weights.len());
        let mut left = whole;
        for (place, weight) in weights.iter().enumerate() {
            let product = whole * u128::from(*weight);
            left -= product / sum;
            shares.push(product / sum);
            order.push((std::cmp::Reverse(product % sum), place));
        }
        order.sort_unstable();
        for (_, place) in order {
            if left == 0 {
                break;
            }
            if let Some(share) = shares.get_mut(place) {
                *share += 1;
                left -= 1;
            }
        }
        shares.into_iter().map(|share| self.part(share)).collect()
    }

    /// Plain text for people and logs: `125.00 KPW`.
    #[must_use]
    pub fn display(self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = self.minor.unsigned_abs();
        let places = usize::from(self.currency.exponent);
        let code = self.currency.code;
        if places == 0 {
            return format!("{sign}{digits} {code}");
        }
        let unit = 10u64.pow(u32::from(self.currency.exponent));
        format!("{sign}{}.{:0places$} {code}", digits / unit, digits % unit)
    }

    /// A part of this amount, with this amount's sign.
    fn part(self, share: u128) -> Result<Self, MoneyError> {
        let minor = i64::try_from(share).map_err(|_| MoneyError::OutOfRange)?;
        Self::new(if self.minor < 0 { -minor } else { minor }, self.currency)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.display())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.display())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

    use proptest::prelude::*;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap()).unwrap()
    }

    #[test]
    fn the_table_is_sorted_without_doubles_and_every_code_is_three_capitals() {
        assert!(CURRENCIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(CURRENCIES.iter().all(|(code, _)| code.len() == 3));
        assert!(CURRENCIES.iter().all(|(code, _)| code.bytes().all(|letter| letter.is_ascii_uppercase())));
        assert!(Currency::all().all(|currency| Currency::parse(currency.code()) == Ok(currency)));
        assert!(CURRENCIES.len() > 150);
    }

    #[test]
    fn known_exponents_are_right() {
        let known =
            [("KPW", 2), ("KRW", 0), ("JPY", 0), ("USD", 2), ("BHD", 3), ("CLF", 4), ("IQD", 3), ("VND", 0)];
        for (code, exponent) in known {
            assert_eq!(Currency::parse(code).unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn anything_but_a_known_code_in_capitals_is_refused() {
        for code in ["", "KP", "kpw", "KPWX", "XXX", "XAU", "HRK", " KPW", "ÄÖÜ"] {
            assert_eq!(Currency::parse(code), Err(MoneyError::UnknownCurrency), "{code}");
        }
    }

    #[test]
    fn json_carries_minor_units_and_refuses_fractions_and_huge_amounts() {
        let price = money(125_000, "KPW");
        let text = r#"{"amount":125000,"currency":"KPW"}"#;
        assert_eq!(serde_json::to_string(&price).unwrap(), text);
        assert_eq!(serde_json::from_str::<Money>(text).unwrap(), price);
        for bad in [
            r#"{"amount":1.5,"currency":"KPW"}"#,
            r#"{"amount":1.0,"currency":"KPW"}"#,
            r#"{"amount":"1","currency":"KPW"}"#,
            r#"{"amount":9007199254740992,"currency":"KPW"}"#,
            r#"{"amount":-9007199254740992,"currency":"KPW"}"#,
            r#"{"amount":1,"currency":"ABC"}"#,
            r#"{"amount":1}"#,
        ] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn different_currencies_never_meet() {
        let refused = money(1, "KPW").checked_add(money(1, "KRW"));
        assert!(matches!(refused, Err(MoneyError::CurrencyMismatch { .. })));
        assert!(money(1, "KPW").checked_sub(money(1, "USD")).is_err());
    }

    #[test]
    fn sums_stop_at_the_bounds() {
        let top = money(MAX_MINOR, "KPW");
        assert_eq!(top.checked_add(money(1, "KPW")), Err(MoneyError::OutOfRange));
        assert_eq!(money(-MAX_MINOR, "KPW").checked_sub(money(1, "KPW")), Err(MoneyError::OutOfRange));
        assert_eq!(top.checked_sub(top), Ok(money(0, "KPW")));
    }

    #[test]
    fn amounts_read_plainly_at_every_exponent() {
        assert_eq!(money(12_500, "KPW").display(), "125.00 KPW");
        assert_eq!(money(-5, "KPW").display(), "-0.05 KPW");
        assert_eq!(money(12_500, "KRW").display(), "12500 KRW");
        assert_eq!(money(1_234, "BHD").display(), "1.234 BHD");
        assert_eq!(money(10_001, "CLF").display(), "1.0001 CLF");
        assert_eq!(money(0, "USD").to_string(), "0.00 USD");
    }

    #[test]
    fn a_split_gives_what_is_left_to_the_largest_remainders_first() {
        let minors = |parts: Vec<Money>| parts.into_iter().map(Money::minor).collect::<Vec<_>>();
        assert_eq!(minors(money(100, "KRW").split(&[1, 1, 1]).unwrap()), [34, 33, 33]);
        assert_eq!(minors(money(10, "KRW").split(&[3, 3, 1]).unwrap()), [4, 4, 2]);
        assert_eq!(minors(money(-100, "KRW").split(&[1, 1, 1]).unwrap()), [-34, -33, -33]);
        assert_eq!(minors(money(7, "KRW").split(&[0, 5]).unwrap()), [0, 7]);
        assert_eq!(money(7, "KRW").split(&[0, 0]), Err(MoneyError::NoWeights));
        assert_eq!(money(7, "KRW").split(&[]), Err(MoneyError::NoWeights));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole_and_stay_within_one_unit_of_their_share(
            minor in -MAX_MINOR..=MAX_MINOR,
            weights in proptest::collection::vec(any::<u64>(), 1..12),
        ) {
            let whole = money(minor, "KPW");
            let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            prop_assume!(sum > 0);
            let parts = whole.split(&weights).unwrap();
            let total = parts.iter().try_fold(Money::zero(whole.currency()), |sum, part| sum.checked_add(*part));
            prop_assert_eq!(total, Ok(whole));
            for (part, weight) in parts.iter().zip(&weights) {
                let share = u128::from(minor.unsigned_abs()) * u128::from(*weight) / sum;
                let got = u128::from(part.minor().unsigned_abs());
                prop_assert!(got == share || got == share + 1);
                prop_assert!(*weight > 0 || part.minor() == 0);
            }
        }

        #[test]
        fn adding_and_taking_away_returns_to_the_start(
            a in -MAX_MINOR / 2..=MAX_MINOR / 2, b in -MAX_MINOR / 2..=MAX_MINOR / 2,
        ) {
            let sum = money(a, "USD").checked_add(money(b, "USD")).unwrap();
            prop_assert_eq!(sum.checked_sub(money(b, "USD")), Ok(money(a, "USD")));
        }
    }
}
