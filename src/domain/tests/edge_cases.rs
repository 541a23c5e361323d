//! The edge cases of the customer's answers, the courier's life and time, each as a story. Those of changed orders,
//! money and proof are in `edge_cases_money.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::{Outcome, RungKind, Source};
use callahead_domain::delivery::attention::Kind;
use callahead_domain::delivery::effect::{Effect, Notice};
use callahead_domain::delivery::state::{FailReason, FlagKind, Holder};
use callahead_domain::delivery::{Command, Delivery, Gate, GateKind, Stage, StageKind};
use callahead_domain::payment::PaymentKind;
use callahead_domain::policy::{AssignMode, Policy};
use chrono::{DateTime, Duration, NaiveTime, Utc};
use chrono_tz::Tz;
use support::{
    Story, arrive, at, cancel, courier, door, fail, key, neighbour, picture, pin, right_code, set_off,
    witness,
};

/// Carried by courier 1, asked at 11:15, the clock at 11:20.
fn asked() -> Story {
    asked_under(Policy::default())
}

fn asked_under(policy: Policy) -> Story {
    let mut story = Story::in_stage(StageKind::Collected, policy);
    story.at("11:15").wake().at("11:20");
    story
}

#[test]
fn edge_01_come_at_seven_holds_until_shortly_before_and_asks_again() {
    let mut story = asked();
    story.says(Outcome::HomeFrom { from: at("19:00") });
    assert!(matches!(story.delivery.gate, Gate::Held { until, .. } if until == at("18:15")));
    assert!(story.delivery.promised_by >= at("19:00"), "the promise moves with the answer");
    let carrier = story.carrier();
    assert_eq!(story.at("11:50").refused(carrier, set_off()), "not_cleared");
    let held = Holder::Courier { courier: courier(1) };
    assert!(story.delivery.parcels.iter().all(|parcel| parcel.holder == held));
    story.plan("19:00").pass_until("18:15");
    assert_eq!(story.rung(), Some(RungKind::Notice));
    story.at("18:20").says(Outcome::HomeNow).at("18:56").courier(set_off());
}

#[test]
fn edge_01_a_time_nobody_waits_for_is_refused_and_changes_nothing() {
    let mut story = asked();
    let day = |days| at("12:00") + Duration::days(days);
    let ends = [DateTime::<Utc>::MAX_UTC, day(61)];
    for far in ends {
        for outcome in [
            Outcome::HomeFrom { from: far },
            Outcome::HomeUntil { until: far },
            Outcome::NotToday { day: Some(far.date_naive()) },
        ] {
            let said = story.reply(outcome, Source::Link);
            assert_eq!(story.refused(Actor::Customer, said), "too_far_ahead");
        }
    }
    let past = story.reply(Outcome::HomeFrom { from: DateTime::<Utc>::MIN_UTC }, Source::Link);
    assert_eq!(story.refused(Actor::Customer, past), "time_over");
    assert_eq!(story.gate(), GateKind::Asked);
    story.says(Outcome::HomeFrom { from: day(59) });
    assert_eq!(story.gate(), GateKind::Held);
}

#[test]
fn edge_02_nothing_is_promised_after_the_last_door() {
    let policy = Policy { last_door: NaiveTime::from_hms_opt(18, 0, 0), ..Policy::default() };
    let mut story = asked_under(policy);
    let late = story.reply(Outcome::HomeFrom { from: at("19:00") }, Source::Link);
    assert_eq!(story.refused(Actor::Customer, late), "after_hours");
    assert_eq!(story.gate(), GateKind::Asked);
    story.says(Outcome::HomeFrom { from: at("18:00") });
}

#[test]
fn edge_03_in_twenty_minutes_means_not_before_its_far_end() {
    let mut story = asked();
    story.says(Outcome::HomeFrom { from: at("12:10") });
    let carrier = story.carrier();
    assert_eq!(story.at("12:04").refused(carrier, set_off()), "too_early");
    story.at("12:05").courier(set_off());
}

