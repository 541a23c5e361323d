//! Cards, by Stripe's API with manual capture: a payment is a PaymentIntent, held by its confirmation, captured or
//! cancelled once.
//!
//! A payment whose reference is not known (its request or answer was lost) is looked for in the list of payments made
//! around that time: the list is exact at once, while Stripe's search runs behind.

pub mod wire;

use std::fmt;

use callahead_domain::id::PaymentId;
use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};

use self::wire::Page;
use super::{
    Caps, CommandFacts, Frozen, Op, Outcome, PaymentProvider, PaymentRef, ShopTarget, Snapshot, Standing,
    Unavailable,
};
use crate::webhook::target::{Answer, Request, TargetClient};

/// How long Stripe remembers a key at least, in seconds.
const KEY_TTL_S: u64 = 24 * 60 * 60;
/// The version of the API whose words [`wire`] reads.
const VERSION: &str = "2024-06-20";
/// A hold is asked for at most this long after its payment was made; later it is given up.
const MADE_WITHIN_S: i64 = 45 * 60;
/// Clocks may differ by this.
const CLOCKS_S: i64 = 120;
/// Pages looked through at most for one payment.
const MOST_PAGES: usize = 50;

/// Stripe, or whoever speaks like it at this address.
#[derive(Clone)]
pub struct StripeProvider {
    client: TargetClient,
    base: Url,
    secret: SecretString,
}

