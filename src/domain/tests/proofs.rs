//! What proves a hand-off, by the rule of the region: which codes confirm, what must come with them, and what is only
//! a claim.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use callahead_domain::delivery::proof::{HandOffStatus, Proof, ProofMethod};
use callahead_domain::delivery::state::Stage;
use callahead_domain::delivery::{Command, StageKind};
use callahead_domain::payment::PaymentKind;
use callahead_domain::policy::Policy;
use support::{Story, at, picture, right_code, signature, wrong_code};

fn at_door(policy: Policy) -> Story {
    Story::in_stage(StageKind::AtDoor, policy)
}

fn shown(text: &str) -> Proof {
    Proof::Ho1 { shown_at: at(text) }
}

fn give(story: &mut Story, proof: Proof, plus: Vec<Proof>) {
    let mut command = story.hand_over(proof, &[]);
    if let Command::HandOver { plus: brought, .. } = &mut command {
        *brought = plus;
    }
    story.courier(command);
}

fn status(story: &Story) -> HandOffStatus {
    match &story.delivery.stage {
        Stage::HandedOver { hand_off, .. } => hand_off.status.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_code_of_the_customer_confirms_and_takes_the_payment() {
    for proof in [right_code(), Proof::Hs1 {}, shown("12:00")] {
        let mut story = at_door(Policy::default());
        give(&mut story, proof, vec![]);
        assert!(matches!(status(&story), HandOffStatus::Confirmed { .. }));
        assert_eq!(story.money(), PaymentKind::CaptureDue);
    }
}

#[test]
fn a_slip_does_not_confirm_what_is_dear_and_waits_as_a_claim() {
    let dear = Policy { dear_from_minor: 3_000, ..Policy::default() };
    let mut story = at_door(dear.clone());
    give(&mut story, Proof::Hs1 {}, vec![]);
    assert!(matches!(status(&story), HandOffStatus::Claimed { .. }));
    assert_eq!(story.money(), PaymentKind::Authorised);

    let mut story = at_door(Policy { dear_from_minor: 3_001, ..dear.clone() });
    give(&mut story, Proof::Hs1 {}, vec![]);
    assert!(matches!(status(&story), HandOffStatus::Confirmed { .. }));

    let mut story = at_door(Policy { fallback_proof: false, ..dear });
    let command = story.hand_over(Proof::Hs1 {}, &[]);
    let refusal = story.refused(callahead_domain::actor::Actor::Courier(support::courier(1)), command);
    assert_eq!(refusal, "proof_not_allowed");
}

#[test]
fn a_code_without_the_photo_that_must_come_with_it_is_a_claim() {
    let policy = Policy { proof_plus: vec![ProofMethod::Photo], ..Policy::default() };
    let mut story = at_door(policy.clone());
    give(&mut story, shown("12:00"), vec![signature()]);
    assert!(matches!(status(&story), HandOffStatus::Claimed { .. }));

    let mut story = at_door(policy.clone());
    give(&mut story, shown("12:00"), vec![picture()]);
    assert!(matches!(status(&story), HandOffStatus::Confirmed { .. }));
    let Stage::HandedOver { hand_off, .. } = &story.delivery.stage else { panic!() };
    assert_eq!((hand_off.method, hand_off.plus.as_slice()), (ProofMethod::Ho1, &[ProofMethod::Photo][..]));

    let mut story = at_door(Policy { fallback_proof: false, ..policy });
    let command = story.hand_over(right_code(), &[]);
    let refusal = story.refused(callahead_domain::actor::Actor::Courier(support::courier(1)), command);
    assert_eq!(refusal, "proof_incomplete");
}

#[test]
fn edge_69_a_changing_code_counts_once_and_so_does_every_older_one() {
    let mut story = at_door(Policy::default());
    let command = story.hand_over(shown("12:00"), &[]);
    story.courier(command.clone());
    story.courier(Command::Reopen);
    let courier = callahead_domain::actor::Actor::Courier(support::courier(1));
    assert_eq!(story.refused(courier, command), "code_replayed");
    let older = story.hand_over(shown("11:59"), &[]);
    assert_eq!(story.refused(courier, older), "code_replayed");
    give(&mut story, shown("12:01"), vec![]);
    assert!(matches!(status(&story), HandOffStatus::Confirmed { .. }));
}

#[test]
fn a_locked_code_is_locked_for_the_scanner_too() {
    let mut story = at_door(Policy::default());
    for _ in 0..5 {
        let command = story.hand_over(wrong_code(), &[]);
        story.courier(command);
    }
    let command = story.hand_over(shown("12:00"), &[]);
    let courier = callahead_domain::actor::Actor::Courier(support::courier(1));
    assert_eq!(story.refused(courier, command), "code_locked");
}

#[test]
fn what_was_scanned_before_a_rotation_is_of_the_rotation_before() {
    let mut story = at_door(Policy::default());
    story.at("12:05").customer(Command::RotateCode);
    let code = story.delivery.code;
    assert_eq!((code.rotation_at(at("12:04")), code.rotation_at(at("12:05"))), (0, 1));
}
