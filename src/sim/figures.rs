//! The figures of a day, computed from what was collected.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::collect::{Entry, Record};
use super::invariants::confirmed_amount;

/// Mean and percentiles of a list of minutes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Their mean; 0 of none.
    pub mean: f64,
    /// Half are at most this.
    pub p50: f64,
    /// Nine in ten are at most this.
    pub p90: f64,
    /// The largest.
    pub max: f64,
    /// All of them, ascending.
    #[serde(skip)]
    pub values: Vec<f64>,
}

impl Spread {
    /// Of these values.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let sum: f64 = values.iter().sum();
        let mean = if values.is_empty() { 0.0 } else { sum / count_f(values.len()) };
        let at = |percent: usize| {
            let place = (values.len() * percent).div_ceil(100).max(1) - 1;
            values.get(place).copied().unwrap_or(0.0)
        };
        let (p50, p90, max) = (at(50), at(90), at(100));
        Spread { count: values.len(), mean, p50, p90, max, values }
    }
}

/// A number of things as a real number.
#[must_use]
pub fn count_f(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A span in minutes.
#[must_use]
pub fn minutes(span: TimeDelta) -> f64 {
    f64::from(i32::try_from(span.num_seconds()).unwrap_or(i32::MAX)) / 60.0
}

/// Answers by the rung that brought them and the way they came.
pub type ByRung = BTreeMap<String, BTreeMap<String, usize>>;

/// What happened on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Orders accepted.
    pub orders: usize,
    /// Handed over.
    pub delivered: usize,
    /// Not handed over at the end.
    pub undelivered: usize,
    /// Of these: back at the shop.
    pub returned: usize,
    /// Of these: cancelled.
    pub cancelled: usize,
    /// Of these: not ended.
    pub open: usize,
    /// Placement to hand-off.
    pub click_to_door_min: Spread,
    /// The mean with each undelivered order counted at the instance's maximum.
    pub penalised_click_to_door_min: f64,
    /// Ready to collection.
    pub ready_to_pick_up_min: Spread,
    /// Rungs climbed.
    pub asked: BTreeMap<String, usize>,
    /// Answers that counted, by rung and channel.
    pub answers: ByRung,
    /// Times a ladder was used up.
    pub silent: usize,
    /// Overrides by a dispatcher.
    pub overrides: usize,
    /// Arrivals at a door.
    pub attempts: usize,
    /// Failed ones.
    pub failed_attempts: usize,
    /// Orders whose door was reached at least once.
    pub doors: usize,
    /// Of these, handed over at the first attempt.
    pub first_attempt: usize,
    /// Their share, 0 to 1.
    pub first_attempt_share: f64,
    /// Confirmed hand-offs: how many.
    pub hand_offs: usize,
    /// Confirmed hand-offs: minor units.
    pub hand_offs_minor: i64,
    /// Captures: how many.
    pub captures: usize,
    /// Captures: minor units.
    pub captures_minor: i64,
    /// Payments given back.
    pub releases: usize,
    /// Hand-offs in each hour from the first placement on.
    pub delivered_by_hour: Vec<usize>,
    /// Placements in each hour from the first placement on.
    pub placed_by_hour: Vec<usize>,
}

/// The figures of these orders; an undelivered one counts as `most_min` minutes where the mean is penalised.
#[must_use]
pub fn figures(records: &[Record], most_min: f64) -> Figures {
    let begin = records.iter().map(|record| record.placed_at).min();
    let mut of = Figures { orders: records.len(), ..Figures::default() };
    let (mut to_door, mut to_pick_up) = (Vec::new(), Vec::new());
    for record in records {
        count_end(&mut of, record);
        count_asking(&mut of, record);
        count_doors(&mut of, record);
        count_money(&mut of, record);
        if let Some(begin) = begin {
            bump(&mut of.placed_by_hour, begin, record.placed_at);
            if let Some(at) = handed_over_at(record) {
                bump(&mut of.delivered_by_hour, begin, at);
            }
        }
        to_door.extend(handed_over_at(record).map(|at| minutes(at - record.placed_at)));
        let collected = record.of("order.picked_up").next().map(Entry::happened);
        to_pick_up.extend(collected.map(|at| minutes(at - record.ready_at)));
    }
    let hours = of.delivered_by_hour.len().max(of.placed_by_hour.len());
    of.delivered_by_hour.resize(hours, 0);
    of.placed_by_hour.resize(hours, 0);
    of.undelivered = of.orders - of.delivered;
    let total: f64 = to_door.iter().sum::<f64>() + most_min * count_f(of.undelivered);
    of.penalised_click_to_door_min = if of.orders == 0 { 0.0 } else { total / count_f(of.orders) };
    of.first_attempt_share = if of.doors == 0 { 0.0 } else { count_f(of.first_attempt) / count_f(of.doors) };
    (of.click_to_door_min, of.ready_to_pick_up_min) = (Spread::of(to_door), Spread::of(to_pick_up));
    of
}

fn handed_over_at(record: &Record) -> Option<DateTime<Utc>> {
    let last = record.of("delivery.handed_over").last().filter(|_| record.stage() == "handed_over")?;
    Some(last.instant("/hand_off/at").unwrap_or(last.at))
}

