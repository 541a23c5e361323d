//! Hand-off rows: proof first, then the payment.

use super::payment::capture;
use super::{Decided, MOST_WORDS, held_parcels, mismatch, returning, text};
use crate::call_ahead::answer::Receiver;
use crate::delivery::apply::Context;
use crate::delivery::command::Command;
use crate::delivery::event::Event;
use crate::delivery::guard::code_open;
use crate::delivery::proof::{HandOff, HandOffStatus, Proof};
use crate::delivery::refusal::Refusal;
use crate::delivery::state::{Delivery, FlagKind, ReturnReason, Stage};
use crate::id::HandOffId;
use chrono::Duration;

pub(in crate::delivery) fn at_door(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::HandOver { id, proof, parcels } = command else { return Err(mismatch(delivery, command)) };
    match proof {
        Proof::Code { .. } => by_code(delivery, *id, proof, parcels, context),
        Proof::Signature { signer, .. } => {
            text("signer", signer, 120)?;
            without_code(delivery, *id, proof, parcels, context)
        }
        Proof::Photo { reason, .. } => {
            text("reason", reason, MOST_WORDS)?;
            without_code(delivery, *id, proof, parcels, context)
        }
        Proof::Witness { .. } => Err(Refusal::ProofNotAllowed { method: proof.method() }),
    }
}

pub(in crate::delivery) fn unannounced(
    delivery: &Delivery,
    command: &Command,
    context: &Context<'_>,
) -> Decided {
    let Command::HandOver { id, proof, parcels } = command else { return Err(mismatch(delivery, command)) };
    let Proof::Code { .. } = proof else { return Err(Refusal::ProofNotAllowed { method: proof.method() }) };
    if given(delivery, parcels)?.len() != held_parcels(delivery).len() {
        return Err(mismatch(delivery, command));
    }
    let mut events = by_code(delivery, *id, proof, parcels, context)?;
    offer_refund(delivery, &mut events, context);
    Ok(events)
}

/// A hand-off wins over a cancellation that the courier did not know of; the shop is told.
fn offer_refund(delivery: &Delivery, events: &mut Vec<Event>, context: &Context<'_>) {
    let late = matches!(&delivery.stage, Stage::Returning { reason: ReturnReason::Cancelled, .. });
    let told = events.iter().any(|event| matches!(event, Event::Flagged { .. }));
    if late && !told && matches!(events.first(), Some(Event::HandedOver { .. })) {
        let detail = "handed over before the cancellation reached the courier: offer a refund".to_owned();
        events.push(Event::Flagged { kind: FlagKind::DeliveredBeforeCancellation, detail, at: context.now });
    }
}

pub(in crate::delivery) fn witnessed(
    delivery: &Delivery,
    command: &Command,
    context: &Context<'_>,
) -> Decided {
    let Command::HandOver { id, proof, parcels } = command else { return Err(mismatch(delivery, command)) };
    let Proof::Witness { reason } = proof else {
        return Err(Refusal::ProofNotAllowed { method: proof.method() });
    };
    text("reason", reason, MOST_WORDS)?;
    let mut events = claimed(delivery, *id, proof, parcels, context)?;
    offer_refund(delivery, &mut events, context);
    Ok(events)
}

fn by_code(
    delivery: &Delivery,
    id: HandOffId,
    proof: &Proof,
    parcels: &[i32],
    context: &Context<'_>,
) -> Decided {
    code_open(delivery)?;
    let Proof::Code { matches: true } = proof else {
        return Ok(vec![Event::CodeRefused { tries: delivery.code.tries + 1, at: context.now }]);
    };
    let now = given(delivery, parcels)?;
    let status = HandOffStatus::Confirmed { at: context.now };
    let hand_off = build(delivery, id, proof, now, status, context)?;
    if hand_off.parcels.len() < held_parcels(delivery).len() {
        return Ok(vec![Event::PartlyHandedOver { hand_off }]);
    }
    let mut events = capture(delivery, hand_off.id, hand_off.amount_minor, context);
    events.insert(0, Event::HandedOver { hand_off });
    Ok(events)
}

