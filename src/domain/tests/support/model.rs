//! A small second opinion: what the events alone say about clearances, holders, couriers and money, told without the
//! state that `apply` and `fold` keep.

use callahead_domain::call_ahead::{Answer, Outcome};
use callahead_domain::delivery::proof::HandOffStatus;
use callahead_domain::delivery::state::{Clearance, ClearedBy, Holder, Parcel};
use callahead_domain::delivery::{Delivery, Event};
use callahead_domain::id::{AnswerId, CourierId};
use callahead_domain::policy::{GateMode, Policy, SilenceRule};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// A clearing and how long it held.
#[derive(Debug)]
struct Clearing {
    by: ClearedBy,
    since: DateTime<Utc>,
    from: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
}

/// What the events said so far.
#[derive(Debug, Default)]
pub struct Model {
    clearings: Vec<Clearing>,
    answers: Vec<Answer>,
    silent: bool,
    refused: bool,
    held_until: Option<DateTime<Utc>>,
    leg_s: i64,
    holders: BTreeMap<i32, Holder>,
    courier: Option<CourierId>,
    given: Vec<i32>,
    confirmed: bool,
    partly: bool,
    ended: bool,
    captures: u32,
    released: bool,
}

impl Model {
    pub fn of(parcels: &[Parcel]) -> Model {
        Model {
            holders: parcels.iter().map(|parcel| (parcel.number, Holder::Shop)).collect(),
            ..Model::default()
        }
    }

    /// Takes an event in, and complains where it must not have happened.
    pub fn see(&mut self, event: &Event, policy: &Policy) {
        self.gate(event, policy);
        self.parcels(event);
        self.money(event);
    }

    /// The state tells the same story.
    pub fn agrees(&self, delivery: &Delivery) {
        for parcel in &delivery.parcels {
            assert_eq!(self.holders.get(&parcel.number), Some(&parcel.holder), "parcel {}", parcel.number);
        }
        if let Some(runner) = delivery.runner() {
            assert_eq!(self.courier, Some(runner), "one courier");
        }
    }

    fn gate(&mut self, event: &Event, policy: &Policy) {
        match event {
            Event::Cleared { by, at, from, valid_until } => {
                let (by, from) = (by.clone(), *from);
                self.clearings.push(Clearing { by, since: *at, from, until: *valid_until });
                (self.silent, self.refused, self.held_until) = (false, false, None);
            }
            Event::Held { until, at, .. } => {
                self.close(*at);
                (self.silent, self.refused, self.held_until) = (false, false, Some(*until));
            }
            Event::WentStale { at, .. } | Event::AskedAgain { at, .. } => {
                self.close(*at);
                (self.silent, self.refused, self.held_until) = (false, false, None);
            }
            Event::HoldEnded { .. } => self.held_until = None,
            Event::CustomerRefused { .. } => {
                self.clearings.clear();
                (self.silent, self.refused, self.held_until) = (false, true, None);
            }
            Event::AttemptFailed { .. } | Event::PartlyHandedOver { .. } => {
                self.clearings.clear();
                (self.silent, self.refused, self.held_until) = (false, false, None);
            }
            Event::WentSilent { .. } => self.silent = true,
            Event::Asked { .. } => self.silent = false,
            Event::Answered { answer, counts: true } => self.answers.push(answer.clone()),
            Event::Planned { leg_s, .. } => self.leg_s = *leg_s,
            // Off the run, moved or between couriers, nobody knows a last leg.
            Event::Unassigned { .. } | Event::Transferred { .. } | Event::Located { .. } => self.leg_s = 0,
            Event::Released { clearance, at } => self.may_go(clearance, *at, policy),
            _ => {}
        }
        if matches!(
            event,
            Event::OfferDeclined { .. }
                | Event::OfferExpired { .. }
                | Event::AttemptFailed { .. }
                | Event::PartlyHandedOver { .. }
        ) {
            self.leg_s = 0;
        }
    }

    fn close(&mut self, at: DateTime<Utc>) {
        for clearing in &mut self.clearings {
            clearing.until = clearing.until.min(at - Duration::microseconds(1));
        }
    }

    /// No courier sets off without a clearance that was valid at that moment.
    fn may_go(&self, clearance: &Clearance, at: DateTime<Utc>, policy: &Policy) {
        let arrival = at + Duration::seconds(self.leg_s);
        let held = |by: &ClearedBy| {
            self.clearings.iter().any(|clearing| {
                clearing.by == *by
                    && clearing.since <= at
                    && at <= clearing.until
                    && clearing.from.is_none_or(|from| from <= arrival)
            })
        };
        match clearance {
            Clearance::Answer { answer } => {
                assert!(held(&ClearedBy::Answer { answer: *answer }), "stale clearance at {at}: {self:?}");
                self.latest_word_is(*answer, at);
            }
            Clearance::Override { by, reason } => {
                let by = ClearedBy::Override { by: *by, reason: reason.clone() };
                assert!(held(&by), "stale override at {at}: {self:?}");
            }
            Clearance::Policy { rule } => self.policy_lets_go(rule, at, policy),
        }
    }

