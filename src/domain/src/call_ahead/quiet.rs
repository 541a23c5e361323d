//! Quiet hours, in the local time of the address.

use crate::policy::{Policy, QuietHours};
use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The first instant at or after `at` in which asking is allowed.
pub fn next_allowed(at: DateTime<Utc>, policy: &Policy) -> DateTime<Utc> {
    match policy.quiet {
        Some(quiet) if !policy.urgent_in_quiet && is_quiet(at, quiet, policy.time_zone) => {
            let local = at.with_timezone(&policy.time_zone);
            let day = if local.time() < quiet.to {
                Some(local.date_naive())
            } else {
                local.date_naive().succ_opt()
            };
            day.and_then(|day| local_instant(day, quiet.to, policy.time_zone)).unwrap_or(at)
        }
        _ => at,
    }
}

fn is_quiet(at: DateTime<Utc>, quiet: QuietHours, zone: Tz) -> bool {
    let time = at.with_timezone(&zone).time();
    if quiet.from <= quiet.to {
        quiet.from <= time && time < quiet.to
    } else {
        time >= quiet.from || time < quiet.to
    }
}

/// The instant of a local day and time. A time that a clock change skips is read an hour later; one that happens
/// twice is read as the first. `None` only off the calendar.
pub fn local_instant(day: NaiveDate, time: NaiveTime, zone: Tz) -> Option<DateTime<Utc>> {
    let wall = day.and_time(time);
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
        LocalResult::None => {
            let later = wall.checked_add_signed(Duration::hours(1))?;
            zone.from_local_datetime(&later).earliest().map(|at| at.with_timezone(&Utc))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn edge_21_a_notice_due_in_quiet_hours_waits_for_the_morning_of_the_address() {
        let policy = Policy { time_zone: Tz::Asia__Seoul, ..Policy::default() };
        // 22:30 in Seoul waits until 08:00 there; 03:00 likewise; noon is free.
        assert_eq!(next_allowed(at("2026-01-05T13:30:00Z"), &policy), at("2026-01-05T23:00:00Z"));
        assert_eq!(next_allowed(at("2026-01-05T18:00:00Z"), &policy), at("2026-01-05T23:00:00Z"));
        assert_eq!(next_allowed(at("2026-01-05T03:00:00Z"), &policy), at("2026-01-05T03:00:00Z"));
        let urgent = Policy { urgent_in_quiet: true, ..policy };
        assert_eq!(next_allowed(at("2026-01-05T13:30:00Z"), &urgent), at("2026-01-05T13:30:00Z"));
    }

    #[test]
    fn edge_79_seven_means_local_seven_on_both_sides_of_a_clock_change() {
        let seven = NaiveTime::from_hms_opt(19, 0, 0).unwrap();
        let day = |d| NaiveDate::from_ymd_opt(2026, 3, d).unwrap();
        // Berlin moves to summer time on 29 March 2026.
        assert_eq!(local_instant(day(28), seven, Tz::Europe__Berlin).unwrap(), at("2026-03-28T18:00:00Z"));
        assert_eq!(local_instant(day(29), seven, Tz::Europe__Berlin).unwrap(), at("2026-03-29T17:00:00Z"));
        let skipped = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        assert_eq!(local_instant(day(29), skipped, Tz::Europe__Berlin).unwrap(), at("2026-03-29T01:30:00Z"));
    }
}
