//! The customer's money: how a command about it reaches whoever holds it, exactly once.
//!
//! [`PaymentProvider`] is the port. A command is frozen when it is queued ([`Frozen`]: its bytes and its key
//! never change afterwards), sent by a job, and every answer becomes an [`Outcome`], in which "we do not know"
//! is a first-class case and never read as yes or no. [`exactly_once`] decides what happens next.
//! Providers: [`record`] for shops that settle elsewhere, [`shop`] for a shop's own endpoint, [`stripe`] for cards,
//! [`wallet`] for prepaid wallets.

pub mod exactly_once;
pub mod reconcile;
pub mod record;
pub mod shop;
pub mod stripe;
pub mod wallet;

use std::fmt;
use std::str::FromStr;

use callahead_domain::id::{HandOffId, OrderId, PaymentId, RefundId};
use callahead_domain::money::{Currency, Money};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// What a command does. The wire and column name is the lower-case word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Hold the money.
    Authorise,
    /// Take the money after a confirmed hand-off.
    Capture,
    /// Give the held money back.
    Release,
    /// Give captured money back, whole or in part.
    Refund,
}

impl Op {
    /// The wire and column name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorise => "authorise",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Refund => "refund",
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
        let all = [Self::Authorise, Self::Capture, Self::Release, Self::Refund];
        all.into_iter().find(|op| op.name() == name).ok_or(OpError)
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

/// Everything the bytes of a command are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFacts {
    /// What to do.
    pub op: Op,
    /// The idempotency key the bytes go out with.
    pub idem_key: String,
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider's own reference, once it gave one.
    pub reference: Option<String>,
    /// Its order.
    pub order_id: OrderId,
    /// The shop's own order number, if it gave one.
    pub external_id: Option<String>,
    /// How much.
    pub amount: Money,
    /// What is held for the payment, in minor units of the same currency.
    pub authorized_minor: i64,
    /// What the money is taken from, in the provider's words (a card's token, a wallet); for an authorisation only.
    pub method: Option<String>,
    /// The confirmed hand-off; for a capture only.
    pub hand_off_id: Option<HandOffId>,
    /// Which refund; for a refund only.
    pub refund_id: Option<RefundId>,
    /// When the command was decided.
    pub at: DateTime<Utc>,
}

/// A command as it was queued. Nothing in it changes over retries; a new key means a new `Frozen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The idempotency key, at most 64 characters.
    pub idem_key: String,
    /// What to do.
    pub op: Op,
    /// The exact bytes to send; [`PaymentProvider::body`] made them.
    pub body: String,
    /// Which payment.
    pub payment: PaymentRef,
    /// Which refund; for a refund only.
    pub refund: Option<RefundId>,
    /// What the money is taken from; for an authorisation only.
    pub method: Option<String>,
    /// What is held for the payment, in minor units of `currency`; for an authorisation what is to be held.
    pub authorized_minor: i64,
    /// What to hold, take, give back, in minor units of `currency`.
    pub amount_minor: i64,
    /// The currency of both amounts.
    pub currency: Currency,
}

/// Where a payment stands in a provider's books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The provider is still at it.
    Pending,
    /// The customer has to do something first, at [`Snapshot::action_url`].
    ActionRequired,
    /// The money is held.
    #[default]
    Held,
    /// Money was taken; what was not is given back.
    Captured,
    /// Nothing is held any more and nothing was taken: given back, cancelled or expired.
    Released,
    /// The provider refused to hold anything; [`Snapshot::failure`] says why.
    Declined,
}

/// Where one refund stands in a provider's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStanding {
    /// On its way.
    Pending,
    /// The customer has it.
    Succeeded,
    /// It will not come.
    Failed,
}

/// One refund in a provider's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundEntry {
    /// Our id, if it is one of ours.
    pub id: Option<RefundId>,
    /// The provider's reference.
    pub reference: String,
    /// Minor units of the payment's currency.
    pub amount_minor: i64,
    /// Where it stands.
    pub standing: RefundStanding,
}

/// What a provider says stands in its books for one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The provider's reference, 1 to 200 characters.
    pub reference: String,
    /// Where it stands.
    #[serde(default)]
    pub standing: Standing,
    /// Held at first, or to be held, in minor units.
    pub authorized_minor: i64,
    /// Taken so far, in minor units.
    pub captured_minor: i64,
    /// Given back so far without having been taken, in minor units.
    pub released_minor: i64,
    /// Given back after it was taken: every refund the provider knows.
    #[serde(default)]
    pub refunds: Vec<RefundEntry>,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The hold ends then, if the provider says so.
    #[serde(default)]
    pub capture_before: Option<DateTime<Utc>>,
    /// Where the customer has to go, for [`Standing::ActionRequired`].
    #[serde(default)]
    pub action_url: Option<String>,
    /// The provider's code, for [`Standing::Declined`].
    #[serde(default)]
    pub failure: Option<String>,
}

impl Snapshot {
    /// The books after a command was carried out exactly as asked and nothing was refunded before it, for providers
    /// whose answer to a command says no more than that.
    #[must_use]
    pub fn after(command: &Frozen, reference: String) -> Snapshot {
        let (held, amount) = (command.authorized_minor, command.amount_minor);
        let (standing, captured_minor, released_minor) = match command.op {
            Op::Authorise => (Standing::Held, 0, 0),
            Op::Capture => (Standing::Captured, amount, held.saturating_sub(amount)),
            Op::Release => (Standing::Released, 0, amount),
            Op::Refund => (Standing::Captured, held, 0),
        };
        let refund = command.refund.map(|id| RefundEntry {
            id: Some(id),
            reference: reference.clone(),
            amount_minor: amount,
            standing: RefundStanding::Succeeded,
        });
        Snapshot {
            reference,
            standing,
            authorized_minor: held,
            captured_minor,
            released_minor,
            refunds: refund.into_iter().collect(),
            currency: command.currency,
            capture_before: None,
            action_url: None,
            failure: None,
        }
    }
}

/// What came of sending a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The provider took it; these are its books now. Whether they say what was asked for is
    /// [`exactly_once::after`]'s to judge: an authorisation may be pending or wait for the customer.
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
    /// The payment's method can be charged again without the customer: a hold that ends is renewed, and money that is
    /// owed is asked for, by itself.
    pub recharge: bool,
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
    /// The name in a shop's settings; one of [`callahead_domain::payment::provider`]'s.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn caps(&self) -> Caps;

    /// The exact bytes of a command, to be frozen with its key before it is first sent.
    fn body(&self, facts: &CommandFacts) -> String {
        shop::wire::command_body(facts)
    }

    /// Carries a command out, as its `op` says. A release of something of which the provider knows nothing is an
    /// [`Outcome::Unknown`], not a success: the authorisation may still be on its way.
    fn send<'a>(&'a self, target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome>;

    /// What stands in the books; `None` when the provider knows nothing of the payment. Found by the provider's
    /// reference, and by our id where there is none yet.
    fn retrieve<'a>(
        &'a self,
        target: &'a ShopTarget,
        payment: &'a PaymentRef,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Unavailable>>;
}
