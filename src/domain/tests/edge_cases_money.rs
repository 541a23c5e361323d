//! The edge cases of changed orders, payment and proof, each as a story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::Outcome;
use callahead_domain::delivery::attention::Kind;
use callahead_domain::delivery::command::Amendment;
use callahead_domain::delivery::effect::{Effect, Notice};
use callahead_domain::delivery::state::FlagKind;
use callahead_domain::delivery::{Command, Event, Stage, StageKind};
use callahead_domain::hand_off::code;
use callahead_domain::payment::{PaymentKind, PaymentState};
use callahead_domain::policy::Policy;
use chrono::Duration;
use support::{
    Story, accepted, arrive, at, cancel, courier, key, lower_to, picture, right_code, set_off, shop,
    signature, wrong_code,
};

fn in_stage(stage: StageKind) -> Story {
    Story::in_stage(stage, Policy::default())
}

fn due(story: &Story) -> Option<i64> {
    match story.delivery.payment.state {
        PaymentState::CaptureDue { amount_minor, .. } => Some(amount_minor),
        _ => None,
    }
}

/// Courier 1 carries it; the authorisation ends at this time.
fn authorised_until(text: &str) -> Story {
    let mut order = accepted(3);
    order.payment.state = PaymentState::Authorised { until: Some(at(text)) };
    let mut story = Story::of(order);
    story.reach(StageKind::Collected);
    story
}

fn captured(amount_minor: i64) -> Command {
    Command::RecordCaptured { amount_minor, reference: "ref".into() }
}

#[test]
fn edge_51_cancelled_before_collection_drops_it_and_releases_the_hold() {
    let mut story = in_stage(StageKind::Assigned);
    story.shop(cancel());
    assert!(matches!(story.delivery.stage, Stage::Cancelled { was: Some(was), .. } if was == courier(1)));
    let told = Effect::SendNotice { notice: Notice::Cancelled };
    assert_eq!(story.follows(), [told, Effect::ReleasePayment { payment: Some(story.delivery.payment.id) }]);
    story.system(Command::RecordReleased { payment: None });
    assert_eq!(story.money(), PaymentKind::Released);
}

#[test]
fn edge_51_collected_before_the_cancellation_was_known_goes_back() {
    let mut story = in_stage(StageKind::Assigned);
    story.shop(cancel());
    story.must(Actor::Courier(courier(1)), Command::Collect);
    assert_eq!(story.stage(), StageKind::Returning);
    story.shop(Command::ReceiveReturn);
    assert_eq!(story.count("payment.release_requested"), 1);
}

#[test]
fn edge_52_cancelled_on_the_way_is_a_stop_order() {
    let mut story = in_stage(StageKind::EnRoute);
    story.customer(cancel());
    assert_eq!((story.stage(), story.money()), (StageKind::Returning, PaymentKind::Authorised));
    assert_eq!(story.follows(), [Effect::SendNotice { notice: Notice::Cancelled }]);
    story.shop(Command::ReceiveReturn);
    assert_eq!(story.money(), PaymentKind::ReleaseDue);
}

#[test]
fn edge_52_a_hand_off_before_the_cancellation_was_known_wins_and_a_refund_is_offered() {
    let mut story = in_stage(StageKind::EnRoute);
    story.at("12:02").shop(cancel()).at("12:30").done("12:01").gives(&[]);
    assert_eq!((story.stage(), story.money()), (StageKind::HandedOver, PaymentKind::CaptureDue));
    assert_eq!(story.flags(), [FlagKind::DeliveredBeforeCancellation]);
    assert!(story.queue().contains(&Kind::DeliveredBeforeCancellation));
}

#[test]
fn edge_52_a_hand_off_that_is_taken_back_leaves_the_cancellation_standing() {
    let mut story = in_stage(StageKind::EnRoute);
    story.shop(cancel()).gives(&[]).courier(Command::Reopen);
    assert_eq!((story.stage(), story.money()), (StageKind::Returning, PaymentKind::Authorised));
    assert_eq!(story.flags(), []);
}