fn without_code(
    delivery: &Delivery,
    id: HandOffId,
    proof: &Proof,
    parcels: &[i32],
    context: &Context<'_>,
) -> Decided {
    if !context.policy.fallback_proof {
        return Err(Refusal::ProofNotAllowed { method: proof.method() });
    }
    claimed(delivery, id, proof, parcels, context)
}

fn claimed(
    delivery: &Delivery,
    id: HandOffId,
    proof: &Proof,
    parcels: &[i32],
    context: &Context<'_>,
) -> Decided {
    let now = given(delivery, parcels)?;
    if now.len() < held_parcels(delivery).len() {
        return Err(Refusal::ProofNotAllowed { method: proof.method() });
    }
    let until = context.now + Duration::seconds(context.policy.fallback_hold_s);
    let hand_off = build(delivery, id, proof, now, HandOffStatus::Claimed { until }, context)?;
    Ok(vec![Event::HandedOver { hand_off }])
}

fn build(
    delivery: &Delivery,
    id: HandOffId,
    proof: &Proof,
    parcels: Vec<i32>,
    status: HandOffStatus,
    context: &Context<'_>,
) -> Result<HandOff, Refusal> {
    let before = delivery.partial.as_ref().map_or(&[][..], |partial| partial.parcels.as_slice());
    let taken = |number: i32| before.contains(&number) || parcels.contains(&number);
    let amount = delivery.taken_minor(|parcel| taken(parcel.number)).ok_or(Refusal::ParcelValuesUnknown)?;
    let receiver = match proof {
        Proof::Signature { signer, .. } => Some(signer.clone()),
        _ => delivery.receiver.as_ref().map(|Receiver { name, .. }| name.clone()),
    };
    Ok(HandOff {
        id: delivery.partial.as_ref().map_or(id, |partial| partial.id),
        method: proof.method(),
        receiver,
        parcels,
        at: context.occurred_at,
        amount_minor: amount,
        status,
    })
}

fn given(delivery: &Delivery, wanted: &[i32]) -> Result<Vec<i32>, Refusal> {
    let held = held_parcels(delivery);
    if wanted.is_empty() {
        return Ok(held);
    }
    match wanted.iter().find(|number| !held.contains(number)) {
        Some(number) => Err(Refusal::NoSuchParcel { number: *number }),
        None => Ok(held.into_iter().filter(|number| wanted.contains(number)).collect()),
    }
}

pub(in crate::delivery) fn confirm(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Stage::HandedOver { hand_off, .. } = &delivery.stage else { return Err(mismatch(delivery, command)) };
    let mut events = vec![Event::HandOffConfirmed { by: context.actor, at: context.now }];
    events.extend(capture(delivery, hand_off.id, hand_off.amount_minor, context));
    Ok(events)
}

pub(in crate::delivery) fn dispute(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::DisputeHandOff { reason } = command else { return Err(mismatch(delivery, command)) };
    text("reason", reason, MOST_WORDS)?;
    Ok(vec![Event::HandOffDisputed { by: context.actor, reason: reason.clone() }])
}

/// Back at the door; a delivery that was cancelled before goes on to the shop.
pub(in crate::delivery) fn reopen(delivery: &Delivery, _: &Command, context: &Context<'_>) -> Decided {
    let mut events = vec![Event::Reopened { at: context.now }];
    let cancelled = delivery.flags.iter().any(|flag| flag.kind == FlagKind::DeliveredBeforeCancellation);
    if cancelled {
        events.push(returning(ReturnReason::Cancelled, context, ""));
    }
    Ok(events)
}

pub(in crate::delivery) fn rotate(delivery: &Delivery, _: &Command, context: &Context<'_>) -> Decided {
    Ok(vec![Event::CodeRotated { rotation: delivery.code.rotation + 1, by: context.actor }])
}
