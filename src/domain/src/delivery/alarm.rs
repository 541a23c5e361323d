//! The one alarm clock. `wake_at` follows from the state at every change; `wake` does what is due. There are no
//! timers to cancel: a stale alarm finds nothing due and changes nothing.

use super::apply::Context;
use super::attention::AUTHORISATION_WARNING_S;
use super::command::Command;
use super::decide::hand_off::confirm;
use super::decide::payment::release;
use super::decide::{Decided, returning};
use super::event::Event;
use super::proof::HandOffStatus;
use super::state::{Delivery, Ending, Gate, ReturnReason, Stage};
use crate::actor::Actor;
use crate::call_ahead::ladder::{Climb, Rung, RungKind};
use crate::payment::PaymentState;
use crate::policy::{GateMode, Policy, SilenceRule};
use chrono::{DateTime, Duration, Utc};

/// The next instant at which something is due by itself, if any.
pub fn wake_at(delivery: &Delivery, policy: &Policy) -> Option<DateTime<Utc>> {
    let offer = match delivery.stage {
        Stage::Offered { until, .. } => Some(until),
        Stage::HandedOver { ref hand_off, .. } => match hand_off.status {
            HandOffStatus::Claimed { until } => Some(until),
            _ => None,
        },
        _ => None,
    };
    [offer, money_alarm(delivery), gate_alarm(delivery, policy)].into_iter().flatten().min()
}

/// An authorisation whose outcome is unknown for this long is given up and reversed.
pub const AUTHORISE_LIMIT_S: i64 = 30 * 60;
/// A hold that ends within this is renewed.
pub const RENEW_WITHIN_S: i64 = 6 * 3600;

/// When something about the money is due by itself.
fn money_alarm(delivery: &Delivery) -> Option<DateTime<Utc>> {
    match delivery.payment.state {
        PaymentState::Authorising { since, .. } => Some(since + Duration::seconds(AUTHORISE_LIMIT_S)),
        PaymentState::Authorised { until: Some(until) } if !delivery.stage.kind().is_final() => {
            let before = |seconds| until - Duration::seconds(seconds);
            Some(match delivery.ending.filter(|ending| ending.until == until) {
                None => before(AUTHORISATION_WARNING_S),
                Some(Ending { renewing: false, .. }) => before(RENEW_WITHIN_S),
                Some(_) => until,
            })
        }
        _ => None,
    }
}

fn money_due(delivery: &Delivery, context: &Context<'_>) -> Vec<Event> {
    let at = context.now;
    vec![match (&delivery.payment.state, delivery.payment.owed()) {
        (PaymentState::Authorised { until: Some(until) }, _) if *until <= at => Event::PaymentExpired { at },
        (PaymentState::Authorised { until: Some(until) }, _) => {
            let until = *until;
            match delivery.ending.filter(|ending| ending.until == until) {
                None => Event::PaymentEnding { until, at },
                Some(_) => Event::RenewalDue { until, at },
            }
        }
        // Nobody knows whether the money is held: the order does not wait for it, and the hold is undone.
        (_, Some(_)) => Event::HoldGivenUp { payment: delivery.payment.id, at },
        (_, None) => release(delivery, "authorisation_unknown", context),
    }]
}

fn gate_alarm(delivery: &Delivery, policy: &Policy) -> Option<DateTime<Utc>> {
    if delivery.stage.kind().is_final() {
        return None;
    }
    match &delivery.gate {
        Gate::Held { until, .. } => Some(*until),
        _ if policy.gate == GateMode::Off || !delivery.is_askable() => None,
        Gate::NotAsked if !may_ask(delivery, policy) => Some(delivery.accepted_at),
        Gate::NotAsked => next_rung(delivery, policy, delivery.accepted_at).map(|rung| rung.due_at),
        // The alarm for a reply waits for the next rung where that is due later: nothing would happen before.
        Gate::Asked { rung, reply_by, .. } => match next_rung(delivery, policy, *reply_by) {
            Some(rung) => Some(rung.due_at),
            None => (!waits_for_plan(delivery, *rung)).then_some(*reply_by),
        },
        Gate::Cleared { valid_until, .. } => Some(*valid_until),
        Gate::Silent { since } if returns_for_silence(delivery, policy) => Some(*since),
        Gate::Silent { .. } | Gate::Refused { .. } => None,
    }
}

fn may_ask(delivery: &Delivery, policy: &Policy) -> bool {
    delivery.contact_stopped.is_none() && delivery.ask_rounds < policy.ask_rounds
}

