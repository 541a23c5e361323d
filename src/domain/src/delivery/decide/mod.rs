//! What the rows do. One function each; a row's guards hold before it is called.

pub mod authorise;
pub mod gate;
pub mod hand_off;
pub mod payment;
pub mod refund;

use super::apply::Context;
use super::command::{Amendment, Command};
use super::event::Event;
use super::guard::clearance;
use super::refusal::Refusal;
use super::state::{Delivery, FailReason, FlagKind, Gate, Holder, ReturnReason, Stage, StageKind};
use crate::actor::Actor;
use chrono::Duration;

/// What every row's function answers.
pub type Decided = Result<Vec<Event>, Refusal>;

/// The table and the command do not fit: answered as an illegal transition, never as a panic.
pub(crate) fn mismatch(delivery: &Delivery, command: &Command) -> Refusal {
    Refusal::NotAllowedHere {
        command: command.kind(),
        stage: delivery.stage.kind(),
        gate: delivery.gate.kind(),
        payment: delivery.payment.kind(),
    }
}

pub(crate) fn text(field: &'static str, value: &str, most: usize) -> Result<(), Refusal> {
    let long = value.trim().chars().count();
    if (1..=most).contains(&long) { Ok(()) } else { Err(Refusal::BadText { field, most }) }
}

/// Most characters of a reason or a note.
pub const MOST_WORDS: usize = 500;
/// Most characters of an address.
const MOST_ADDRESS: usize = 300;

pub(super) fn locate(_: &Delivery, command: &Command, _: &Context<'_>) -> Decided {
    let Command::Locate { place, region } = command else { return Ok(vec![]) };
    Ok(vec![Event::Located { place: *place, region: *region }])
}

pub(super) fn correct_address(delivery: &Delivery, command: &Command, _: &Context<'_>) -> Decided {
    let Command::CorrectAddress { text: told } = command else { return Err(mismatch(delivery, command)) };
    text("text", told, MOST_ADDRESS)?;
    if delivery.address_told.as_ref() == Some(told) {
        return Ok(vec![]);
    }
    Ok(vec![Event::AddressCorrected { text: told.clone() }])
}

pub(super) fn amend(delivery: &Delivery, command: &Command, _: &Context<'_>) -> Decided {
    let Command::Amend { amendment } = command else { return Err(mismatch(delivery, command)) };
    if *amendment == Amendment::default() {
        return Err(Refusal::NothingToChange);
    }
    let carried =
        matches!(delivery.stage.kind(), StageKind::Collected | StageKind::EnRoute | StageKind::AtDoor);
    if carried && amendment.ready_at.is_some() {
        return Err(Refusal::AmendTooLate { field: "ready_at" });
    }
    if carried && amendment.window.is_some() {
        return Err(Refusal::AmendTooLate { field: "window" });
    }
    if amendment.amount_minor.is_some_and(|amount| amount <= 0 || amount > delivery.payment.amount_minor) {
        return Err(Refusal::AmountRaised);
    }
    if let Some(amount) = amendment.amount_minor.filter(|_| delivery.partial.is_some()) {
        // Some parcels are with the customer: what is left for them must not vanish.
        let mut lowered = delivery.clone();
        lowered.payment.amount_minor = amount;
        if lowered.taken_minor(|parcel| parcel.holder == Holder::Customer).is_none() {
            return Err(Refusal::AmountRaised);
        }
    }
    Ok(vec![Event::Amended {
        ready_at: amendment.ready_at,
        window: amendment.window,
        promised_by: amendment.window.map(|window| window.until),
        amount_minor: amendment.amount_minor,
        note: amendment.note.clone(),
    }])
}

pub(super) fn offer(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Offer { courier } = command else { return Err(mismatch(delivery, command)) };
    Ok(vec![Event::Offered {
        courier: *courier,
        until: context.now + Duration::seconds(context.policy.offer_s),
    }])
}

pub(super) fn accept(delivery: &Delivery, command: &Command, _: &Context<'_>) -> Decided {
    let courier = delivery.stage.courier().ok_or_else(|| mismatch(delivery, command))?;
    Ok(vec![Event::Assigned { courier }])
}

