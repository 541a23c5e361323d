//! What needs a person. An order that cannot move by itself is here; none is silently stuck.
//!
//! Like the alarm clock this follows from the state: no row is written when a matter arises and none deleted when it
//! is gone. Each matter says since when it needs somebody, when harm is done, and what mends it.

use super::command::CommandKind;
use super::proof::HandOffStatus;
use super::state::{Delivery, FlagKind, Gate, Stage, StageKind};
use crate::payment::PaymentState;
use crate::policy::{Policy, SilenceRule};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// A delivery without a courier for this long needs a dispatcher.
pub const UNASSIGNED_ALARM_S: i64 = 90;
/// A courier at a door for this long needs help.
pub const AT_DOOR_ALARM_S: i64 = 300;
/// A return should be back within this.
pub const RETURN_LIMIT_S: i64 = 4 * 3600;
/// An unknown capture older than this is shown.
pub const UNKNOWN_CAPTURE_ALARM_S: i64 = 900;
/// An authorisation that ends within this is shown.
pub const AUTHORISATION_WARNING_S: i64 = 24 * 3600;
/// An order later than its promise by this is shown whatever else is known of it.
const LATE_TOLERANCE_S: i64 = 120;

/// The kinds of matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The address is not placed.
    NeedsAddress,
    /// No courier has taken it.
    NobodyTookIt,
    /// The plan breaks the promise, or the promise is broken.
    WillMissWindow,
    /// The ladder is used up and the rule is to hold.
    NoAnswer,
    /// The courier is at the door and nobody opens.
    NobodyOpens,
    /// The customer wrote words.
    CustomerWrote,
    /// The number is somebody else's.
    WrongNumber,
    /// Another place was asked for.
    OtherPlace,
    /// Five wrong codes.
    CodeLocked,
    /// A hand-off without a code waits for the shop.
    HandOffWithoutCode,
    /// Somebody objected to a hand-off.
    HandOffDisputed,
    /// The customer's money is not held: declined, given up, or it waits for the customer.
    PaymentWanted,
    /// Handed over without money to take: it is owed.
    PaymentOwed,
    /// The capture was declined for good.
    CaptureFailed,
    /// The capture's outcome is not known.
    CaptureUnknown,
    /// Money that was to be given back did not reach the customer.
    RefundFailed,
    /// The authorisation ends soon, or has ended.
    AuthorisationEnding,
    /// A return is not back.
    ReturnNotBack,
    /// Handed over before the cancellation was known.
    DeliveredBeforeCancellation,
    /// No channel could send.
    NoticeFailed,
    /// The courier's clock was off.
    ClockOff,
    /// The courier was far from the address when they said to be at the door.
    ArrivedFarAway,
}

/// One matter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matter {
    /// What.
    pub kind: Kind,
    /// Needs somebody since.
    pub since: DateTime<Utc>,
    /// Harm is done at.
    pub harm_at: DateTime<Utc>,
    /// Commands that mend it, the suggested one first.
    pub fixes: Vec<&'static str>,
    /// In words.
    pub detail: String,
}

/// Every matter of a delivery, those of the future included (their `since` says from when).
pub fn matters(delivery: &Delivery, policy: &Policy) -> Vec<Matter> {
    let mut found = Vec::new();
    stage_matters(delivery, &mut found);
    gate_matters(delivery, policy, &mut found);
    money_matters(delivery, &mut found);
    found
        .extend(delivery.flags.iter().map(|flag| flag_matter(delivery, flag.kind, flag.since, &flag.detail)));
    if delivery.code.locked() && !delivery.stage.kind().is_final() {
        found.push(matter(
            delivery,
            Kind::CodeLocked,
            delivery.promised_by - Duration::hours(24),
            &[CommandKind::RotateCode],
        ));
    }
    found
}

/// `(from when the queue shows it, when the first harm is done)`, for the index of the exception queue.
pub fn attention(delivery: &Delivery, policy: &Policy) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let all = matters(delivery, policy);
    let since = all.iter().map(|matter| matter.since).min()?;
    let harm = all.iter().map(|matter| matter.harm_at).min()?;
    Some((since, harm))
}