    fn policy_lets_go(&self, rule: &str, at: DateTime<Utc>, policy: &Policy) {
        let lets = match rule {
            "gate_off" => policy.gate == GateMode::Off,
            "try_door" => self.silent && policy.silence == SilenceRule::TryDoor,
            "last" => self.silent && policy.silence == SilenceRule::Last,
            _ => false,
        };
        assert!(lets, "{rule} lets nobody go here: {self:?}");
        assert!(!self.refused, "went to somebody who does not want it");
        assert!(self.held_until.is_none_or(|until| until <= at), "went before the customer is home");
    }

    /// The answer that lets the courier go is a yes, and nothing against it was said up to that moment.
    fn latest_word_is(&self, id: AnswerId, at: DateTime<Utc>) {
        let rank = |answer: &Answer| (answer.answered_at, answer.source, answer.id);
        let yes = self.answers.iter().find(|answer| answer.id == id).expect("the answer was recorded");
        assert!(
            !matches!(
                yes.outcome,
                Outcome::Refused { .. } | Outcome::NotToday { .. } | Outcome::Unclear { .. }
            ) && !yes.outcome.is_attempt_result(),
            "{} is no yes",
            yes.outcome.name()
        );
        let against =
            self.answers.iter().filter(|answer| answer.outcome.is_against_coming_now()).find(|answer| {
                let other = answer.id != id && rank(answer) > rank(yes) && answer.answered_at <= at;
                other
                    && !self
                        .clearings
                        .iter()
                        .any(|clearing| clearing.by == ClearedBy::Answer { answer: answer.id })
            });
        assert!(against.is_none(), "set off against {against:?}");
    }

    fn parcels(&mut self, event: &Event) {
        let courier = self.courier;
        let with_courier = |holder: Holder| matches!(holder, Holder::Courier { .. });
        match event {
            Event::Offered { courier, .. } | Event::Assigned { courier } => self.courier = Some(*courier),
            Event::OfferDeclined { .. } | Event::OfferExpired { .. } | Event::Unassigned { .. } => {
                assert!(self.holders.values().all(|holder| *holder == Holder::Shop));
                self.courier = None;
            }
            Event::PickedUp { courier, .. } | Event::PickedUpLate { courier, .. } => {
                assert_eq!(self.courier, Some(*courier), "collected by whose run it is on");
                self.all_of(|holder| holder == Holder::Shop, Holder::Courier { courier: *courier });
            }
            Event::Transferred { from, to, .. } => {
                assert_eq!(self.courier, Some(*from));
                self.courier = Some(*to);
                self.all_of(with_courier, Holder::Courier { courier: *to });
            }
            Event::HandedOver { hand_off } | Event::PartlyHandedOver { hand_off } => {
                for number in &hand_off.parcels {
                    let before = self.holders.insert(*number, Holder::Customer);
                    assert!(before.is_some_and(with_courier), "parcel {number} was given by who held it");
                }
                self.given.clone_from(&hand_off.parcels);
            }
            Event::Reopened { .. } => {
                let courier = courier.expect("somebody gave it");
                for number in std::mem::take(&mut self.given) {
                    self.holders.insert(number, Holder::Courier { courier });
                }
            }
            Event::ReturnCompleted { .. } => self.all_of(with_courier, Holder::Shop),
            Event::Lost { .. } => self.all_of(|holder| holder != Holder::Customer, Holder::Lost),
            _ => {}
        }
    }

    fn all_of(&mut self, which: impl Fn(Holder) -> bool, to: Holder) {
        self.holders.values_mut().filter(|holder| which(**holder)).for_each(|holder| *holder = to);
    }

    /// No capture without a confirmed hand-off, and never two; what was released is not captured.
    fn money(&mut self, event: &Event) {
        match event {
            Event::HandedOver { hand_off } => {
                self.confirmed = matches!(hand_off.status, HandOffStatus::Confirmed { .. });
            }
            Event::HandOffConfirmed { .. } => self.confirmed = true,
            Event::Reopened { .. } => self.confirmed = false,
            Event::PartlyHandedOver { .. } => self.partly = true,
            Event::ReturnCompleted { .. } | Event::Lost { .. } => self.ended = true,
            Event::CaptureRequested { .. } => {
                assert!(
                    self.confirmed || (self.partly && self.ended),
                    "captured without a hand-off: {self:?}"
                );
                assert!(!self.released && self.captures == 0, "captured what is settled: {self:?}");
            }
            Event::Captured { .. } => {
                self.captures += 1;
                assert_eq!(self.captures, 1, "captured once");
            }
            // Another payment: its own hold, its own capture.
            Event::Replaced { .. } => self.released = false,
            Event::PaymentOwed { .. } => {
                assert!(self.confirmed || (self.partly && self.ended), "owed without a hand-off: {self:?}");
                self.captures = 0;
            }
            Event::ReleaseRequested { reason, .. } => {
                // A hold of which nobody knows is undone whatever was handed over.
                let unknown = reason == "authorisation_unknown";
                assert!(
                    unknown || (!self.confirmed && !self.partly && self.captures == 0),
                    "released what is due: {self:?}"
                );
                assert!(!self.released, "released once");
                self.released = true;
            }
            _ => {}
        }
    }
}