#[test]
fn edge_04_leaving_in_ten_minutes_is_a_latest_bound() {
    let mut story = asked();
    story.says(Outcome::HomeUntil { until: at("11:30") });
    let mut late = story.clone();
    let carrier = late.carrier();
    assert_eq!(late.at("11:31").refused(carrier, set_off()), "not_cleared");
    story.at("11:25").courier(set_off());
    let mut over = asked();
    let gone = over.reply(Outcome::HomeUntil { until: at("11:10") }, Source::Link);
    assert_eq!(over.refused(Actor::Customer, gone), "time_over");
}

#[test]
fn edge_05_unreachable_no_answer_and_voicemail_are_told_apart_and_a_message_follows() {
    for outcome in [Outcome::Unreachable, Outcome::NoAnswer, Outcome::Voicemail] {
        let mut story = asked();
        story.pass_until("11:48");
        assert_eq!(story.rung(), Some(RungKind::Call));
        story.at("11:49").reports(outcome.clone());
        assert!(matches!(story.last.first(), Some(event) if event.kind() == "call_ahead.answered"));
        assert_eq!(story.delivery.answer, None, "{} is no answer", outcome.name());
        story.pass_until("11:56");
        assert_eq!(story.rung(), Some(RungKind::LastText));
        assert_eq!(story.count("call_ahead.requested"), 5);
        story.pass_until("12:05");
        assert_eq!(story.gate(), GateKind::Silent);
    }
}

#[test]
fn edge_06_no_answer_at_all_holds_and_burns_no_attempt() {
    let mut story = asked();
    story.pass_until("13:00");
    assert_eq!((story.stage(), story.gate()), (StageKind::Collected, GateKind::Silent));
    assert_eq!(story.delivery.attempts, 0);
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, set_off()), "not_cleared");
    assert!(story.queue().contains(&Kind::NoAnswer));
}

#[test]
fn edge_06_the_ladder_ends_though_the_arrival_moves_on_while_the_courier_waits() {
    let mut story = asked();
    for minute in 20..120 {
        let clock = |minute: i32| format!("{:02}:{:02}", 11 + minute / 60, minute % 60);
        let (now, arrival) = (clock(minute), clock((minute + 13).max(60)));
        story.pass_until(&now).plan(&arrival);
        if matches!(story.rung(), Some(RungKind::Call | RungKind::SecondCall))
            && story.gate() == GateKind::Asked
        {
            story.reports(Outcome::NoAnswer);
        }
    }
    assert_eq!(story.gate(), GateKind::Silent);
    assert!(story.queue().contains(&Kind::NoAnswer));
}

#[test]
fn edge_07_a_wrong_number_is_not_contacted_again_and_somebody_is_told() {
    let mut story = asked();
    story.pass_until("11:48").reports(Outcome::WrongNumber);
    let asked = story.count("call_ahead.requested");
    story.pass_until("20:00");
    assert_eq!(story.count("call_ahead.requested"), asked);
    assert_eq!(story.gate(), GateKind::Silent);
    assert_eq!(story.flags(), [FlagKind::WrongNumber]);
    assert!(story.queue().contains(&Kind::WrongNumber));
}

#[test]
fn edge_08_a_machine_never_says_yes() {
    let mut story = asked();
    story.pass_until("11:48").reports(Outcome::Voicemail);
    let carrier = story.carrier();
    assert_eq!(story.at("11:54").refused(carrier, set_off()), "not_cleared");
    let forged = story.reply(Outcome::Voicemail, Source::Link);
    assert_eq!(story.refused(Actor::Customer, forged), "not_sayable");
}

#[test]
fn edge_09_of_two_channels_the_later_wins_and_at_once_the_more_trusted() {
    let mut text_first = asked();
    text_first.texts(Outcome::HomeNow).says(Outcome::NotToday { day: None });
    let mut link_first = asked();
    link_first.says(Outcome::NotToday { day: None }).texts(Outcome::HomeNow);
    for story in [&text_first, &link_first] {
        assert_eq!(story.gate(), GateKind::Held);
        assert_eq!(story.count("call_ahead.answered"), 2, "both are kept");
    }
    assert!(text_first.delivery.answer.as_ref().unwrap().supersedes.is_some());
    assert!(link_first.delivery.answer.as_ref().unwrap().supersedes.is_none());
    link_first.at("11:21").texts(Outcome::HomeNow);
    assert_eq!(link_first.gate(), GateKind::Cleared);
}