#[test]
fn edge_51_a_courier_who_never_accepted_has_nothing_to_collect_after_the_cancellation() {
    let mut story = in_stage(StageKind::Offered);
    story.shop(cancel());
    assert_eq!(story.refused(Actor::Courier(courier(1)), Command::Collect), "not_yours");
}

#[test]
fn edge_52_handed_over_after_the_hold_was_given_back_tells_a_person_once() {
    let mut story = in_stage(StageKind::Assigned);
    story.shop(cancel());
    story.must(Actor::Courier(courier(1)), Command::Collect).gives(&[]);
    assert_eq!((story.stage(), story.money()), (StageKind::HandedOver, PaymentKind::Recovering));
    assert_eq!(story.flags(), [FlagKind::DeliveredBeforeCancellation]);
    assert!(story.queue().contains(&Kind::PaymentOwed));
    story.system(Command::RecordReleased { payment: None });
    assert_eq!((story.money(), story.delivery.releasing.len()), (PaymentKind::Recovering, 0));
}

#[test]
fn edge_53_hand_off_first_then_the_cancellation_is_told_no() {
    let mut story = in_stage(StageKind::AtDoor);
    story.gives(&[]);
    assert_eq!(story.refused(Actor::Shop(shop(1)), cancel()), "illegal_transition");
    story.system(captured(3000));
    assert_eq!((story.count("payment.captured"), story.count("payment.release_requested")), (1, 0));
}

#[test]
fn edge_53_cancellation_first_then_the_money_follows_it_once() {
    let mut story = in_stage(StageKind::AtDoor);
    story.shop(cancel()).shop(Command::ReceiveReturn).system(Command::RecordReleased { payment: None });
    let late = story.hand_over(right_code(), &[]);
    assert_eq!(story.refused(Actor::Courier(courier(1)), late), "illegal_transition");
    assert_eq!((story.count("payment.capture_requested"), story.count("payment.released")), (0, 1));
}

#[test]
fn edge_54_after_collection_only_the_note_and_a_lower_price_change() {
    let mut story = in_stage(StageKind::Collected);
    let later = Amendment { ready_at: Some(at("12:00")), ..Amendment::default() };
    let shop = Actor::Shop(shop(1));
    assert_eq!(story.refused(shop, Command::Amend { amendment: later.clone() }), "amend_too_late");
    assert_eq!(story.refused(shop, lower_to(3001)), "amount_raised");
    assert_eq!(story.refused(shop, lower_to(0)), "amount_raised");
    let empty = Command::Amend { amendment: Amendment::default() };
    assert_eq!(story.refused(shop, empty), "nothing_to_change");
    story.shop(lower_to(2500));
    assert_eq!(story.delivery.payment.amount_minor, 2500);
    let note = |text: &str| Command::Amend {
        amendment: Amendment { note: Some(text.to_owned()), ..Amendment::default() },
    };
    story.shop(note("ring twice")).shop(note("ring once")).shop(lower_to(2400));
    assert_eq!(story.delivery.note.as_deref(), Some("ring once"), "the latest note counts");
    in_stage(StageKind::Assigned).shop(Command::Amend { amendment: later });
}

#[test]
fn edge_55_some_parcels_handed_over_the_rest_later_is_one_capture_of_the_whole() {
    let mut story = in_stage(StageKind::AtDoor);
    story.gives(&[2]);
    assert_eq!((story.stage(), story.money()), (StageKind::Collected, PaymentKind::Authorised));
    assert_eq!(story.delivery.planned, None, "nobody is asked again before there is a plan");
    story.plan("15:00").pass_until("14:20").says(Outcome::HomeNow);
    story.at("14:55").courier(set_off()).courier(arrive()).gives(&[]);
    assert_eq!((story.stage(), due(&story)), (StageKind::HandedOver, Some(3000)));
    assert_eq!(story.count("payment.capture_requested"), 1);
}

