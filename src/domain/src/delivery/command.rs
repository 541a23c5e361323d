//! What can be asked of a delivery, imperative. [`super::apply`] answers with events or with a refusal.

use super::proof::Proof;
use super::state::{FailReason, FlagKind, RegionPin, ReturnReason, Window};
use crate::call_ahead::answer::{Outcome, Source};
use crate::geo::point::Point;
use crate::id::{AnswerId, CourierId, HandOffId, PaymentId, RefundId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A change of what the shop may still change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    /// New ready time.
    pub ready_at: Option<DateTime<Utc>>,
    /// New window.
    pub window: Option<Window>,
    /// New amount; never above the authorised one.
    pub amount_minor: Option<i64>,
    /// New note for the courier.
    pub note: Option<String>,
}

/// Who is asked to hold the money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPayment {
    /// The payment's id, made by whoever asks.
    pub id: PaymentId,
    /// The provider's name.
    pub provider: String,
    /// What the money is taken from, in the provider's words.
    pub method: Option<String>,
    /// The provider's reference of a hold made before.
    pub reference: Option<String>,
}

/// An answer as it arrives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Its id, made by whoever records it.
    pub id: AnswerId,
    /// What was said.
    pub outcome: Outcome,
    /// A note for the courier.
    pub note: String,
    /// The way it came.
    pub source: Source,
    /// The region of the point in an `other_place`, found by whoever records it.
    pub region: Option<RegionPin>,
}

