//! Hand-off rows: proof first, then the payment.

use super::payment::capture;
use super::{Decided, MOST_WORDS, held_parcels, mismatch, returning, text};
use crate::call_ahead::answer::Receiver;
use crate::delivery::apply::Context;
use crate::delivery::command::Command;
use crate::delivery::event::Event;
use crate::delivery::guard::code_open;
use crate::delivery::proof::{HandOff, HandOffStatus, Proof, ProofMethod};
use crate::delivery::refusal::Refusal;
use crate::delivery::state::{Delivery, FlagKind, ReturnReason, Stage};
use crate::id::HandOffId;
use chrono::Duration;

pub(in crate::delivery) fn at_door(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let given = Given::of(delivery, command)?;
    match given.proof {
        Proof::Ho1 { .. } | Proof::Hs1 {} | Proof::Code { .. } => by_code(delivery, &given, context),
        Proof::Signature { signer, .. } => {
            text("signer", signer, 120)?;
            without_code(delivery, &given, context)
        }
        Proof::Photo { reason, .. } => {
            text("reason", reason, MOST_WORDS)?;
            without_code(delivery, &given, context)
        }
        Proof::Witness { .. } => Err(Refusal::ProofNotAllowed { method: given.proof.method() }),
    }
}

/// What a hand-off is made of, as it was asked for.
struct Given<'a> {
    id: HandOffId,
    proof: &'a Proof,
    plus: &'a [Proof],
    parcels: &'a [i32],
}

impl<'a> Given<'a> {
    fn of(delivery: &Delivery, command: &'a Command) -> Result<Self, Refusal> {
        match command {
            Command::HandOver { id, proof, plus, parcels } => Ok(Self { id: *id, proof, plus, parcels }),
            _ => Err(mismatch(delivery, command)),
        }
    }

    fn brings(&self, method: ProofMethod) -> bool {
        self.proof.method() == method || self.plus.iter().any(|proof| proof.method() == method)
    }
}

pub(in crate::delivery) fn unannounced(
    delivery: &Delivery,
    command: &Command,
    context: &Context<'_>,
) -> Decided {
    let given = Given::of(delivery, command)?;
    let method = given.proof.method();
    if !method.is_customers() {
        return Err(Refusal::ProofNotAllowed { method });
    }
    if numbers(delivery, given.parcels)?.len() != held_parcels(delivery).len() {
        return Err(mismatch(delivery, command));
    }
    let mut events = by_code(delivery, &given, context)?;
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
    let given = Given::of(delivery, command)?;
    let Proof::Witness { reason } = given.proof else {
        return Err(Refusal::ProofNotAllowed { method: given.proof.method() });
    };
    text("reason", reason, MOST_WORDS)?;
    let mut events = claimed(delivery, &given, context)?;
    offer_refund(delivery, &mut events, context);
    Ok(events)
}

/// What only the customer can give. It confirms by itself where the rule of this delivery takes it; where it is right
/// and not enough it is a claim like any other.
fn by_code(delivery: &Delivery, given: &Given<'_>, context: &Context<'_>) -> Decided {
    code_open(delivery)?;
    match given.proof {
        Proof::Code { matches: false } => {
            return Ok(vec![Event::CodeRefused { tries: delivery.code.tries + 1, at: context.now }]);
        }
        Proof::Ho1 { shown_at } if delivery.code.used.is_some_and(|used| *shown_at <= used) => {
            return Err(Refusal::CodeReplayed);
        }
        _ => {}
    }
    if let Err(refusal) = enough(delivery, given, context) {
        return if context.policy.fallback_proof { claimed(delivery, given, context) } else { Err(refusal) };
    }
    let now = numbers(delivery, given.parcels)?;
    let status = HandOffStatus::Confirmed { at: context.now };
    let hand_off = build(delivery, given, now, status, context)?;
    if hand_off.parcels.len() < held_parcels(delivery).len() {
        return Ok(vec![Event::PartlyHandedOver { hand_off }]);
    }
    let mut events = capture(delivery, hand_off.id, hand_off.amount_minor, context);
    events.insert(0, Event::HandedOver { hand_off });
    Ok(events)
}

/// Whether the rule of this delivery takes the proof, with all that must come with it.
fn enough(delivery: &Delivery, given: &Given<'_>, context: &Context<'_>) -> Result<(), Refusal> {
    let rule = context.policy.proof_rule(delivery.payment.amount_minor);
    let method = given.proof.method();
    if !rule.any_of.contains(&method) {
        return Err(Refusal::ProofNotAllowed { method });
    }
    match rule.plus.iter().find(|method| !given.brings(**method)) {
        Some(missing) => Err(Refusal::ProofIncomplete { missing: *missing }),
        None => Ok(()),
    }
}

fn without_code(delivery: &Delivery, given: &Given<'_>, context: &Context<'_>) -> Decided {
    if !context.policy.fallback_proof {
        return Err(Refusal::ProofNotAllowed { method: given.proof.method() });
    }
    claimed(delivery, given, context)
}

fn claimed(delivery: &Delivery, given: &Given<'_>, context: &Context<'_>) -> Decided {
    let now = numbers(delivery, given.parcels)?;
    if now.len() < held_parcels(delivery).len() {
        return Err(Refusal::ProofNotAllowed { method: given.proof.method() });
    }
    let until = context.now + Duration::seconds(context.policy.fallback_hold_s);
    let hand_off = build(delivery, given, now, HandOffStatus::Claimed { until }, context)?;
    Ok(vec![Event::HandedOver { hand_off }])
}

fn build(
    delivery: &Delivery,
    given: &Given<'_>,
    parcels: Vec<i32>,
    status: HandOffStatus,
    context: &Context<'_>,
) -> Result<HandOff, Refusal> {
    let before = delivery.partial.as_ref().map_or(&[][..], |partial| partial.parcels.as_slice());
    let taken = |number: i32| before.contains(&number) || parcels.contains(&number);
    let amount = delivery.taken_minor(|parcel| taken(parcel.number)).ok_or(Refusal::ParcelValuesUnknown)?;
    let signed = given.plus.iter().chain([given.proof]).find_map(|proof| match proof {
        Proof::Signature { signer, .. } => Some(signer.clone()),
        _ => None,
    });
    let named = || delivery.receiver.as_ref().map(|Receiver { name, .. }| name.clone());
    Ok(HandOff {
        id: delivery.partial.as_ref().map_or(given.id, |partial| partial.id),
        method: given.proof.method(),
        plus: given.plus.iter().map(Proof::method).collect(),
        shown_at: match given.proof {
            Proof::Ho1 { shown_at } => Some(*shown_at),
            _ => None,
        },
        receiver: signed.or_else(named),
        parcels,
        at: context.occurred_at,
        amount_minor: amount,
        status,
    })
}

fn numbers(delivery: &Delivery, wanted: &[i32]) -> Result<Vec<i32>, Refusal> {
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
    let rotation = delivery.code.rotation + 1;
    Ok(vec![Event::CodeRotated { rotation, by: context.actor, at: Some(context.now) }])
}
