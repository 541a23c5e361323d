//! Why a command was not carried out. A refusal changes nothing.

use super::command::CommandKind;
use super::proof::ProofMethod;
use super::state::{GateKind, StageKind};
use crate::actor::Role;
use crate::payment::PaymentKind;
use chrono::{DateTime, NaiveTime, Utc};
use thiserror::Error;

/// A coded reason.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// No row of the table leads from here.
    #[error("a delivery that is {} with the gate {} and the payment {} does not take '{}'", stage.name(), gate.name(), payment.name(), command.name())]
    NotAllowedHere {
        /// What was asked.
        command: CommandKind,
        /// Where the delivery is.
        stage: StageKind,
        /// What the customer has said.
        gate: GateKind,
        /// Where the money is.
        payment: PaymentKind,
    },
    /// The role may not ask this here.
    #[error("a {} may not ask for '{}' here", role.name(), command.name())]
    RoleMayNot {
        /// What was asked.
        command: CommandKind,
        /// Who asked.
        role: Role,
    },
    /// Another courier has it.
    #[error("this delivery is with another courier")]
    NotYours,
    /// The offer has ended.
    #[error("the offer ended at {until}")]
    OfferEnded {
        /// When.
        until: DateTime<Utc>,
    },
    /// No answer, policy or override lets anyone go.
    #[error("nobody goes to a door without an answer: the gate is {}", gate.name())]
    NotCleared {
        /// What the customer has said.
        gate: GateKind,
    },
    /// Arriving then would be before the customer is home.
    #[error("the customer is home from {from}; leaving now arrives too early")]
    TooEarly {
        /// Not before.
        from: DateTime<Utc>,
    },
    /// The money would be gone at the door.
    #[error("the payment's authorisation does not last until the arrival")]
    AuthorisationEnds,
    /// Nobody holds the customer's money.
    #[error("nobody is given a delivery whose payment is {}", payment.name())]
    NotAuthorised {
        /// Where the money is.
        payment: PaymentKind,
    },
    /// More than was captured and is not given back yet.
    #[error("{left} minor units may be given back, and at least 1")]
    RefundTooMuch {
        /// Minor units left.
        left: i64,
    },
    /// A new hold was asked for already.
    #[error("a new hold was asked for already")]
    RenewalOpen,
    /// A hold is renewed by another hold, cash by cash.
    #[error("while a payment stands, how the customer pays cannot change")]
    RenewalOtherwise,
    /// The waiting time at the door is not over.
    #[error("giving up opens at {until}")]
    WaitLonger {
        /// When.
        until: DateTime<Utc>,
    },
    /// The time to undo is over.
    #[error("the time to undo this is over")]
    UndoTooLate,
    /// A parcel number that this delivery does not have with the courier.
    #[error("parcel {number} is not with the courier")]
    NoSuchParcel {
        /// Which.
        number: i32,
    },
    /// A partial hand-off needs a value for each parcel that stays.
    #[error("parcels without a value of their own cannot be handed over in part")]
    ParcelValuesUnknown,
    /// Too many wrong codes.
    #[error("the code is locked after {tries} wrong tries; the customer or a dispatcher makes a new one")]
    CodeLocked {
        /// How many.
        tries: u32,
    },
    /// The proof may not be used here.
    #[error("a {} is no proof here", method.name())]
    ProofNotAllowed {
        /// Which.
        method: ProofMethod,
    },
    /// The scanned code was used before.
    #[error("this code, or a later one, was used already: scan the one that is shown now")]
    CodeReplayed,
    /// The proof is right and not enough here.
    #[error("this hand-off needs a {} as well", missing.name())]
    ProofIncomplete {
        /// What is missing.
        missing: ProofMethod,
    },
    /// Too late to change this.
    #[error("{field} cannot be changed any more")]
    AmendTooLate {
        /// What.
        field: &'static str,
    },
    /// Amounts may only be lowered.
    #[error("the amount may only be lowered, and not to nothing; a higher one is a new order")]
    AmountRaised,
    /// The amendment changes nothing.
    #[error("the amendment names nothing to change")]
    NothingToChange,
    /// The hand-off does not wait for anyone's word.
    #[error("the hand-off does not wait for a decision")]
    HandOffDecided,
    /// No door is promised so late.
    #[error("no courier comes after {last} local time")]
    AfterHours {
        /// The last time.
        last: NaiveTime,
    },
    /// The named time is over.
    #[error("the time named is over")]
    TimeOver,
    /// Nobody keeps a parcel that long.
    #[error("the time named is more than {days} days ahead")]
    TooFarAhead {
        /// At most.
        days: i64,
    },
    /// Only the one who asked can say this.
    #[error("'{outcome}' is not an answer this role can give")]
    NotSayable {
        /// What was said.
        outcome: &'static str,
    },
    /// The text is empty or too long.
    #[error("{field} must have 1 to {most} characters")]
    BadText {
        /// Which.
        field: &'static str,
        /// At most.
        most: usize,
    },
    /// The parcels are with this courier already.
    #[error("the parcels are with this courier already")]
    SameCourier,
    /// No such open matter.
    #[error("no such open matter")]
    NoSuchFlag,
    /// The provider took another amount than asked.
    #[error("captured {captured} of {due} asked for")]
    WrongAmount {
        /// Minor units.
        captured: i64,
        /// Minor units.
        due: i64,
    },
}

