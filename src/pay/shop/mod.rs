//! A shop's own payment endpoint: one signed request for each command, one signed question for the books.
//!
//! The message format is in [`wire`]. A request is signed by Standard Webhooks with the shop's secret; its id is
//! the command's key and stays the same over retries, its timestamp is that of the attempt. Where the request
//! may go is decided by the client's rules ([`crate::webhook::target`]).

pub mod wire;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use secrecy::ExposeSecret;

use super::{Caps, Frozen, Outcome, PaymentProvider, PaymentRef, ShopTarget, Snapshot, Unavailable};
use crate::app::ports::Clock;
use crate::webhook::signature::{HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, SigningKey, sign};
use crate::webhook::target::{Answer, Request, TargetClient};

/// How long a shop must remember a key, in seconds: 24 hours, part of what we ask of an endpoint.
pub const KEY_TTL_S: u64 = 24 * 60 * 60;

/// The provider that asks the shop itself.
#[derive(Debug, Clone)]
pub struct ShopProvider {
    client: TargetClient,
    clock: Arc<dyn Clock>,
}

/// A shop's address and key, checked.
struct Endpoint {
    url: Url,
    key: SigningKey,
}

impl ShopProvider {
    /// A provider that sends through `client` and stamps by `clock`.
    #[must_use]
    pub fn new(client: TargetClient, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock }
    }

    /// The shop's endpoint, or why there is none to speak to.
    fn endpoint(&self, target: &ShopTarget) -> Result<Endpoint, String> {
        let url = target.url.as_deref().ok_or("target: the shop has no payment address")?;
        let secret = target.secret.as_ref().ok_or("target: the shop has no payment secret")?;
        let url = self.client.rules().check(url).map_err(|error| format!("target: {error}"))?;
        let key = SigningKey::parse(secret.expose_secret()).map_err(|error| format!("target: {error}"))?;
        Ok(Endpoint { url, key })
    }

    async fn command(&self, target: &ShopTarget, command: &Frozen) -> Outcome {
        let endpoint = match self.endpoint(target) {
            Ok(endpoint) => endpoint,
            Err(why) => return Outcome::Unknown { why, definite: false },
        };
        let headers = headers(&endpoint.key, &command.idem_key, self.clock.now(), command.body.as_bytes());
        let body = command.body.clone().into_bytes();
        let request = Request { method: Method::POST, url: endpoint.url, headers, body };
        match self.client.send(request).await {
            Ok(Answer { status, body, .. }) => wire::read_answer(command, status, &body),
            Err(error) => Outcome::Unknown { why: error.to_string(), definite: false },
        }
    }

    async fn books(
        &self,
        target: &ShopTarget,
        payment: &PaymentRef,
    ) -> Result<Option<Snapshot>, Unavailable> {
        let endpoint = self.endpoint(target).map_err(|why| Unavailable { why })?;
        let now = self.clock.now();
        let id = format!("query-{}-{}", payment.id, now.timestamp_micros());
        let headers = headers(&endpoint.key, &id, now, b"");
        let mut url = endpoint.url;
        url.query_pairs_mut().append_pair("payment_id", &payment.id.to_string());
        let request = Request { method: Method::GET, url, headers, body: Vec::new() };
        let sent = self.client.send(request).await;
        let answer = sent.map_err(|error| Unavailable { why: error.to_string() })?;
        wire::read_snapshot(payment, answer.status, &answer.body)
    }
}

/// The headers of a signed message.
fn headers(key: &SigningKey, id: &str, at: DateTime<Utc>, body: &[u8]) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json".to_owned()),
        (HEADER_ID, id.to_owned()),
        (HEADER_TIMESTAMP, at.timestamp().to_string()),
        (HEADER_SIGNATURE, sign(std::slice::from_ref(key), id, at, body)),
    ]
}

impl PaymentProvider for ShopProvider {
    fn name(&self) -> &'static str {
        "shop"
    }

    fn caps(&self) -> Caps {
        Caps { retrieve: true, partial: true, recharge: false, key_ttl_s: KEY_TTL_S }
    }

    fn send<'a>(&'a self, target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome> {
        Box::pin(self.command(target, command))
    }

    fn retrieve<'a>(
        &'a self,
        target: &'a ShopTarget,
        payment: &'a PaymentRef,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Unavailable>> {
        Box::pin(self.books(target, payment))
    }
}
