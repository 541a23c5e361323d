//! What a courier does next, given what the server names for each stop. Pure.

use std::collections::BTreeMap;

use callahead_domain::geo::point::Point;
use chrono::{DateTime, TimeDelta, Utc};

use crate::sim::api::Stop;
use crate::sim::town::Times;

/// What a courier knows of themself.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// Where they stand.
    pub at: Point,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Leaves no sooner.
    pub free_at: DateTime<Utc>,
    /// Collects nothing from here on.
    pub off_at: DateTime<Utc>,
    /// Not tried again before, by delivery.
    pub later: &'a BTreeMap<String, DateTime<Utc>>,
    /// The due call that was made last, by delivery: nobody calls twice for one.
    pub called: &'a BTreeMap<String, DateTime<Utc>>,
    /// How long things take.
    pub times: Times,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Move<'a> {
    /// Send this action for the stop.
    Act(&'a Stop, &'static str),
    /// Call the customer.
    Call(&'a Stop),
    /// Ring at the door.
    Door(&'a Stop),
    /// Give the parcels back to the shop.
    GiveBack(&'a Stop),
    /// Go there.
    Drive(&'a Stop, Point),
    /// Nothing before this instant.
    Until(DateTime<Utc>),
    /// Nothing to do.
    Idle,
    /// Nothing to do, and the shift is over.
    GoHome,
}

impl PartialEq for Stop {
    fn eq(&self, other: &Stop) -> bool {
        self.delivery_id == other.delivery_id && self.kind == other.kind
    }
}

/// For a stop that is to wait no longer than this, a courier stays; else the next one is looked at.
const WORTH_WAITING: TimeDelta = TimeDelta::minutes(2);

/// The first stop that can be worked on, in the server's order; calls before all.
#[must_use]
pub fn choose<'a>(view: &View<'_>, stops: &'a [Stop], now: DateTime<Utc>) -> Move<'a> {
    let open: Vec<&Stop> = stops.iter().filter(|stop| !view.is_put_off(stop, now)).collect();
    if let Some(stop) = open.iter().find(|stop| call_is_due(stop, view.called, now)) {
        return Move::Call(stop);
    }
    let mut earliest: Option<DateTime<Utc>> = None;
    for stop in open {
        match view.one(stop, now) {
            One::Do(step) => return step,
            One::Pass(Some(at)) if at - now <= WORTH_WAITING => return Move::Until(at),
            One::Pass(at) => earliest = [earliest, at].into_iter().flatten().min(),
        }
    }
    match earliest {
        Some(at) => Move::Until(at),
        None if now >= view.off_at && !stops.iter().any(is_carried) => Move::GoHome,
        None => Move::Idle,
    }
}

/// Whether the customer is to be called now, and was not for the same reason before.
#[must_use]
pub fn call_is_due(stop: &Stop, called: &BTreeMap<String, DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let made =
        stop.call_due_at.is_some_and(|due| called.get(&stop.delivery_id).is_some_and(|last| *last >= due));
    stop.next_action.kind == "call" && enabled(stop, now).is_none() && !made
}

/// Whether the courier has its parcels: nobody goes home with those.
fn is_carried(stop: &Stop) -> bool {
    !matches!(stop.stage.as_str(), "offered" | "assigned")
}

enum One<'a> {
    Do(Move<'a>),
    Pass(Option<DateTime<Utc>>),
}

/// When the action may be done, if that is still to come.
fn enabled(stop: &Stop, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    stop.next_action.enabled_at.filter(|at| *at > now)
}

impl View<'_> {
    fn is_put_off(&self, stop: &Stop, now: DateTime<Utc>) -> bool {
        self.later.get(&stop.delivery_id).is_some_and(|until| *until > now)
    }

    fn one<'a>(&self, stop: &'a Stop, now: DateTime<Utc>) -> One<'a> {
        match stop.next_action.kind.as_str() {
            "collect" => self.collect(stop, now),
            "set_off" => match enabled(stop, now) {
                Some(at) => One::Pass(Some(at)),
                None => One::Do(self.leaving(now, Move::Act(stop, "set_off"))),
            },
            "arrive" => One::Do(self.at_the_place(stop, now, Move::Act(stop, "arrive"))),
            "return" => One::Do(self.at_the_place(stop, now, Move::GiveBack(stop))),
            "hand_over" | "fail_attempt" => One::Do(Move::Door(stop)),
            _ => One::Pass(enabled(stop, now)),
        }
    }

    fn collect<'a>(&self, stop: &'a Stop, now: DateTime<Utc>) -> One<'a> {
        if now >= self.off_at {
            return One::Pass(None);
        }
        let half = TimeDelta::seconds(self.times.pick_up_s / 2);
        let ready = [Some(self.since + half), stop.ready_at, enabled(stop, now)].into_iter().flatten().max();
        let there = match ready {
            Some(ready) if ready > now => Move::Until(ready),
            _ => Move::Act(stop, "collect"),
        };
        One::Do(self.at_the_place(stop, now, there))
    }

    /// The move that happens at the stop's place, or the way there.
    fn at_the_place<'a>(&self, stop: &'a Stop, now: DateTime<Utc>, there: Move<'a>) -> Move<'a> {
        match stop.point {
            Some(point) if point != self.at => self.leaving(now, Move::Drive(stop, point)),
            _ => there,
        }
    }

    fn leaving<'a>(&self, now: DateTime<Utc>, step: Move<'a>) -> Move<'a> {
        if self.free_at > now { Move::Until(self.free_at) } else { step }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn t(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn place(lat: f64) -> Point {
        Point::new(lat, 1.0).unwrap()
    }

    fn stop(delivery: &str, lat: f64, action: &str, enabled_at: Option<DateTime<Utc>>) -> Stop {
        let kind = if action == "collect" { "pick_up" } else { "drop_off" };
        serde_json::from_value(json!({
            "kind": kind, "delivery_id": delivery, "stage": "assigned", "gate": "asked", "point": place(lat),
            "ready_at": t(10), "next_action": {"kind": action, "enabled_at": enabled_at},
        }))
        .unwrap()
    }

    const NONE: &BTreeMap<String, DateTime<Utc>> = &BTreeMap::new();

    fn view(later: &BTreeMap<String, DateTime<Utc>>) -> View<'_> {
        let times = Times { pick_up_s: 240, drop_off_s: 240, waiting_s: 420, call_s: 60 };
        View { at: place(1.0), since: t(0), free_at: t(0), off_at: t(100), later, called: NONE, times }
    }

    #[test]
    fn parcels_are_collected_when_ready_and_after_half_the_service() {
        let none = BTreeMap::new();
        let stops = [stop("a", 1.0, "collect", None)];
        let first = stops.first().unwrap();
        assert_eq!(choose(&view(&none), &stops, t(5)), Move::Until(t(10)));
        assert_eq!(choose(&view(&none), &stops, t(10)), Move::Act(first, "collect"));
        let late = View { since: t(11), ..view(&none) };
        assert_eq!(choose(&late, &stops, t(11)), Move::Until(t(13)));
        let elsewhere = View { at: place(2.0), ..view(&none) };
        assert_eq!(choose(&elsewhere, &stops, t(5)), Move::Drive(first, place(1.0)));
    }

    #[test]
    fn nothing_is_collected_after_the_shift_and_an_empty_courier_goes_home() {
        let none = BTreeMap::new();
        let stops = [stop("a", 1.0, "collect", None)];
        assert_eq!(choose(&view(&none), &stops, t(100)), Move::GoHome);
        assert_eq!(choose(&view(&none), &[], t(99)), Move::Idle);
        let mut carried = [stop("a", 1.0, "wait", None)];
        carried[0].stage = "collected".to_owned();
        assert_eq!(choose(&view(&none), &carried, t(100)), Move::Idle);
    }

    #[test]
    fn a_due_call_comes_before_all_else() {
        let none = BTreeMap::new();
        let stops = [stop("a", 1.0, "collect", None), stop("b", 2.0, "call", None)];
        assert_eq!(choose(&view(&none), &stops, t(10)), Move::Call(stops.get(1).unwrap()));
        let early = [stop("b", 2.0, "call", Some(t(30)))];
        assert_eq!(choose(&view(&none), &early, t(10)), Move::Until(t(30)));
    }

    #[test]
    fn nobody_calls_twice_for_one_due_call() {
        let (none, called) = (BTreeMap::new(), BTreeMap::from([("b".to_owned(), t(9))]));
        let mut stops = [stop("b", 2.0, "call", None)];
        stops[0].call_due_at = Some(t(9));
        let made = View { called: &called, ..view(&none) };
        assert_eq!(choose(&made, &stops, t(10)), Move::Idle);
        stops[0].call_due_at = Some(t(14));
        assert_eq!(choose(&made, &stops, t(14)), Move::Call(&stops[0]));
    }

    #[test]
    fn a_stop_that_waits_long_is_passed_over_but_not_one_that_waits_a_minute() {
        let none = BTreeMap::new();
        let long = [stop("a", 1.0, "wait", Some(t(30))), stop("b", 2.0, "set_off", None)];
        assert_eq!(choose(&view(&none), &long, t(10)), Move::Act(long.get(1).unwrap(), "set_off"));
        let short = [stop("a", 1.0, "wait", Some(t(11))), stop("b", 2.0, "set_off", None)];
        assert_eq!(choose(&view(&none), &short, t(10)), Move::Until(t(11)));
        let put_off = BTreeMap::from([("b".to_owned(), t(12))]);
        assert_eq!(choose(&view(&put_off), &long, t(10)), Move::Until(t(30)));
    }

    #[test]
    fn nobody_leaves_before_the_service_is_over() {
        let none = BTreeMap::new();
        let busy = View { free_at: t(12), ..view(&none) };
        assert_eq!(choose(&busy, &[stop("b", 2.0, "set_off", None)], t(10)), Move::Until(t(12)));
    }
}