/// Without a plan nobody knows when the next rung is due; the ladder is not used up by that.
fn waits_for_plan(delivery: &Delivery, rung: RungKind) -> bool {
    delivery.planned.is_none() && rung != RungKind::LastText
}

fn returns_for_silence(delivery: &Delivery, policy: &Policy) -> bool {
    policy.silence == SilenceRule::Return && matches!(delivery.stage, Stage::Collected { .. })
}

fn next_rung(delivery: &Delivery, policy: &Policy, now: DateTime<Utc>) -> Option<Rung> {
    let planned = delivery.planned?;
    let standing = match &delivery.gate {
        Gate::Asked { rung, asked_at, .. } => Some((*rung, *asked_at)),
        _ => None,
    };
    // While a courier waits for the answer the plan moves on with the clock; calls keep to the arrival the customer was
    // told with the rung that stands, or they would never come.
    let told = delivery.quoted.filter(|_| standing.is_some());
    let arrive_at = told.map_or(planned.arrive_at, |told| told.min(planned.arrive_at));
    Climb { arrive_at, leg_s: planned.leg_s, log: &delivery.ask_log, standing, policy }.next(now)
}

/// Does all that is due at `context.now`, in the order in which it became due.
pub(super) fn wake(delivery: &Delivery, _: &Command, context: &Context<'_>) -> Decided {
    let mut state = delivery.clone();
    let mut events = Vec::new();
    // Each step moves the alarm forward or ends it; the bound only guards against a slip in that.
    for _ in 0..16 {
        if wake_at(&state, context.policy).is_none_or(|at| at > context.now) {
            break;
        }
        let step = due(&state, context)?;
        if step.is_empty() {
            break;
        }
        step.iter().for_each(|event| state.evolve(event));
        events.extend(step);
    }
    Ok(events)
}

fn due(delivery: &Delivery, context: &Context<'_>) -> Decided {
    let now = context.now;
    match &delivery.stage {
        Stage::Offered { courier, until } if *until <= now => {
            return Ok(vec![Event::OfferExpired { courier: *courier, at: now }]);
        }
        Stage::HandedOver { hand_off, .. } if matches!(hand_off.status, HandOffStatus::Claimed { until } if until <= now) =>
        {
            let system = Context { actor: Actor::System, ..*context };
            return confirm(delivery, &Command::ConfirmHandOff, &system);
        }
        _ => {}
    }
    if money_alarm(delivery).is_some_and(|at| at <= now) {
        return Ok(money_due(delivery, context));
    }
    Ok(gate_due(delivery, context))
}

fn gate_due(delivery: &Delivery, context: &Context<'_>) -> Vec<Event> {
    let now = context.now;
    match &delivery.gate {
        Gate::Held { until, .. } if *until <= now => vec![Event::HoldEnded { at: now }],
        Gate::Cleared { valid_until, .. } if *valid_until <= now => {
            vec![Event::WentStale { at: now, reason: "validity_over".to_owned() }]
        }
        Gate::NotAsked if !may_ask(delivery, context.policy) => vec![Event::WentSilent { at: now }],
        Gate::NotAsked => match next_rung(delivery, context.policy, now) {
            Some(rung) => vec![climb(delivery, &rung, context)],
            None if delivery.planned.is_some() => vec![Event::WentSilent { at: now }],
            None => vec![],
        },
        Gate::Asked { rung, reply_by, .. } if *reply_by <= now => {
            match next_rung(delivery, context.policy, now) {
                Some(rung) => vec![climb(delivery, &rung, context)],
                None if waits_for_plan(delivery, *rung) => vec![],
                None => vec![Event::WentSilent { at: now }],
            }
        }
        Gate::Silent { .. } if returns_for_silence(delivery, context.policy) => {
            vec![returning(ReturnReason::Silence, context, "")]
        }
        _ => vec![],
    }
}

/// Climbs a rung, or waits on when the alarm came so late that its time has become a quiet hour.
fn climb(delivery: &Delivery, rung: &Rung, context: &Context<'_>) -> Event {
    if rung.due_at > context.now {
        return Event::Postponed { until: rung.due_at };
    }
    Event::Asked {
        rung: rung.kind,
        at: context.now,
        reply_by: rung.reply_by.max(context.now),
        quoted: delivery.planned.map(|planned| planned.arrive_at),
        day: context.now.with_timezone(&context.policy.time_zone).date_naive(),
    }
}