#[test]
fn edge_55_some_parcels_handed_over_the_rest_returned_captures_what_was_taken() {
    let mut story = in_stage(StageKind::AtDoor);
    story.gives(&[1, 3]).shop(cancel()).shop(Command::ReceiveReturn);
    assert_eq!((story.stage(), due(&story)), (StageKind::Returned, Some(2000)));
}

#[test]
fn edge_55_the_price_of_what_was_taken_cannot_be_amended_away() {
    let mut story = in_stage(StageKind::AtDoor);
    story.gives(&[1]);
    assert_eq!(story.refused(Actor::Shop(shop(1)), lower_to(2000)), "amount_raised");
    story.shop(lower_to(2500)).shop(cancel()).shop(Command::ReceiveReturn);
    assert_eq!(due(&story), Some(500));
}

#[test]
fn edge_55_without_values_parcels_go_together_or_not_at_all() {
    let mut order = accepted(2);
    order.parcels.iter_mut().for_each(|parcel| parcel.value_minor = None);
    let mut story = Story::of(order);
    story.reach(StageKind::AtDoor);
    let some = story.hand_over(right_code(), &[1]);
    assert_eq!(story.refused(Actor::Courier(courier(1)), some), "parcel_values_unknown");
    story.gives(&[]);
    assert_eq!(due(&story), Some(2000));
}

#[test]
fn edge_56_a_damaged_item_lowers_the_price_at_the_door() {
    let mut story = in_stage(StageKind::AtDoor);
    story.shop(lower_to(2600)).gives(&[]);
    assert_eq!(due(&story), Some(2600));
}

#[test]
fn edge_58_a_parcel_of_another_order_stops_the_hand_off() {
    let mut story = in_stage(StageKind::AtDoor);
    let other = story.hand_over(right_code(), &[1, 9]);
    assert_eq!(story.refused(Actor::Courier(courier(1)), other), "no_such_parcel");
    assert_eq!(story.stage(), StageKind::AtDoor);
}

#[test]
fn edge_59_an_order_missing_at_loading_is_taken_off_the_run_or_given_up_and_never_captured() {
    let mut story = in_stage(StageKind::Assigned);
    let mut lost = story.clone();
    story.dispatcher(Command::Unassign { reason: "parcel missing".into() });
    assert_eq!(story.stage(), StageKind::Received);
    lost.dispatcher(Command::MarkLost { reason: "not found at the shop".into() });
    assert_eq!((lost.stage(), lost.money()), (StageKind::Lost, PaymentKind::ReleaseDue));
}

#[test]
fn edge_63_an_authorisation_that_ends_before_the_arrival_keeps_the_courier_from_leaving() {
    let mut story = authorised_until("12:30");
    assert!(story.queue().contains(&Kind::AuthorisationEnding), "warned a day before");
    story.plan("12:33").pass_until("11:50").says(Outcome::HomeNow).at("12:26");
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, set_off()), "authorisation_ends");
    story.pass_until("12:31");
    assert_eq!(story.money(), PaymentKind::Expired);
    assert_eq!(story.refused(carrier, set_off()), "illegal_transition");
    let past = Command::RenewAuthorisation { until: Some(at("12:00")) };
    assert_eq!(story.refused(Actor::Shop(shop(1)), past), "time_over");
    story.shop(Command::RenewAuthorisation { until: None }).courier(set_off());
}

#[test]
fn edge_63_after_the_end_no_new_authorisation_is_taken_that_nobody_would_give_back() {
    let mut story = authorised_until("12:30");
    story.pass_until("12:31").shop(cancel()).shop(Command::ReceiveReturn);
    assert_eq!(story.money(), PaymentKind::Expired);
    let renew = Command::RenewAuthorisation { until: None };
    assert_eq!(story.refused(Actor::Shop(shop(1)), renew), "illegal_transition");
}

