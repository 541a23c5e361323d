//! Times as people read them: in the region's zone, 24 hours, a day by name.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use callahead_domain::contact::Language;

use super::{Args, Words, WordsError};

/// The words this module needs; every set of words includes them.
#[must_use]
pub fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("when.en.ftl"),
        Language::Ko => include_str!("when.ko.ftl"),
        Language::Ru => include_str!("when.ru.ftl"),
        Language::Zh => include_str!("when.zh.ftl"),
        Language::Ar => include_str!("when.ar.ftl"),
    }
}

/// `18:20` in the region's zone.
#[must_use]
pub fn clock_time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

/// `18:20–18:35`, or one time where both ends fall into the same minute.
#[must_use]
pub fn window(start: DateTime<Utc>, end: DateTime<Utc>, zone: Tz) -> String {
    let (from, to) = (clock_time(start, zone), clock_time(end, zone));
    if from == to { from } else { format!("{from}–{to}") }
}

/// `today`, `tomorrow`, `yesterday`, else the weekday with its date.
///
/// # Errors
/// [`WordsError`] where the words lack a day.
pub fn day_word(
    words: &Words,
    language: Language,
    date: NaiveDate,
    today: NaiveDate,
) -> Result<String, WordsError> {
    let key = match date.signed_duration_since(today).num_days() {
        0 => "day-today",
        1 => "day-tomorrow",
        -1 => "day-yesterday",
        _ => return day_date(words, language, date),
    };
    words.say(language, key, &Args::new())
}

/// The weekday with its date: `Friday 16 May`.
///
/// # Errors
/// [`WordsError`] where the words lack a day.
pub fn day_date(words: &Words, language: Language, date: NaiveDate) -> Result<String, WordsError> {
    let args = Args::from([
        ("weekday", date.weekday().number_from_monday().to_string()),
        ("day", date.day().to_string()),
        ("month", date.month().to_string()),
    ]);
    words.say(language, "day-date", &args)
}

/// The date of an instant on the region's calendar.
#[must_use]
pub fn local_date(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_told_in_the_zone_of_the_region() {
        let zone = chrono_tz::Asia::Seoul;
        assert_eq!(window(at("2026-05-14T09:20:00Z"), at("2026-05-14T09:35:00Z"), zone), "18:20–18:35");
        assert_eq!(window(at("2026-05-14T09:20:00Z"), at("2026-05-14T09:20:59Z"), zone), "18:20");
        assert_eq!(local_date(at("2026-05-14T16:00:00Z"), zone).to_string(), "2026-05-15");
    }

    #[test]
    fn near_days_have_names_and_far_days_a_date_in_every_language() {
        let words = Words::new(|language| vec![source(language)]);
        let today = NaiveDate::from_ymd_opt(2026, 5, 14).unwrap();
        let said =
            |language, days| day_word(&words, language, today + chrono::Duration::days(days), today).unwrap();
        assert_eq!(said(Language::En, 0), "today");
        assert_eq!(said(Language::En, 1), "tomorrow");
        assert_eq!(said(Language::En, 2), "Saturday 16 May");
        assert_eq!(said(Language::Ko, 0), "오늘");
        assert_eq!(said(Language::Ko, 2), "5월 16일 토요일");
        assert_eq!(said(Language::Ru, 2), "суббота, 16 мая");
        assert_eq!(said(Language::Zh, 2), "5月16日星期六");
        assert_eq!(said(Language::Ar, 2), "السبت 16 مايو");
    }
}
