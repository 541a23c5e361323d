//! The customer's money for one order: authorised before, captured after a proved hand-off, released otherwise.
//!
//! The payment's machine is the smaller of the two; its rows stand in [`table`] and its events in the delivery's
//! stream, so that no version of the story has the one without the other.

pub mod table;

use crate::id::{HandOffId, PaymentId};
use crate::money::Currency;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An authorisation with an end ends within this: no card holds money longer.
pub const MOST_AUTHORISED_DAYS: i64 = 366;

/// Where the money is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PaymentState {
    /// Held for us by the provider until `until` (`None`: without end).
    Authorised {
        /// The authorisation ends here.
        until: Option<DateTime<Utc>>,
    },
    /// To be captured; the command is in the outbox.
    CaptureDue {
        /// The confirmed hand-off.
        hand_off: HandOffId,
        /// Minor units; `capture_minor` in JSON, where the payment's own amount stands beside it.
        #[serde(rename = "capture_minor")]
        amount_minor: i64,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// A capture was sent and its outcome is not known yet.
    CaptureUnknown {
        /// The confirmed hand-off.
        hand_off: HandOffId,
        /// Minor units; `capture_minor` in JSON, where the payment's own amount stands beside it.
        #[serde(rename = "capture_minor")]
        amount_minor: i64,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Taken.
    Captured {
        /// The confirmed hand-off.
        hand_off: HandOffId,
        /// Minor units; `capture_minor` in JSON, where the payment's own amount stands beside it.
        #[serde(rename = "capture_minor")]
        amount_minor: i64,
        /// When it was known.
        at: DateTime<Utc>,
        /// The provider's reference.
        reference: String,
    },
    /// Declined for good after a real hand-off: money owed.
    CaptureFailed {
        /// The confirmed hand-off.
        hand_off: HandOffId,
        /// Minor units; `capture_minor` in JSON, where the payment's own amount stands beside it.
        #[serde(rename = "capture_minor")]
        amount_minor: i64,
        /// The provider's code.
        code: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// To be given back; the command is in the outbox.
    ReleaseDue {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Given back.
    Released {
        /// When.
        at: DateTime<Utc>,
    },
    /// The authorisation ended by itself.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
}

/// A payment state without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// `authorised`
    Authorised,
    /// `capture_due`
    CaptureDue,
    /// `capture_unknown`
    CaptureUnknown,
    /// `captured`
    Captured,
    /// `capture_failed`
    CaptureFailed,
    /// `release_due`
    ReleaseDue,
    /// `released`
    Released,
    /// `expired`
    Expired,
}

impl PaymentKind {
    /// Every state, in the order of the documentation.
    pub const ALL: &[PaymentKind] = &[
        Self::Authorised,
        Self::CaptureDue,
        Self::CaptureUnknown,
        Self::Captured,
        Self::CaptureFailed,
        Self::ReleaseDue,
        Self::Released,
        Self::Expired,
    ];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorised => "authorised",
            Self::CaptureDue => "capture_due",
            Self::CaptureUnknown => "capture_unknown",
            Self::Captured => "captured",
            Self::CaptureFailed => "capture_failed",
            Self::ReleaseDue => "release_due",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

/// The payment of one order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Authorised, in minor units of `currency`; captured never exceeds it.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: Currency,
    /// Where the money is.
    #[serde(flatten)]
    pub state: PaymentState,
}

impl Payment {
    /// The state without its facts.
    pub fn kind(&self) -> PaymentKind {
        match self.state {
            PaymentState::Authorised { .. } => PaymentKind::Authorised,
            PaymentState::CaptureDue { .. } => PaymentKind::CaptureDue,
            PaymentState::CaptureUnknown { .. } => PaymentKind::CaptureUnknown,
            PaymentState::Captured { .. } => PaymentKind::Captured,
            PaymentState::CaptureFailed { .. } => PaymentKind::CaptureFailed,
            PaymentState::ReleaseDue { .. } => PaymentKind::ReleaseDue,
            PaymentState::Released { .. } => PaymentKind::Released,
            PaymentState::Expired { .. } => PaymentKind::Expired,
        }
    }

    /// Whether the authorisation covers an arrival at `at`.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        match self.state {
            PaymentState::Authorised { until } => until.is_none_or(|until| at < until),
            _ => false,
        }
    }

    /// What people are shown: `held`, `taken`, `waiting`, `given_back`, `owed`.
    pub fn shown(&self) -> &'static str {
        match self.kind() {
            PaymentKind::Authorised => "held",
            PaymentKind::CaptureDue | PaymentKind::CaptureUnknown => "waiting",
            PaymentKind::Captured => "taken",
            PaymentKind::CaptureFailed => "owed",
            PaymentKind::ReleaseDue | PaymentKind::Released | PaymentKind::Expired => "given_back",
        }
    }
}