#[test]
fn edge_10_two_answers_at_the_same_instant_make_one_plan_in_either_order() {
    let mut one = asked();
    let yes = one.reply(Outcome::HomeNow, Source::Link);
    let no = one.reply(Outcome::NotToday { day: None }, Source::Link);
    let mut other = one.clone();
    one.customer(yes.clone()).customer(no.clone());
    other.customer(no).customer(yes);
    assert_eq!((one.gate(), other.gate()), (GateKind::Held, GateKind::Held));
    let outcome = |delivery: &Delivery| delivery.answer.as_ref().map(|answer| answer.outcome.clone());
    assert_eq!(outcome(&one.delivery), outcome(&other.delivery));
}

#[test]
fn edge_11_at_the_door_the_door_decides_and_the_answer_is_kept() {
    let mut story = Story::in_stage(StageKind::AtDoor, Policy::default());
    story.says(Outcome::NotToday { day: None });
    assert_eq!((story.stage(), story.gate()), (StageKind::AtDoor, GateKind::Cleared));
    assert_eq!(story.flags(), [FlagKind::CustomerWrote]);
    story.gives(&[]);
    assert_eq!((story.stage(), story.money()), (StageKind::HandedOver, PaymentKind::CaptureDue));
}

#[test]
fn edge_11_away_from_the_door_what_was_said_there_counts() {
    let mut failed = Story::in_stage(StageKind::AtDoor, Policy::default());
    failed.says(Outcome::NotToday { day: None }).at("12:07").courier(fail(FailReason::NotHome));
    assert_eq!((failed.stage(), failed.gate()), (StageKind::Collected, GateKind::Held));
    let mut turned = Story::in_stage(StageKind::EnRoute, Policy::default());
    turned.says(Outcome::NotToday { day: None }).courier(Command::TurnBack { reason: "was told".into() });
    let carrier = turned.carrier();
    assert_eq!(turned.refused(carrier, set_off()), "not_cleared");
    let mut unwanted = Story::in_stage(StageKind::EnRoute, Policy::default());
    unwanted.says(Outcome::Refused { reason: "too late".into() });
    assert_eq!(unwanted.stage(), StageKind::EnRoute);
    unwanted.courier(Command::TurnBack { reason: "was told".into() });
    assert_eq!(unwanted.stage(), StageKind::Returning);
    let mut changed = Story::in_stage(StageKind::EnRoute, Policy::default());
    changed.says(Outcome::NotToday { day: None }).at("11:55").says(Outcome::HomeNow);
    changed.courier(Command::TurnBack { reason: "wrong street".into() }).at("11:56").courier(set_off());
}

#[test]
fn edge_11_an_hour_too_late_named_on_the_way_ends_the_clearance_too() {
    let policy = Policy { last_door: NaiveTime::from_hms_opt(18, 0, 0), ..Policy::default() };
    let mut story = Story::in_stage(StageKind::EnRoute, policy);
    story.says(Outcome::HomeFrom { from: at("20:00") });
    story.courier(Command::TurnBack { reason: "was told".into() });
    let carrier = story.carrier();
    assert_eq!((story.gate(), story.refused(carrier, set_off())), (GateKind::NotAsked, "not_cleared"));
}

#[test]
fn edge_12_an_answer_after_the_failure_lets_the_courier_undo_it_or_come_again() {
    let mut story = Story::in_stage(StageKind::AtDoor, Policy::default());
    story.at("12:07").courier(fail(FailReason::NotHome)).at("12:10").says(Outcome::HomeNow);
    assert_eq!((story.gate(), story.delivery.attempts), (GateKind::Cleared, 1));
    let mut near = story.clone();
    near.at("12:12").courier(Command::UndoFail);
    assert_eq!((near.stage(), near.delivery.attempts), (StageKind::AtDoor, 0));
    let carrier = story.carrier();
    assert_eq!(story.at("12:18").refused(carrier, Command::UndoFail), "undo_too_late");
    story.courier(set_off());
}

