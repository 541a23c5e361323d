//! Named conditions of the transition table. They read state, actor, time and policy only, so that the list of
//! allowed commands can be computed before anybody names the facts of a command.

use super::apply::Context;
use super::command::CommandKind;
use super::proof::HandOffStatus;
use super::refusal::Refusal;
use super::state::{Clearance, Cleared, ClearedBy, Delivery, Gate, Stage};
use crate::actor::{Actor, Role};
use crate::policy::{GateMode, SilenceRule};
use chrono::Duration;

/// A named condition.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// Its name in the documentation.
    pub name: &'static str,
    /// The condition.
    pub check: fn(&Delivery, &Context<'_>) -> Result<(), Refusal>,
}

/// A courier may only move what is on their own run or offered to them.
pub fn is_yours(delivery: &Delivery, context: &Context<'_>) -> Result<(), Refusal> {
    let Actor::Courier(asking) = context.actor else { return Ok(()) };
    let with = match &delivery.stage {
        Stage::Cancelled { was, .. } => *was,
        stage => stage.courier(),
    };
    if with == Some(asking) { Ok(()) } else { Err(Refusal::NotYours) }
}

/// The offer still stands.
pub const OFFER_OPEN: Guard = Guard {
    name: "offer open",
    check: |delivery, context| match delivery.stage {
        Stage::Offered { until, .. } if context.now >= until => Err(Refusal::OfferEnded { until }),
        _ => Ok(()),
    },
};

/// The payment lasts until the arrival.
pub const PAYMENT_HOLDS: Guard = Guard {
    name: "payment holds",
    check: |delivery, context| {
        let arrival = delivery.arrival_if_leaving(context.occurred_at);
        if delivery.payment.covers(arrival) { Ok(()) } else { Err(Refusal::AuthorisationEnds) }
    },
};

/// Somebody holds the customer's money.
pub const PAYMENT_AUTHORISED: Guard = Guard {
    name: "payment authorised",
    check: |delivery, _| match delivery.payment.kind() {
        crate::payment::PaymentKind::Authorised => Ok(()),
        payment => Err(Refusal::NotAuthorised { payment }),
    },
};

/// The failed attempt is fresh enough to undo.
pub const UNDO_OPEN: Guard = Guard {
    name: "failed attempt within its undo time",
    check: |delivery, context| match &delivery.failed {
        Some(failed) if context.occurred_at <= failed.at + Duration::seconds(context.policy.undo_fail_s) => {
            Ok(())
        }
        _ => Err(Refusal::UndoTooLate),
    },
};

/// The hand-off is fresh enough to take back.
pub const REOPEN_OPEN: Guard = Guard {
    name: "within the grace time, nothing captured; once disputed a dispatcher at any time",
    check: |delivery, context| {
        let disputed = matches!(&delivery.stage, Stage::HandedOver { hand_off, .. }
            if matches!(hand_off.status, HandOffStatus::Rejected { .. }));
        if disputed && context.actor.role() == Role::Dispatcher {
            return Ok(());
        }
        let since = match (&delivery.payment.state, &delivery.stage) {
            (crate::payment::PaymentState::CaptureDue { since, .. }, _) => Some(*since),
            (_, Stage::HandedOver { hand_off, .. }) => Some(hand_off.at),
            _ => None,
        };
        match since {
            Some(since) if context.now < since + Duration::seconds(context.policy.reopen_s) => Ok(()),
            _ => Err(Refusal::UndoTooLate),
        }
    },
};

/// The hand-off waits for somebody's word.
pub const HAND_OFF_WAITS: Guard = Guard {
    name: "hand-off without a code, undecided",
    check: |delivery, _| match &delivery.stage {
        Stage::HandedOver { hand_off, .. } if !matches!(hand_off.status, HandOffStatus::Confirmed { .. }) => {
            Ok(())
        }
        _ => Err(Refusal::HandOffDecided),
    },
};

/// Once somebody objected, the shop's word is not enough.
pub const DISPATCHER_DECIDES: Guard = Guard {
    name: "once disputed: a dispatcher",
    check: |delivery, context| match (&delivery.stage, context.actor.role()) {
        (Stage::HandedOver { hand_off, .. }, role @ Role::Shop)
            if matches!(hand_off.status, HandOffStatus::Rejected { .. }) =>
        {
            Err(Refusal::RoleMayNot { command: CommandKind::ConfirmHandOff, role })
        }
        _ => Ok(()),
    },
};

/// The code may still be tried.
pub fn code_open(delivery: &Delivery) -> Result<(), Refusal> {
    if delivery.code.locked() { Err(Refusal::CodeLocked { tries: delivery.code.tries }) } else { Ok(()) }
}

/// The decision that lets a courier set off at `occurred_at`, judged by that moment: an answer that has gone stale
/// since then still counts for an action done offline before.
///
/// # Errors
/// [`Refusal::NotCleared`] without an answer, policy or override; [`Refusal::TooEarly`] when the arrival would be
/// before the customer is home.
pub fn clearance(
    delivery: &Delivery,
    last_in_run: bool,
    context: &Context<'_>,
) -> Result<Clearance, Refusal> {
    let at = context.occurred_at;
    if context.policy.gate == GateMode::Off {
        // Nobody is asked; what a customer says unasked is heeded all the same.
        return match &delivery.gate {
            Gate::Refused { .. } => Err(Refusal::NotCleared { gate: delivery.gate.kind() }),
            Gate::Held { until, .. } if at < *until => {
                Err(Refusal::NotCleared { gate: delivery.gate.kind() })
            }
            _ => Ok(Clearance::Policy { rule: "gate_off".to_owned() }),
        };
    }
    if let Some(cleared) =
        delivery.cleared.as_ref().filter(|cleared| cleared.since <= at && at <= cleared.until)
    {
        return answered(delivery, cleared, context);
    }
    match (&delivery.gate, context.policy.silence) {
        (Gate::Silent { .. }, SilenceRule::TryDoor) => Ok(Clearance::Policy { rule: "try_door".to_owned() }),
        (Gate::Silent { .. }, SilenceRule::Last) if last_in_run => {
            Ok(Clearance::Policy { rule: "last".to_owned() })
        }
        (gate, _) => Err(Refusal::NotCleared { gate: gate.kind() }),
    }
}

fn answered(delivery: &Delivery, cleared: &Cleared, context: &Context<'_>) -> Result<Clearance, Refusal> {
    if let Some(from) = cleared.from.filter(|from| delivery.arrival_if_leaving(context.occurred_at) < *from) {
        return Err(Refusal::TooEarly { from });
    }
    Ok(match &cleared.by {
        ClearedBy::Answer { answer } => Clearance::Answer { answer: *answer },
        ClearedBy::Override { by, reason } => Clearance::Override { by: *by, reason: reason.clone() },
    })
}
