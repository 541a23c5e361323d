//! The invariants of the workflow that can be seen from outside, checked over what was collected and nothing else.
//! Pure; shares no code with what it checks.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::clearance::wrong_departures;
use super::collect::{Collected, Record};
use super::world::{Log, found};

/// One invariant and what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Short name.
    pub name: &'static str,
    /// Its number in the workflow, where it has one.
    pub number: Option<u8>,
    /// What must hold.
    pub must: &'static str,
    /// How many things were looked at.
    pub looked_at: usize,
    /// Whether it holds.
    pub holds: bool,
    /// What breaks it.
    pub violations: Vec<String>,
}

fn check(name: &'static str, number: u8, must: &'static str, seen: (usize, Vec<String>)) -> Check {
    let (looked_at, violations) = seen;
    let number = (number > 0).then_some(number);
    Check { name, number, must, looked_at, holds: violations.is_empty(), violations }
}

/// Checks everything. `gate_off`: the policy asks nobody. `audit`: what a look into the store found wrong.
#[must_use]
pub fn check_all(all: &Collected, log: &Log, gate_off: bool, audit: Vec<String>) -> Vec<Check> {
    let orders = all.records.len();
    let each = |one: &dyn Fn(&Record) -> Vec<String>| (orders, over(&all.records, one));
    let probe = |kinds: &[&str]| kinds.iter().filter_map(|kind| log.probes.get(kind)).sum::<u64>();
    let found_by = |kind: &str, probes: u64| {
        (usize::try_from(probes).unwrap_or(usize::MAX), log.findings.get(kind).cloned().unwrap_or_default())
    };
    let twice = probe(&["order sent twice", "action sent twice"]);
    let illegal = probe(&["wrong code typed", "cancelled after the hand-off"]);
    vec![
        check(
            "captures",
            1,
            "every confirmed hand-off is captured once, for its amount, and nothing else is",
            each(&captures),
        ),
        check(
            "amounts",
            2,
            "captured is at most authorised; released and captured exclude each other",
            each(&amounts),
        ),
        check(
            "clearance",
            3,
            "nobody sets off without a clearance that was valid at that moment",
            each(&|record| wrong_departures(&record.timeline, gate_off)),
        ),
        check(
            "one courier",
            4,
            "a delivery has at most one courier, and only that one moves it",
            each(&couriers),
        ),
        check(
            "numbers",
            5,
            "event numbers have no gap, no hash stands twice, and a shown link is to the one before",
            each(&numbers),
        ),
        check(
            "store",
            5,
            "each state is the fold of its events, each hash chain is whole, no job is an orphan",
            (orders, audit),
        ),
        check(
            "twice",
            6,
            "the same request twice has one effect and the same reply",
            found_by(found::TWICE, twice),
        ),
        check(
            "illegal",
            7,
            "what the state or the code forbids changes nothing and is answered as forbidden",
            found_by(found::ILLEGAL, illegal),
        ),
        check(
            "seen",
            9,
            "a courier sees a customer's telephone only while it is needed",
            found_by(found::SEEN, log.looks),
        ),
        check("stuck", 11, "what has not ended is in the exception queue", (orders, stuck(all))),
        check("regions", 12, "a redrawn region moves no open delivery", each(&regions)),
        check("answers", 0, "no answer fails or breaks the contract", found_by(found::BROKEN, log.answers)),
    ]
}

fn over(records: &[Record], one: &dyn Fn(&Record) -> Vec<String>) -> Vec<String> {
    let named = |record: &Record| {
        one(record).into_iter().map(|what| format!("order {}: {what}", record.name)).collect::<Vec<_>>()
    };
    records.iter().flat_map(named).collect()
}

/// Amount of the hand-off that is confirmed at the end, if there is one.
#[must_use]
pub fn confirmed_amount(record: &Record) -> Option<i64> {
    let mut claimed: Option<i64> = None;
    let mut confirmed: Option<i64> = None;
    for entry in &record.timeline {
        match entry.event.as_str() {
            "delivery.handed_over" => {
                let amount = entry.number("/hand_off/amount_minor");
                let sure = entry.text("/hand_off/status/status") == Some("confirmed");
                (claimed, confirmed) = if sure { (None, amount) } else { (amount, None) };
            }
            "hand_off.confirmed" => confirmed = claimed.take().or(confirmed),
            "delivery.reopened" => (claimed, confirmed) = (None, None),
            _ => {}
        }
    }
    confirmed
}