pub(super) fn decline(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let (Command::Decline { reason }, Some(courier)) = (command, delivery.stage.courier()) else {
        return Err(mismatch(delivery, command));
    };
    Ok(vec![Event::OfferDeclined { courier, reason: reason.clone(), at: context.now }])
}

pub(super) fn assign(delivery: &Delivery, command: &Command, _: &Context<'_>) -> Decided {
    let Command::Assign { courier } = command else { return Err(mismatch(delivery, command)) };
    Ok(vec![Event::Assigned { courier: *courier }])
}

pub(super) fn unassign(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let (Command::Unassign { reason }, Some(courier)) = (command, delivery.stage.courier()) else {
        return Err(mismatch(delivery, command));
    };
    text("reason", reason, MOST_WORDS)?;
    Ok(vec![Event::Unassigned { courier, reason: reason.clone(), at: context.now }])
}

pub(super) fn plan(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Plan { arrive_at, leg_s, resequenced } = command else {
        return Err(mismatch(delivery, command));
    };
    if delivery.planned.is_some_and(|planned| !planned.moves_to(*arrive_at, *leg_s, *resequenced)) {
        return Ok(vec![]);
    }
    let mut events = vec![Event::Planned { arrive_at: *arrive_at, leg_s: *leg_s }];
    let moved = |told: chrono::DateTime<chrono::Utc>| {
        (*arrive_at - told).num_seconds().abs() > context.policy.eta_move_s
    };
    let told = delivery.quoted.filter(|told| moved(*told));
    if let (Gate::Cleared { .. } | Gate::Asked { .. }, Some(told)) = (&delivery.gate, told) {
        events.push(Event::ArrivalMoved { from: told, to: *arrive_at });
        let stale = matches!(delivery.gate, Gate::Cleared { valid_until, .. } if *arrive_at > valid_until);
        if stale && delivery.stage.kind() != StageKind::EnRoute {
            events.push(Event::WentStale { at: context.now, reason: "arrival_moved".to_owned() });
        }
    }
    Ok(events)
}

pub(super) fn collect(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let courier = delivery.stage.courier().ok_or_else(|| mismatch(delivery, command))?;
    let mut events = vec![Event::PickedUp { courier, at: context.occurred_at }];
    if matches!(delivery.gate, Gate::Refused { .. }) {
        events.push(returning(ReturnReason::Refused, context, ""));
    }
    Ok(events)
}

pub(super) fn collect_unaware(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    match (&delivery.stage, context.actor) {
        (Stage::Cancelled { .. }, Actor::Courier(courier)) => {
            Ok(vec![Event::PickedUpLate { courier, at: context.occurred_at }])
        }
        _ => Err(mismatch(delivery, command)),
    }
}

pub(super) fn set_off(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::SetOff { last_in_run } = command else { return Err(mismatch(delivery, command)) };
    let clearance = clearance(delivery, *last_in_run, context)?;
    Ok(vec![Event::Released { clearance, at: context.occurred_at }])
}

pub(super) fn turn_back(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::TurnBack { reason } = command else { return Err(mismatch(delivery, command)) };
    let mut events = vec![Event::TurnedBack { reason: reason.clone(), at: context.occurred_at }];
    heard_meanwhile(delivery, &mut events, context);
    Ok(events)
}

/// A courier who says to be at the door is believed; how far from it the phone was is kept, and far away a person is
/// told.
pub(super) fn arrive(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Arrive { point, reason } = command else { return Err(mismatch(delivery, command)) };
    let distance_m =
        point.zip(delivery.place).map(|(point, place)| crate::geo::whole_metres(point.distance_m(place)));
    let mut events = vec![Event::Arrived { at: context.occurred_at, distance_m }];
    let known = delivery.flags.iter().any(|flag| flag.kind == FlagKind::ArrivedFarAway);
    if let Some(far_m) = distance_m.filter(|metres| *metres > context.policy.arrive_within_m && !known) {
        let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let detail = format!("{far_m} m from the address{said}");
        events.push(Event::Flagged { kind: FlagKind::ArrivedFarAway, detail, at: context.now });
    }
    Ok(events)
}

