//! Which events are a visit that counts, and that what is taken back is what was counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use callahead_domain::call_ahead::answer::{Outcome, Receiver};
use callahead_domain::call_ahead::home_chance::{Visit, Word, visit};
use callahead_domain::delivery::state::FailReason;
use callahead_domain::delivery::{Command, Delivery, StageKind};
use callahead_domain::policy::{Policy, SilenceRule};
use support::*;

/// The visits of a story, by replaying it.
fn visits(story: &Story) -> Vec<Visit> {
    let mut found = Vec::new();
    for (at, event) in story.events.iter().enumerate().skip(1) {
        let before: Delivery = callahead_domain::delivery::fold::fold(&story.events[..at]).unwrap();
        found.extend(visit(&before, event));
    }
    found
}

fn at_the_door() -> Story {
    Story::in_stage(StageKind::AtDoor, Policy::default())
}

fn fail(reason: FailReason) -> Command {
    Command::FailAttempt { reason }
}

#[test]
fn nobody_opened_counts_against_a_refusal_for_and_other_failures_not_at_all() {
    for (reason, found) in [
        (FailReason::NotHome, Some(false)),
        (FailReason::Refused, Some(true)),
        (FailReason::CantFindAddress, None),
        (FailReason::Unsafe, None),
    ] {
        let mut story = at_the_door();
        story.at("12:08").courier(fail(reason));
        let counted = visits(&story);
        assert_eq!(counted.first().map(|visit| visit.found), found, "{reason:?}");
        assert!(counted.iter().all(|visit| visit.answered && visit.personal && !visit.undone));
    }
}

#[test]
fn what_is_undone_or_reopened_takes_back_exactly_what_was_counted() {
    let mut story = at_the_door();
    story.at("12:08").courier(fail(FailReason::NotHome)).at("12:10").courier(Command::UndoFail);
    story.gives(&[]).courier(Command::Reopen).gives(&[]);
    let counted = visits(&story);
    let told: Vec<_> = counted.iter().map(|visit| (visit.found, visit.undone)).collect();
    assert_eq!(told, [(false, false), (false, true), (true, false), (true, true), (true, false)]);
    for pair in [&counted[..2], &counted[2..4]] {
        assert_eq!(Visit { undone: true, ..pair[0] }, pair[1]);
    }
}

#[test]
fn a_door_tried_without_an_answer_is_counted_among_its_like() {
    let policy = Policy { silence: SilenceRule::TryDoor, ask_rounds: 1, ..Policy::default() };
    let mut story = Story::in_stage(StageKind::Collected, policy);
    story.at("11:15").wake().pass_until("12:30");
    assert_eq!(Word::of(&story.delivery), Word::Silent);
    story.courier(set_off()).at("12:40").courier(arrive()).at("12:48").courier(fail(FailReason::NotHome));
    story.at("12:50").courier(Command::UndoFail);
    let counted = visits(&story);
    assert_eq!(counted.iter().map(|visit| visit.answered).collect::<Vec<_>>(), [false, false]);
}

#[test]
fn somebody_in_the_customers_place_says_nothing_about_the_customer() {
    let mut story = Story::in_stage(StageKind::Collected, Policy::default());
    assert_eq!(Word::of(&story.delivery), Word::NotAsked);
    let receiver = Receiver { name: "Pell".to_owned(), phone: None };
    story.at("11:20").says(Outcome::ReceiverNamed { receiver });
    assert_eq!(Word::of(&story.delivery), Word::SomebodyElse);
    story.at("11:54").courier(set_off()).at("12:00").courier(arrive()).gives(&[]);
    let counted = visits(&story);
    assert_eq!(counted.len(), 1);
    assert!(counted[0].found && counted[0].answered && !counted[0].personal);
}

#[test]
fn an_answer_is_worth_what_it_came_by() {
    use callahead_domain::call_ahead::answer::Source;
    let mut story = Story::in_stage(StageKind::Collected, Policy::default());
    story.at("11:20").reports(Outcome::HomeNow);
    assert_eq!(Word::of(&story.delivery), Word::Reported);
    story.at("11:21").says(Outcome::HomeNow);
    assert_eq!(Word::of(&story.delivery), Word::Customer);
    let reply = story.reply(Outcome::HomeNow, Source::Sms);
    story.at("11:22").system(reply);
    assert_eq!(Word::of(&story.delivery), Word::Customer);
    story.at("11:23").dispatcher(Command::Override { reason: "spoke to them".to_owned(), valid_s: 3600 });
    assert_eq!(Word::of(&story.delivery), Word::Decided);
}
