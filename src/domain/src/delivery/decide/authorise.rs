//! How a hold comes about, is renewed, and is asked for once more when money is owed.

use super::{Decided, MOST_WORDS, mismatch, text};
use crate::delivery::apply::Context;
use crate::delivery::command::{Command, NewPayment};
use crate::delivery::event::Event;
use crate::delivery::refusal::Refusal;
use crate::delivery::state::{Delivery, StageKind};
use crate::payment::{PaymentKind, PaymentState, provider};

/// Stages in which a hold is wanted; after the other ends nothing would give a new one back.
pub(crate) const WANTED: &[StageKind] = &[
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

fn new_payment<'a>(delivery: &Delivery, command: &'a Command) -> Result<&'a NewPayment, Refusal> {
    match command {
        Command::Authorise { payment } => Ok(payment),
        _ => Err(mismatch(delivery, command)),
    }
}

fn reference_of(payment: &NewPayment) -> String {
    payment.reference.clone().unwrap_or_else(|| payment.id.to_string())
}

/// Another payment instead of one that holds nothing.
pub(crate) fn instead(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let new = new_payment(delivery, command)?;
    let owed = delivery.payment.owed();
    let mut events = vec![Event::Replaced {
        payment: new.id,
        before: delivery.payment.id,
        provider: new.provider.clone(),
        amount_minor: owed.map_or(delivery.payment.amount_minor, |owed| owed.amount_minor),
        at: context.now,
    }];
    if provider::starts_authorised(&new.provider) {
        let mut after = delivery.clone();
        events.iter().for_each(|event| after.evolve(event));
        events.extend(held(&after, reference_of(new), None, context));
    }
    Ok(events)
}

/// A new hold beside the one that stands.
pub(crate) fn beside(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let new = new_payment(delivery, command)?;
    if delivery.renewal.is_some() {
        return Err(Refusal::RenewalOpen);
    }
    if delivery.payment.by != provider::pay_by(&new.provider) {
        return Err(Refusal::RenewalOtherwise);
    }
    let mut events = vec![Event::RenewalStarted {
        payment: new.id,
        provider: new.provider.clone(),
        amount_minor: delivery.payment.amount_minor,
        at: context.now,
    }];
    if provider::starts_authorised(&new.provider) {
        events.push(Event::RenewalHeld {
            payment: new.id,
            before: delivery.payment.id,
            reference: reference_of(new),
            until: None,
            at: context.now,
        });
    }
    Ok(events)
}

/// The hold came about; what is owed is captured at once.
fn held(
    delivery: &Delivery,
    reference: String,
    until: Option<chrono::DateTime<chrono::Utc>>,
    context: &Context<'_>,
) -> Vec<Event> {
    let mut events = vec![Event::Authorised { reference, until, at: context.now }];
    events.extend(delivery.payment.owed().map(|owed| Event::CaptureRequested {
        hand_off: owed.hand_off,
        amount_minor: owed.amount_minor,
        at: context.now,
    }));
    events
}

pub(crate) fn authorised(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordAuthorised { payment, reference, until } = command else {
        return Err(mismatch(delivery, command));
    };
    let (payment, until, at) = (*payment, *until, context.now);
    let wanted = WANTED.contains(&delivery.stage.kind()) || delivery.payment.owed().is_some();
    if delivery.renewal == Some(payment) {
        let standing = matches!(delivery.payment.kind(), PaymentKind::Authorised | PaymentKind::Expired);
        let reference = reference.clone();
        return Ok(vec![if wanted && standing {
            Event::RenewalHeld { payment, before: delivery.payment.id, reference, until, at }
        } else {
            Event::HoldUnused { payment, reference, at }
        }]);
    }
    if delivery.payment.id != payment {
        return Ok(vec![]);
    }
    Ok(match delivery.payment.kind() {
        PaymentKind::Authorising | PaymentKind::ActionRequired | PaymentKind::Declined if wanted => {
            held(delivery, reference.clone(), until, context)
        }
        PaymentKind::Released | PaymentKind::Declined
            if !delivery.releasing.iter().any(|hold| hold.payment == payment) =>
        {
            vec![Event::HoldUnused { payment, reference: reference.clone(), at }]
        }
        _ => vec![],
    })
}

pub(crate) fn action_required(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordActionRequired { payment, reference, url } = command else {
        return Err(mismatch(delivery, command));
    };
    let code = "action_required".to_owned();
    Ok(if delivery.renewal == Some(*payment) {
        // Nobody waits for the customer while another hold stands.
        vec![
            Event::RenewalFailed { code, at: context.now },
            Event::HoldUnused { payment: *payment, reference: reference.clone(), at: context.now },
        ]
    } else if delivery.payment.id == *payment && delivery.payment.kind() == PaymentKind::Authorising {
        vec![Event::ActionRequired {
            payment: Some(*payment),
            reference: reference.clone(),
            url: url.clone(),
            at: context.now,
        }]
    } else {
        vec![]
    })
}

pub(crate) fn declined(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordDeclined { payment, code } = command else { return Err(mismatch(delivery, command)) };
    let open = matches!(delivery.payment.kind(), PaymentKind::Authorising | PaymentKind::ActionRequired);
    Ok(if delivery.renewal == Some(*payment) {
        vec![Event::RenewalFailed { code: code.clone(), at: context.now }]
    } else if delivery.payment.id == *payment && open {
        vec![Event::Declined { code: code.clone(), at: context.now }]
    } else {
        vec![]
    })
}

pub(crate) fn not_renewed(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::RecordNotRenewed { code } = command else { return Err(mismatch(delivery, command)) };
    Ok(vec![Event::RenewalFailed { code: code.clone(), at: context.now }])
}

pub(crate) fn expired(_: &Delivery, _: &Command, context: &Context<'_>) -> Decided {
    Ok(vec![Event::PaymentExpired { at: context.now }])
}

pub(crate) fn capture_revoked(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let (Command::RecordCaptureRevoked { code }, PaymentState::Captured { hand_off, amount_minor, .. }) =
        (command, &delivery.payment.state)
    else {
        return Err(mismatch(delivery, command));
    };
    Ok(vec![Event::PaymentOwed {
        hand_off: *hand_off,
        amount_minor: *amount_minor,
        code: code.clone(),
        at: context.now,
    }])
}

pub(crate) fn write_off(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::WriteOff { reason } = command else { return Err(mismatch(delivery, command)) };
    text("reason", reason, MOST_WORDS)?;
    Ok(vec![Event::WrittenOff { reason: reason.clone(), by: context.actor, at: context.now }])
}
