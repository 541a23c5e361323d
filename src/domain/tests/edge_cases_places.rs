//! The edge cases of addresses, arrivals and planned times, each as a story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::{Outcome, Source};
use callahead_domain::delivery::attention::{Kind, matters};
use callahead_domain::delivery::state::{AddressProblem, FlagKind};
use callahead_domain::delivery::{Command, CommandKind, Context, Event, Stage, StageKind, apply};
use callahead_domain::geo::Point;
use callahead_domain::policy::{AssignMode, Policy};
use support::samples::usual;
use support::{Story, at, courier, door, far_away, neighbour, pin};

fn arrive_at(point: Point, reason: &str) -> Command {
    Command::Arrive { point: Some(point), reason: reason.to_owned() }
}

#[test]
fn edge_28_the_customer_says_where_it_is_and_whoever_places_it_reads_that() {
    let mut story = usual(StageKind::NeedsAddress);
    let lost = |story: &Story| {
        let all = matters(&story.delivery, &story.policy);
        all.into_iter().find(|matter| matter.kind == Kind::NeedsAddress).unwrap()
    };
    assert_eq!(lost(&story).detail, "");
    let told = Command::CorrectAddress { text: "the blue gate behind the school".into() };
    let (now, policy) = (story.now, &story.policy);
    let context = Context { actor: Actor::Customer, now, occurred_at: now, policy };
    let events = apply(&story.delivery, &told, &context).unwrap();
    assert_eq!(events.iter().map(Event::kind).collect::<Vec<_>>(), ["order.address_corrected"]);
    events.iter().for_each(|event| story.delivery.evolve(event));
    assert_eq!(apply(&story.delivery, &told, &context), Ok(vec![]), "the same words once");
    assert_eq!(lost(&story).detail, "the blue gate behind the school");
    assert_eq!(lost(&story).fixes.first(), Some(&"locate"));
    assert!(
        story.allowed(Actor::Customer).contains(&CommandKind::Locate),
        "the customer may set the pin too"
    );
    let Stage::NeedsAddress { reason } = story.delivery.stage else { panic!("not placed yet") };
    assert_eq!(reason, AddressProblem::NotLocated);
    story.delivery.evolve(&Event::Located { place: door(), region: pin(1) });
    assert_eq!(story.stage(), StageKind::Received);
    assert!(!story.queue().contains(&Kind::NeedsAddress));
}

#[test]
fn edge_41_only_offers_that_came_to_nothing_are_counted() {
    let mut story = Story::under(Policy { assign: AssignMode::Offer, ..Policy::default() });
    story.system(Command::Offer { courier: courier(1) });
    assert_eq!(story.delivery.rounds, 0, "it stands");
    story.dispatcher(Command::Unassign { reason: "somebody nearer".into() });
    story.system(Command::Offer { courier: courier(2) }).courier(Command::Accept);
    assert_eq!(story.delivery.rounds, 0, "taken back is not declined, accepted is not nothing");
    story.dispatcher(Command::Unassign { reason: "the bicycle broke".into() });
    story.system(Command::Offer { courier: courier(3) });
    story.courier(Command::Decline { reason: "too far".into() });
    story.system(Command::Offer { courier: courier(1) }).pass_until("10:30");
    assert_eq!((story.delivery.rounds, story.stage()), (2, StageKind::Received));
}

#[test]
fn edge_44_an_arrival_far_away_is_believed_kept_and_shown() {
    let mut story = Story::in_stage(StageKind::EnRoute, Policy::default());
    story.at("12:00").courier(arrive_at(far_away(), "the bridge is closed"));
    assert_eq!(story.stage(), StageKind::AtDoor);
    assert!(
        matches!(story.last.first(), Some(Event::Arrived { distance_m: Some(metres), .. }) if (1_950..2_050).contains(metres)),
        "{:?}",
        story.last
    );
    let flag = story.delivery.flags.first().unwrap();
    assert_eq!(flag.kind, FlagKind::ArrivedFarAway);
    assert!(flag.detail.contains("m from the address: the bridge is closed"), "{}", flag.detail);
    assert!(story.queue().contains(&Kind::ArrivedFarAway));
    story.dispatcher(Command::Resolve { kind: FlagKind::ArrivedFarAway });
    assert!(!story.queue().contains(&Kind::ArrivedFarAway));
}

#[test]
fn edge_44_at_the_door_or_without_a_position_nothing_is_flagged() {
    for (point, metres) in [(Some(door()), Some(0)), (None, None)] {
        let mut story = Story::in_stage(StageKind::EnRoute, Policy::default());
        story.at("12:00").courier(Command::Arrive { point, reason: String::new() });
        assert_eq!(story.last, [Event::Arrived { at: at("12:00"), distance_m: metres }]);
        assert!(story.flags().is_empty());
    }
    let wide = Policy { arrive_within_m: 5_000, ..Policy::default() };
    let mut story = Story::in_stage(StageKind::EnRoute, wide);
    story.at("12:00").courier(arrive_at(far_away(), ""));
    assert!(story.flags().is_empty(), "the region says how far is far");
}

#[test]
fn a_plan_that_trembles_by_a_minute_is_told_once() {
    let mut story = Story::in_stage(StageKind::Assigned, Policy::default());
    let plan = |arrive: &str, leg_s, resequenced| Command::Plan { arrive_at: at(arrive), leg_s, resequenced };
    story.system(plan("13:00", 300, false));
    let before = story.count("stop.planned");
    for _ in 0..10 {
        story.system(plan("13:01", 360, false)).system(plan("13:00", 300, false));
        story.system(plan("12:59", 240, false));
    }
    assert_eq!(story.count("stop.planned"), before, "the customer's arrival stands still");
    story.system(plan("13:02", 300, false));
    assert_eq!(story.count("stop.planned"), before + 1, "two minutes are told");
    story.system(plan("13:01", 300, true));
    assert_eq!(story.count("stop.planned"), before + 2, "and so is another order of stops");
    story.system(plan("13:01", 300, true));
    assert_eq!(story.count("stop.planned"), before + 2, "but the same times never");
}

#[test]
fn what_a_dispatcher_was_told_is_the_dispatchers_report_whatever_way_is_named() {
    for named in Source::ALL {
        let mut story = Story::in_stage(StageKind::Collected, Policy::default());
        let command = story.reply(Outcome::HomeNow, named);
        story.at("11:20").dispatcher(command);
        let answer = story.delivery.answer.clone().unwrap();
        assert_eq!(answer.source, Source::Dispatcher);
        // Said at the same instant the customer's own word counts, and the courier's report does not.
        let text = story.reply(neighbour(), Source::Sms);
        let report = story.reply(Outcome::NotToday { day: None }, Source::Courier);
        story.courier(report);
        assert_eq!(story.delivery.answer, Some(answer));
        story.system(text);
        assert_eq!(story.delivery.answer.as_ref().unwrap().source, Source::Sms);
    }
}
