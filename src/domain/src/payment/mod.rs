//! The customer's money for one order: authorised before, captured after a proved hand-off, released otherwise.
//!
//! The payment's machine is the smaller of the two; its rows stand in [`table`] and its events in the delivery's
//! stream, so that no version of the story has the one without the other.

pub mod provider;
pub mod table;

use crate::id::{HandOffId, PaymentId};
use crate::money::Currency;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An authorisation with an end ends within this: no card holds money longer.
pub const MOST_AUTHORISED_DAYS: i64 = 366;

/// Money that is wanted for a hand-off that has already happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The confirmed hand-off.
    pub hand_off: HandOffId,
    /// Minor units.
    #[serde(rename = "owed_minor")]
    pub amount_minor: i64,
}

/// How the customer pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayBy {
    /// Somebody holds the money before the courier goes.
    #[default]
    Hold,
    /// In cash, at the door.
    Cash,
}

impl PayBy {
    fn is_hold(&self) -> bool {
        *self == Self::Hold
    }
}

/// Where the money is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PaymentState {
    /// A hold was asked for; the command is in the outbox and its outcome may be unknown.
    Authorising {
        /// Since when.
        since: DateTime<Utc>,
        /// The hand-off that has happened already, if the hold is for money that is owed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owed: Option<Owed>,
    },
    /// The customer has to do something before the provider holds the money.
    ActionRequired {
        /// Since when.
        since: DateTime<Utc>,
        /// Where.
        url: Option<String>,
        /// As for `authorising`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owed: Option<Owed>,
    },
    /// The provider refused to hold the money.
    Declined {
        /// The provider's code.
        code: String,
        /// When.
        at: DateTime<Utc>,
    },
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
    /// Handed over, and there is no hold to take the money from: it is owed and asked for anew.
    Recovering {
        /// The confirmed hand-off.
        hand_off: HandOffId,
        /// Minor units; `capture_minor` in JSON, where the payment's own amount stands beside it.
        #[serde(rename = "capture_minor")]
        amount_minor: i64,
        /// Why, or why the last way to it failed.
        code: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Handed over and given up: a person decided that it will not be paid.
    Uncollectable {
        /// The confirmed hand-off.
        hand_off: HandOffId,
        /// Minor units; `capture_minor` in JSON, where the payment's own amount stands beside it.
        #[serde(rename = "capture_minor")]
        amount_minor: i64,
        /// In words.
        reason: String,
        /// When.
        at: DateTime<Utc>,
    },
}

/// A payment state without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// `authorising`
    Authorising,
    /// `action_required`
    ActionRequired,
    /// `declined`
    Declined,
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
    /// `recovering`
    Recovering,
    /// `uncollectable`
    Uncollectable,
}

impl PaymentKind {
    /// Every state, in the order of the documentation.
    pub const ALL: &[PaymentKind] = &[
        Self::Authorising,
        Self::ActionRequired,
        Self::Declined,
        Self::Authorised,
        Self::CaptureDue,
        Self::CaptureUnknown,
        Self::Captured,
        Self::CaptureFailed,
        Self::ReleaseDue,
        Self::Released,
        Self::Expired,
        Self::Recovering,
        Self::Uncollectable,
    ];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorising => "authorising",
            Self::ActionRequired => "action_required",
            Self::Declined => "declined",
            Self::Authorised => "authorised",
            Self::CaptureDue => "capture_due",
            Self::CaptureUnknown => "capture_unknown",
            Self::Captured => "captured",
            Self::CaptureFailed => "capture_failed",
            Self::ReleaseDue => "release_due",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Recovering => "recovering",
            Self::Uncollectable => "uncollectable",
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
    /// How the customer pays.
    #[serde(default, skip_serializing_if = "PayBy::is_hold")]
    pub by: PayBy,
    /// Where the money is.
    #[serde(flatten)]
    pub state: PaymentState,
}

impl Payment {
    /// The state without its facts.
    pub fn kind(&self) -> PaymentKind {
        match self.state {
            PaymentState::Authorising { .. } => PaymentKind::Authorising,
            PaymentState::ActionRequired { .. } => PaymentKind::ActionRequired,
            PaymentState::Declined { .. } => PaymentKind::Declined,
            PaymentState::Authorised { .. } => PaymentKind::Authorised,
            PaymentState::CaptureDue { .. } => PaymentKind::CaptureDue,
            PaymentState::CaptureUnknown { .. } => PaymentKind::CaptureUnknown,
            PaymentState::Captured { .. } => PaymentKind::Captured,
            PaymentState::CaptureFailed { .. } => PaymentKind::CaptureFailed,
            PaymentState::ReleaseDue { .. } => PaymentKind::ReleaseDue,
            PaymentState::Released { .. } => PaymentKind::Released,
            PaymentState::Expired { .. } => PaymentKind::Expired,
            PaymentState::Recovering { .. } => PaymentKind::Recovering,
            PaymentState::Uncollectable { .. } => PaymentKind::Uncollectable,
        }
    }

    /// Whether the authorisation covers an arrival at `at`.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        match self.state {
            PaymentState::Authorised { until } => until.is_none_or(|until| at < until),
            _ => false,
        }
    }

    /// What is owed for a hand-off that has happened, while nobody is at it.
    pub fn owed(&self) -> Option<Owed> {
        match &self.state {
            PaymentState::Authorising { owed, .. } | PaymentState::ActionRequired { owed, .. } => *owed,
            PaymentState::CaptureFailed { hand_off, amount_minor, .. }
            | PaymentState::Recovering { hand_off, amount_minor, .. } => {
                Some(Owed { hand_off: *hand_off, amount_minor: *amount_minor })
            }
            _ => None,
        }
    }

    /// What people are shown: `wanted`, `held`, `taken`, `waiting`, `given_back`, `owed`.
    pub fn shown(&self) -> &'static str {
        match self.kind() {
            PaymentKind::Authorising | PaymentKind::ActionRequired if self.owed().is_some() => "owed",
            PaymentKind::Authorising => "waiting",
            PaymentKind::ActionRequired | PaymentKind::Declined => "wanted",
            PaymentKind::Authorised => "held",
            PaymentKind::CaptureDue | PaymentKind::CaptureUnknown => "waiting",
            PaymentKind::Captured => "taken",
            PaymentKind::CaptureFailed | PaymentKind::Recovering | PaymentKind::Uncollectable => "owed",
            PaymentKind::ReleaseDue | PaymentKind::Released | PaymentKind::Expired => "given_back",
        }
    }
}
