//! How a hold comes about, is renewed, is given up, and how money that is owed is asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::Outcome;
use callahead_domain::delivery::attention::Kind;
use callahead_domain::delivery::command::NewPayment;
use callahead_domain::delivery::effect::{Effect, Notice};
use callahead_domain::delivery::{Command, StageKind};
use callahead_domain::id::PaymentId;
use callahead_domain::payment::{Owed, PaymentKind, PaymentState};
use callahead_domain::policy::Policy;
use support::{
    Story, accepted, at, cancel, courier, key, other_payment_id, payment_id, refund_id, set_off, shop,
};

/// An order whose hold is asked for of the provider.
fn unpaid() -> Story {
    let mut order = accepted(3);
    order.payment.state = PaymentState::Authorising { since: at("10:00"), owed: None };
    Story::of(order)
}

fn authorised(payment: PaymentId, until: Option<&str>) -> Command {
    Command::RecordAuthorised { payment, reference: "pi_1".into(), until: until.map(at) }
}

fn declined(payment: PaymentId) -> Command {
    Command::RecordDeclined { payment, code: "no_funds".into() }
}

fn asks(provider: &str, n: u64) -> Command {
    let (id, method) = (other_payment_id(n), Some("pm_1".to_owned()));
    Command::Authorise { payment: NewPayment { id, provider: provider.into(), method, reference: None } }
}

fn wanted() -> Effect {
    Effect::SendNotice { notice: Notice::PaymentWanted }
}

#[test]
fn nobody_is_given_a_delivery_before_its_money_is_held() {
    let mut story = unpaid();
    let desk = Actor::Dispatcher(key(1));
    for give in [Command::Assign { courier: courier(1) }, Command::Offer { courier: courier(1) }] {
        assert_eq!(story.refused(Actor::System, give.clone()), "payment_not_authorised");
        assert_eq!(story.refused(desk, give), "payment_not_authorised");
    }
    story.system(authorised(payment_id(), Some("23:00")));
    assert_eq!(story.money(), PaymentKind::Authorised);
    assert_eq!(story.delivery.authorised_until, Some(at("23:00")));
    story.system(Command::Assign { courier: courier(1) });
}

#[test]
fn a_declined_hold_is_told_to_customer_and_shop_and_another_way_may_be_named() {
    let mut story = unpaid();
    story.system(declined(payment_id()));
    assert_eq!((story.money(), story.follows()), (PaymentKind::Declined, vec![wanted()]));
    assert!(story.queue().contains(&Kind::PaymentWanted));
    story.shop(asks("stripe", 7));
    assert_eq!(story.follows(), [Effect::AuthorisePayment { payment: other_payment_id(7) }]);
    // An answer about the first one comes late and moves nothing.
    story.system(declined(payment_id()));
    assert_eq!(story.money(), PaymentKind::Authorising);
    story.system(authorised(other_payment_id(7), None));
    assert_eq!((story.money(), story.delivery.payment.id), (PaymentKind::Authorised, other_payment_id(7)));
}

#[test]
fn the_customer_may_have_to_agree_first() {
    let mut story = unpaid();
    let url = Some("https://bank.example/3ds".to_owned());
    story.system(Command::RecordActionRequired {
        payment: payment_id(),
        reference: "pi_1".into(),
        url: url.clone(),
    });
    let look = Effect::LookAtPayment { payment: payment_id(), again: true };
    assert_eq!((story.money(), story.follows()), (PaymentKind::ActionRequired, vec![wanted(), look]));
    story.system(authorised(payment_id(), None));
    assert_eq!(story.money(), PaymentKind::Authorised);
}

#[test]
fn a_hold_of_which_nobody_knows_is_undone_after_half_an_hour_and_the_order_does_not_leave() {
    let mut story = unpaid();
    story.pass_until("10:29");
    assert_eq!(story.money(), PaymentKind::Authorising);
    story.pass_until("10:31");
    assert_eq!(story.money(), PaymentKind::ReleaseDue);
    story.system(authorised(payment_id(), None));
    assert_eq!(story.money(), PaymentKind::ReleaseDue, "it is given back all the same");
    story.system(Command::RecordReleased { payment: Some(payment_id()) });
    assert_eq!(
        story.refused(Actor::System, Command::Assign { courier: courier(1) }),
        "payment_not_authorised"
    );
    assert!(story.queue().contains(&Kind::PaymentWanted));
    // What comes even later is given back too.
    story.system(authorised(payment_id(), None));
    assert_eq!(story.follows(), [Effect::ReleasePayment { payment: Some(payment_id()) }]);
    story.shop(asks("stripe", 7)).system(authorised(other_payment_id(7), None));
    story.system(Command::Assign { courier: courier(1) });
}

