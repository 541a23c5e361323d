//! Shapes several resources take, and their checks.

use crate::http::problem::Fault;
use callahead_domain::delivery::state::Window;
use callahead_domain::geo::point::Point;
use callahead_domain::money::{Currency, MAX_MINOR};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
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
            let detail = format!("this shop's currency is {}", currency.code());
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

/// A point on the earth.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PointIn {
    /// Degrees north, -90 to 90.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// Degrees east, -180 to 180.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
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
        (faults.len() == before).then_some(Window { from: self.from, until: self.until, zone })
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