#[test]
fn edge_13_words_that_are_not_surely_understood_are_shown_and_clear_nothing() {
    let mut story = asked();
    story.texts(Outcome::Unclear { words: "ok but call the guard".into() });
    assert_eq!((story.gate(), story.flags()), (GateKind::Asked, vec![FlagKind::CustomerWrote]));
    assert!(story.queue().contains(&Kind::CustomerWrote));
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, set_off()), "not_cleared");
    assert_eq!(story.delivery.answer, None);
    story.dispatcher(Command::Resolve { kind: FlagKind::CustomerWrote });
    assert!(!story.queue().contains(&Kind::CustomerWrote));
}

#[test]
fn edge_14_a_typing_mistake_that_nobody_read_surely_is_no_yes() {
    let mut story = asked();
    story.texts(Outcome::Unclear { words: "yse".into() });
    assert_eq!(story.gate(), GateKind::Asked);
    story.at("11:22").texts(Outcome::HomeNow);
    assert_eq!(story.gate(), GateKind::Cleared);
}

#[test]
fn edge_15_another_place_in_the_region_moves_the_door_and_elsewhere_a_dispatcher_decides() {
    let ask_for = |story: &mut Story, region| {
        let outcome = Outcome::OtherPlace { place: "the tea house".into(), point: Some(door()) };
        let Command::Answer { mut reply } = story.reply(outcome, Source::Link) else { panic!() };
        reply.region = Some(region);
        story.customer(Command::Answer { reply });
    };
    let mut near = asked();
    ask_for(&mut near, pin(1));
    assert_eq!((near.gate(), near.delivery.planned), (GateKind::Cleared, None));
    let mut far = asked();
    ask_for(&mut far, pin(2));
    assert_eq!((far.gate(), far.flags()), (GateKind::Held, vec![FlagKind::OtherPlace]));
    assert!(far.queue().contains(&Kind::OtherPlace));
}

#[test]
fn edge_16_a_named_neighbour_takes_it_for_this_delivery_until_the_customer_is_home_again() {
    let mut story = asked();
    story.says(neighbour()).at("11:54").courier(set_off()).at("12:00").courier(arrive()).gives(&[]);
    let Stage::HandedOver { hand_off, .. } = &story.delivery.stage else { panic!() };
    assert_eq!(hand_off.receiver.as_deref(), Some("Ri Sol"));
    let mut back = asked();
    back.says(neighbour()).at("11:30").says(Outcome::HomeNow);
    assert_eq!(back.delivery.receiver, None);
}

#[test]
fn edge_17_not_wanted_any_more_sends_it_back_and_releases_the_hold_there() {
    let mut story = asked();
    story.reports(Outcome::Refused { reason: "bought elsewhere".into() });
    assert_eq!((story.stage(), story.money()), (StageKind::Returning, PaymentKind::Authorised));
    story.shop(Command::ReceiveReturn);
    assert_eq!(story.money(), PaymentKind::ReleaseDue);
    assert_eq!(story.follows(), [Effect::ReleasePayment { payment: Some(story.delivery.payment.id) }]);
    let mut early = Story::in_stage(StageKind::Assigned, Policy::default());
    early.says(Outcome::Refused { reason: String::new() });
    assert_eq!((early.stage(), early.money()), (StageKind::Cancelled, PaymentKind::ReleaseDue));
}

#[test]
fn edge_21_a_notice_due_in_quiet_hours_waits_for_the_morning() {
    let mut story = Story::in_stage(StageKind::Collected, Policy::default());
    story.plan("22:30");
    assert_eq!(story.wake_at(), Some(at("2026-05-05T08:00:00Z")));
    let urgent = Policy { urgent_in_quiet: true, ..Policy::default() };
    let mut night = Story::in_stage(StageKind::Collected, urgent);
    assert_eq!(night.plan("22:30").wake_at(), Some(at("21:45")));
}

#[test]
fn edge_21_an_alarm_that_rings_late_in_quiet_hours_waits_too() {
    let mut never_asked = Story::in_stage(StageKind::Collected, Policy::default());
    never_asked.plan("21:30").at("21:10").wake();
    assert_eq!(never_asked.count("call_ahead.requested"), 0);
    assert_eq!(never_asked.wake_at(), Some(at("2026-05-05T08:00:00Z")));
    never_asked.pass_until("2026-05-05T08:00:00Z");
    assert_eq!(never_asked.rung(), Some(RungKind::Notice));
    let mut asked = Story::in_stage(StageKind::Collected, Policy::default());
    asked.plan("21:00").at("20:15").wake().at("23:00").wake();
    assert_eq!(asked.rung(), Some(RungKind::Notice));
    assert!(asked.wake_at() >= Some(at("2026-05-05T08:00:00Z")));
}