/// A partial hand-off is captured when the rest is back at the shop.
fn partly_taken(record: &Record) -> bool {
    record.of("delivery.partial").next().is_some() && record.of("delivery.handed_over").next().is_none()
}

fn captures(record: &Record) -> Vec<String> {
    let captured: Vec<Option<i64>> =
        record.of("payment.captured").map(|entry| entry.number("/amount_minor")).collect();
    let due = confirmed_amount(record);
    let mut wrong = Vec::new();
    match (due, captured.as_slice()) {
        (None, []) => {}
        (Some(amount), [Some(taken)]) if amount == *taken => {}
        (Some(_), []) if record.payment() == "capture_failed" => {}
        (None, [Some(_)]) if partly_taken(record) => {}
        (Some(amount), []) => {
            wrong.push(format!("handed over for {amount}, the payment is {}", record.payment()))
        }
        (None, taken) => wrong.push(format!("captured {taken:?} without a confirmed hand-off")),
        (Some(amount), taken) => wrong.push(format!("handed over for {amount}, captured {taken:?}")),
    }
    let (has, shown) = (!captured.is_empty(), record.payment() == "captured");
    if has != shown {
        wrong.push(format!(
            "{} captures in the timeline, the order says {}",
            captured.len(),
            record.payment()
        ));
    }
    wrong.extend(capture_before_hand_off(record));
    wrong
}

fn capture_before_hand_off(record: &Record) -> Option<String> {
    let place =
        |events: &[&str]| record.timeline.iter().position(|entry| events.contains(&entry.event.as_str()));
    let taken = place(&["payment.captured"])?;
    let proved = place(&["delivery.handed_over", "delivery.partial"]).is_some_and(|at| at < taken);
    (!proved).then(|| "captured before any hand-off".to_owned())
}

fn amounts(record: &Record) -> Vec<String> {
    let mut wrong = Vec::new();
    let taken: i64 = record.of("payment.captured").filter_map(|entry| entry.number("/amount_minor")).sum();
    match record.amount("authorised") {
        Some(most) if taken > most => wrong.push(format!("captured {taken} of {most} authorised")),
        Some(_) => {}
        None => wrong.push("the order shows no authorised amount".to_owned()),
    }
    let released = record.of("payment.released").next().is_some();
    if released && taken > 0 {
        wrong.push("released and captured".to_owned());
    }
    let ended = matches!(record.stage(), "returned" | "cancelled" | "lost");
    if ended && taken == 0 && !["released", "expired"].contains(&record.payment()) {
        wrong.push(format!("{}, but the payment is {}", record.stage(), record.payment()));
    }
    wrong
}

fn couriers(record: &Record) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut holder: Option<String> = None;
    let mut offered: Option<String> = None;
    for entry in &record.timeline {
        let named = entry.text("/courier").map(str::to_owned);
        let mut complain = |what: &str| wrong.push(format!("seq {}: {what}", entry.seq));
        match entry.event.as_str() {
            "order.offered" => {
                if holder.is_some() || offered.is_some() {
                    complain("offered while somebody had it");
                }
                offered = named;
            }
            "order.offer_declined" | "order.offer_expired" => offered = None,
            "order.assigned" => {
                if holder.is_some() {
                    complain("assigned while somebody had it");
                }
                (holder, offered) = (named, None);
            }
            "order.unassigned" => (holder, offered) = (None, None),
            "order.picked_up" if holder != named => complain("collected by one who did not have it"),
            "parcels.transferred" => {
                if holder.as_deref() != entry.text("/from") {
                    complain("passed on by one who did not have it");
                }
                holder = entry.text("/to").map(str::to_owned);
            }
            "stop.released" | "courier.arrived" | "delivery.handed_over" if holder.is_none() => {
                complain("moved while nobody had it");
            }
            _ => {}
        }
    }
    wrong
}