fn matter(delivery: &Delivery, kind: Kind, since: DateTime<Utc>, fixes: &[CommandKind]) -> Matter {
    Matter {
        kind,
        since,
        harm_at: delivery.promised_by,
        fixes: fixes.iter().map(|fix| fix.name()).collect(),
        detail: String::new(),
    }
}

fn stage_matters(delivery: &Delivery, found: &mut Vec<Matter>) {
    use CommandKind as C;
    match &delivery.stage {
        Stage::NeedsAddress { .. } => {
            let mut lost =
                matter(delivery, Kind::NeedsAddress, delivery.accepted_at, &[C::Locate, C::Cancel]);
            lost.detail = delivery.address_told.clone().unwrap_or_default();
            found.push(lost);
        }
        Stage::Received { since } => {
            let waiting = match delivery.gate {
                Gate::Held { until, .. } => until.max(*since),
                _ => *since,
            };
            let since = waiting + Duration::seconds(UNASSIGNED_ALARM_S);
            found.push(matter(delivery, Kind::NobodyTookIt, since, &[C::Assign, C::Cancel]));
        }
        Stage::AtDoor { since, .. } => {
            let from = *since + Duration::seconds(AT_DOOR_ALARM_S);
            found.push(matter(delivery, Kind::NobodyOpens, from, &[C::Answer, C::StartReturn]));
        }
        Stage::Returning { since, .. } => {
            let limit = *since + Duration::seconds(RETURN_LIMIT_S);
            let mut back = matter(
                delivery,
                Kind::ReturnNotBack,
                limit - Duration::hours(1),
                &[C::ReceiveReturn, C::Transfer],
            );
            back.harm_at = limit;
            found.push(back);
        }
        Stage::HandedOver { hand_off, .. } => hand_off_matters(delivery, hand_off, found),
        _ => {}
    }
    lateness(delivery, found);
}

fn lateness(delivery: &Delivery, found: &mut Vec<Matter>) {
    use CommandKind as C;
    let stage = delivery.stage.kind();
    if stage.is_final()
        || matches!(stage, StageKind::NeedsAddress | StageKind::Received | StageKind::Returning)
    {
        return;
    }
    let tolerated = delivery.promised_by + Duration::seconds(LATE_TOLERANCE_S);
    let planned_late = delivery.planned.is_some_and(|planned| planned.arrive_at > tolerated);
    let since = if planned_late { delivery.accepted_at } else { tolerated };
    found.push(matter(delivery, Kind::WillMissWindow, since, &[C::Unassign, C::Assign, C::Transfer]));
}

fn hand_off_matters(delivery: &Delivery, hand_off: &super::proof::HandOff, found: &mut Vec<Matter>) {
    use CommandKind as C;
    match &hand_off.status {
        HandOffStatus::Claimed { until } => {
            let mut open = matter(
                delivery,
                Kind::HandOffWithoutCode,
                hand_off.at,
                &[C::ConfirmHandOff, C::DisputeHandOff],
            );
            open.harm_at = *until;
            found.push(open);
        }
        HandOffStatus::Rejected { reason, .. } => {
            let mut open =
                matter(delivery, Kind::HandOffDisputed, hand_off.at, &[C::ConfirmHandOff, C::Reopen]);
            open.detail.clone_from(reason);
            found.push(open);
        }
        HandOffStatus::Confirmed { .. } => {}
    }
}

fn gate_matters(delivery: &Delivery, policy: &Policy, found: &mut Vec<Matter>) {
    use CommandKind as C;
    if let Gate::Silent { since } = delivery.gate
        && delivery.is_askable()
    {
        // A rule that lets somebody go, or sends the parcel back, moves it by itself.
        let by_itself = match policy.silence {
            SilenceRule::TryDoor | SilenceRule::Last => true,
            SilenceRule::Return => delivery.stage.kind() == StageKind::Collected,
            SilenceRule::Hold => false,
        };
        if !by_itself {
            found.push(matter(delivery, Kind::NoAnswer, since, &[C::AskAgain, C::Override, C::StartReturn]));
        }
    }
}

