//! The payment's own rows; what a delivery's row does to the payment stands in that row.

use super::PaymentKind as P;
use crate::actor::Role::{Dispatcher, Shop, System};
use crate::delivery::command::CommandKind;
use crate::delivery::decide::authorise::{self, WANTED};
use crate::delivery::decide::payment as decide;
use crate::delivery::decide::refund;
use crate::delivery::state::StageKind;
use crate::delivery::table::Row;

macro_rules! row {
    ($name:literal, $command:ident, $from:expr => $to:expr, $who:expr, $decide:expr, $meaning:literal) => {
        row!($name, $command, StageKind::ALL, $from => $to, $who, $decide, $meaning)
    };
    ($name:literal, $command:ident, $stages:expr, $from:expr => $to:expr, $who:expr, $decide:expr, $meaning:literal) => {
        Row {
            name: $name,
            command: CommandKind::$command,
            from: $stages,
            to: &[],
            payment: $from,
            payment_to: $to,
            who: $who,
            guards: &[],
            meaning: $meaning,
            decide: $decide,
        }
    };
}

const WAITING: &[P] = &[P::CaptureDue, P::CaptureUnknown];

const KEEP: &[P] = &[];
const NOT_AT_IT: &[P] = &[
    P::Authorised,
    P::CaptureDue,
    P::CaptureUnknown,
    P::Captured,
    P::CaptureFailed,
    P::ReleaseDue,
    P::Released,
    P::Recovering,
    P::Uncollectable,
];
const NOT_AT_IT_OR_DECLINED: &[P] = &[
    P::Declined,
    P::Authorised,
    P::CaptureDue,
    P::CaptureUnknown,
    P::Captured,
    P::CaptureFailed,
    P::ReleaseDue,
    P::Released,
    P::Expired,
    P::Recovering,
    P::Uncollectable,
];
const BUT_AUTHORISING: &[P] = &[
    P::ActionRequired,
    P::Declined,
    P::Authorised,
    P::CaptureDue,
    P::CaptureUnknown,
    P::Captured,
    P::CaptureFailed,
    P::ReleaseDue,
    P::Released,
    P::Expired,
    P::Recovering,
    P::Uncollectable,
];
const BUT_RELEASE_DUE: &[P] = &[
    P::Authorising,
    P::ActionRequired,
    P::Declined,
    P::Authorised,
    P::CaptureDue,
    P::CaptureUnknown,
    P::Captured,
    P::CaptureFailed,
    P::Released,
    P::Expired,
    P::Recovering,
    P::Uncollectable,
];

/// Every row of the payment's machine.
#[rustfmt::skip]
pub const PAYMENT: &[Row] = &[
    row!("authorise", Authorise, WANTED, &[P::Declined, P::Expired, P::Released] => &[P::Authorising, P::Authorised], &[System, Shop, Dispatcher], authorise::instead, "Another hold is asked for instead of one that came to nothing."),
    row!("authorise_beside", Authorise, WANTED, &[P::Authorised] => KEEP, &[System, Shop, Dispatcher], authorise::beside, "A new hold is asked for while the present one stands; they change places when it comes."),
    row!("recover", Authorise, &[P::CaptureFailed, P::Recovering] => &[P::Authorising, P::CaptureDue], &[System, Shop, Dispatcher], authorise::instead, "Money that is owed is asked for: off the same method, another one, cash or an invoice."),
    row!("authorised", RecordAuthorised, &[P::Authorising, P::ActionRequired] => &[P::Authorised, P::CaptureDue], &[System], authorise::authorised, "The provider holds the money; what is owed is captured at once."),
    row!("authorised_late", RecordAuthorised, &[P::Declined, P::Expired] => &[P::Authorised], &[System], authorise::authorised, "The customer mended it with the provider, or the new hold came after the end of the old one."),
    row!("hold_noted", RecordAuthorised, NOT_AT_IT => KEEP, &[System], authorise::authorised, "A hold beside the present payment takes its place, or is given back when nobody wants it any more."),
    row!("action_required", RecordActionRequired, &[P::Authorising] => &[P::ActionRequired], &[System], authorise::action_required, "The customer has to agree to it first."),
    row!("action_noted", RecordActionRequired, BUT_AUTHORISING => KEEP, &[System], authorise::action_required, "A hold beside the present payment does not wait for the customer."),
    row!("declined", RecordDeclined, &[P::Authorising, P::ActionRequired] => &[P::Declined, P::Recovering], &[System], authorise::declined, "The provider refused to hold the money."),
    row!("decline_noted", RecordDeclined, NOT_AT_IT_OR_DECLINED => KEEP, &[System], authorise::declined, "The same of a hold beside the present payment."),
    row!("not_renewed", RecordNotRenewed, &[P::Authorised] => KEEP, &[System], authorise::not_renewed, "No new hold without the customer or the shop."),
    row!("expired", RecordExpired, &[P::Authorised] => &[P::Expired], &[System], authorise::expired, "The provider ended the hold."),
    row!("capture_revoked", RecordCaptureRevoked, &[P::Captured] => &[P::Recovering], &[System], authorise::capture_revoked, "The provider took a capture back: money owed."),
    row!("refund", RequestRefund, &[P::Captured] => KEEP, &[Shop, Dispatcher], refund::request, "Captured money is given back, whole or in part, never more than was captured."),
    row!("refunded", RecordRefunded, P::ALL => KEEP, &[System], refund::refunded, "The refund reached the customer."),
    row!("refund_failed", RecordRefundFailed, P::ALL => KEEP, &[System], refund::failed, "The refund will not come; a person is told."),
    row!("write_off", WriteOff, &[P::CaptureFailed, P::Recovering] => &[P::Uncollectable], &[Shop, Dispatcher], authorise::write_off, "Money owed is given up."),
    row!("captured", RecordCaptured, WAITING => &[P::Captured], &[System], decide::captured, "The provider proved the capture."),
    row!("capture_unknown", RecordCaptureUnknown, WAITING => &[P::CaptureUnknown], &[System], decide::capture_unknown, "A capture was sent; nobody knows yet. Query first, then the same key."),
    row!("capture_failed", RecordCaptureFailed, WAITING => &[P::CaptureFailed], &[System], decide::capture_failed, "Declined for good: money owed, the courier is not blamed."),
    row!("retry_capture", RetryCapture, &[P::CaptureFailed] => &[P::CaptureDue], &[Shop, Dispatcher], decide::retry, "Try again after the cause was mended."),
    row!("released", RecordReleased, &[P::ReleaseDue] => &[P::Released], &[System], decide::released, "The provider gave the hold back."),
    row!("release_noted", RecordReleased, BUT_RELEASE_DUE => KEEP, &[System], decide::released, "The same of a hold beside the present payment."),
    row!("renew_authorisation", RenewAuthorisation, WANTED, &[P::Authorised, P::Expired] => &[P::Authorised], &[Shop, Dispatcher], decide::renew, "A new authorisation for the same amount."),
];
