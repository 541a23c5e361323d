//! The payment's own rows; what a delivery's row does to the payment stands in that row.

use super::PaymentKind as P;
use crate::actor::Role::{Dispatcher, Shop, System};
use crate::delivery::command::CommandKind;
use crate::delivery::decide::payment as decide;
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

/// Stages in which the money is still wanted; after the other ends nothing would give a new hold back.
const WANTED: &[StageKind] = &[
    StageKind::Received,
    StageKind::NeedsAddress,
    StageKind::Offered,
    StageKind::Assigned,
    StageKind::Collected,
    StageKind::EnRoute,
    StageKind::AtDoor,
    StageKind::HandedOver,
    StageKind::Returning,
];

/// Every row of the payment's machine.
#[rustfmt::skip]
pub const PAYMENT: &[Row] = &[
    row!("captured", RecordCaptured, WAITING => &[P::Captured], &[System], decide::captured, "The provider proved the capture."),
    row!("capture_unknown", RecordCaptureUnknown, WAITING => &[P::CaptureUnknown], &[System], decide::capture_unknown, "A capture was sent; nobody knows yet. Query first, then the same key."),
    row!("capture_failed", RecordCaptureFailed, WAITING => &[P::CaptureFailed], &[System], decide::capture_failed, "Declined for good: money owed, the courier is not blamed."),
    row!("retry_capture", RetryCapture, &[P::CaptureFailed] => &[P::CaptureDue], &[Shop, Dispatcher], decide::retry, "Try again after the cause was mended."),
    row!("released", RecordReleased, &[P::ReleaseDue] => &[P::Released], &[System], decide::released, "The provider gave the hold back."),
    row!("renew_authorisation", RenewAuthorisation, WANTED, &[P::Authorised, P::Expired] => &[P::Authorised], &[Shop, Dispatcher], decide::renew, "A new authorisation for the same amount."),
];