impl Refusal {
    /// The stable code of the API's problem documents and the courier's verdicts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAllowedHere { .. } => "illegal_transition",
            Self::RoleMayNot { .. } => "role_may_not",
            Self::NotYours => "not_yours",
            Self::OfferEnded { .. } => "offer_ended",
            Self::NotCleared { .. } => "not_cleared",
            Self::TooEarly { .. } => "too_early",
            Self::AuthorisationEnds => "authorisation_ends",
            Self::NotAuthorised { .. } => "payment_not_authorised",
            Self::RefundTooMuch { .. } => "refund_too_much",
            Self::RenewalOpen => "renewal_open",
            Self::RenewalOtherwise => "renewal_otherwise",
            Self::WaitLonger { .. } => "wait_longer",
            Self::UndoTooLate => "undo_too_late",
            Self::NoSuchParcel { .. } => "no_such_parcel",
            Self::ParcelValuesUnknown => "parcel_values_unknown",
            Self::CodeLocked { .. } => "code_locked",
            Self::ProofNotAllowed { .. } => "proof_not_allowed",
            Self::CodeReplayed => "code_replayed",
            Self::ProofIncomplete { .. } => "proof_incomplete",
            Self::AmendTooLate { .. } => "amend_too_late",
            Self::AmountRaised => "amount_raised",
            Self::NothingToChange => "nothing_to_change",
            Self::HandOffDecided => "hand_off_decided",
            Self::AfterHours { .. } => "after_hours",
            Self::TimeOver => "time_over",
            Self::TooFarAhead { .. } => "too_far_ahead",
            Self::NotSayable { .. } => "not_sayable",
            Self::BadText { .. } => "bad_text",
            Self::SameCourier => "same_courier",
            Self::NoSuchFlag => "no_such_flag",
            Self::WrongAmount { .. } => "wrong_amount",
        }
    }

    /// Whether the state was in the way (409), and not the content of the command (422).
    pub fn is_conflict(&self) -> bool {
        !matches!(
            self,
            Self::NoSuchParcel { .. }
                | Self::ParcelValuesUnknown
                | Self::ProofNotAllowed { .. }
                | Self::ProofIncomplete { .. }
                | Self::CodeReplayed
                | Self::AmountRaised
                | Self::NothingToChange
                | Self::AfterHours { .. }
                | Self::TimeOver
                | Self::TooFarAhead { .. }
                | Self::NotSayable { .. }
                | Self::BadText { .. }
                | Self::WrongAmount { .. }
                | Self::RefundTooMuch { .. }
        )
    }
}
