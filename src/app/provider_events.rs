//! What payment providers tell by themselves: checked on its raw bytes, stored once, and never believed: it only makes
//! somebody look at the provider's books.

use super::change::{EffectJob, job_kind};
use super::unit::Unit;
use super::{App, Error};
use crate::store::deliveries::micros;
use crate::store::jobs::{self, NewJob};
use crate::store::tx::Tx;
use crate::store::{payments, provider_events as rows, queue};
use crate::webhook::signature::Rejected;
use crate::webhook::stripe;
pub use crate::webhook::stripe::HEADER as STRIPE_HEADER;
use callahead_domain::delivery::effect::Effect;
use callahead_domain::id::{DeliveryId, PaymentId};
use callahead_domain::payment::provider::STRIPE;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::str::FromStr;
use uuid::Uuid;

/// Why a provider's message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// None are taken here.
    #[error("no messages of this provider are taken")]
    NotOffered,
    /// It is not the provider's, or too old.
    #[error("{0}")]
    Rejected(#[from] Rejected),
    /// The provider's, but not readable.
    #[error("the message cannot be read")]
    Unreadable,
    /// The database.
    #[error(transparent)]
    Failed(#[from] Error),
}

#[derive(Deserialize)]
struct StripeEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: EventObject,
}

#[derive(Deserialize)]
struct EventObject {
    id: Option<String>,
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: EventMetadata,
}

#[derive(Default, Deserialize)]
struct EventMetadata {
    payment_id: Option<String>,
}

/// A message on its way into the database.
#[derive(Debug)]
struct Take {
    provider: &'static str,
    event_id: String,
    kind: String,
    reference: Option<String>,
    payment: Option<PaymentId>,
    raw: Vec<u8>,
    job: Uuid,
    now: DateTime<Utc>,
}

impl Unit for Take {
    type Output = bool;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        if rows::is_known(tx.reader(), self.provider, &self.event_id).await? {
            return Ok(false);
        }
        let event = entity::provider_event::Model {
            provider: self.provider.to_owned(),
            event_id: self.event_id.clone(),
            kind: self.kind.clone(),
            reference: self.reference.clone(),
            raw: self.raw.clone(),
            received_at: micros(self.now),
        };
        rows::insert(tx, event);
        if let Some(row) = self.payment(tx).await? {
            let delivery = DeliveryId::from_uuid(row.delivery_id);
            let effect = Effect::LookAtPayment { payment: PaymentId::from_uuid(row.id), again: false };
            let payload = serde_json::to_string(&EffectJob { delivery, effect }).map_err(Error::internal)?;
            jobs::enqueue(
                tx,
                NewJob {
                    id: self.job,
                    kind: job_kind(&effect).to_owned(),
                    dedupe: None,
                    payload,
                    run_at: micros(self.now),
                    delivery_id: Some(row.delivery_id),
                    created_at: micros(self.now),
                },
            );
        }
        Ok(true)
    }
}

impl Take {
    /// The payment it speaks of: by the provider's reference, or by our id in what we gave them.
    async fn payment(&self, tx: &Tx) -> Result<Option<entity::payment::Model>, Error> {
        if let Some(reference) = &self.reference
            && let Some(row) = payments::by_reference(tx.reader(), self.provider, reference).await?
        {
            return Ok(Some(row));
        }
        let Some(payment) = self.payment else { return Ok(None) };
        let row = payments::by_id(tx.reader(), payment.uuid()).await?;
        Ok(row.filter(|row| row.provider == self.provider))
    }
}

#[derive(Debug)]
struct Hurry {
    delivery: DeliveryId,
    kind: &'static str,
    now: DateTime<Utc>,
}

impl Unit for Hurry {
    type Output = ();

    fn key(&self) -> Uuid {
        self.delivery.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        Ok(queue::hurry(tx, self.delivery.uuid(), self.kind, micros(self.now)).await?)
    }
}

impl App {
    /// Takes a message of Stripe's in. False when it was known before.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn take_stripe_event(&self, signature: &str, raw: &[u8]) -> Result<bool, NotTaken> {
        let settings = &self.config.payments.stripe;
        if settings.webhook_secret.expose_secret().is_empty() {
            return Err(NotTaken::NotOffered);
        }
        let now = self.clock.now();
        stripe::verify(&[&settings.webhook_secret, &settings.webhook_secret_before], signature, raw, now)?;
        let event: StripeEvent = serde_json::from_slice(raw).map_err(|_| NotTaken::Unreadable)?;
        let object = event.data.object;
        let take = Take {
            provider: STRIPE,
            event_id: event.id,
            kind: event.kind,
            reference: object.payment_intent.or(object.id),
            payment: object.metadata.payment_id.and_then(|text| PaymentId::from_str(&text).ok()),
            raw: raw.to_vec(),
            job: self.ids().job().uuid(),
            now,
        };
        let taken = match self.lanes.write(take).await {
            // Somebody took the same one at the same time.
            Err(Error::Conflict { .. }) => Ok(false),
            other => other,
        };
        let taken = taken?;
        self.bells.ring();
        Ok(taken)
    }

    /// The jobs of this kind for a delivery run now instead of later.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn hurry_jobs(&self, delivery: DeliveryId, kind: &'static str) -> Result<(), Error> {
        self.lanes.write(Hurry { delivery, kind, now: self.clock.now() }).await?;
        self.bells.ring();
        Ok(())
    }
}