fn numbers(record: &Record) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut before: Option<&str> = None;
    for (wanted, entry) in (1_i64..).zip(&record.timeline) {
        if entry.seq != wanted {
            wrong.push(format!("event {} stands where {wanted} should", entry.seq));
            return wrong;
        }
        if let (Some(before), Some(link)) = (before, entry.prev_hash.as_deref())
            && before != link
        {
            wrong.push(format!("event {} does not follow the hash of the one before", entry.seq));
        }
        before = entry.hash.as_deref();
    }
    let hashes: Vec<&str> = record.timeline.iter().filter_map(|entry| entry.hash.as_deref()).collect();
    if hashes.iter().collect::<BTreeSet<_>>().len() != hashes.len() {
        wrong.push("two events have the same hash".to_owned());
    }
    if record.timeline.first().is_none_or(|entry| entry.event != "order.accepted") {
        wrong.push("does not begin with order.accepted".to_owned());
    }
    wrong
}

/// Whether nothing moves any more: the parcel has ended its way, and the money too.
#[must_use]
pub fn is_final(record: &Record) -> bool {
    let parcel = matches!(record.stage(), "handed_over" | "returned" | "cancelled" | "lost");
    parcel && matches!(record.payment(), "captured" | "released" | "expired")
}

fn stuck(all: &Collected) -> Vec<String> {
    let queued: BTreeSet<&str> = all.exceptions.iter().map(|(delivery, _)| delivery.as_str()).collect();
    let lost = all
        .records
        .iter()
        .filter(|record| !is_final(record) && !queued.contains(record.delivery_id.as_str()));
    lost.map(|record| {
        format!(
            "order {}: {} with the payment {}, and no exception",
            record.name,
            record.stage(),
            record.payment()
        )
    })
    .collect()
}

