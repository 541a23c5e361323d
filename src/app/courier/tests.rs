//! The pure parts of a courier's feed: what comes next, and in which order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

use super::next_action::{NextAction, next_action};
use super::order_of_stops::arrange;
use crate::app::run::{RunStop, StopKind};
use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::ladder::RungKind;
use callahead_domain::delivery::Context;
use callahead_domain::delivery::event::Accepted;
use callahead_domain::delivery::state::{
    Clearance, Cleared, ClearedBy, CodeState, Delivery, Gate, Planned, ReturnReason, Stage,
};
use callahead_domain::id::{CourierId, DeliveryId, KeyId, OrderId, PaymentId, ShopId};
use callahead_domain::money::Currency;
use callahead_domain::payment::{Payment, PaymentState};
use callahead_domain::policy::{GateMode, Policy, SilenceRule};
use chrono::{DateTime, Utc};

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-05-04T{time}:00Z").parse().unwrap()
}

fn courier() -> CourierId {
    CourierId::from_parts(at("08:00"), [7; 10])
}

fn delivery(number: u8, stage: Stage) -> Delivery {
    let mut delivery = Delivery::start(&Accepted {
        id: DeliveryId::from_parts(at("09:00"), [number; 10]),
        order: OrderId::from_parts(at("09:00"), [number; 10]),
        shop: ShopId::from_parts(at("08:00"), [1; 10]),
        at: at("09:00"),
        region: None,
        place: None,
        problem: None,
        ready_at: at("09:30"),
        window: None,
        promised_by: at("12:00"),
        parcels: vec![],
        payment: Payment {
            by: callahead_domain::payment::PayBy::Hold,
            id: PaymentId::from_parts(at("09:00"), [number; 10]),
            amount_minor: 1000,
            currency: Currency::parse("KPW").unwrap(),
            state: PaymentState::Authorised { until: Some(at("18:00")) },
        },
    });
    delivery.stage = stage;
    delivery.planned = Some(Planned { arrive_at: at("11:00"), leg_s: 600 });
    delivery
}

fn collected() -> Delivery {
    delivery(1, Stage::Collected { courier: courier() })
}

fn go() -> Clearance {
    Clearance::Policy { rule: "gate_off".to_owned() }
}

fn next(kind: StopKind, delivery: &Delivery, policy: &Policy, now: &str) -> NextAction {
    let context = Context { actor: Actor::Courier(courier()), now: at(now), occurred_at: at(now), policy };
    next_action(kind, delivery, true, &context)
}

fn door(delivery: &Delivery, now: &str) -> NextAction {
    next(StopKind::DropOff, delivery, &Policy::default(), now)
}

fn clear(delivery: &mut Delivery, from: Option<DateTime<Utc>>) {
    let by = ClearedBy::Override {
        by: Actor::Dispatcher(KeyId::from_parts(at("08:00"), [2; 10])),
        reason: "said so".to_owned(),
    };
    delivery.cleared = Some(Cleared { by: by.clone(), since: at("10:00"), from, until: at("12:00") });
    delivery.gate = Gate::Cleared { by, from, valid_until: at("12:00") };
}

#[test]
fn parcels_are_collected_when_they_are_ready_and_the_door_waits_for_that() {
    let assigned = delivery(1, Stage::Assigned { courier: courier() });
    let collect = next(StopKind::PickUp, &assigned, &Policy::default(), "09:10");
    assert_eq!((collect.kind, collect.enabled_at), ("collect", Some(at("09:30"))));
    let wait = door(&assigned, "09:10");
    assert_eq!((wait.kind, wait.why), ("wait", Some("collect_first")));
}

#[test]
fn nobody_sets_off_without_an_answer_and_the_wait_says_why() {
    let mut delivery = collected();
    assert_eq!(door(&delivery, "10:05").why, Some("not_asked"));
    delivery.gate = Gate::Asked { rung: RungKind::Notice, asked_at: at("10:00"), reply_by: at("10:10") };
    assert_eq!(door(&delivery, "10:05").why, Some("waiting_for_answer"));
    delivery.gate = Gate::Held { until: at("17:00"), reason: "not_today".to_owned() };
    let held = door(&delivery, "10:05");
    assert_eq!((held.kind, held.why, held.enabled_at), ("wait", Some("held"), Some(at("17:00"))));
    delivery.gate = Gate::Silent { since: at("10:00") };
    assert_eq!(door(&delivery, "10:05").why, Some("silent"));
    delivery.gate = Gate::Refused { reason: "no".to_owned() };
    assert_eq!(door(&delivery, "10:05").why, Some("refused"));
}

#[test]
fn a_call_that_is_due_comes_before_everything_else_even_before_collecting() {
    let asked = Gate::Asked { rung: RungKind::Call, asked_at: at("10:48"), reply_by: at("10:54") };
    for stage in [Stage::Assigned { courier: courier() }, Stage::Collected { courier: courier() }] {
        let mut delivery = delivery(1, stage);
        delivery.gate = asked.clone();
        assert_eq!(door(&delivery, "10:49").kind, "call");
        // What came of the call was told at 10:50: nobody calls again before the next rung.
        delivery.gate = Gate::Asked { rung: RungKind::Call, asked_at: at("10:48"), reply_by: at("10:50") };
        assert_eq!(door(&delivery, "10:50").kind, "wait");
    }
    let mut delivery = delivery(1, Stage::EnRoute { courier: courier(), clearance: go() });
    delivery.gate = asked;
    assert_eq!(door(&delivery, "10:49").kind, "arrive");
}