pub(super) fn fail(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let (Command::FailAttempt { reason }, Stage::AtDoor { since, .. }) = (command, &delivery.stage) else {
        return Err(mismatch(delivery, command));
    };
    let open = *since + Duration::seconds(context.policy.waiting_s);
    if !reason.skips_waiting() && context.occurred_at < open {
        return Err(Refusal::WaitLonger { until: open });
    }
    let attempt = delivery.attempts + 1;
    let mut events = vec![Event::AttemptFailed { attempt, reason: *reason, at: context.occurred_at }];
    if *reason == FailReason::Refused {
        events.push(returning(ReturnReason::Refused, context, ""));
    } else if attempt >= context.policy.max_attempts {
        events.push(returning(ReturnReason::AttemptsUsed, context, ""));
    } else {
        heard_meanwhile(delivery, &mut events, context);
    }
    Ok(events)
}

/// Away from the door, what the customer said on the way counts.
fn heard_meanwhile(delivery: &Delivery, events: &mut Vec<Event>, context: &Context<'_>) {
    let mut after = delivery.clone();
    events.iter().for_each(|event| after.evolve(event));
    events.extend(gate::said_meanwhile(&after, context));
}

pub(super) fn undo_fail(_: &Delivery, _: &Command, context: &Context<'_>) -> Decided {
    Ok(vec![Event::FailureUndone { at: context.occurred_at }])
}

pub(crate) fn returning(reason: ReturnReason, context: &Context<'_>, note: &str) -> Event {
    Event::ReturnStarted { reason, at: context.now, note: note.to_owned() }
}

pub(super) fn start_return(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::StartReturn { reason, note } = command else { return Err(mismatch(delivery, command)) };
    Ok(vec![returning(*reason, context, note)])
}

pub(super) fn receive_return(delivery: &Delivery, _: &Command, context: &Context<'_>) -> Decided {
    let mut events = vec![Event::ReturnCompleted { at: context.now }];
    events.extend(payment::settle_without_hand_off(delivery, "returned", context));
    Ok(events)
}

pub(super) fn transfer(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let (Command::Transfer { to }, Some(from)) = (command, delivery.stage.courier()) else {
        return Err(mismatch(delivery, command));
    };
    if from == *to {
        return Err(Refusal::SameCourier);
    }
    Ok(vec![Event::Transferred { from, to: *to, at: context.now }])
}

pub(super) fn cancel(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Cancel { reason } = command else { return Err(mismatch(delivery, command)) };
    text("reason", reason, MOST_WORDS)?;
    Ok(cancelled(delivery, reason, context))
}

pub(crate) fn cancelled(delivery: &Delivery, reason: &str, context: &Context<'_>) -> Vec<Event> {
    let mut events = vec![Event::Cancelled { by: context.actor, reason: reason.to_owned(), at: context.now }];
    events.extend(payment::settle_without_hand_off(delivery, "cancelled", context));
    events
}

pub(super) fn cancel_carried(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Cancel { reason } = command else { return Err(mismatch(delivery, command)) };
    text("reason", reason, MOST_WORDS)?;
    Ok(vec![returning(ReturnReason::Cancelled, context, reason)])
}

pub(super) fn mark_lost(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::MarkLost { reason } = command else { return Err(mismatch(delivery, command)) };
    text("reason", reason, MOST_WORDS)?;
    let mut events = vec![Event::Lost { reason: reason.clone(), at: context.now }];
    events.extend(payment::settle_without_hand_off(delivery, "lost", context));
    Ok(events)
}

pub(super) fn flag(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Flag { kind, detail } = command else { return Err(mismatch(delivery, command)) };
    if delivery.flags.iter().any(|flag| flag.kind == *kind) {
        return Ok(vec![]);
    }
    Ok(vec![Event::Flagged { kind: *kind, detail: detail.clone(), at: context.now }])
}

pub(super) fn resolve(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Resolve { kind } = command else { return Err(mismatch(delivery, command)) };
    if !delivery.flags.iter().any(|flag| flag.kind == *kind) {
        return Err(Refusal::NoSuchFlag);
    }
    Ok(vec![Event::Unflagged { kind: *kind, by: context.actor }])
}

/// Numbers of the parcels a courier holds now.
pub(crate) fn held_parcels(delivery: &Delivery) -> Vec<i32> {
    let held = |holder: Holder| matches!(holder, Holder::Courier { .. });
    delivery.parcels.iter().filter(|parcel| held(parcel.holder)).map(|parcel| parcel.number).collect()
}