fn regions(record: &Record) -> Vec<String> {
    let accepted = record.of("order.accepted").next().and_then(|entry| entry.data.get("region"));
    let version = |pin: Option<&Value>| pin.and_then(|pin| pin.get("version")).and_then(Value::as_i64);
    let moved = record.of("order.located").next().is_some();
    let (then, now) = (version(accepted), version(record.order.get("region")));
    if moved || then == now {
        Vec::new()
    } else {
        vec![format!("accepted under {then:?}, now under {now:?}")]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sim::collect::Entry;
    use crate::sim::robots::customer::Kind;
    use chrono::{DateTime, TimeDelta};
    use serde_json::json;

    fn entry(seq: i64, event: &str, data: Value) -> Entry {
        let at = DateTime::UNIX_EPOCH + TimeDelta::minutes(seq);
        Entry {
            seq,
            event: event.to_owned(),
            at,
            data,
            hash: Some(format!("h{seq}")),
            prev_hash: Some(format!("h{}", seq - 1)),
        }
    }

    fn good() -> Record {
        let hand_off = json!({"id": "hnd_1", "amount_minor": 900, "status": {"status": "confirmed"}});
        let cleared = json!({"by": {"kind": "answer", "answer": "a"}, "valid_until": "1970-01-01T01:00:00Z"});
        let story = [
            ("order.accepted", json!({"region": {"region": "reg_1", "version": 1}})),
            ("order.assigned", json!({"courier": "cou_1"})),
            ("call_ahead.answered", json!({"answer": {"id": "a"}, "counts": true})),
            ("stop.cleared", cleared),
            ("order.picked_up", json!({"courier": "cou_1"})),
            ("stop.released", json!({"clearance": {"kind": "answer", "answer": "a"}})),
            ("courier.arrived", json!({})),
            ("delivery.handed_over", json!({"hand_off": hand_off})),
            ("payment.capture_requested", json!({"amount_minor": 900})),
            ("payment.captured", json!({"amount_minor": 900})),
        ];
        Record {
            name: "o1".into(),
            delivery_id: "dlv_1".into(),
            placed_at: DateTime::UNIX_EPOCH,
            ready_at: DateTime::UNIX_EPOCH,
            customer: Kind::Prompt,
            order: json!({"status": "handed_over", "region": {"id": "reg_1", "version": 1},
                          "payment": {"state": "captured", "authorised": 900}}),
            timeline: (1..).zip(story).map(|(seq, (event, data))| entry(seq, event, data)).collect(),
        }
    }

    fn broken(change: impl FnOnce(&mut Record)) -> Vec<&'static str> {
        let mut record = good();
        change(&mut record);
        let all = Collected { records: vec![record], exceptions: Vec::new() };
        let checks = check_all(&all, &Log::default(), false, Vec::new());
        checks.into_iter().filter(|check| !check.holds).map(|check| check.name).collect()
    }

    fn renumber(record: &mut Record) {
        for (seq, entry) in (1..).zip(&mut record.timeline) {
            (entry.seq, entry.hash, entry.prev_hash) =
                (seq, Some(format!("h{seq}")), Some(format!("h{}", seq - 1)));
        }
    }

    #[test]
    fn a_good_order_breaks_nothing() {
        assert_eq!(broken(|_| {}), Vec::<&str>::new());
    }

    #[test]
    fn a_missing_a_second_and_a_wrong_capture_are_found() {
        let lost = |record: &mut Record| {
            record.timeline.pop();
            *record.order.pointer_mut("/payment/state").unwrap() = json!("capture_due");
        };
        assert_eq!(broken(lost), ["captures", "stuck"]);
        let twice = |record: &mut Record| {
            record.timeline.extend(record.timeline.last().cloned());
            renumber(record);
        };
        assert_eq!(broken(twice), ["captures", "amounts"]);
        let other = |record: &mut Record| {
            record.timeline.last_mut().unwrap().data = json!({"amount_minor": 800});
        };
        assert_eq!(broken(other), ["captures"]);
    }

    #[test]
    fn a_capture_without_a_hand_off_is_found() {
        let none = |record: &mut Record| {
            record.timeline.retain(|entry| entry.event != "delivery.handed_over");
            renumber(record);
        };
        assert_eq!(broken(none), ["captures"]);
    }

    #[test]
    fn money_given_back_and_taken_is_found() {
        let both = |record: &mut Record| {
            let last = entry(11, "payment.released", json!({}));
            record.timeline.push(last);
        };
        assert_eq!(broken(both), ["amounts"]);
    }

    #[test]
    fn a_departure_without_clearance_is_found() {
        let bare = |record: &mut Record| {
            record.timeline.retain(|entry| entry.event != "stop.cleared");
            renumber(record);
        };
        assert_eq!(broken(bare), ["clearance"]);
    }

    #[test]
    fn two_couriers_at_once_are_found() {
        let two = |record: &mut Record| {
            record.timeline.insert(2, entry(0, "order.assigned", json!({"courier": "cou_2"})));
            renumber(record);
        };
        assert_eq!(broken(two), ["one courier"]);
    }

    #[test]
    fn a_gap_and_a_forged_hash_are_found() {
        assert_eq!(broken(|record| record.timeline.get_mut(3).unwrap().seq = 7), ["numbers"]);
        assert_eq!(broken(|record| record.timeline.get_mut(3).unwrap().hash = Some("x".into())), ["numbers"]);
    }

    #[test]
    fn an_order_stuck_silently_is_found_and_one_in_the_queue_is_not() {
        let mut record = good();
        record.timeline.truncate(2);
        record.order = json!({"status": "assigned", "region": {"version": 1}, "payment": {"state": "authorised", "authorised": 900}});
        let mut all = Collected { records: vec![record], exceptions: Vec::new() };
        assert_eq!(stuck(&all).len(), 1);
        all.exceptions.push(("dlv_1".into(), "will_miss_window".into()));
        assert_eq!(stuck(&all).len(), 0);
    }

    #[test]
    fn a_delivery_moved_to_a_redrawn_region_is_found() {
        assert_eq!(
            broken(|record| *record.order.pointer_mut("/region/version").unwrap() = json!(2)),
            ["regions"]
        );
    }

    #[test]
    fn what_robots_and_the_store_found_is_reported() {
        let mut log = Log::default();
        log.find(found::TWICE, "x".into());
        let checks = check_all(&Collected::default(), &log, false, vec!["a chain is broken".into()]);
        let wrong: Vec<&str> = checks.iter().filter(|check| !check.holds).map(|check| check.name).collect();
        assert_eq!(wrong, ["store", "twice"]);
    }
}
