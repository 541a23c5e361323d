//! What must be true of every state and of every step, told without the code under test.

use callahead_domain::delivery::alarm::wake_at;
use callahead_domain::delivery::attention::attention;
use callahead_domain::delivery::proof::HandOffStatus;
use callahead_domain::delivery::state::{Holder, RefundStage};
use callahead_domain::delivery::table::{GATE_STEPS, rows};
use callahead_domain::delivery::{CommandKind, Delivery, Event, GateKind, Stage};
use callahead_domain::payment::{PaymentKind, PaymentState};
use callahead_domain::policy::Policy;
use std::collections::HashSet;

/// Every change of the gate stands in the documentation's list.
pub fn gate_step(event: &Event, from: GateKind, to: GateKind) {
    let known = |(name, before, after): &(&str, &[GateKind], GateKind)| {
        *name == event.kind() && before.contains(&from) && *after == to
    };
    assert!(from == to || GATE_STEPS.iter().any(known), "{} moves the gate {from:?} -> {to:?}", event.kind());
}

/// A step went where a row of the table says.
pub fn step(before: &Delivery, command: CommandKind, events: &[Event], after: &Delivery) {
    let (stage, money) = (before.stage.kind(), before.payment.kind());
    let (next, paid) = (after.stage.kind(), after.payment.kind());
    let fits = |row: &callahead_domain::delivery::table::Row| {
        row.command == command
            && row.leads_from(stage, money)
            && (next == stage || row.to.contains(&next))
            && (paid == money || row.payment_to.contains(&paid))
    };
    assert!(
        rows().any(fits),
        "no row: {} {stage:?}/{money:?} -> {next:?}/{paid:?} by {events:?}",
        command.name()
    );
}

/// The invariants of one state.
pub fn state(delivery: &Delivery, policy: &Policy) {
    holders(delivery);
    money(delivery);
    let kinds: HashSet<_> = delivery.flags.iter().map(|flag| flag.kind).collect();
    assert_eq!(kinds.len(), delivery.flags.len(), "a matter is open once: {:?}", delivery.flags);
    if !delivery.stage.kind().is_final() {
        let watched = wake_at(delivery, policy).is_some() || attention(delivery, policy).is_some();
        assert!(watched, "silently stuck: {delivery:?}");
    }
    assert_eq!(delivery.code.locked(), delivery.code.tries >= 5);
    assert!(delivery.code.tries <= 5, "a locked code is not tried");
}

/// Each parcel has one holder, and it is the one the stage speaks of.
fn holders(delivery: &Delivery) {
    let taken = delivery.partial.as_ref().map_or(&[][..], |partial| partial.parcels.as_slice());
    for parcel in &delivery.parcels {
        let expected = match &delivery.stage {
            _ if taken.contains(&parcel.number) => Holder::Customer,
            Stage::Received { .. }
            | Stage::NeedsAddress { .. }
            | Stage::Offered { .. }
            | Stage::Assigned { .. }
            | Stage::Returned { .. }
            | Stage::Cancelled { .. } => Holder::Shop,
            Stage::Collected { courier }
            | Stage::EnRoute { courier, .. }
            | Stage::AtDoor { courier, .. }
            | Stage::Returning { courier, .. } => Holder::Courier { courier: *courier },
            Stage::HandedOver { .. } => Holder::Customer,
            Stage::Lost { .. } => Holder::Lost,
        };
        assert_eq!(parcel.holder, expected, "parcel {} in {:?}", parcel.number, delivery.stage);
    }
}

fn money(delivery: &Delivery) {
    use PaymentKind as P;
    let kind = delivery.payment.kind();
    match &delivery.stage {
        Stage::HandedOver { hand_off, .. } => match hand_off.status {
            HandOffStatus::Confirmed { .. } => assert!(
                !matches!(kind, P::Authorised | P::Expired | P::Declined | P::ReleaseDue | P::Released)
                    && (delivery.payment.owed().is_some()
                        || !matches!(kind, P::Authorising | P::ActionRequired)),
                "a confirmed hand-off without its capture: {kind:?}"
            ),
            _ => assert!(
                !matches!(kind, P::CaptureDue | P::CaptureUnknown | P::Captured | P::CaptureFailed)
                    && !matches!(kind, P::Recovering | P::Uncollectable)
                    && (kind == P::CaptureFailed || delivery.payment.owed().is_none())
            ),
        },
        Stage::Returned { .. } | Stage::Cancelled { .. } | Stage::Lost { .. } => {
            assert_ne!(kind, P::Authorised, "an end that keeps the customer's money held");
            let capturing =
                matches!(kind, P::CaptureDue | P::CaptureUnknown | P::Captured | P::CaptureFailed)
                    || matches!(kind, P::Authorising | P::ActionRequired | P::Recovering | P::Uncollectable);
            assert!(!capturing || delivery.partial.is_some(), "captured without a hand-off");
        }
        _ => assert!(
            matches!(kind, P::Authorised | P::Expired | P::ReleaseDue | P::Released)
                || (matches!(kind, P::Authorising | P::ActionRequired | P::Declined)
                    && delivery.payment.owed().is_none()),
            "captured before the hand-off: {kind:?}"
        ),
    }
    if let PaymentState::Captured { amount_minor, .. } = delivery.payment.state {
        let counts = delivery.refunds.iter().filter(|refund| refund.stage != RefundStage::Failed);
        let given_back: i64 = counts.map(|refund| refund.amount_minor).sum();
        assert!(given_back <= amount_minor, "more given back than taken");
    }
    if let PaymentState::CaptureDue { amount_minor, .. }
    | PaymentState::CaptureUnknown { amount_minor, .. }
    | PaymentState::Captured { amount_minor, .. }
    | PaymentState::Recovering { amount_minor, .. }
    | PaymentState::Uncollectable { amount_minor, .. }
    | PaymentState::CaptureFailed { amount_minor, .. } = delivery.payment.state
    {
        assert!(0 < amount_minor && amount_minor <= delivery.payment.amount_minor, "captured <= authorised");
    }
}
