//! What happens to the money.

use super::{Decided, mismatch};
use crate::delivery::apply::Context;
use crate::delivery::command::Command;
use crate::delivery::event::Event;
use crate::delivery::fold_payment::DECLINED;
use crate::delivery::refusal::Refusal;
use crate::delivery::state::{Delivery, FlagKind, Holder};
use crate::id::HandOffId;
use crate::payment::{MOST_AUTHORISED_DAYS, PaymentKind, PaymentState};
use chrono::Duration;

/// The events of a confirmed hand-off for the payment. Where no hold stands to take the money from, it is owed; money
/// that was given back before is told to a person too.
pub(crate) fn capture(
    delivery: &Delivery,
    hand_off: HandOffId,
    amount_minor: i64,
    context: &Context<'_>,
) -> Vec<Event> {
    let owed =
        |code: &str| Event::PaymentOwed { hand_off, amount_minor, code: code.to_owned(), at: context.now };
    match delivery.payment.kind() {
        PaymentKind::Authorised | PaymentKind::Expired => {
            vec![Event::CaptureRequested { hand_off, amount_minor, at: context.now }]
        }
        PaymentKind::ReleaseDue | PaymentKind::Released => {
            let detail = "handed over after the hold was given back: ask the customer to pay".to_owned();
            vec![
                Event::Flagged { kind: FlagKind::DeliveredBeforeCancellation, detail, at: context.now },
                owed("released"),
            ]
        }
        PaymentKind::Declined => vec![owed(DECLINED)],
        PaymentKind::Authorising | PaymentKind::ActionRequired => vec![owed("not_authorised")],
        _ => vec![],
    }
}

/// The events at an end without a (whole) hand-off: release the hold, or capture what was taken before.
pub(crate) fn settle_without_hand_off(
    delivery: &Delivery,
    reason: &str,
    context: &Context<'_>,
) -> Vec<Event> {
    let taken = delivery.taken_minor(|parcel| parcel.holder == Holder::Customer);
    let held = matches!(
        delivery.payment.kind(),
        PaymentKind::Authorised | PaymentKind::Authorising | PaymentKind::ActionRequired
    );
    match (&delivery.partial, taken) {
        (Some(partial), Some(amount)) => capture(delivery, partial.id, amount, context),
        _ if held => vec![release(delivery, reason, context)],
        _ => vec![],
    }
}

/// The hold is to be given back.
pub(crate) fn release(delivery: &Delivery, reason: &str, context: &Context<'_>) -> Event {
    Event::ReleaseRequested { reason: reason.to_owned(), at: context.now, payment: Some(delivery.payment.id) }
}

/// What is to be captured, if anything is.
fn due(delivery: &Delivery) -> Option<i64> {
    match &delivery.payment.state {
        PaymentState::CaptureDue { amount_minor, .. } | PaymentState::CaptureUnknown { amount_minor, .. } => {
            Some(*amount_minor)
        }
        _ => None,
    }
}

pub(crate) fn captured(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let (Command::RecordCaptured { amount_minor, reference }, Some(due)) = (command, due(delivery)) else {
        return Err(mismatch(delivery, command));
    };
    if *amount_minor != due {
        return Err(Refusal::WrongAmount { captured: *amount_minor, due });
    }
    Ok(vec![Event::Captured { amount_minor: due, reference: reference.clone(), at: context.now }])
}

pub(crate) fn capture_unknown(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordCaptureUnknown { why } = command else { return Err(mismatch(delivery, command)) };
    if delivery.payment.kind() == PaymentKind::CaptureUnknown {
        return Ok(vec![]);
    }
    Ok(vec![Event::CaptureUnknown { why: why.clone(), at: context.now }])
}

pub(crate) fn capture_failed(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordCaptureFailed { code } = command else { return Err(mismatch(delivery, command)) };
    Ok(vec![Event::CaptureFailed { code: code.clone(), at: context.now }])
}

pub(crate) fn retry(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let PaymentState::CaptureFailed { hand_off, amount_minor, .. } = delivery.payment.state else {
        return Err(mismatch(delivery, command));
    };
    Ok(vec![Event::CaptureRequested { hand_off, amount_minor, at: context.now }])
}

pub(crate) fn released(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordReleased { payment } = command else { return Err(mismatch(delivery, command)) };
    let payment = payment.unwrap_or(delivery.payment.id);
    let present = delivery.payment.id == payment && delivery.payment.kind() == PaymentKind::ReleaseDue;
    let beside = delivery.releasing.iter().any(|hold| hold.payment == payment);
    Ok(if present || beside {
        vec![Event::PaymentReleased { at: context.now, payment: Some(payment) }]
    } else {
        vec![]
    })
}

pub(crate) fn renew(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RenewAuthorisation { until } = command else { return Err(mismatch(delivery, command)) };
    if until.is_some_and(|until| until <= context.now) {
        return Err(Refusal::TimeOver);
    }
    if until.is_some_and(|until| until > context.now + Duration::days(MOST_AUTHORISED_DAYS)) {
        return Err(Refusal::TooFarAhead { days: MOST_AUTHORISED_DAYS });
    }
    Ok(vec![Event::PaymentRenewed { until: *until }])
}