#[test]
fn edge_22_an_arrival_that_slips_is_told_and_asked_anew_where_the_answer_ends_before() {
    let mut story = asked();
    story.says(Outcome::HomeNow).plan("12:14");
    assert_eq!(story.last_kinds(), ["stop.planned"]);
    assert_eq!(story.delivery.shown_arrival(), Some(at("12:00")));
    story.plan("12:40");
    assert_eq!(story.follows(), [Effect::SendNotice { notice: Notice::Late }]);
    assert_eq!(story.delivery.shown_arrival(), Some(at("12:40")));
    assert_eq!(story.gate(), GateKind::Cleared);
    story.plan("13:30");
    assert_eq!(story.gate(), GateKind::NotAsked);
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, set_off()), "not_cleared");
    story.pass_until("12:45");
    assert_eq!(story.rung(), Some(RungKind::Notice));
    // Who was asked was told an arrival too.
    let mut waiting = asked();
    waiting.plan("12:14");
    assert_eq!(waiting.delivery.shown_arrival(), Some(at("12:00")));
    waiting.plan("12:20");
    assert_eq!(waiting.follows(), [Effect::SendNotice { notice: Notice::Late }]);
    assert_eq!((waiting.gate(), waiting.delivery.shown_arrival()), (GateKind::Asked, Some(at("12:20"))));
    // Who answered before there was a plan is shown its first arrival, and told of the next.
    let mut early = Story::in_stage(StageKind::Received, Policy::default());
    early.says(Outcome::HomeNow);
    early.dispatcher(Command::Assign { courier: courier(1) }).plan("11:20").plan("11:30");
    assert_eq!(early.delivery.shown_arrival(), Some(at("11:20")));
    early.plan("11:40");
    assert_eq!(early.follows(), [Effect::SendNotice { notice: Notice::Late }]);
}

#[test]
fn edge_23_a_yes_of_three_hours_ago_is_no_yes() {
    let mut story = asked();
    story.says(Outcome::HomeNow).plan("15:00").pass_until("12:50");
    assert_eq!(story.gate(), GateKind::NotAsked);
    let mut unwoken = asked();
    unwoken.says(Outcome::HomeNow).at("14:20");
    for mut story in [story, unwoken] {
        let carrier = story.carrier();
        assert_eq!(story.refused(carrier, set_off()), "not_cleared");
    }
}

#[test]
fn edge_24_a_broken_lift_is_noted_and_the_wait_has_a_limit() {
    let mut story = Story::in_stage(StageKind::AtDoor, Policy::default());
    let Command::Answer { mut reply } = story.reply(Outcome::HomeNow, Source::Courier) else { panic!() };
    reply.note = "the lift is broken".into();
    story.courier(Command::Answer { reply });
    assert_eq!(story.delivery.answer.as_ref().unwrap().note, "the lift is broken");
    let carrier = story.carrier();
    assert_eq!(story.at("12:06").refused(carrier, fail(FailReason::NotHome)), "wait_longer");
    assert!(story.queue().contains(&Kind::NobodyOpens));
    story.at("12:07").courier(fail(FailReason::NotHome));
}

#[test]
fn edge_26_a_text_alone_cancels_nothing_and_sends_nothing_back() {
    for stage in [StageKind::Assigned, StageKind::Collected] {
        let mut story = Story::in_stage(stage, Policy::default());
        story.at("11:15").wake().texts(Outcome::Refused { reason: "no".into() });
        assert_eq!((story.stage(), story.gate()), (stage, GateKind::Refused));
        assert_eq!(story.flags(), [FlagKind::CustomerWrote]);
    }
}

#[test]
fn edge_34_what_a_dead_phone_did_is_taken_in_later_with_its_own_time_and_never_failed_meanwhile() {
    let mut story = asked();
    story.says(Outcome::HomeNow).pass_until("15:00");
    assert_eq!((story.stage(), story.delivery.attempts), (StageKind::Collected, 0));
    story.done("11:54").courier(set_off()).done("12:00").courier(arrive());
    story.done("12:05").gives(&[]);
    let Stage::HandedOver { hand_off, .. } = &story.delivery.stage else { panic!() };
    assert_eq!(hand_off.at, at("12:05"));
    assert_eq!(story.money(), PaymentKind::CaptureDue);
}

