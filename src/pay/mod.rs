//! The customer's money: how a capture or a release reaches whoever holds it, exactly once.
//!
//! [`PaymentProvider`] is the port. A command is frozen when it is queued ([`Frozen`]: its bytes and its key
//! never change afterwards), sent by a job, and every answer becomes an [`Outcome`], in which "we do not know"
//! is a first-class case and never read as yes or no. [`exactly_once`] decides what happens next.
//! Providers: [`record`] for shops that settle elsewhere, [`shop`] for a shop's own endpoint.

pub mod exactly_once;
pub mod record;
pub mod shop;

use std::fmt;
use std::str::FromStr;

use callahead_domain::id::PaymentId;
use callahead_domain::money::Currency;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// What a command does. The wire and column name is the lower-case word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Take the money after a confirmed hand-off.
    Capture,
    /// Give the held money back.
    Release,
}

impl Op {
    /// The wire and column name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Release => "release",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Not the name of an [`Op`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a payment operation")]
pub struct OpError;

impl FromStr for Op {
    type Err = OpError;

    fn from_str(name: &str) -> Result<Self, OpError> {
        [Self::Capture, Self::Release].into_iter().find(|op| op.name() == name).ok_or(OpError)
    }
}

/// A payment as a provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRef {
    /// Our id.
    pub id: PaymentId,
    /// The provider's own reference, once it gave one.
    pub reference: Option<String>,
}

/// A command as it was queued. Nothing in it changes over retries; a new key means a new `Frozen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The idempotency key, at most 64 characters.
    pub idem_key: String,
    /// What to do.
    pub op: Op,
    /// The exact bytes to send; [`shop::wire::command_body`] makes them.
    pub body: String,
    /// Which payment.
    pub payment: PaymentRef,
    /// What is held for the payment, in minor units of `currency`.
    pub authorized_minor: i64,
    /// What to take (capture) or to give back (release), in minor units of `currency`.
    pub amount_minor: i64,
    /// The currency of both amounts.
    pub currency: Currency,
}

/// What a provider says stands in its books for one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The provider's reference, 1 to 200 characters.
    pub reference: String,
    /// Held at first, in minor units.
    pub authorized_minor: i64,
    /// Taken so far, in minor units.
    pub captured_minor: i64,
    /// Given back so far, in minor units.
    pub released_minor: i64,
    /// The currency of all amounts.
    pub currency: Currency,
}

/// What came of sending a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It happened; amount and currency were echoed as asked.
    Done(Snapshot),
    /// The provider says it did not happen.
    Refused {
        /// The provider's code, for the record and for people.
        code: String,
        /// The provider's words, at most 200 characters; may be empty.
        message: String,
        /// It never will: do not ask again. Otherwise it may be asked again under a new key.
        permanent: bool,
    },
    /// It may or may not have happened.
    Unknown {
        /// Why, for the record: `timeout`, `status 503`, `integrity: ...`.
        why: String,
        /// The provider answered with a plain failure (500, most 4xx), so this request is over and done with,
        /// and the same key would only bring the same answer back. False for everything that may still be
        /// running: time-outs, resets, answers of something in between.
        definite: bool,
    },
}

/// The provider could not be asked, or its answer made no sense. Proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payment provider could not be asked: {why}")]
pub struct Unavailable {
    /// Why, for the record.
    pub why: String,
}

/// What a provider can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// It can be asked what stands in its books. Without this, the same key is safe to send again.
    pub retrieve: bool,
    /// It takes less than was held; the rest is given back.
    pub partial: bool,
    /// How long it remembers a key, in seconds.
    pub key_ttl_s: u64,
}

/// Where a shop takes its payment requests. Empty for shops that settle elsewhere.
#[derive(Debug, Clone, Default)]
pub struct ShopTarget {
    /// The shop's endpoint.
    pub url: Option<String>,
    /// The shared signing secret, `whsec_<base64>` or the base64 alone.
    pub secret: Option<SecretString>,
}

/// Whoever holds the customer's money. Implementations keep no state between calls and never retry: the
/// caller has written "sent" before the call and writes the outcome after it.
pub trait PaymentProvider: fmt::Debug + Send + Sync {
    /// The name in a shop's settings.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn caps(&self) -> Caps;

    /// Takes the money.
    fn capture<'a>(&'a self, target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome>;

    /// Gives the money back.
    fn release<'a>(&'a self, target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome>;

    /// What stands in the books; `None` when the provider knows nothing of the payment.
    fn retrieve<'a>(
        &'a self,
        target: &'a ShopTarget,
        payment: &'a PaymentRef,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Unavailable>>;

    /// [`Self::capture`] or [`Self::release`], as the command says.
    fn send<'a>(&'a self, target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome> {
        match command.op {
            Op::Capture => self.capture(target, command),
            Op::Release => self.release(target, command),
        }
    }
}
