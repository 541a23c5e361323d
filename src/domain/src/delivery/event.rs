//! What happened, past tense. A delivery's state is the fold of these and of nothing else.

use super::proof::HandOff;
use super::state::{
    AddressProblem, Clearance, ClearedBy, FailReason, FlagKind, Parcel, RegionPin, ReturnReason, Window,
};
use crate::actor::Actor;
use crate::call_ahead::answer::Answer;
use crate::call_ahead::ladder::RungKind;
use crate::geo::point::Point;
use crate::id::{CourierId, DeliveryId, HandOffId, OrderId, PaymentId, RefundId, ShopId};
use crate::payment::Payment;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The first event: everything a delivery starts from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The delivery.
    pub id: DeliveryId,
    /// The order.
    pub order: OrderId,
    /// The shop.
    pub shop: ShopId,
    /// When.
    pub at: DateTime<Utc>,
    /// Region and version, if the address lies in one.
    pub region: Option<RegionPin>,
    /// The door, if a point was given.
    pub place: Option<Point>,
    /// Why it could not be placed, if it could not.
    pub problem: Option<AddressProblem>,
    /// Ready for collection.
    pub ready_at: DateTime<Utc>,
    /// The promised window.
    pub window: Option<Window>,
    /// The promise.
    pub promised_by: DateTime<Utc>,
    /// The pieces, all with the shop.
    pub parcels: Vec<Parcel>,
    /// The authorised payment.
    pub payment: Payment,
}

