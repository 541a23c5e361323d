//! What must follow a change outside the database. Each becomes a job in the same transaction.

use super::event::Event;
use super::state::{Delivery, Gate, ReturnReason, StageKind};
use crate::call_ahead::RungKind;
use crate::id::{PaymentId, RefundId};
use crate::payment::{PaymentKind, provider};
use crate::policy::Policy;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// Which notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Will you be home?
    Ask,
    /// The same, once more.
    Reminder,
    /// The same, a last time.
    LastAsk,
    /// The courier has set off.
    OnTheWay,
    /// The arrival moved.
    Late,
    /// Nobody opened.
    Missed,
    /// Handed over; the receipt.
    HandedOver,
    /// Cancelled.
    Cancelled,
    /// The payment did not go through, or its hold ends: nobody comes before it is mended.
    PaymentWanted,
}

impl Notice {
    /// All of them.
    pub const ALL: [Notice; 9] = [
        Self::Ask,
        Self::Reminder,
        Self::LastAsk,
        Self::OnTheWay,
        Self::Late,
        Self::Missed,
        Self::HandedOver,
        Self::Cancelled,
        Self::PaymentWanted,
    ];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Reminder => "reminder",
            Self::LastAsk => "last_ask",
            Self::OnTheWay => "on_the_way",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::HandedOver => "handed_over",
            Self::Cancelled => "cancelled",
            Self::PaymentWanted => "payment_wanted",
        }
    }

    /// Whether it asks for an answer.
    pub fn asks(self) -> bool {
        matches!(self, Self::Ask | Self::Reminder | Self::LastAsk)
    }

    /// Whether it still says something true of this state; a notice that waited too long is not sent.
    pub fn is_still_true(self, delivery: &Delivery) -> bool {
        match self {
            Self::Ask | Self::Reminder | Self::LastAsk => {
                matches!(delivery.gate, Gate::Asked { .. } | Gate::Silent { .. }) && delivery.is_askable()
            }
            Self::OnTheWay => matches!(delivery.stage.kind(), StageKind::EnRoute | StageKind::AtDoor),
            Self::Late => !delivery.stage.kind().is_final() && delivery.stage.kind() != StageKind::Returning,
            Self::Missed => delivery.attempts > 0 && delivery.stage.kind() != StageKind::HandedOver,
            Self::HandedOver => delivery.stage.kind() == StageKind::HandedOver,
            Self::Cancelled => matches!(
                delivery.stage.kind(),
                StageKind::Cancelled | StageKind::Returning | StageKind::Returned
            ),
            Self::PaymentWanted => delivery.wants_payment(),
        }
    }
}

/// One thing that must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Tell the customer.
    SendNotice {
        /// What.
        notice: Notice,
    },
    /// Take the money, not before `not_before` (the hand-off's grace).
    CapturePayment {
        /// Earliest.
        not_before: DateTime<Utc>,
    },
    /// Give a hold back.
    ReleasePayment {
        /// Of which payment; absent: the one at that time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment: Option<PaymentId>,
    },
    /// Ask for a hold.
    AuthorisePayment {
        /// Of which payment.
        payment: PaymentId,
    },
    /// Give captured money back.
    RefundPayment {
        /// Which refund.
        refund: RefundId,
    },
    /// Look at what stands in the provider's books.
    LookAtPayment {
        /// Of which payment.
        payment: PaymentId,
        /// Again and again, while the customer is waited for.
        again: bool,
    },
    /// A hold ends: ask for another one, if that can be done without the customer.
    RenewPayment,
    /// Money is owed: ask for it, if that can be done without the customer.
    RecoverPayment {
        /// Earliest: the hand-off may still be taken back.
        not_before: DateTime<Utc>,
    },
}

/// What must follow these events.
pub fn effects(events: &[Event], policy: &Policy) -> Vec<Effect> {
    let all = |event| [money(event, policy), notice(event), look(event)];
    events.iter().flat_map(all).flatten().collect()
}

fn money(event: &Event, policy: &Policy) -> Option<Effect> {
    let not_before = |at: &DateTime<Utc>| *at + Duration::seconds(policy.reopen_s);
    Some(match event {
        Event::Accepted(accepted) if accepted.payment.kind() == PaymentKind::Authorising => {
            Effect::AuthorisePayment { payment: accepted.payment.id }
        }
        Event::Replaced { payment, provider, .. } | Event::RenewalStarted { payment, provider, .. }
            if !provider::starts_authorised(provider) =>
        {
            Effect::AuthorisePayment { payment: *payment }
        }
        Event::CaptureRequested { at, .. } => Effect::CapturePayment { not_before: not_before(at) },
        Event::ReleaseRequested { payment, .. } => Effect::ReleasePayment { payment: *payment },
        Event::HoldUnused { payment, .. } | Event::HoldGivenUp { payment, .. } => {
            Effect::ReleasePayment { payment: Some(*payment) }
        }
        Event::RenewalHeld { before, .. } => Effect::ReleasePayment { payment: Some(*before) },
        Event::RefundRequested { refund, .. } => Effect::RefundPayment { refund: *refund },
        Event::RenewalDue { .. } => Effect::RenewPayment,
        Event::PaymentOwed { at, .. } | Event::CaptureFailed { at, .. } => {
            Effect::RecoverPayment { not_before: not_before(at) }
        }
        _ => return None,
    })
}

/// A word of the provider may be lost: while the customer is waited for, somebody looks.
fn look(event: &Event) -> Option<Effect> {
    match event {
        Event::ActionRequired { payment: Some(payment), .. } => {
            Some(Effect::LookAtPayment { payment: *payment, again: true })
        }
        _ => None,
    }
}

fn notice(event: &Event) -> Option<Effect> {
    let notice = |notice| Some(Effect::SendNotice { notice });
    match event {
        Event::Asked { rung, .. } => match rung {
            RungKind::Notice => notice(Notice::Ask),
            RungKind::Reminder => notice(Notice::Reminder),
            RungKind::LastText => notice(Notice::LastAsk),
            RungKind::Call | RungKind::SecondCall => None,
        },
        Event::Released { .. } => notice(Notice::OnTheWay),
        Event::ArrivalMoved { .. } => notice(Notice::Late),
        Event::AttemptFailed { .. } => notice(Notice::Missed),
        Event::HandedOver { .. } => notice(Notice::HandedOver),
        Event::Cancelled { .. } | Event::ReturnStarted { reason: ReturnReason::Cancelled, .. } => {
            notice(Notice::Cancelled)
        }
        Event::Declined { .. } | Event::ActionRequired { .. } | Event::RenewalFailed { .. } => {
            notice(Notice::PaymentWanted)
        }
        _ => None,
    }
}