#[test]
fn edge_63_no_authorisation_is_believed_to_hold_for_years() {
    let mut story = in_stage(StageKind::Received);
    let renew = |days| Command::RenewAuthorisation { until: Some(at("12:00") + Duration::days(days)) };
    assert_eq!(story.refused(Actor::Shop(shop(1)), renew(400)), "too_far_ahead");
    story.shop(renew(365));
}

#[test]
fn edge_64_a_capture_that_timed_out_is_unknown_and_proved_once() {
    let mut story = in_stage(StageKind::HandedOver);
    let unknown = Command::RecordCaptureUnknown { why: "time-out".into() };
    story.system(unknown.clone()).system(unknown);
    assert_eq!((story.money(), story.last.len()), (PaymentKind::CaptureUnknown, 0));
    assert!(!story.queue().contains(&Kind::CaptureUnknown));
    assert!(story.at("12:20").queue().contains(&Kind::CaptureUnknown));
    assert_eq!(story.refused(Actor::System, captured(2999)), "wrong_amount");
    story.system(captured(3000));
    assert_eq!(story.refused(Actor::System, captured(3000)), "illegal_transition");
}

#[test]
fn edge_65_a_capture_declined_after_the_hand_off_is_money_owed_and_not_the_couriers_fault() {
    let mut story = in_stage(StageKind::HandedOver);
    story.system(Command::RecordCaptureFailed { code: "insufficient_funds".into() });
    assert_eq!((story.stage(), story.money()), (StageKind::HandedOver, PaymentKind::CaptureFailed));
    assert!(story.queue().contains(&Kind::CaptureFailed));
    story.shop(Command::RetryCapture);
    assert!(matches!(story.follows().as_slice(), [Effect::CapturePayment { .. }]));
    story.system(captured(3000));
    assert_eq!(story.queue(), []);
}

#[test]
fn edge_66_a_hand_off_proved_offline_is_captured_after_the_authorisation_has_ended() {
    let mut story = authorised_until("13:00");
    story.at("11:20").says(Outcome::HomeNow).at("11:54").courier(set_off()).pass_until("15:00");
    assert_eq!(story.money(), PaymentKind::Expired);
    story.done("12:05").gives(&[]);
    assert_eq!(due(&story), Some(3000));
    assert!(
        story
            .last
            .iter()
            .any(|event| matches!(event, Event::HandedOver { hand_off } if hand_off.at == at("12:05")))
    );
}

#[test]
fn edge_68_the_code_of_another_order_hands_nothing_over() {
    let mut story = in_stage(StageKind::AtDoor);
    let other = story.hand_over(wrong_code(), &[]);
    story.courier(other);
    assert_eq!(story.last_kinds(), ["hand_off.code_refused"]);
    assert_eq!((story.stage(), story.money()), (StageKind::AtDoor, PaymentKind::Authorised));
}

#[test]
fn edge_69_the_code_of_yesterday_is_no_code_after_a_new_one_was_made() {
    let mut story = in_stage(StageKind::AtDoor);
    let (master, hid) = ([3; 32], [5; 8]);
    let old = code::code(&master, hid, story.delivery.code.rotation);
    story.customer(Command::RotateCode);
    assert!(!code::verify(&master, hid, story.delivery.code.rotation, &old));
}

#[test]
fn edge_70_five_wrong_codes_lock_it_until_a_new_one_is_made() {
    let mut story = in_stage(StageKind::AtDoor);
    for tries in 1..=5 {
        let guess = story.hand_over(wrong_code(), &[]);
        story.courier(guess);
        assert_eq!(story.delivery.code.tries, tries);
    }
    let right = story.hand_over(right_code(), &[]);
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, right.clone()), "code_locked");
    assert!(story.queue().contains(&Kind::CodeLocked));
    story.dispatcher(Command::RotateCode).courier(right);
    assert_eq!(story.stage(), StageKind::HandedOver);
}

