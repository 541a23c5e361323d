//! What follows when a provider's books are looked at without anything being asked of it: the pure decision.
//!
//! A command that is under way concludes itself: its own job only looks sooner. What nobody asked for, or asked for and
//! ended, is told to the delivery; what no machine should touch is for a person.

use callahead_domain::delivery::Command;
use callahead_domain::delivery::state::{Delivery, RefundStage};
use callahead_domain::id::PaymentId;
use callahead_domain::payment::{PaymentKind, PaymentState};

use super::{Op, Snapshot, Standing};

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The delivery is told.
    Tell(Command),
    /// The command that is under way looks now.
    Hurry(Op),
    /// The books say what ours deny: a person looks.
    Anomaly(&'static str),
}

/// What the books of one payment mean for its delivery.
#[must_use]
pub fn reconcile(delivery: &Delivery, payment: PaymentId, books: &Snapshot) -> Vec<Finding> {
    let mut found = Vec::new();
    if books.currency != delivery.payment.currency {
        return vec![Finding::Anomaly("the books are in another currency")];
    }
    if delivery.refunds.iter().any(|refund| refund.stage == RefundStage::Requested) {
        found.push(Finding::Hurry(Op::Refund));
    }
    if delivery.payment.id == payment {
        found.extend(present(delivery, payment, books));
    } else if delivery.renewal == Some(payment) {
        found.push(Finding::Hurry(Op::Authorise));
    } else if delivery.releasing.iter().any(|hold| hold.payment == payment) {
        found.push(Finding::Hurry(Op::Release));
    } else if books.standing == Standing::Held {
        found.push(Finding::Anomaly("money is held that nobody asked for"));
    }
    found
}

fn present(delivery: &Delivery, payment: PaymentId, books: &Snapshot) -> Option<Finding> {
    let held = || {
        Finding::Tell(Command::RecordAuthorised {
            payment,
            reference: books.reference.clone(),
            until: books.capture_before,
        })
    };
    let whole = books.authorized_minor >= delivery.payment.amount_minor;
    match (delivery.payment.kind(), books.standing) {
        (PaymentKind::Authorising, _) => Some(Finding::Hurry(Op::Authorise)),
        (PaymentKind::CaptureDue | PaymentKind::CaptureUnknown, Standing::Captured | Standing::Released) => {
            Some(Finding::Hurry(Op::Capture))
        }
        (PaymentKind::ReleaseDue, _) => Some(Finding::Hurry(Op::Release)),
        (PaymentKind::ActionRequired | PaymentKind::Declined, Standing::Held) if whole => Some(held()),
        (PaymentKind::ActionRequired, Standing::Declined | Standing::Released) => {
            let code = books.failure.clone().unwrap_or_else(|| "declined".to_owned());
            Some(Finding::Tell(Command::RecordDeclined { payment, code }))
        }
        (PaymentKind::Authorised, Standing::Released) => Some(Finding::Tell(Command::RecordExpired)),
        (PaymentKind::Released, Standing::Held) => Some(held()),
        (PaymentKind::Captured, _) => captured(delivery, books),
        (PaymentKind::Authorised | PaymentKind::Released | PaymentKind::Expired, Standing::Captured) => {
            Some(Finding::Anomaly("money was taken that nobody asked for"))
        }
        _ => None,
    }
}

/// A capture that the provider took back is money owed; another amount is for a person.
fn captured(delivery: &Delivery, books: &Snapshot) -> Option<Finding> {
    let PaymentState::Captured { amount_minor, .. } = delivery.payment.state else { return None };
    match books.captured_minor {
        taken if taken == amount_minor => None,
        0 => {
            let code = books.failure.clone().unwrap_or_else(|| "capture_revoked".to_owned());
            Some(Finding::Tell(Command::RecordCaptureRevoked { code }))
        }
        _ => Some(Finding::Anomaly("another amount was taken")),
    }
}
