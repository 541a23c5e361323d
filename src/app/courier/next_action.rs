//! What a courier does next at a stop: one thing, when it opens, and why not yet. A pure function of what the delivery
//! is and what time it is.

use crate::app::run::StopKind;
use callahead_domain::delivery::guard::clearance;
use callahead_domain::delivery::state::{Delivery, Gate, Stage};
use callahead_domain::delivery::{Context, Refusal};
use callahead_domain::payment::PaymentKind;
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// The one thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NextAction {
    /// collect, set_off, arrive, hand_over, fail_attempt, call, wait or return.
    pub kind: &'static str,
    /// Opens here; null: open now, or nobody knows yet (`wait`).
    pub enabled_at: Option<DateTime<Utc>>,
    /// In a few English words.
    pub label: &'static str,
    /// The same as a stable word, for the phone's own language; null where the kind says all.
    pub why: Option<&'static str>,
    /// What else may be done here.
    #[schema(no_recursion)]
    pub alternative: Option<Box<NextAction>>,
}

impl NextAction {
    fn new(kind: &'static str, label: &'static str) -> NextAction {
        NextAction { kind, enabled_at: None, label, why: None, alternative: None }
    }

    fn from(mut self, at: DateTime<Utc>) -> NextAction {
        self.enabled_at = Some(at);
        self
    }

    fn because(mut self, why: &'static str) -> NextAction {
        self.why = Some(why);
        self
    }

    fn or(mut self, other: NextAction) -> NextAction {
        self.alternative = Some(Box::new(other));
        self
    }
}

/// When the courier's call became due: a call rung stands, and what came of it is not told yet. A reported attempt ends
/// the waiting for a reply, so that nobody is called again before the next rung.
pub fn call_due(delivery: &Delivery, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match delivery.gate {
        Gate::Asked { rung, asked_at, reply_by }
            if rung.is_call() && delivery.is_askable() && now < reply_by =>
        {
            Some(asked_at)
        }
        _ => None,
    }
}

/// What to do next at this stop.
pub fn next_action(
    kind: StopKind,
    delivery: &Delivery,
    last_in_run: bool,
    context: &Context<'_>,
) -> NextAction {
    match (kind, &delivery.stage) {
        (StopKind::PickUp, Stage::Assigned { .. }) => {
            NextAction::new("collect", "Collect the parcels").from(delivery.ready_at)
        }
        (StopKind::Return, Stage::Returning { .. }) => {
            NextAction::new("return", "Back to the shop; they scan the parcels in")
        }
        (StopKind::DropOff, Stage::EnRoute { .. }) => NextAction::new("arrive", "I am at the door"),
        (StopKind::DropOff, Stage::AtDoor { since, .. }) => at_door(delivery, *since, context),
        (StopKind::DropOff, Stage::Assigned { .. } | Stage::Collected { .. })
            if call_due(delivery, context.now).is_some() =>
        {
            NextAction::new("call", "Call the customer now")
        }
        (StopKind::DropOff, Stage::Collected { .. }) => before_leaving(delivery, last_in_run, context),
        (StopKind::DropOff, _) => wait("Collect the parcels first", "collect_first"),
        _ => wait("Nothing to do here", "nothing"),
    }
}

fn wait(label: &'static str, why: &'static str) -> NextAction {
    NextAction::new("wait", label).because(why)
}

fn at_door(delivery: &Delivery, since: DateTime<Utc>, context: &Context<'_>) -> NextAction {
    let give_up = NextAction::new("fail_attempt", "Nobody opened")
        .from(since + Duration::seconds(context.policy.waiting_s));
    let hand_over = match (delivery.code.locked(), context.policy.fallback_proof) {
        (false, _) => NextAction::new("hand_over", "Ask for the code"),
        (true, true) => {
            NextAction::new("hand_over", "The code is locked: signature or photo").because("code_locked")
        }
        (true, false) => {
            NextAction::new("hand_over", "The code is locked: ask for a new one").because("code_locked")
        }
    };
    hand_over.or(give_up)
}

fn before_leaving(delivery: &Delivery, last_in_run: bool, context: &Context<'_>) -> NextAction {
    if delivery.payment.kind() != PaymentKind::Authorised
        || !delivery.payment.covers(delivery.arrival_if_leaving(context.occurred_at))
    {
        return wait("The payment must be renewed before you go", "authorisation_ends");
    }
    match clearance(delivery, last_in_run, context) {
        Ok(_) => NextAction::new("set_off", "Go to the door"),
        Err(Refusal::TooEarly { from }) => {
            let leave = from - (delivery.arrival_if_leaving(from) - from);
            NextAction::new("set_off", "They are home later").from(leave).because("too_early")
        }
        Err(_) => not_cleared(delivery),
    }
}

fn not_cleared(delivery: &Delivery) -> NextAction {
    match &delivery.gate {
        Gate::NotAsked => wait("We ask them shortly", "not_asked"),
        Gate::Asked { .. } => wait("We have asked; no answer yet", "waiting_for_answer"),
        Gate::Held { until, .. } => wait("They asked for later", "held").from(*until),
        Gate::Silent { .. } => wait("Nobody answers; do the other stops first", "silent"),
        Gate::Refused { .. } => wait("They do not want it; dispatch decides", "refused"),
        Gate::Cleared { .. } => wait("The answer is too old; we ask again", "stale"),
    }
}
