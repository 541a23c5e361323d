//! Shapes several resources take, and their checks.

use super::checks;
use crate::http::problem::Fault;
use callahead_domain::contact::Email;
use callahead_domain::delivery::state::Window;
use callahead_domain::geo::point::Point;
use callahead_domain::money::{Currency, MAX_MINOR, Money};
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::fmt;
use utoipa::ToSchema;

/// Money in minor units.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyIn {
    /// Minor units, a whole number above 0.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
}

impl MoneyIn {
    /// The amount, if it is one the shop may ask for; else faults and 0.
    pub fn check(&self, faults: &mut Vec<Fault>, param: &str, currency: Currency) -> i64 {
        if self.currency != currency.code() {
            let detail = format!("the currency here is {}", currency.code());
            faults.push(Fault::new(format!("{param}.currency"), "wrong_currency", detail));
        }
        if !(1..=MAX_MINOR).contains(&self.amount) {
            faults.push(Fault::new(
                format!("{param}.amount"),
                "out_of_range",
                format!("1 to {MAX_MINOR} minor units"),
            ));
            return 0;
        }
        self.amount
    }
}

impl MoneyIn {
    /// The same as money, or faults.
    pub fn money(&self, faults: &mut Vec<Fault>, param: &str, currency: Currency) -> Option<Money> {
        let before = faults.len();
        let minor = self.check(faults, param, currency);
        if faults.len() == before { Money::new(minor, currency).ok() } else { None }
    }
}

/// Somebody's telephone number or e-mail address.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactIn {
    /// Telephone number with its country code.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

impl ContactIn {
    /// The number as E.164, or the address; exactly one of them.
    pub fn check(&self, faults: &mut Vec<Fault>, param: &str) -> Option<String> {
        match (&self.phone, &self.email) {
            (Some(raw), None) => {
                checks::phone(faults, &format!("{param}.phone"), raw, None).map(|phone| phone.to_string())
            }
            (None, Some(raw)) => match Email::parse(raw) {
                Ok(email) => Some(email.as_str().to_owned()),
                Err(error) => {
                    faults.push(Fault::new(format!("{param}.email"), "invalid_email", error.to_string()));
                    None
                }
            },
            _ => {
                faults.push(Fault::new(param, "missing", "phone or email, one of them"));
                None
            }
        }
    }
}

/// A point on the earth.
#[derive(Debug, Clone, Copy, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PointIn {
    /// Degrees north, -90 to 90.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// Degrees east, -180 to 180.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointFields {
    lat: f64,
    lon: f64,
}

/// By the names alone: a list of two numbers, which serde takes for a struct, has the longitude first with some.
impl<'de> Deserialize<'de> for PointIn {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Named;

        impl<'de> Visitor<'de> for Named {
            type Value = PointIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with lat and lon")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<PointIn, A::Error> {
                let PointFields { lat, lon } = PointFields::deserialize(MapAccessDeserializer::new(fields))?;
                Ok(PointIn { lat, lon })
            }
        }

        reader.deserialize_map(Named)
    }
}

impl PointIn {
    /// The point, or a fault.
    pub fn check(&self, faults: &mut Vec<Fault>, param: &str) -> Option<Point> {
        Point::new(self.lat, self.lon)
            .map_err(|error| faults.push(Fault::new(param, error.code(), error.to_string())))
            .ok()
    }
}

/// A promised window.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowIn {
    /// Not before.
    pub from: DateTime<Utc>,
    /// Not after.
    pub until: DateTime<Utc>,
    /// IANA zone in which people read it; the shop's if absent.
    pub time_zone: Option<String>,
}

impl WindowIn {
    /// The window, or faults.
    pub fn check(
        &self,
        faults: &mut Vec<Fault>,
        param: &str,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Option<Window> {
        let before = faults.len();
        let zone = match &self.time_zone {
            Some(name) => name.parse().unwrap_or_else(|_| {
                faults.push(Fault::new(format!("{param}.time_zone"), "unknown", "not an IANA time zone"));
                zone
            }),
            None => zone,
        };
        if self.until <= self.from {
            faults.push(Fault::new(param, "out_of_range", "until must be after from"));
        }
        if self.until <= now {
            faults.push(Fault::new(format!("{param}.until"), "out_of_range", "must lie in the future"));
        }
        in_reach(faults, &format!("{param}.from"), Some(self.from), now);
        in_reach(faults, &format!("{param}.until"), Some(self.until), now);
        (faults.len() == before).then_some(Window { from: self.from, until: self.until, zone })
    }
}

/// An order may be ready or promised this far ahead.
const HORIZON_DAYS: i64 = 60;

/// A fault for a time no order has.
pub fn in_reach(faults: &mut Vec<Fault>, param: &str, at: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    let reach = Duration::days(HORIZON_DAYS);
    if at.is_some_and(|at| at < now - Duration::days(1) || at > now + reach) {
        let detail = format!("must lie between yesterday and {HORIZON_DAYS} days from now");
        faults.push(Fault::new(param, "out_of_range", detail));
    }
}

/// A text of 1 to `most` characters without control characters (line breaks may stand), or a fault.
pub fn check_text(faults: &mut Vec<Fault>, param: &str, value: &str, most: usize) {
    let length = value.trim().chars().count();
    let control = value.chars().any(|character| character.is_control() && character != '\n');
    if length == 0 || length > most || control {
        faults.push(Fault::new(param, "bad_text", format!("1 to {most} characters, no control characters")));
    }
}