macro_rules! commands {
    ($( $(#[$meta:meta])* $name:literal $variant:ident $({ $( $(#[$fmeta:meta])* $field:ident : $type:ty ),* $(,)? })? )+) => {
        /// A command.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "command")]
        pub enum Command {
            $( $(#[$meta])* #[serde(rename = $name)] $variant $({ $( $(#[$fmeta])* $field: $type ),* })? ),+
        }
        /// A command without its facts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CommandKind { $( $(#[$meta])* $variant ),+ }
        impl CommandKind {
            /// Every one, in the order of the documentation.
            pub const ALL: &[CommandKind] = &[$(CommandKind::$variant),+];
            /// The wire name.
            pub fn name(self) -> &'static str { match self { $(CommandKind::$variant => $name),+ } }
        }
        impl Command {
            /// The command without its facts.
            pub fn kind(&self) -> CommandKind { match self { $(commands!(@pat $variant $({$($field),*})?) => CommandKind::$variant),+ } }
        }
    };
    (@pat $variant:ident) => { Command::$variant };
    (@pat $variant:ident {$($field:ident),*}) => { Command::$variant { .. } };
}

commands! {
    /// Place the address.
    "locate" Locate { /** The door. */ place: Point, /** Its region. */ region: RegionPin }
    /// Say in words where an address that is not placed lies.
    "correct_address" CorrectAddress { /** The address. */ text: String }
    /// Change what may still be changed.
    "amend" Amend { /** What. */ amendment: Amendment }
    /// Propose to a courier.
    "offer" Offer { /** To whom. */ courier: CourierId }
    /// Take the offer.
    "accept" Accept
    /// Say no to the offer.
    "decline" Decline { /** Why. */ reason: String }
    /// Put on a courier's run.
    "assign" Assign { /** Whose. */ courier: CourierId }
    /// Take off the run.
    "unassign" Unassign { /** Why. */ reason: String }
    /// Tell the times of the run.
    "plan" Plan { /** Arrival at the door. */ arrive_at: DateTime<Utc>, /** Last leg. */ leg_s: i64, /** The stops come in another order. */ resequenced: bool }
    /// Take the parcels from the shop.
    "collect" Collect
    /// Leave for the door.
    "set_off" SetOff { /** Whether no other door is left on the run. */ last_in_run: bool }
    /// Turn back before the door.
    "turn_back" TurnBack { /** Why. */ reason: String }
    /// Be at the door.
    "arrive" Arrive { /** Where the phone was. */ point: Option<Point>, /** Why there, if the courier says. */ reason: String }
    /// Give the parcels, all or those numbered.
    "hand_over" HandOver { /** Id of the hand-off, made by whoever records it. */ id: HandOffId, /** The proof. */ proof: Proof,
        /** Signature and photo that come with a code. */ plus: Vec<Proof>,
        /** Numbers given; empty means all. */ parcels: Vec<i32> }
    /// Give up at the door.
    "fail_attempt" FailAttempt { /** Why. */ reason: FailReason }
    /// Undo a failed attempt.
    "undo_fail" UndoFail
    /// Take a hand-off back within its grace.
    "reopen" Reopen
    /// Agree to a hand-off without a code.
    "confirm_hand_off" ConfirmHandOff
    /// Object to a hand-off without a code.
    "dispute_hand_off" DisputeHandOff { /** Why. */ reason: String }
    /// Make a new code.
    "rotate_code" RotateCode
    /// Go back to the shop.
    "start_return" StartReturn { /** Why. */ reason: ReturnReason, /** In words. */ note: String }
    /// Take the parcels in at the shop.
    "receive_return" ReceiveReturn
    /// Pass the parcels to another courier.
    "transfer" Transfer { /** To whom. */ to: CourierId }
    /// Cancel the order.
    "cancel" Cancel { /** Why. */ reason: String }
    /// Give up as lost.
    "mark_lost" MarkLost { /** Why. */ reason: String }
    /// Record an answer or how a call ended.
    "answer" Answer { /** What. */ reply: Reply }
    /// Clear the gate in a person's own name.
    "override" Override { /** Why. */ reason: String, /** For how long. */ valid_s: i64 }
    /// Climb the ladder again.
    "ask_again" AskAgain
    /// Record that a notice left.
    "record_sent" RecordSent { /** Which notice. */ notice: String, /** By which channel. */ channel: String, /** The channel's id of it. */ provider_id: String }
    /// Record that a notice could not be sent.
    "record_send_failed" RecordSendFailed { /** Which notice. */ notice: String, /** Last cause. */ cause: String }
    /// Raise an open matter.
    "flag" Flag { /** Which. */ kind: FlagKind, /** In words. */ detail: String }
    /// Close an open matter.
    "resolve" Resolve { /** Which. */ kind: FlagKind }
    /// Ask for a hold: instead of one that failed, for money that is owed, or beside one that ends.
    "authorise" Authorise { /** The new payment. */ payment: NewPayment }
    /// Record that the money is held.
    "record_authorised" RecordAuthorised { /** Which payment. */ payment: PaymentId, /** The provider's reference. */ reference: String, /** The hold ends then. */ until: Option<DateTime<Utc>> }
    /// Record that the customer has to do something first.
    "record_action_required" RecordActionRequired { /** Which payment. */ payment: PaymentId, /** The provider's reference. */ reference: String, /** Where. */ url: Option<String> }
    /// Record that the money is not held and will not be.
    "record_declined" RecordDeclined { /** Which payment. */ payment: PaymentId, /** The provider's code. */ code: String }
    /// Record that a hold could not be renewed without the customer.
    "record_not_renewed" RecordNotRenewed { /** Why. */ code: String }
    /// Record that the provider ended the hold.
    "record_expired" RecordExpired
    /// Record that the provider took a capture back.
    "record_capture_revoked" RecordCaptureRevoked { /** The provider's code. */ code: String }
    /// Give up money that is owed.
    "write_off" WriteOff { /** Why. */ reason: String }
    /// Give captured money back, whole or in part.
    "request_refund" RequestRefund { /** Its id, made by whoever records it. */ refund: RefundId, /** Minor units. */ amount_minor: i64, /** Why. */ reason: String }
    /// Record that a refund reached the customer.
    "record_refunded" RecordRefunded { /** Which. */ refund: RefundId, /** The provider's reference. */ reference: String }
    /// Record that a refund will not come.
    "record_refund_failed" RecordRefundFailed { /** Which. */ refund: RefundId, /** The provider's code. */ code: String }
    /// Record a proved capture.
    "record_captured" RecordCaptured { /** Minor units. */ amount_minor: i64, /** The provider's reference. */ reference: String }
    /// Record that a capture's outcome is not known.
    "record_capture_unknown" RecordCaptureUnknown { /** Why. */ why: String }
    /// Record a capture declined for good.
    "record_capture_failed" RecordCaptureFailed { /** The provider's code. */ code: String }
    /// Try a failed capture again.
    "retry_capture" RetryCapture
    /// Record a proved release.
    "record_released" RecordReleased { /** Which payment; absent: the present one. */ payment: Option<PaymentId> }
    /// Record a new authorisation for the same amount.
    "renew_authorisation" RenewAuthorisation { /** Its end. */ until: Option<DateTime<Utc>> }
    /// Do what is due at this instant.
    "wake" Wake
}