impl fmt::Debug for StripeProvider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StripeProvider").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl StripeProvider {
    /// A provider that sends to `base` through `client`, with this secret key.
    #[must_use]
    pub fn new(client: TargetClient, base: Url, secret: SecretString) -> Self {
        Self { client, base, secret }
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        send: Send<'_>,
    ) -> Result<Answer, String> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| "target: the address has no path".to_owned())?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = vec![
            ("authorization", format!("Bearer {}", self.secret.expose_secret())),
            ("stripe-version", VERSION.to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        if let Some(key) = send.key {
            headers.push(("idempotency-key", key.to_owned()));
        }
        let request = Request { method, url, headers, body: send.body.as_bytes().to_vec() };
        self.client.send(request).await.map_err(|error| error.to_string())
    }

    async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Answer, Unavailable> {
        let asked = self.ask(Method::GET, path, query, Send { key: None, body: "" }).await;
        asked.map_err(|why| Unavailable { why })
    }

    async fn command(&self, command: &Frozen) -> Outcome {
        if wire::to_stripe(command.amount_minor, command.currency).is_none() {
            let message = "this currency has no such amount there".to_owned();
            return Outcome::Refused { code: "amount_not_allowed".to_owned(), message, permanent: true };
        }
        let reference = command.payment.reference.as_deref();
        let path: Vec<&str> = match (command.op, reference) {
            (Op::Authorise, Some(_)) => return self.adopt(&command.payment).await,
            (Op::Authorise, None) => vec!["v1", "payment_intents"],
            (Op::Refund, Some(_)) => vec!["v1", "refunds"],
            (Op::Capture, Some(reference)) => vec!["v1", "payment_intents", reference, "capture"],
            (Op::Release, Some(reference)) => vec!["v1", "payment_intents", reference, "cancel"],
            (Op::Release, None) => return self.release_unknown(command).await,
            (Op::Capture | Op::Refund, None) => {
                let why = "the payment has no reference".to_owned();
                return Outcome::Unknown { why, definite: false };
            }
        };
        self.post(&path, command).await
    }

    async fn post(&self, path: &[&str], command: &Frozen) -> Outcome {
        let send = Send { key: Some(&command.idem_key), body: &command.body };
        match self.ask(Method::POST, path, &[], send).await {
            Ok(answer) => {
                let again = answer.header("stripe-should-retry").map(|said| said == "true");
                wire::read_answer(command, answer.status, again, &answer.body)
            }
            Err(why) => Outcome::Unknown { why, definite: false },
        }
    }

    /// A hold made before is looked at, not made.
    async fn adopt(&self, payment: &PaymentRef) -> Outcome {
        match self.books(payment).await {
            Ok(Some(snapshot)) => Outcome::Done(snapshot),
            Ok(None) => {
                let (code, message) = ("resource_missing".to_owned(), String::new());
                Outcome::Refused { code, message, permanent: true }
            }
            Err(Unavailable { why }) => Outcome::Unknown { why, definite: false },
        }
    }

    /// A hold whose answer never came is looked for first.
    async fn release_unknown(&self, command: &Frozen) -> Outcome {
        match self.books(&command.payment).await {
            Ok(Some(found)) => {
                let path = ["v1", "payment_intents", found.reference.as_str(), "cancel"];
                self.post(&path, command).await
            }
            Ok(None) => Outcome::Unknown { why: "there is no such payment".to_owned(), definite: false },
            Err(Unavailable { why }) => Outcome::Unknown { why, definite: false },
        }
    }

    async fn books(&self, payment: &PaymentRef) -> Result<Option<Snapshot>, Unavailable> {
        let found = match &payment.reference {
            Some(reference) => {
                let query = [("expand[]", "latest_charge".to_owned())];
                let answer = self.get(&["v1", "payment_intents", reference], &query).await?;
                wire::read_intent(answer.status, &answer.body)?
            }
            None => self.look_for(payment.id).await?,
        };
        let Some(mut snapshot) = found else { return Ok(None) };
        if snapshot.standing == Standing::Captured {
            let query = [("payment_intent", snapshot.reference.clone()), ("limit", "100".to_owned())];
            let answer = self.get(&["v1", "refunds"], &query).await?;
            snapshot.refunds = wire::read_refunds(snapshot.currency, answer.status, &answer.body)?;
        }
        Ok(Some(snapshot))
    }

    async fn look_for(&self, payment: PaymentId) -> Result<Option<Snapshot>, Unavailable> {
        let Some(made_s) = made_at(payment) else {
            return Err(Unavailable { why: "the payment's id has no time".to_owned() });
        };
        let mut query = vec![
            ("created[gte]", (made_s - CLOCKS_S).to_string()),
            ("created[lte]", (made_s + MADE_WITHIN_S + CLOCKS_S).to_string()),
            ("limit", "100".to_owned()),
            ("expand[]", "data.latest_charge".to_owned()),
        ];
        for _ in 0..MOST_PAGES {
            let answer = self.get(&["v1", "payment_intents"], &query).await?;
            match wire::read_page(payment, answer.status, &answer.body)? {
                Page::Found(snapshot) => return Ok(Some(*snapshot)),
                Page::End => return Ok(None),
                Page::More(last) => {
                    query.retain(|(name, _)| *name != "starting_after");
                    query.push(("starting_after", last));
                }
            }
        }
        Err(Unavailable { why: "too many payments to look through".to_owned() })
    }
}

/// When a payment was made, seconds since the epoch: its id says so.
fn made_at(payment: PaymentId) -> Option<i64> {
    let (seconds, _) = payment.uuid().get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()
}

/// What goes out with a request.
struct Send<'a> {
    key: Option<&'a str>,
    body: &'a str,
}

impl PaymentProvider for StripeProvider {
    fn name(&self) -> &'static str {
        callahead_domain::payment::provider::STRIPE
    }

    fn caps(&self) -> Caps {
        Caps { retrieve: true, partial: true, recharge: true, key_ttl_s: KEY_TTL_S }
    }

    fn body(&self, facts: &CommandFacts) -> String {
        wire::body(facts)
    }

    fn send<'a>(&'a self, _target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome> {
        Box::pin(self.command(command))
    }

    fn retrieve<'a>(
        &'a self,
        _target: &'a ShopTarget,
        payment: &'a PaymentRef,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Unavailable>> {
        Box::pin(self.books(payment))
    }
}
