//! What a customer said, as customers, couriers and dispatchers send it.

use super::shared::PointIn;
use crate::app::App;
use crate::http::catalogue as c;
use crate::http::problem::Problem;
use callahead_domain::call_ahead::answer::Source;
use callahead_domain::call_ahead::{Outcome, Receiver};
use callahead_domain::contact::{PersonName, Phone};
use callahead_domain::delivery::Reply;
use callahead_domain::delivery::state::RegionPin;
use callahead_domain::geo::index::Located;
use callahead_domain::geo::point::Point;
use callahead_domain::id::AnswerId;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

/// What the customer said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerIn {
    /// home_now, home_from, home_until, not_today, receiver_named, other_place, refused, unclear, no_answer, unreachable, wrong_number, voicemail.
    pub outcome: String,
    /// For home_from.
    pub from: Option<DateTime<Utc>>,
    /// For home_until.
    pub until: Option<DateTime<Utc>>,
    /// For not_today.
    pub day: Option<NaiveDate>,
    /// For receiver_named.
    pub receiver: Option<ReceiverIn>,
    /// For other_place.
    pub place: Option<String>,
    /// For other_place, on the map.
    pub point: Option<PointIn>,
    /// For refused.
    pub reason: Option<String>,
    /// For unclear.
    pub words: Option<String>,
    /// For the courier, up to 140 characters.
    pub note: Option<String>,
}

/// Somebody else who takes the parcel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiverIn {
    /// Name.
    #[schema(min_length = 1, max_length = 120)]
    pub name: String,
    /// Telephone.
    pub phone: Option<String>,
}

impl ReceiverIn {
    fn check(&self, country: Option<&str>) -> Result<Receiver, Problem> {
        let name = PersonName::parse(&self.name)
            .map_err(|error| Problem::invalid("receiver.name", "bad_text", error.to_string()))?;
        let phone = self.phone.as_deref().map(|text| Phone::parse(text, country)).transpose();
        let phone =
            phone.map_err(|error| Problem::invalid("receiver.phone", "bad_phone", error.to_string()))?;
        Ok(Receiver { name: name.as_str().to_owned(), phone: phone.map(|phone| phone.as_str().to_owned()) })
    }
}

impl AnswerIn {
    /// The outcome with its facts. `country`: for telephone numbers without one.
    ///
    /// # Errors
    /// Which fact is missing or wrong, or that the outcome is unknown.
    pub fn outcome(&self, country: Option<&str>) -> Result<Outcome, Problem> {
        let missing =
            |param: &str| Problem::invalid(param, "missing", format!("'{}' needs it", self.outcome));
        let mut faults = Vec::new();
        let outcome = match self.outcome.as_str() {
            "home_now" => Outcome::HomeNow,
            "home_from" => Outcome::HomeFrom { from: self.from.ok_or_else(|| missing("from"))? },
            "home_until" => Outcome::HomeUntil { until: self.until.ok_or_else(|| missing("until"))? },
            "not_today" => Outcome::NotToday { day: self.day },
            "receiver_named" => {
                let receiver = self.receiver.as_ref().ok_or_else(|| missing("receiver"))?;
                Outcome::ReceiverNamed { receiver: receiver.check(country)? }
            }
            "other_place" => Outcome::OtherPlace {
                place: self.place.clone().ok_or_else(|| missing("place"))?,
                point: self.point.and_then(|point| point.check(&mut faults, "point")),
            },
            "refused" => Outcome::Refused { reason: self.reason.clone().unwrap_or_default() },
            "unclear" => Outcome::Unclear { words: self.words.clone().ok_or_else(|| missing("words"))? },
            "no_answer" => Outcome::NoAnswer,
            "unreachable" => Outcome::Unreachable,
            "wrong_number" => Outcome::WrongNumber,
            "voicemail" => Outcome::Voicemail,
            other => return Err(Problem::invalid("outcome", "unknown", format!("'{other}' is no outcome"))),
        };
        if let Some(fault) = faults.pop() {
            return Err(Problem::new(c::INVALID, "A value is not allowed.").with_faults(vec![fault]));
        }
        Ok(outcome)
    }

    /// The reply, with the region of a named place.
    ///
    /// # Errors
    /// As [`AnswerIn::outcome`].
    pub fn reply(&self, app: &App, source: Source) -> Result<Reply, Problem> {
        self.reply_in(app, source, None)
    }

    /// The same, reading telephone numbers without a country as of this one.
    ///
    /// # Errors
    /// As [`AnswerIn::outcome`].
    pub fn reply_in(&self, app: &App, source: Source, country: Option<&str>) -> Result<Reply, Problem> {
        let outcome = self.outcome(country)?;
        let region = match &outcome {
            Outcome::OtherPlace { point: Some(point), .. } => pin(app, *point),
            _ => None,
        };
        let id = app.ids().make(AnswerId::from_parts);
        Ok(Reply { id, outcome, note: self.note.clone().unwrap_or_default(), source, region })
    }
}

/// The region a point lies in, with its current drawing.
pub fn pin(app: &App, point: Point) -> Option<RegionPin> {
    match app.book.get().locate(point) {
        Located::Inside { region, version, .. } => Some(RegionPin { region, version }),
        Located::Nowhere { .. } => None,
    }
}