fn bump(hours: &mut Vec<usize>, begin: DateTime<Utc>, at: DateTime<Utc>) {
    let hour = usize::try_from((at - begin).num_hours().clamp(0, 24 * 14)).unwrap_or(0);
    if hours.len() <= hour {
        hours.resize(hour + 1, 0);
    }
    if let Some(slot) = hours.get_mut(hour) {
        *slot += 1;
    }
}

fn count_end(of: &mut Figures, record: &Record) {
    match record.stage() {
        "handed_over" => of.delivered += 1,
        "returned" => of.returned += 1,
        "cancelled" => of.cancelled += 1,
        "lost" => {}
        _ => of.open += 1,
    }
}

fn count_asking(of: &mut Figures, record: &Record) {
    let mut rung = "before any".to_owned();
    for entry in &record.timeline {
        match entry.event.as_str() {
            "call_ahead.requested" => {
                rung = entry.text("/rung").unwrap_or("unknown").to_owned();
                *of.asked.entry(rung.clone()).or_default() += 1;
            }
            "call_ahead.answered"
                if entry.data.get("counts").and_then(serde_json::Value::as_bool) == Some(true) =>
            {
                let channel = entry.text("/answer/source").unwrap_or("unknown").to_owned();
                *of.answers.entry(rung.clone()).or_default().entry(channel).or_default() += 1;
            }
            "call_ahead.silent" => of.silent += 1,
            "stop.cleared" if entry.text("/by/kind") == Some("override") => of.overrides += 1,
            _ => {}
        }
    }
}

fn count_doors(of: &mut Figures, record: &Record) {
    of.attempts += record.of("courier.arrived").count();
    of.failed_attempts += record.of("delivery.failed").count();
    let tried = |entry: &&Entry| ["delivery.handed_over", "delivery.failed"].contains(&entry.event.as_str());
    let reached = record.of("courier.arrived").next().is_some();
    of.doors += usize::from(reached);
    let first = record.timeline.iter().find(tried).map(|entry| entry.event.as_str());
    of.first_attempt += usize::from(reached && first == Some("delivery.handed_over"));
}

fn count_money(of: &mut Figures, record: &Record) {
    if let Some(amount) = confirmed_amount(record) {
        of.hand_offs += 1;
        of.hand_offs_minor += amount;
    }
    for taken in record.of("payment.captured").filter_map(|entry| entry.number("/amount_minor")) {
        of.captures += 1;
        of.captures_minor += taken;
    }
    of.releases += record.of("payment.released").count();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::robots::customer::Kind;
    use serde_json::{Value, json};

    fn record(stage: &str, story: &[(&str, i64, Value)]) -> Record {
        let t = |minute| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute);
        let entry = |(seq, (event, minute, data)): (i64, &(&str, i64, Value))| Entry {
            seq,
            event: (*event).to_owned(),
            at: t(*minute),
            data: data.clone(),
            hash: None,
            prev_hash: None,
        };
        Record {
            name: "o".into(),
            delivery_id: "d".into(),
            placed_at: t(0),
            ready_at: t(10),
            customer: Kind::Prompt,
            order: json!({"status": stage}),
            timeline: (1..).zip(story).map(entry).collect(),
        }
    }

    #[test]
    fn a_spread_of_none_is_zero_and_percentiles_are_of_the_list() {
        assert_eq!(Spread::of(Vec::new()).mean, 0.0);
        let ten = Spread::of((1..=10).rev().map(f64::from).collect());
        assert_eq!((ten.mean, ten.p50, ten.p90, ten.max), (5.5, 5.0, 9.0, 10.0));
    }

    #[test]
    fn a_day_is_counted() {
        let hand_off = json!({"hand_off": {"amount_minor": 70, "status": {"status": "confirmed"}}});
        let done = record(
            "handed_over",
            &[
                ("call_ahead.requested", 1, json!({"rung": "notice"})),
                ("call_ahead.answered", 2, json!({"counts": true, "answer": {"source": "link"}})),
                ("order.picked_up", 12, json!({})),
                ("courier.arrived", 28, json!({})),
                ("delivery.failed", 29, json!({})),
                ("courier.arrived", 29, json!({})),
                ("delivery.handed_over", 30, hand_off),
                ("payment.captured", 31, json!({"amount_minor": 70})),
            ],
        );
        let back =
            record("returned", &[("call_ahead.silent", 1, json!({})), ("payment.released", 90, json!({}))]);
        let day = figures(&[done, back], 90.0);
        assert_eq!((day.delivered, day.undelivered, day.returned), (1, 1, 1));
        assert_eq!((day.click_to_door_min.mean, day.ready_to_pick_up_min.mean), (30.0, 2.0));
        assert_eq!(day.penalised_click_to_door_min, 60.0);
        assert_eq!(day.answers.get("notice").and_then(|by| by.get("link")), Some(&1));
        assert_eq!((day.attempts, day.doors, day.first_attempt), (2, 1, 0));
        assert_eq!((day.hand_offs_minor, day.captures_minor, day.releases), (70, 70, 1));
        assert_eq!((day.delivered_by_hour, day.placed_by_hour), (vec![1], vec![2]));
    }
}
