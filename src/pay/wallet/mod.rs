//! The customer's prepaid wallet, kept by this service: the hold is a pending transfer, the capture its post, the release
//! its void, a refund a transfer back. It goes the way of every provider, so there is one path to keep right.
//!
//! The books are the ledger itself ([`Books`]). A hold is found by its payment. The ids of transfers follow from the
//! command's key, that of a refund from the refund, so a command that is sent again is carried out once.

use std::fmt;
use std::sync::Arc;

use callahead_domain::id::{PaymentId, RefundId, TransferId, WalletId};
use callahead_domain::ledger::{Refusal, Transfer, TransferKind, Verdict};
use callahead_domain::money::Money;
use callahead_domain::payment::provider;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};

use super::{
    Caps, Frozen, Op, Outcome, PaymentProvider, PaymentRef, RefundEntry, RefundStanding, ShopTarget,
    Snapshot, Standing, Unavailable,
};

/// What the ledger has of one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The pending transfer.
    pub hold: Transfer,
    /// The post or the void, once there is one.
    pub resolved: Option<Transfer>,
    /// Transfers back.
    pub refunds: Vec<Transfer>,
}

/// What is asked of the ledger. Sent again under the same id, each is answered alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Hold this much of a wallet for a payment.
    Hold {
        /// The payment.
        payment: PaymentId,
        /// The wallet.
        wallet: WalletId,
        /// How much.
        amount: Money,
    },
    /// Take this much of a hold; the rest is free again.
    Post {
        /// The payment.
        payment: PaymentId,
        /// The hold.
        hold: TransferId,
        /// Minor units.
        amount: i64,
    },
    /// Give a hold back.
    Void {
        /// The payment.
        payment: PaymentId,
        /// The hold.
        hold: TransferId,
    },
    /// Give back of what was taken.
    Refund {
        /// The post.
        of: TransferId,
        /// How much.
        amount: Money,
    },
}

/// The ledger, as the provider meets it.
pub trait Books: fmt::Debug + Send + Sync {
    /// Carries something out.
    fn ask(&self, id: TransferId, ask: Ask) -> BoxFuture<'_, Result<Verdict, Unavailable>>;

    /// What stands there for a payment; `None` for nothing.
    fn entered(&self, payment: PaymentId) -> BoxFuture<'_, Result<Option<Entered>, Unavailable>>;
}

/// The provider.
#[derive(Debug, Clone)]
pub struct WalletProvider {
    books: Arc<dyn Books>,
}

impl WalletProvider {
    /// On these books.
    #[must_use]
    pub fn new(books: Arc<dyn Books>) -> WalletProvider {
        WalletProvider { books }
    }

    async fn carry_out(&self, command: &Frozen) -> Result<Outcome, Unavailable> {
        let payment = command.payment.id;
        let entered = self.books.entered(payment).await?;
        let (id, ask) = match (command.op, &entered) {
            (Op::Authorise, _) => {
                let wallet = command.method.as_deref().and_then(|method| method.parse().ok());
                let amount = Money::new(command.amount_minor, command.currency);
                let (Some(wallet), Ok(amount)) = (wallet, amount) else {
                    return Ok(refused("wallet_unknown", "the method is no wallet's id"));
                };
                (keyed(&command.idem_key), Ask::Hold { payment, wallet, amount })
            }
            // The hold may still be on its way.
            (Op::Release, None) => return Ok(unknown("nothing is held")),
            (_, None) => return Ok(refused(Refusal::HoldMissing.code(), "nothing is held")),
            (Op::Capture, Some(known)) => {
                let amount = command.amount_minor;
                (keyed(&command.idem_key), Ask::Post { payment, hold: known.hold.id, amount })
            }
            (Op::Release, Some(known)) => {
                (keyed(&command.idem_key), Ask::Void { payment, hold: known.hold.id })
            }
            (Op::Refund, Some(known)) => {
                let post = known.resolved.as_ref().filter(|one| one.kind == TransferKind::Post);
                let amount = Money::new(command.amount_minor, command.currency);
                let (Some(post), Some(refund), Ok(amount)) = (post, command.refund, amount) else {
                    return Ok(refused("not_captured", "nothing was taken"));
                };
                (TransferId::from_uuid(refund.uuid()), Ask::Refund { of: post.id, amount })
            }
        };
        match self.books.ask(id, ask).await? {
            Verdict::Made(_) | Verdict::Known(_) => {}
            // Somebody else settled it, or the key was used for other bytes: the books tell.
            Verdict::Refused(Refusal::HoldResolved | Refusal::IdTaken) => {
                return Ok(Outcome::Unknown { why: "the books tell".to_owned(), definite: true });
            }
            Verdict::Refused(refusal) => return Ok(refused(refusal.code(), "")),
        }
        match self.books.entered(payment).await? {
            Some(now) => Ok(Outcome::Done(snapshot(&now))),
            None => Ok(unknown("what was carried out is not in the books")),
        }
    }
}

fn refused(code: &str, message: &str) -> Outcome {
    Outcome::Refused { code: code.to_owned(), message: message.to_owned(), permanent: true }
}

fn unknown(why: &str) -> Outcome {
    Outcome::Unknown { why: why.to_owned(), definite: false }
}

/// The transfer's id of a command's key.
fn keyed(idem_key: &str) -> TransferId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(Sha256::digest(idem_key.as_bytes())).for_each(|(to, from)| *to = from);
    TransferId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The ledger's rows as a provider's books.
fn snapshot(entered: &Entered) -> Snapshot {
    let held = entered.hold.amount;
    let (standing, captured_minor, released_minor) = match &entered.resolved {
        None => (Standing::Held, 0, 0),
        Some(post) if post.kind == TransferKind::Post => {
            (Standing::Captured, post.amount, held.saturating_sub(post.amount))
        }
        Some(_) => (Standing::Released, 0, held),
    };
    let refund = |one: &Transfer| RefundEntry {
        id: Some(RefundId::from_uuid(one.id.uuid())),
        reference: one.id.to_string(),
        amount_minor: one.amount,
        standing: RefundStanding::Succeeded,
    };
    Snapshot {
        reference: entered.hold.id.to_string(),
        standing,
        authorized_minor: held,
        captured_minor,
        released_minor,
        refunds: entered.refunds.iter().map(refund).collect(),
        currency: entered.hold.currency,
        capture_before: entered.hold.expires_at,
        action_url: None,
        failure: None,
    }
}

impl PaymentProvider for WalletProvider {
    fn name(&self) -> &'static str {
        provider::WALLET
    }

    fn caps(&self) -> Caps {
        Caps { retrieve: true, partial: true, recharge: true, key_ttl_s: u64::MAX }
    }

    fn send<'a>(&'a self, _target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let outcome = self.carry_out(command).await;
            outcome.unwrap_or_else(|Unavailable { why }| Outcome::Unknown { why, definite: false })
        })
    }

    fn retrieve<'a>(
        &'a self,
        _target: &'a ShopTarget,
        payment: &'a PaymentRef,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Unavailable>> {
        Box::pin(async move { Ok(self.books.entered(payment.id).await?.map(|known| snapshot(&known))) })
    }
}