fn money_matters(delivery: &Delivery, found: &mut Vec<Matter>) {
    use CommandKind as C;
    let open = !delivery.stage.kind().is_final();
    match &delivery.payment.state {
        PaymentState::CaptureFailed { since, code, .. } => {
            let mut owed =
                matter(delivery, Kind::CaptureFailed, *since, &[C::RetryCapture, C::Authorise, C::WriteOff]);
            owed.harm_at = *since;
            owed.detail.clone_from(code);
            found.push(owed);
        }
        PaymentState::CaptureUnknown { since, .. } => {
            let from = *since + Duration::seconds(UNKNOWN_CAPTURE_ALARM_S);
            let mut unknown = matter(delivery, Kind::CaptureUnknown, from, &[]);
            unknown.harm_at = from;
            found.push(unknown);
        }
        PaymentState::Recovering { since, code, .. } => {
            let mut owed = matter(delivery, Kind::PaymentOwed, *since, &[C::Authorise, C::WriteOff]);
            owed.harm_at = *since;
            owed.detail.clone_from(code);
            found.push(owed);
        }
        PaymentState::Declined { at, code } if open => {
            let mut wanted = matter(delivery, Kind::PaymentWanted, *at, &[C::Authorise, C::Cancel]);
            wanted.detail.clone_from(code);
            found.push(wanted);
        }
        PaymentState::Released { at } if open => {
            let mut wanted = matter(delivery, Kind::PaymentWanted, *at, &[C::Authorise, C::Cancel]);
            "nobody knew whether the money was held".clone_into(&mut wanted.detail);
            found.push(wanted);
        }
        PaymentState::ActionRequired { since, owed, .. } if open || owed.is_some() => {
            let from = *since + Duration::seconds(UNKNOWN_CAPTURE_ALARM_S);
            let mut wanted = matter(delivery, Kind::PaymentWanted, from, &[C::Cancel]);
            "the customer has to agree to the payment".clone_into(&mut wanted.detail);
            found.push(wanted);
        }
        PaymentState::Authorised { until: Some(until) } if open => {
            let from = *until - Duration::seconds(AUTHORISATION_WARNING_S);
            let mut ending = matter(
                delivery,
                Kind::AuthorisationEnding,
                from,
                &[C::RenewAuthorisation, C::Authorise, C::Cancel],
            );
            ending.harm_at = *until;
            found.push(ending);
        }
        PaymentState::Expired { at } if open => {
            let mut ended = matter(
                delivery,
                Kind::AuthorisationEnding,
                *at,
                &[C::RenewAuthorisation, C::Authorise, C::Cancel],
            );
            ended.harm_at = *at;
            found.push(ended);
        }
        _ => {}
    }
}

fn flag_matter(delivery: &Delivery, kind: FlagKind, since: DateTime<Utc>, detail: &str) -> Matter {
    use CommandKind as C;
    let (kind, fixes): (Kind, &[C]) = match kind {
        FlagKind::CustomerWrote => (Kind::CustomerWrote, &[C::Answer, C::Override, C::Resolve]),
        FlagKind::WrongNumber => (Kind::WrongNumber, &[C::Override, C::Cancel, C::Resolve]),
        FlagKind::OtherPlace => (Kind::OtherPlace, &[C::Locate, C::Resolve]),
        FlagKind::DeliveredBeforeCancellation => (Kind::DeliveredBeforeCancellation, &[C::Resolve]),
        FlagKind::NoticeFailed => (Kind::NoticeFailed, &[C::AskAgain, C::Override, C::Resolve]),
        FlagKind::ClockOff => (Kind::ClockOff, &[C::Resolve]),
        FlagKind::RefundFailed => (Kind::RefundFailed, &[C::RequestRefund, C::Resolve]),
        FlagKind::ArrivedFarAway => (Kind::ArrivedFarAway, &[C::Resolve]),
    };
    Matter { detail: detail.to_owned(), ..matter(delivery, kind, since, fixes) }
}