#[test]
fn cancelled_while_the_hold_is_asked_for_it_is_given_back() {
    let mut story = unpaid();
    story.shop(cancel());
    assert_eq!(story.money(), PaymentKind::ReleaseDue);
}

/// Carried by courier 1; the authorisation ends a day later.
fn ends_at(text: &str) -> Story {
    let mut order = accepted(3);
    order.payment.state = PaymentState::Authorised { until: Some(at(text)) };
    let mut story = Story::of(order);
    story.reach(StageKind::Collected);
    story
}

#[test]
fn edge_63_a_hold_that_ends_is_warned_of_renewed_beside_it_and_the_old_one_given_back() {
    let mut story = ends_at("2026-05-05T18:00:00Z");
    assert_eq!((story.count("payment.ending"), story.count("payment.renewal_due")), (0, 0));
    story.pass_until("18:01");
    assert_eq!((story.count("payment.ending"), story.count("payment.renewal_due")), (1, 0));
    story.pass_until("2026-05-05T12:01:00Z");
    assert_eq!((story.count("payment.ending"), story.count("payment.renewal_due")), (1, 1));
    story.system(asks("stripe", 7));
    assert_eq!(story.follows(), [Effect::AuthorisePayment { payment: other_payment_id(7) }]);
    assert_eq!(story.money(), PaymentKind::Authorised, "the present hold stands meanwhile");
    assert_eq!(story.refused(Actor::Shop(shop(1)), asks("stripe", 8)), "renewal_open");
    story.system(authorised(other_payment_id(7), Some("2026-05-12T12:00:00Z")));
    assert_eq!(story.delivery.payment.id, other_payment_id(7));
    assert_eq!(story.follows(), [Effect::ReleasePayment { payment: Some(payment_id()) }]);
    story.system(Command::RecordReleased { payment: Some(payment_id()) });
    assert_eq!((story.money(), story.delivery.releasing.len()), (PaymentKind::Authorised, 0));
    story.pass_until("2026-05-05T19:00:00Z");
    assert_eq!(story.money(), PaymentKind::Authorised);
}

#[test]
fn edge_67_a_hold_that_cannot_be_renewed_is_told_and_keeps_the_courier_from_leaving() {
    let mut story = ends_at("12:30");
    story.plan("12:33").pass_until("11:50").says(Outcome::HomeNow).at("12:26");
    story.system(asks("stripe", 7)).system(declined(other_payment_id(7)));
    assert_eq!(story.follows(), [wanted()]);
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, set_off()), "authorisation_ends");
    story.system(Command::RecordExpired);
    assert_eq!(story.money(), PaymentKind::Expired);
    story.shop(asks("stripe", 8)).system(authorised(other_payment_id(8), None)).courier(set_off());
}

#[test]
fn a_new_hold_that_comes_when_all_is_over_is_given_back() {
    let mut story = ends_at("2026-05-05T18:00:00Z");
    story.system(asks("stripe", 7)).shop(cancel()).shop(Command::ReceiveReturn);
    assert_eq!(story.money(), PaymentKind::ReleaseDue);
    story.system(authorised(other_payment_id(7), None));
    assert_eq!(story.follows(), [Effect::ReleasePayment { payment: Some(other_payment_id(7)) }]);
    for payment in [payment_id(), other_payment_id(7)] {
        story.system(Command::RecordReleased { payment: Some(payment) });
    }
    assert_eq!((story.money(), story.delivery.releasing.len()), (PaymentKind::Released, 0));
}

/// Handed over after the hold was given back.
fn owed() -> Story {
    let mut story = Story::in_stage(StageKind::Assigned, Policy::default());
    story.shop(cancel()).system(Command::RecordReleased { payment: None });
    story.must(Actor::Courier(courier(1)), Command::Collect).gives(&[]);
    story
}