#[test]
fn edge_71_without_a_code_a_signature_or_photo_waits_for_objections_before_the_capture() {
    for proof in [signature(), picture()] {
        let mut story = in_stage(StageKind::AtDoor);
        let claim = story.hand_over(proof, &[]);
        story.at("12:05").courier(claim);
        assert_eq!((story.stage(), story.money()), (StageKind::HandedOver, PaymentKind::Authorised));
        assert_eq!(story.wake_at(), Some(at("2026-05-05T12:05:00Z")));
        story.pass_until("2026-05-05T12:05:00Z");
        assert_eq!(due(&story), Some(3000));
    }
    let mut strict =
        Story::in_stage(StageKind::AtDoor, Policy { fallback_proof: false, ..Policy::default() });
    let claim = strict.hand_over(signature(), &[]);
    assert_eq!(strict.refused(Actor::Courier(courier(1)), claim), "proof_not_allowed");
}

#[test]
fn edge_72_a_disputed_hand_off_is_a_dispatchers_to_decide() {
    let mut story = in_stage(StageKind::AtDoor);
    let claim = story.hand_over(picture(), &[]);
    story.courier(claim).customer(Command::DisputeHandOff { reason: "nobody came".into() });
    assert!(story.queue().contains(&Kind::HandOffDisputed));
    story.pass_until("2026-05-07T12:00:00Z");
    assert_eq!(story.money(), PaymentKind::Authorised, "silence does not capture what was objected to");
    assert_eq!(story.refused(Actor::Shop(shop(1)), Command::ConfirmHandOff), "role_may_not");
    assert_eq!(story.refused(Actor::Courier(courier(1)), Command::Reopen), "undo_too_late");
    let mut happened = story.clone();
    happened.dispatcher(Command::ConfirmHandOff);
    assert_eq!(due(&happened), Some(3000));
    story.must(Actor::Operator(key(2)), Command::Reopen).shop(cancel()).shop(Command::ReceiveReturn);
    assert_eq!(story.money(), PaymentKind::ReleaseDue);
}

#[test]
fn a_hand_off_is_taken_back_within_its_grace_and_not_after() {
    let mut story = in_stage(StageKind::HandedOver);
    let mut late = story.clone();
    story.now += chrono::Duration::seconds(9);
    story.courier(Command::Reopen);
    assert_eq!((story.stage(), story.money()), (StageKind::AtDoor, PaymentKind::Authorised));
    story.gives(&[]);
    assert_eq!(due(&story), Some(3000));
    late.now += chrono::Duration::seconds(10);
    assert_eq!(late.refused(Actor::Courier(courier(1)), Command::Reopen), "undo_too_late");
}

#[test]
fn edge_46_after_an_accident_what_was_carried_is_lost_and_the_hold_is_released() {
    for stage in [StageKind::Collected, StageKind::EnRoute, StageKind::AtDoor] {
        let mut story = in_stage(stage);
        story.dispatcher(Command::MarkLost { reason: "accident on the bridge".into() });
        assert_eq!((story.stage(), story.money()), (StageKind::Lost, PaymentKind::ReleaseDue));
        let carrier = story.carrier();
        assert_eq!(story.refused(carrier, set_off()), "illegal_transition");
    }
}

#[test]
fn edge_61_with_the_shop_closed_the_return_stays_with_its_courier_until_the_shop_takes_it() {
    let mut story = in_stage(StageKind::Returning);
    let holders = |story: &Story| story.delivery.parcels.iter().map(|one| one.holder).collect::<Vec<_>>();
    let before = holders(&story);
    story.at("23:00").wake();
    assert_eq!((story.stage(), holders(&story)), (StageKind::Returning, before));
    assert!(story.queue().contains(&Kind::ReturnNotBack), "a dispatcher sees it");
    story.shop(Command::ReceiveReturn);
    assert_eq!((story.stage(), story.money()), (StageKind::Returned, PaymentKind::ReleaseDue));
}