#[test]
fn who_is_home_later_is_reached_no_earlier_and_the_action_says_when_to_leave() {
    let mut delivery = collected();
    clear(&mut delivery, Some(at("11:00")));
    let later = door(&delivery, "10:05");
    assert_eq!((later.kind, later.enabled_at, later.why), ("set_off", Some(at("10:50")), Some("too_early")));
    let now = door(&delivery, "10:50");
    assert_eq!((now.kind, now.enabled_at), ("set_off", None));
    assert_eq!(door(&delivery, "12:30").why, Some("stale"));
}

#[test]
fn policies_clear_by_their_own_rule() {
    let mut delivery = collected();
    let off = Policy { gate: GateMode::Off, ..Policy::default() };
    assert_eq!(next(StopKind::DropOff, &delivery, &off, "10:00").kind, "set_off");
    delivery.gate = Gate::Silent { since: at("10:00") };
    let try_door = Policy { silence: SilenceRule::TryDoor, ..Policy::default() };
    assert_eq!(next(StopKind::DropOff, &delivery, &try_door, "10:00").kind, "set_off");
    let last = Policy { silence: SilenceRule::Last, ..Policy::default() };
    let context = Context {
        actor: Actor::Courier(courier()),
        now: at("10:00"),
        occurred_at: at("10:00"),
        policy: &last,
    };
    assert_eq!(next_action(StopKind::DropOff, &delivery, true, &context).kind, "set_off");
    assert_eq!(next_action(StopKind::DropOff, &delivery, false, &context).kind, "wait");
}

#[test]
fn a_payment_that_ends_before_the_arrival_keeps_the_courier() {
    let mut delivery = collected();
    clear(&mut delivery, None);
    delivery.payment.state = PaymentState::Authorised { until: Some(at("10:10")) };
    assert_eq!(door(&delivery, "10:05").why, Some("authorisation_ends"));
    delivery.payment.state = PaymentState::Expired { at: at("10:00") };
    assert_eq!(door(&delivery, "10:05").why, Some("authorisation_ends"));
}

#[test]
fn at_the_door_giving_up_opens_after_the_waiting_time() {
    let mut delivery = delivery(1, Stage::AtDoor { courier: courier(), clearance: go(), since: at("11:00") });
    let first = door(&delivery, "11:01");
    let other = first.alternative.clone().unwrap();
    assert_eq!((first.kind, first.why), ("hand_over", None));
    assert_eq!((other.kind, other.enabled_at), ("fail_attempt", Some(at("11:07"))));
    delivery.code = CodeState { tries: 5, ..CodeState::default() };
    assert_eq!(door(&delivery, "11:01").why, Some("code_locked"));
}

#[test]
fn what_goes_back_goes_back() {
    let stage =
        Stage::Returning { courier: courier(), reason: ReturnReason::AttemptsUsed, since: at("11:00") };
    assert_eq!(next(StopKind::Return, &delivery(1, stage), &Policy::default(), "11:01").kind, "return");
}

fn run_stop(delivery: &Delivery, kind: StopKind) -> RunStop {
    RunStop { delivery: delivery.id, kind, arrive_at: at("11:00"), depart_at: at("11:02"), leg_s: 60 }
}

#[test]
fn stops_stand_as_the_run_says_and_what_it_does_not_know_comes_after() {
    let assigned = delivery(1, Stage::Assigned { courier: courier() });
    let carried = delivery(2, Stage::Collected { courier: courier() });
    let unknown = delivery(3, Stage::Assigned { courier: courier() });
    let gone = delivery(4, Stage::Returned { at: at("10:00") });
    let run = [
        run_stop(&gone, StopKind::DropOff),
        run_stop(&assigned, StopKind::PickUp),
        run_stop(&carried, StopKind::DropOff),
        run_stop(&assigned, StopKind::DropOff),
    ];
    let slots = arrange([&unknown, &assigned, &carried, &gone].into_iter(), &run);
    let order: Vec<_> = slots.iter().map(|slot| (slot.delivery, slot.kind)).collect();
    let expected = [
        (assigned.id, StopKind::PickUp),
        (carried.id, StopKind::DropOff),
        (assigned.id, StopKind::DropOff),
        (unknown.id, StopKind::PickUp),
        (unknown.id, StopKind::DropOff),
    ];
    assert_eq!(order, expected);
    assert_eq!(slots[0].arrive_at, Some(at("11:00")));
}

#[test]
fn where_the_courier_is_comes_first_and_a_door_never_before_its_own_pick_up() {
    let there = delivery(9, Stage::AtDoor { courier: courier(), clearance: go(), since: at("11:00") });
    let going = delivery(8, Stage::EnRoute { courier: courier(), clearance: go() });
    let assigned = delivery(1, Stage::Assigned { courier: courier() });
    let back = delivery(
        2,
        Stage::Returning { courier: courier(), reason: ReturnReason::Refused, since: at("11:00") },
    );
    let run = [run_stop(&assigned, StopKind::DropOff), run_stop(&going, StopKind::DropOff)];
    let slots = arrange([&back, &assigned, &going, &there].into_iter(), &run);
    let order: Vec<_> = slots.iter().map(|slot| (slot.delivery, slot.kind)).collect();
    let expected = [
        (there.id, StopKind::DropOff),
        (going.id, StopKind::DropOff),
        (assigned.id, StopKind::PickUp),
        (assigned.id, StopKind::DropOff),
        (back.id, StopKind::Return),
    ];
    assert_eq!(order, expected);
}
