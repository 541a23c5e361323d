//! Giving captured money back.

use super::{Decided, MOST_WORDS, mismatch, text};
use crate::delivery::apply::Context;
use crate::delivery::command::Command;
use crate::delivery::event::Event;
use crate::delivery::refusal::Refusal;
use crate::delivery::state::{Delivery, FlagKind, Refund, RefundStage};
use crate::payment::PaymentState;

/// What of the captured amount may still be given back, in minor units.
pub fn refundable_minor(delivery: &Delivery) -> i64 {
    let PaymentState::Captured { amount_minor, .. } = delivery.payment.state else { return 0 };
    let counts = |refund: &&Refund| refund.stage != RefundStage::Failed;
    delivery
        .refunds
        .iter()
        .filter(counts)
        .fold(amount_minor, |left, refund| left.saturating_sub(refund.amount_minor))
}

pub(crate) fn request(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RequestRefund { refund, amount_minor, reason } = command else {
        return Err(mismatch(delivery, command));
    };
    text("reason", reason, MOST_WORDS)?;
    let left = refundable_minor(delivery);
    if *amount_minor < 1 || *amount_minor > left {
        return Err(Refusal::RefundTooMuch { left });
    }
    Ok(vec![Event::RefundRequested {
        refund: *refund,
        amount_minor: *amount_minor,
        reason: reason.clone(),
        by: context.actor,
        at: context.now,
    }])
}

fn open(delivery: &Delivery, id: crate::id::RefundId) -> Option<&Refund> {
    delivery.refunds.iter().find(|refund| refund.id == id && refund.stage == RefundStage::Requested)
}

pub(crate) fn refunded(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordRefunded { refund, reference } = command else {
        return Err(mismatch(delivery, command));
    };
    let made = |known: &Refund| Event::Refunded {
        refund: *refund,
        amount_minor: known.amount_minor,
        reference: reference.clone(),
        at: context.now,
    };
    Ok(open(delivery, *refund).map(made).into_iter().collect())
}

pub(crate) fn failed(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordRefundFailed { refund, code } = command else {
        return Err(mismatch(delivery, command));
    };
    if open(delivery, *refund).is_none() {
        return Ok(vec![]);
    }
    let at = context.now;
    Ok(vec![
        Event::RefundFailed { refund: *refund, code: code.clone(), at },
        Event::Flagged { kind: FlagKind::RefundFailed, detail: code.clone(), at },
    ])
}