#[test]
fn edge_35_for_a_lost_phone_a_dispatchers_evidence_waits_for_the_shop_before_any_capture() {
    let mut story = Story::in_stage(StageKind::EnRoute, Policy::default());
    let seen = story.hand_over(witness(), &[]);
    story.dispatcher(seen);
    assert_eq!((story.stage(), story.money()), (StageKind::HandedOver, PaymentKind::Authorised));
    assert!(story.queue().contains(&Kind::HandOffWithoutCode));
    story.shop(Command::ConfirmHandOff);
    assert_eq!(story.money(), PaymentKind::CaptureDue);
}

#[test]
fn edge_36_the_same_action_twice_has_one_effect() {
    let mut story = Story::in_stage(StageKind::Collected, Policy::default());
    let before = story.delivery.clone();
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, Command::Collect), "illegal_transition");
    assert_eq!((story.delivery, story.events.len()), (before, story.events.len()));
}

#[test]
fn edge_37_a_phone_clock_that_runs_ahead_cannot_put_anything_into_the_future() {
    let mut story = Story::in_stage(StageKind::EnRoute, Policy::default());
    story.at("12:00").done("18:00").courier(arrive());
    assert!(matches!(story.delivery.stage, Stage::AtDoor { since, .. } if since == at("12:00")));
    story.system(Command::Flag { kind: FlagKind::ClockOff, detail: "6 h ahead".into() });
    assert!(story.queue().contains(&Kind::ClockOff));
}

#[test]
fn edge_38_what_a_courier_holds_leaves_them_only_by_hand_off_return_or_transfer() {
    let mut story = Story::in_stage(StageKind::Collected, Policy::default());
    let off = Command::Unassign { reason: "end of shift".into() };
    assert_eq!(story.refused(Actor::System, off.clone()), "illegal_transition");
    assert_eq!(story.refused(Actor::Dispatcher(key(1)), off), "illegal_transition");
    story.dispatcher(Command::Transfer { to: courier(2) });
}

#[test]
fn edge_39_a_pending_answer_follows_the_parcel_to_another_courier() {
    let mut story = asked();
    story.says(Outcome::HomeNow).dispatcher(Command::Transfer { to: courier(2) }).plan("12:10");
    assert_eq!(story.at("11:55").refused(Actor::Courier(courier(1)), set_off()), "not_yours");
    story.must(Actor::Courier(courier(2)), set_off());
    let mut waiting = asked();
    waiting.dispatcher(Command::Transfer { to: courier(2) }).pass_until("12:30");
    assert_eq!(waiting.rung(), Some(RungKind::Notice), "without a plan nobody falls silent");
}

#[test]
fn edge_40_of_two_couriers_exactly_one_accepts() {
    let mut story = Story::in_stage(StageKind::Offered, Policy::default());
    assert_eq!(story.refused(Actor::Courier(courier(2)), Command::Accept), "not_yours");
    story.courier(Command::Accept);
    for again in [1, 2] {
        assert_eq!(story.refused(Actor::Courier(courier(again)), Command::Accept), "illegal_transition");
    }
}

#[test]
fn edge_41_an_ignored_or_declined_offer_is_remembered_and_dispatch_is_told() {
    let mut story = Story::under(Policy { assign: AssignMode::Offer, ..Policy::default() });
    story.system(Command::Offer { courier: courier(1) });
    assert_eq!(story.wake_at(), Some(at("10:01")));
    story.at("10:01");
    assert_eq!(story.refused(Actor::Courier(courier(1)), Command::Accept), "offer_ended");
    story.wake().system(Command::Offer { courier: courier(2) });
    story.courier(Command::Decline { reason: "too far".into() });
    assert_eq!((story.delivery.rounds, &story.delivery.declined), (2, &vec![courier(1), courier(2)]));
    assert!(!story.queue().contains(&Kind::NobodyTookIt));
    assert!(story.at("10:03").queue().contains(&Kind::NobodyTookIt));
}

