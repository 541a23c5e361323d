//! The one way a delivery changes: load, ask the domain, store events, state and jobs together.
//!
//! Every use case about a delivery is this function with another command; what differs is who may ask and how the
//! command is made.

use super::book::Book;
use super::error::{Error, Refused, Standing};
use super::ids::Ids;
use super::unit::Unit;
use crate::store::deliveries::{self, Brought, Loaded, Written};
use crate::store::jobs::NewJob;
use crate::store::tx::Tx;
use callahead_domain::actor::Actor;
use callahead_domain::delivery::effect::{Effect, effects};
use callahead_domain::delivery::{Command, Context, Delivery, Event, allowed, apply};
use callahead_domain::id::DeliveryId;
use callahead_domain::policy::Policy;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// A command with everything it is judged by.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// What.
    pub command: Command,
    /// By whom.
    pub actor: Actor,
    /// The server's time.
    pub now: DateTime<Utc>,
    /// When it was done.
    pub occurred_at: DateTime<Utc>,
    /// The version the caller has seen, if they said so.
    pub expect: Option<i64>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The state now.
    pub delivery: Delivery,
    /// Its version now.
    pub version: i64,
    /// What happened; empty when there was nothing to do.
    pub events: Vec<Event>,
}

/// A job that must follow a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectJob {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// What.
    #[serde(flatten)]
    pub effect: Effect,
}

/// The kind of an effect's job.
pub fn job_kind(effect: &Effect) -> &'static str {
    match effect {
        Effect::SendNotice { .. } => "send_notice",
        Effect::AuthorisePayment { .. } => "authorise_payment",
        Effect::CapturePayment { .. } => "capture_payment",
        Effect::ReleasePayment { .. } => "release_payment",
        Effect::RefundPayment { .. } => "refund_payment",
        Effect::LookAtPayment { .. } => "look_at_payment",
        Effect::RenewPayment => "renew_payment",
        Effect::RecoverPayment { .. } => "recover_payment",
    }
}

/// Jobs of these events.
pub(super) fn jobs_of(
    delivery: DeliveryId,
    events: &[Event],
    policy: &Policy,
    now: DateTime<Utc>,
    ids: &Ids,
) -> Result<Vec<NewJob>, Error> {
    let made = effects(events, policy).into_iter().map(|effect| {
        let run_at = match effect {
            Effect::CapturePayment { not_before } | Effect::RecoverPayment { not_before } => {
                not_before.max(now)
            }
            _ => now,
        };
        let payload = serde_json::to_string(&EffectJob { delivery, effect }).map_err(Error::internal)?;
        Ok(NewJob {
            id: ids.job().uuid(),
            kind: job_kind(&effect).to_owned(),
            dedupe: None,
            payload,
            run_at: deliveries::micros(run_at),
            delivery_id: Some(delivery.uuid()),
            created_at: deliveries::micros(now),
        })
    });
    made.collect()
}

/// Why the domain said no, with where the delivery stands for this caller.
pub fn refused(
    loaded: &Loaded,
    refusal: callahead_domain::delivery::Refusal,
    context: &Context<'_>,
) -> Error {
    let standing = Standing {
        stage: loaded.delivery.stage.kind().name(),
        gate: loaded.delivery.gate.kind().name(),
        payment: loaded.delivery.payment.kind().name(),
        allowed: allowed(&loaded.delivery, context).into_iter().map(|kind| kind.name()).collect(),
        version: loaded.row.version,
    };
    Error::Refused(Box::new(Refused { refusal, standing: Some(standing) }))
}

/// Carries a command out within a unit.
///
/// # Errors
/// [`Error::Missing`], [`Error::StaleVersion`] against `expect`, [`Error::Refused`] with the coded reason.
pub async fn carry_out(tx: &Tx, asked: &Asked, book: &Book, ids: &Ids) -> Result<Changed, Error> {
    let loaded = deliveries::by_id(tx.reader(), asked.delivery.uuid()).await?.ok_or(Error::Missing)?;
    carry_out_loaded(tx, &loaded, asked, book, ids).await
}

/// The same for a delivery that is loaded already.
///
/// # Errors
/// As [`carry_out`].
pub async fn carry_out_loaded(
    tx: &Tx,
    loaded: &Loaded,
    asked: &Asked,
    book: &Book,
    ids: &Ids,
) -> Result<Changed, Error> {
    if let Some(expected) = asked.expect.filter(|expected| *expected != loaded.row.version) {
        tracing::debug!(expected, current = loaded.row.version, "stale version");
        return Err(Error::StaleVersion { current: loaded.row.version });
    }
    let before = &loaded.delivery;
    let policy = book.policy(before.region.map(|pin| pin.region), before.shop);
    let context =
        Context { actor: asked.actor, now: asked.now, occurred_at: asked.occurred_at, policy: &policy };
    let events =
        apply(before, &asked.command, &context).map_err(|refusal| refused(loaded, refusal, &context))?;
    if events.is_empty() {
        return Ok(Changed { delivery: before.clone(), version: loaded.row.version, events });
    }
    let mut after = before.clone();
    events.iter().for_each(|event| after.evolve(event));
    let written = Written {
        events: &events,
        actor: asked.actor,
        occurred_at: asked.occurred_at,
        now: asked.now,
        policy: &policy,
        event_ids: events.iter().map(|_| ids.event().uuid()).collect(),
        jobs: jobs_of(asked.delivery, &events, &policy, asked.now, ids)?,
        proof: match &asked.command {
            Command::HandOver { proof, plus, .. } => Some(Brought { proof, plus }),
            _ => None,
        },
        new_payment: match &asked.command {
            Command::Authorise { payment } => Some(payment),
            _ => None,
        },
    };
    let version = deliveries::save(tx, loaded, &after, written).await?;
    Ok(Changed { delivery: after, version, events })
}

/// A single command as a unit of its own.
#[derive(Debug)]
pub struct Change {
    asked: Asked,
    book: Arc<Book>,
    ids: Ids,
}

impl Change {
    /// A command asked for now.
    pub fn new(app: &super::App, delivery: DeliveryId, command: Command, actor: Actor) -> Change {
        let now = app.clock.now();
        let asked = Asked { delivery, command, actor, now, occurred_at: now, expect: None };
        Change { asked, book: app.book.get(), ids: app.ids() }
    }

    /// Only if the version is still this one.
    #[must_use]
    pub fn expecting(mut self, version: Option<i64>) -> Change {
        self.asked.expect = version;
        self
    }
}

impl Unit for Change {
    type Output = Changed;

    fn key(&self) -> Uuid {
        self.asked.delivery.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<Changed, Error> {
        self.ids.restart();
        carry_out(tx, &self.asked, &self.book, &self.ids).await
    }
}

impl super::App {
    /// Carries one command out and rings the bells.
    ///
    /// # Errors
    /// As [`carry_out`].
    pub async fn change(&self, change: Change) -> Result<Changed, Error> {
        let changed = self.lanes.write(change).await?;
        if !changed.events.is_empty() {
            self.bells.ring();
        }
        Ok(changed)
    }
}