macro_rules! events {
    ($( $(#[$meta:meta])* $name:literal $variant:ident { $( $(#[$fmeta:meta])* $field:ident : $type:ty ),* $(,)? } )+) => {
        /// One thing that happened; the wire name is dotted.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "event")]
        pub enum Event {
            /// The shop's order was accepted.
            #[serde(rename = "order.accepted")]
            Accepted(Box<Accepted>),
            $( $(#[$meta])* #[serde(rename = $name)] $variant { $( $(#[$fmeta])* $field: $type ),* }, )+
        }
        impl Event {
            /// Every wire name, in the order of the documentation.
            pub const KINDS: &[&str] = &["order.accepted", $($name),+];
            /// The wire name.
            pub fn kind(&self) -> &'static str {
                match self { Event::Accepted(_) => "order.accepted", $( Event::$variant { .. } => $name ),+ }
            }
        }
    };
}

events! {
    /// The address was placed.
    "order.located" Located { /** The door. */ place: Point, /** Its region. */ region: RegionPin }
    /// Somebody said in words where an address that is not placed lies.
    "order.address_corrected" AddressCorrected { /** The address. */ text: String }
    /// The shop changed what may still be changed.
    "order.amended" Amended { /** New ready time. */ ready_at: Option<DateTime<Utc>>, /** New window. */ window: Option<Window>,
        /** New promise. */ promised_by: Option<DateTime<Utc>>, /** New, lower amount. */ amount_minor: Option<i64>,
        /** New note. */ note: Option<String> }
    /// Proposed to a courier.
    "order.offered" Offered { /** To whom. */ courier: CourierId, /** Until when. */ until: DateTime<Utc> }
    /// The courier said no.
    "order.offer_declined" OfferDeclined { /** Who. */ courier: CourierId, /** Why. */ reason: String, /** When. */ at: DateTime<Utc> }
    /// Nobody answered the offer in time.
    "order.offer_expired" OfferExpired { /** Who. */ courier: CourierId, /** When. */ at: DateTime<Utc> }
    /// On a courier's run.
    "order.assigned" Assigned { /** Whose. */ courier: CourierId }
    /// Off the run again.
    "order.unassigned" Unassigned { /** Whose it was. */ courier: CourierId, /** Why. */ reason: String, /** When. */ at: DateTime<Utc> }
    /// The run's times for this door changed.
    "stop.planned" Planned { /** Arrival at the door. */ arrive_at: DateTime<Utc>, /** Last leg. */ leg_s: i64 }
    /// The promised arrival moved by more than the policy lets pass silently.
    "stop.arrival_moved" ArrivalMoved { /** Told before. */ from: DateTime<Utc>, /** Now. */ to: DateTime<Utc> }
    /// The courier holds the parcels.
    "order.picked_up" PickedUp { /** Who. */ courier: CourierId, /** When. */ at: DateTime<Utc> }
    /// The courier set off with a clearance.
    "stop.released" Released { /** What let them go. */ clearance: Clearance, /** When. */ at: DateTime<Utc> }
    /// The courier turned back before the door.
    "stop.turned_back" TurnedBack { /** Why. */ reason: String, /** When. */ at: DateTime<Utc> }
    /// At the door.
    "courier.arrived" Arrived { /** When. */ at: DateTime<Utc>,
        /** Metres from the phone to the address, if the phone told where it was. */
        #[serde(default, skip_serializing_if = "Option::is_none")] distance_m: Option<i64> }
    /// Every parcel passed to the customer.
    "delivery.handed_over" HandedOver { /** The hand-off. */ hand_off: HandOff }
    /// Some parcels passed to the customer.
    "delivery.partial" PartlyHandedOver { /** The hand-off; its parcels are those given now. */ hand_off: HandOff }
    /// A hand-off without a code was agreed to.
    "hand_off.confirmed" HandOffConfirmed { /** Who agreed. */ by: Actor, /** When. */ at: DateTime<Utc> }
    /// A hand-off without a code was objected to.
    "hand_off.disputed" HandOffDisputed { /** Who. */ by: Actor, /** Why. */ reason: String }
    /// A wrong code was typed.
    "hand_off.code_refused" CodeRefused { /** Wrong tries in this rotation, this one included. */ tries: u32, /** When. */ at: DateTime<Utc> }
    /// A new code holds.
    "hand_off.code_rotated" CodeRotated { /** Which rotation. */ rotation: u32, /** Who asked. */ by: Actor,
        /** Since when. */ #[serde(default, skip_serializing_if = "Option::is_none")] at: Option<DateTime<Utc>> }
    /// The hand-off was taken back within its grace.
    "delivery.reopened" Reopened { /** When. */ at: DateTime<Utc> }
    /// An attempt at the door failed.
    "delivery.failed" AttemptFailed { /** Which attempt. */ attempt: u32, /** Why. */ reason: FailReason, /** When. */ at: DateTime<Utc> }
    /// The failed attempt was undone.
    "delivery.failure_undone" FailureUndone { /** When. */ at: DateTime<Utc> }
    /// On the way back to the shop.
    "return.started" ReturnStarted { /** Why. */ reason: ReturnReason, /** When. */ at: DateTime<Utc>, /** In words. */ note: String }
    /// The shop took it in.
    "return.completed" ReturnCompleted { /** When. */ at: DateTime<Utc> }
    /// Parcels went from one courier to another.
    "parcels.transferred" Transferred { /** From. */ from: CourierId, /** To. */ to: CourierId, /** When. */ at: DateTime<Utc> }
    /// Cancelled before collection.
    "order.cancelled" Cancelled { /** By whom. */ by: Actor, /** Why. */ reason: String, /** When. */ at: DateTime<Utc> }
    /// Collected after it was cancelled: the courier did not know.
    "order.picked_up_late" PickedUpLate { /** Who. */ courier: CourierId, /** When. */ at: DateTime<Utc> }
    /// Given up as lost.
    "delivery.lost" Lost { /** Why. */ reason: String, /** When. */ at: DateTime<Utc> }
    /// A rung of the ladder was climbed.
    "call_ahead.requested" Asked { /** Which. */ rung: RungKind, /** When. */ at: DateTime<Utc>, /** Waits until. */ reply_by: DateTime<Utc>,
        /** Arrival told with it. */ quoted: Option<DateTime<Utc>>, /** Local day, for the limits. */ day: NaiveDate }
    /// The next rung waits: its time fell into quiet hours.
    "call_ahead.postponed" Postponed { /** Until when. */ until: DateTime<Utc> }
    /// A notice left by a channel.
    "call_ahead.sent" NoticeSent { /** Which notice. */ notice: String, /** By which channel. */ channel: String, /** The channel's id of it. */ provider_id: String }
    /// No channel could send a notice.
    "call_ahead.send_failed" NoticeFailed { /** Which notice. */ notice: String, /** Last cause. */ cause: String, /** When. */ at: DateTime<Utc> }
    /// The customer was called without a rung being due.
    "call_ahead.called" Called { /** When. */ at: DateTime<Utc>, /** Local day. */ day: NaiveDate }
    /// An answer came; `counts` says whether it moved the gate.
    "call_ahead.answered" Answered { /** What. */ answer: Answer, /** Whether it is the one that counts now. */ counts: bool }
    /// The gate is open.
    "stop.cleared" Cleared { /** What it rests on. */ by: ClearedBy, /** Since. */ at: DateTime<Utc>, /** Not before. */ from: Option<DateTime<Utc>>,
        /** Until. */ valid_until: DateTime<Utc> }
    /// Asked to come later.
    "stop.held" Held { /** Until. */ until: DateTime<Utc>, /** Why. */ reason: String, /** Since. */ at: DateTime<Utc> }
    /// The hold is over: the customer is asked anew.
    "stop.hold_ended" HoldEnded { /** When. */ at: DateTime<Utc> }
    /// The answer went stale: the customer is asked anew.
    "call_ahead.expired" WentStale { /** When. */ at: DateTime<Utc>, /** Why. */ reason: String }
    /// The ladder is used up.
    "call_ahead.silent" WentSilent { /** When. */ at: DateTime<Utc> }
    /// The ladder starts again.
    "call_ahead.restarted" AskedAgain { /** By whom. */ by: Actor, /** When. */ at: DateTime<Utc> }
    /// The customer does not want it.
    "call_ahead.refused" CustomerRefused { /** Why. */ reason: String }
    /// This number is not contacted any more.
    "call_ahead.stopped" ContactStopped { /** Why. */ reason: String }
    /// Something needs a person.
    "exception.raised" Flagged { /** What. */ kind: FlagKind, /** In words. */ detail: String, /** When. */ at: DateTime<Utc> }
    /// A person dealt with it.
    "exception.resolved" Unflagged { /** What. */ kind: FlagKind, /** Who. */ by: Actor }
    /// The capture is to be made.
    "payment.capture_requested" CaptureRequested { /** For which hand-off. */ hand_off: HandOffId, /** Minor units. */ amount_minor: i64, /** When. */ at: DateTime<Utc> }
    /// The capture is proved.
    "payment.captured" Captured { /** Minor units. */ amount_minor: i64, /** The provider's reference. */ reference: String, /** When. */ at: DateTime<Utc> }
    /// A capture was sent and nobody knows yet what came of it.
    "payment.capture_unknown" CaptureUnknown { /** Why. */ why: String, /** When. */ at: DateTime<Utc> }
    /// The capture was declined for good.
    "payment.capture_failed" CaptureFailed { /** The provider's code. */ code: String, /** When. */ at: DateTime<Utc> }
    /// The authorisation is to be given back.
    "payment.release_requested" ReleaseRequested { /** Why. */ reason: String, /** When. */ at: DateTime<Utc>,
        /** Of which payment; absent: the one at that time. */
        #[serde(default, skip_serializing_if = "Option::is_none")] payment: Option<PaymentId> }
    /// The authorisation was given back.
    "payment.released" PaymentReleased { /** When. */ at: DateTime<Utc>,
        /** Of which payment; absent: the one at that time. */
        #[serde(default, skip_serializing_if = "Option::is_none")] payment: Option<PaymentId> }
    /// The authorisation ended by itself.
    "payment.expired" PaymentExpired { /** When. */ at: DateTime<Utc> }
    /// The shop holds a new authorisation for the same amount.
    "payment.renewed" PaymentRenewed { /** Its end. */ until: Option<DateTime<Utc>> }
    /// The provider holds the money.
    "payment.authorised" Authorised { /** The provider's reference. */ reference: String, /** The hold ends then. */ until: Option<DateTime<Utc>>, /** When. */ at: DateTime<Utc> }
    /// The customer has to do something before the money is held.
    "payment.action_required" ActionRequired { /** Of which payment. */ #[serde(default)] payment: Option<PaymentId>, /** The provider's reference. */ reference: String, /** Where. */ url: Option<String>, /** When. */ at: DateTime<Utc> }
    /// The provider refused to hold the money.
    "payment.declined" Declined { /** The provider's code. */ code: String, /** When. */ at: DateTime<Utc> }
    /// Another payment takes the place of the present one.
    "payment.replaced" Replaced { /** The new payment. */ payment: PaymentId, /** The one before. */ before: PaymentId, /** The provider's name. */ provider: String,
        /** Minor units wanted. */ amount_minor: i64, /** When. */ at: DateTime<Utc> }
    /// The hold ends within a day.
    "payment.ending" PaymentEnding { /** Its end. */ until: DateTime<Utc>, /** When. */ at: DateTime<Utc> }
    /// The hold ends within hours: it is to be renewed.
    "payment.renewal_due" RenewalDue { /** Its end. */ until: DateTime<Utc>, /** When. */ at: DateTime<Utc> }
    /// A new hold was asked for while the present one stands.
    "payment.renewal_started" RenewalStarted { /** The new payment. */ payment: PaymentId, /** The provider's name. */ provider: String, /** Minor units wanted. */ amount_minor: i64, /** When. */ at: DateTime<Utc> }
    /// The new hold came about and takes the place of the one before, which is given back.
    "payment.renewal_held" RenewalHeld { /** The new payment. */ payment: PaymentId, /** The one before. */ before: PaymentId, /** The provider's reference. */ reference: String,
        /** The hold ends then. */ until: Option<DateTime<Utc>>, /** When. */ at: DateTime<Utc> }
    /// No new hold: the customer or the shop has to do something, or the present one ends.
    "payment.renewal_failed" RenewalFailed { /** Why. */ code: String, /** When. */ at: DateTime<Utc> }
    /// A hold came when it was not wanted any more; it is given back.
    "payment.hold_unused" HoldUnused { /** The new payment. */ payment: PaymentId, /** The provider's reference. */ reference: String, /** When. */ at: DateTime<Utc> }
    /// Nobody knows whether a hold for money that is owed came about: it is undone, and the money is owed as before.
    "payment.hold_given_up" HoldGivenUp { /** Of which payment. */ payment: PaymentId, /** When. */ at: DateTime<Utc> }
    /// Handed over without a hold to take the money from: it is owed.
    "payment.owed" PaymentOwed { /** For which hand-off. */ hand_off: HandOffId, /** Minor units. */ amount_minor: i64, /** Why. */ code: String, /** When. */ at: DateTime<Utc> }
    /// Captured money is to be given back.
    "payment.refund_requested" RefundRequested { /** Which. */ refund: RefundId, /** Minor units. */ amount_minor: i64, /** Why. */ reason: String, /** Who asked. */ by: Actor, /** When. */ at: DateTime<Utc> }
    /// A refund reached the customer.
    "payment.refunded" Refunded { /** Which. */ refund: RefundId, /** Minor units. */ amount_minor: i64, /** The provider's reference. */ reference: String, /** When. */ at: DateTime<Utc> }
    /// A refund will not come.
    "payment.refund_failed" RefundFailed { /** Which. */ refund: RefundId, /** The provider's code. */ code: String, /** When. */ at: DateTime<Utc> }
    /// Money that was owed is given up.
    "payment.written_off" WrittenOff { /** Why. */ reason: String, /** Who decided. */ by: Actor, /** When. */ at: DateTime<Utc> }
}