#[test]
fn edge_45_without_going_only_the_customers_own_code_hands_over() {
    let mut story = Story::in_stage(StageKind::Collected, Policy::default());
    let carrier = story.carrier();
    let claim = story.hand_over(picture(), &[]);
    assert_eq!(story.refused(carrier, claim), "proof_not_allowed");
    let code = story.hand_over(right_code(), &[]);
    story.courier(code);
    assert_eq!(story.stage(), StageKind::HandedOver);
}

#[test]
fn edge_48_after_a_dead_zone_each_action_is_judged_by_its_own_moment() {
    let mut story = asked();
    story.says(Outcome::HomeNow).at("11:40").says(Outcome::NotToday { day: None }).at("12:30");
    let carrier = story.carrier();
    assert_eq!(story.done("11:41").refused(carrier, set_off()), "not_cleared");
    story.done("11:39").courier(set_off());
}

#[test]
fn edge_48_a_no_that_the_courier_heard_offline_holds_from_that_moment() {
    let mut story = asked();
    story.says(Outcome::HomeNow).at("12:30").done("11:40").reports(Outcome::NotToday { day: None });
    let carrier = story.carrier();
    assert_eq!(story.done("11:45").refused(carrier, set_off()), "not_cleared");
}

#[test]
fn edge_57_an_order_that_is_not_ready_frees_the_courier() {
    let mut story = Story::in_stage(StageKind::Assigned, Policy::default());
    story.dispatcher(Command::Unassign { reason: "not ready".into() });
    assert_eq!((story.stage(), story.delivery.planned), (StageKind::Received, None));
    story.dispatcher(Command::Assign { courier: courier(2) });
}

#[test]
fn edge_60_the_last_attempt_begins_the_return_and_the_shops_scan_releases_the_hold() {
    let mut story = Story::in_stage(StageKind::AtDoor, Policy::default());
    story.at("12:07").courier(fail(FailReason::NotHome));
    assert_eq!((story.stage(), story.gate()), (StageKind::Collected, GateKind::NotAsked));
    story.plan("14:00").pass_until("13:15").says(Outcome::HomeNow);
    story.at("13:54").courier(set_off()).courier(arrive()).at("14:01").courier(fail(FailReason::NotHome));
    assert_eq!((story.stage(), story.delivery.attempts), (StageKind::Returning, 2));
    let mut undone = story.clone();
    undone.at("14:05").courier(Command::UndoFail);
    assert_eq!((undone.stage(), undone.delivery.attempts), (StageKind::AtDoor, 1));
    story.shop(Command::ReceiveReturn);
    assert_eq!((story.stage(), story.money()), (StageKind::Returned, PaymentKind::ReleaseDue));
}

#[test]
fn edge_60_a_return_that_was_cancelled_is_not_undone_with_the_failed_attempt() {
    let mut story = Story::in_stage(StageKind::AtDoor, Policy::default());
    story.at("12:07").courier(fail(FailReason::NotHome)).at("12:09").shop(cancel());
    let carrier = story.carrier();
    assert_eq!(story.refused(carrier, Command::UndoFail), "undo_too_late");
}

#[test]
fn edge_78_after_a_restart_state_and_alarm_are_the_same_and_late_alarms_catch_up() {
    let mut story = asked();
    let json = serde_json::to_string(&story.delivery).unwrap();
    let again: Delivery = serde_json::from_str(&json).unwrap();
    assert_eq!(again, story.delivery);
    story.at("17:00").wake();
    assert!(story.wake_at().is_some_and(|next| next > at("17:00")));
    story.pass_until("18:00");
    assert_eq!(story.gate(), GateKind::Silent);
}

#[test]
fn edge_79_tomorrow_begins_in_the_morning_of_the_address_across_a_clock_change() {
    // Berlin moves to summer time in the night to 29 March 2026: 08:00 there is 06:00 UTC and not 07:00.
    let mut story = asked_under(Policy { time_zone: Tz::Europe__Berlin, ..Policy::default() });
    story.at("2026-03-28T12:00:00Z").says(Outcome::NotToday { day: None });
    assert!(matches!(story.delivery.gate, Gate::Held { until, .. } if until == at("2026-03-29T06:00:00Z")));
}