#[test]
fn a_hand_off_proved_after_the_release_is_owed_and_recovered_by_another_payment() {
    let mut story = owed();
    assert_eq!(story.money(), PaymentKind::Recovering);
    assert!(matches!(story.follows().as_slice(), [.., Effect::RecoverPayment { .. }]));
    let hand_off = story.delivery.payment.owed().unwrap().hand_off;
    story.system(asks("stripe", 7));
    assert_eq!(story.delivery.payment.owed(), Some(Owed { hand_off, amount_minor: 3000 }));
    let mut broke = story.clone();
    story.system(authorised(other_payment_id(7), None));
    assert_eq!(story.money(), PaymentKind::CaptureDue);
    story.system(Command::RecordCaptured { amount_minor: 3000, reference: "pi_7".into() });
    assert_eq!(story.money(), PaymentKind::Captured);
    // Declined: other ways are open, and a person may give it up.
    broke.system(declined(other_payment_id(7)));
    assert_eq!(broke.money(), PaymentKind::Recovering);
    assert!(broke.queue().contains(&Kind::PaymentOwed));
    let mut invoice = broke.clone();
    invoice.shop(asks("record", 8));
    assert_eq!(invoice.money(), PaymentKind::CaptureDue);
    broke.shop(Command::WriteOff { reason: "moved away".into() });
    assert_eq!(broke.money(), PaymentKind::Uncollectable);
    assert_eq!(broke.queue(), [Kind::DeliveredBeforeCancellation]);
}

#[test]
fn a_hold_for_money_owed_of_which_nobody_knows_is_undone_and_the_money_stays_owed() {
    let mut story = owed();
    story.at("12:10").system(asks("stripe", 7)).pass_until("12:41");
    assert_eq!(story.money(), PaymentKind::Recovering);
    assert_eq!(story.delivery.releasing.len(), 1);
}

#[test]
fn a_hand_off_taken_back_owes_nothing() {
    let mut story = owed();
    story.courier(Command::Reopen);
    assert_eq!((story.stage(), story.money()), (StageKind::Returning, PaymentKind::Released));
}

#[test]
fn a_capture_that_the_provider_takes_back_is_owed() {
    let mut story = Story::in_stage(StageKind::HandedOver, Policy::default());
    story.system(Command::RecordCaptured { amount_minor: 3000, reference: "pi_1".into() });
    story.system(Command::RecordCaptureRevoked { code: "scheme_rejected".into() });
    assert_eq!(story.money(), PaymentKind::Recovering);
}

fn refund(n: u64, amount_minor: i64) -> Command {
    Command::RequestRefund { refund: refund_id(n), amount_minor, reason: "a broken jar".into() }
}

#[test]
fn edge_73_refunds_after_the_capture_are_partial_linked_and_never_more_than_was_taken() {
    let mut story = Story::in_stage(StageKind::HandedOver, Policy::default());
    assert_eq!(story.refused(Actor::Shop(shop(1)), refund(1, 1)), "illegal_transition");
    story.system(Command::RecordCaptured { amount_minor: 3000, reference: "pi_1".into() });
    for wrong in [0, -1, 3001, i64::MAX] {
        assert_eq!(story.refused(Actor::Shop(shop(1)), refund(1, wrong)), "refund_too_much");
    }
    story.shop(refund(1, 1000));
    assert_eq!(story.follows(), [Effect::RefundPayment { refund: refund_id(1) }]);
    assert_eq!(story.refused(Actor::Shop(shop(1)), refund(2, 2001)), "refund_too_much");
    story.dispatcher(refund(2, 2000));
    let reference = "re_1".to_owned();
    story.system(Command::RecordRefunded { refund: refund_id(1), reference: reference.clone() });
    story.system(Command::RecordRefunded { refund: refund_id(1), reference });
    assert_eq!(story.count("payment.refunded"), 1);
    // One that failed is told, and may be asked for again.
    story.system(Command::RecordRefundFailed { refund: refund_id(2), code: "card_closed".into() });
    assert_eq!(story.queue(), [Kind::RefundFailed]);
    story.shop(refund(3, 2000));
    assert_eq!(story.refused(Actor::Shop(shop(1)), refund(4, 1)), "refund_too_much");
}
