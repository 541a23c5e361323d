//! Checks of single values that several resources have. Each adds its fault to those found so far, so that a body is
//! mended in one go.

use crate::app::wrong::Wrong;
use crate::http::catalogue as c;
use crate::http::problem::{Fault, Problem};
use callahead_domain::contact::{Language, PersonName, Phone, PhoneError};
use callahead_domain::courier::Skill;
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use std::fmt::Display;
use std::str::FromStr;

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Fault {
        Fault::new(wrong.param, wrong.code, wrong.detail)
    }
}

fn keep<T, E: Display>(faults: &mut Vec<Fault>, param: &str, code: &str, read: Result<T, E>) -> Option<T> {
    read.map_err(|error| faults.push(Fault::new(param, code, error.to_string()))).ok()
}

/// A name: 1 to 120 characters, trimmed, no control characters.
pub fn name(faults: &mut Vec<Fault>, param: &str, raw: &str) -> Option<String> {
    keep(faults, param, "bad_text", PersonName::parse(raw)).map(|name| name.as_str().to_owned())
}

/// An IANA time zone.
pub fn zone(faults: &mut Vec<Fault>, param: &str, raw: &str) -> Option<Tz> {
    let known = raw.parse().map_err(|_| "an IANA time zone is expected, such as Asia/Seoul");
    keep(faults, param, "unknown", known)
}

/// A language the service speaks.
pub fn language(faults: &mut Vec<Fault>, param: &str, raw: &str) -> Option<Language> {
    keep(faults, param, "unknown", Language::parse(raw).ok_or("one of en, ko, ru, zh, ar"))
}

/// An ISO 3166 country code, in capitals.
pub fn country(faults: &mut Vec<Fault>, param: &str, raw: &str) -> Option<String> {
    // The numbering plans know all countries; any number will do to ask them.
    let known = Phone::parse("+1000000", Some(raw)) != Err(PhoneError::Country);
    let known = known.then(|| raw.to_owned()).ok_or("two capital letters of ISO 3166, such as KR");
    keep(faults, param, "unknown", known)
}

/// A telephone number, in this country unless it says another.
pub fn phone(faults: &mut Vec<Fault>, param: &str, raw: &str, country: Option<&str>) -> Option<Phone> {
    keep(faults, param, "invalid_phone", Phone::parse(raw, country))
}

/// Skills, each once.
pub fn skills(faults: &mut Vec<Fault>, param: &str, raw: &[String]) -> Vec<Skill> {
    let mut found = Vec::new();
    for (place, name) in raw.iter().enumerate() {
        let known = Skill::parse(name).ok_or("one of cash, cold, heavy, id");
        let known = keep(faults, &format!("{param}[{place}]"), "unknown", known);
        found.extend(known.filter(|skill| !found.contains(skill)));
    }
    found
}

/// An id in a body.
pub fn id<T: FromStr>(faults: &mut Vec<Fault>, param: &str, raw: &str) -> Option<T>
where
    T::Err: Display,
{
    keep(faults, param, "invalid_id", raw.parse())
}

/// Refuses a body with faults.
///
/// # Errors
/// `invalid` with all of them.
pub fn refuse(faults: Vec<Fault>) -> Result<(), Problem> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(refused(faults))
}

/// The refusal of a body with these faults.
pub fn refused(faults: Vec<Fault>) -> Problem {
    Problem::new(c::INVALID, "The body has values that are not allowed.").with_faults(faults)
}

/// Tells a field that is null from one that is absent: with `default`, absent is `None` and null is `Some(None)`.
///
/// # Errors
/// As `T`.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(input).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_fault_is_kept_with_its_place() {
        let mut faults = Vec::new();
        assert_eq!(name(&mut faults, "name", " Kim "), Some("Kim".to_owned()));
        assert_eq!(name(&mut faults, "name", "a\u{0}b"), None);
        assert_eq!(zone(&mut faults, "time_zone", "Mars/North"), None);
        assert_eq!(language(&mut faults, "language", "fr"), None);
        assert_eq!(phone(&mut faults, "phone", "12", None), None);
        let params: Vec<&str> = faults.iter().map(|fault| fault.param.as_str()).collect();
        assert_eq!(params, ["name", "time_zone", "language", "phone"]);
        assert_eq!(refuse(faults).unwrap_err().status(), 422);
    }

    #[test]
    fn a_country_is_two_capital_letters_of_a_country() {
        let mut faults = Vec::new();
        for code in ["KR", "KP", "US"] {
            assert_eq!(country(&mut faults, "country", code).as_deref(), Some(code));
        }
        for code in ["kr", "KOR", "", "XX", "1 "] {
            assert_eq!(country(&mut faults, "country", code), None, "{code}");
        }
    }

    #[test]
    fn null_is_told_from_absent() {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default, deserialize_with = "nullable")]
            phone: Option<Option<String>>,
        }
        let read = |text| serde_json::from_str::<Body>(text).unwrap().phone;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"phone":null}"#), Some(None));
        assert_eq!(read(r#"{"phone":"1"}"#), Some(Some("1".to_owned())));
    }
}
