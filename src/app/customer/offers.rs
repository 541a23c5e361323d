//! What the customer's page offers: when the courier comes, which times are left today, which days.

use callahead_domain::call_ahead::quiet::local_instant;
use callahead_domain::delivery::state::Delivery;
use callahead_domain::policy::Policy;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeDelta, Utc};

/// From and until.
pub type Times = (DateTime<Utc>, DateTime<Utc>);

const QUARTER_S: i64 = 15 * 60;
/// Length of a slot, and the step from one to the next.
const SLOT_S: i64 = 30 * 60;
/// Slots lie within the next four hours.
const SLOTS: usize = 8;
/// Times of a day to choose from at most.
const MOST_TIMES: usize = 48;
/// A window is told this late before it counts as late.
const LATE_S: i64 = 5 * 60;
/// Days on offer.
const DAYS: usize = 6;

fn floor_to(at: DateTime<Utc>, step_s: i64) -> DateTime<Utc> {
    let seconds = at.timestamp().div_euclid(step_s) * step_s;
    DateTime::from_timestamp(seconds, 0).unwrap_or(at)
}

fn ceil_to(at: DateTime<Utc>, step_s: i64) -> DateTime<Utc> {
    let floor = floor_to(at, step_s);
    if floor == at { at } else { floor + TimeDelta::seconds(step_s) }
}

/// The window a customer is told: fifteen to twenty minutes around the arrival shown to them; before there is a plan,
/// the promise. `None` when nothing is planned and the promise has passed.
pub fn arrival_window(delivery: &Delivery, now: DateTime<Utc>) -> Option<Times> {
    let five = TimeDelta::minutes(5);
    match delivery.shown_arrival() {
        Some(arrival) => Some((floor_to(arrival - five, 300), ceil_to(arrival + five * 2, 300))),
        None => {
            let promised = delivery.window.map(|window| (window.from, window.until));
            let (from, until) =
                promised.unwrap_or((delivery.ready_at.max(delivery.accepted_at), delivery.promised_by));
            let window = (floor_to(from, 300), ceil_to(until, 300));
            (now < until && window.0 < window.1).then_some(window)
        }
    }
}

/// Whether the plan misses the promise by so much that the customer is told before being asked.
pub fn is_late(delivery: &Delivery) -> bool {
    delivery
        .planned
        .is_some_and(|planned| planned.arrive_at > delivery.promised_by + TimeDelta::seconds(LATE_S))
}

/// Until when an answer still decides: the courier's departure for this door.
pub fn change_until(delivery: &Delivery, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let planned = delivery.planned?;
    let leaves = planned.arrive_at - Duration::seconds(planned.leg_s.max(0));
    Some(floor_to(leaves, 60)).filter(|until| *until > now)
}

/// The last instant somebody comes on the local day of `now`: the last door, else the evening's quiet, else midnight.
fn day_ends(now: DateTime<Utc>, policy: &Policy) -> DateTime<Utc> {
    let zone = policy.time_zone;
    let day = now.with_timezone(&zone).date_naive();
    let midnight = day.succ_opt().and_then(|next| local_instant(next, NaiveTime::MIN, zone)).unwrap_or(now)
        - TimeDelta::seconds(1);
    let last_door = policy.last_door.and_then(|last| local_instant(day, last, zone));
    let quiet = policy
        .quiet
        .filter(|_| !policy.urgent_in_quiet)
        .and_then(|quiet| local_instant(day, quiet.from, zone));
    last_door.or(quiet.filter(|quiet| *quiet > now)).unwrap_or(midnight)
}

fn every(first: DateTime<Utc>, step_s: i64, most: usize, last: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let steps = std::iter::successors(Some(first), |at| Some(*at + TimeDelta::seconds(step_s)));
    steps.take(most).take_while(|at| *at <= last).collect()
}

/// Half hours on offer today: from the next quarter that is a quarter of an hour away, for four hours, as far as
/// couriers come.
pub fn slots(now: DateTime<Utc>, policy: &Policy) -> Vec<Times> {
    let first = ceil_to(now + TimeDelta::seconds(QUARTER_S), QUARTER_S);
    let starts = every(first, SLOT_S, SLOTS, day_ends(now, policy));
    starts.into_iter().map(|start| (start, start + TimeDelta::seconds(SLOT_S))).collect()
}

/// Every quarter of an hour that is left of today, at most twelve hours.
pub fn times(now: DateTime<Utc>, policy: &Policy) -> Vec<DateTime<Utc>> {
    every(ceil_to(now, QUARTER_S), QUARTER_S, MOST_TIMES, day_ends(now, policy))
}

/// A day with the hours in which couriers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenDay {
    /// On the region's calendar.
    pub date: NaiveDate,
    /// First hour.
    pub opens: NaiveTime,
    /// Last hour.
    pub closes: NaiveTime,
}

fn hour(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default()
}

/// The days after today that are on offer.
pub fn days(now: DateTime<Utc>, policy: &Policy) -> Vec<OpenDay> {
    let today = now.with_timezone(&policy.time_zone).date_naive();
    let opens = policy.quiet.map_or(hour(8), |quiet| quiet.to);
    let closes = policy.last_door.or(policy.quiet.map(|quiet| quiet.from)).unwrap_or(hour(21));
    let coming = std::iter::successors(today.succ_opt(), |day| day.succ_opt());
    coming.take(DAYS).map(|date| OpenDay { date, opens, closes }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono_tz::Tz;

    fn seoul(last_door: Option<&str>) -> Policy {
        Policy {
            time_zone: Tz::Asia__Seoul,
            last_door: last_door.map(|time| time.parse().unwrap()),
            ..Policy::default()
        }
    }

    fn at(clock: &str) -> DateTime<Utc> {
        format!("2026-05-14T{clock}+09:00").parse::<DateTime<Utc>>().unwrap()
    }

    #[test]
    fn slots_begin_at_the_next_quarter_hour_and_span_four_hours() {
        let offered = slots(at("14:07:00"), &seoul(None));
        assert_eq!(offered.len(), 8);
        assert_eq!(offered.first(), Some(&(at("14:30:00"), at("15:00:00"))));
        assert_eq!(offered.last(), Some(&(at("18:00:00"), at("18:30:00"))));
    }

    #[test]
    fn nothing_is_offered_after_the_last_door_of_the_region() {
        let policy = seoul(Some("20:00:00"));
        let offered = slots(at("19:20:00"), &policy);
        assert_eq!(offered, vec![(at("19:45:00"), at("20:15:00"))]);
        assert!(slots(at("20:01:00"), &policy).is_empty() && times(at("20:01:00"), &policy).is_empty());
        assert_eq!(times(at("19:20:00"), &policy), vec![at("19:30:00"), at("19:45:00"), at("20:00:00")]);
    }

    #[test]
    fn without_a_last_door_the_quiet_hours_end_the_day_and_at_night_midnight_does() {
        assert_eq!(times(at("20:31:00"), &seoul(None)), vec![at("20:45:00"), at("21:00:00")]);
        assert_eq!(times(at("23:20:00"), &seoul(None)), vec![at("23:30:00"), at("23:45:00")]);
    }

    #[test]
    fn the_days_on_offer_are_those_after_today_on_the_calendar_of_the_region() {
        // Half past midnight in Seoul is still the day before in UTC.
        let offered = days(at("00:30:00"), &seoul(Some("20:00:00")));
        let first = offered.first().unwrap();
        assert_eq!(
            (first.date.to_string(), first.opens, first.closes),
            ("2026-05-15".to_owned(), hour(8), hour(20))
        );
        assert_eq!(offered.len(), 6);
    }
}
