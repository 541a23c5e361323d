//! What the ledger can be asked for.

use super::account::hashed;
use crate::id::{AccountId, TransferId};
use crate::money::Money;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// Which operation a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Money came into a wallet; the reference is a receipt.
    TopUp,
    /// A prepaid card was used up; the reference is the card.
    CardTopUp,
    /// Money is held for an order; the reference is the payment.
    OrderHold,
    /// What was handed over is taken; the reference is the payment.
    Capture,
    /// A hold is given back; the reference is the payment.
    Release,
    /// A hold ended by the clock.
    Expire,
    /// What was taken is given back; the reference is the transfer that took it.
    Refund,
    /// From wallet to wallet.
    Transfer,
    /// Paid to a stall from the customer's own phone; the reference is the stall.
    StallPayment,
    /// Paid to a stall by the customer's code; the reference is the code, which counts once.
    CodePayment,
    /// Paid out to a shop or a customer; the reference is a receipt.
    Payout,
}

impl Code {
    /// Every one.
    pub const ALL: [Code; 11] = [
        Self::TopUp,
        Self::CardTopUp,
        Self::OrderHold,
        Self::Capture,
        Self::Release,
        Self::Expire,
        Self::Refund,
        Self::Transfer,
        Self::StallPayment,
        Self::CodePayment,
        Self::Payout,
    ];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::CardTopUp => "card_top_up",
            Self::OrderHold => "order_hold",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Expire => "expire",
            Self::Refund => "refund",
            Self::Transfer => "transfer",
            Self::StallPayment => "stall_payment",
            Self::CodePayment => "code_payment",
            Self::Payout => "payout",
        }
    }

    /// The one of a stored name.
    pub fn parse(name: &str) -> Option<Code> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Whether its reference counts once, whoever uses it.
    pub const fn once(self) -> bool {
        matches!(self, Self::TopUp | Self::CardTopUp | Self::CodePayment)
    }
}

/// What is to be moved. Amounts are above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// At once.
    Single {
        /// From.
        debit: AccountId,
        /// To.
        credit: AccountId,
        /// How much.
        amount: Money,
    },
    /// Held until it is posted, voided or over.
    Hold {
        /// From.
        debit: AccountId,
        /// To.
        credit: AccountId,
        /// How much.
        amount: Money,
        /// When the hold is over; never if absent.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Takes a hold, or a part of it; the rest is free again.
    Post {
        /// The hold.
        hold: TransferId,
        /// Minor units; all of the hold if absent.
        amount: Option<i64>,
    },
    /// Gives a hold back.
    Void {
        /// The hold.
        hold: TransferId,
    },
}

/// What a transfer must keep to beside the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// What is given back of a transfer is never more than it took.
    Taken {
        /// The transfer that took.
        by: TransferId,
    },
    /// What leaves the account by one operation since an instant is at most this.
    Spent {
        /// The operation.
        code: Code,
        /// Since when.
        since: DateTime<Utc>,
        /// Minor units.
        most: i64,
    },
}

/// A request to the ledger, under an id the caller made and kept before sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The transfer's id.
    pub id: TransferId,
    /// What is to be moved.
    pub action: Action,
    /// Which operation it is.
    pub code: Code,
    /// What it is about.
    pub reference: String,
    /// What it must keep to.
    pub limit: Option<Limit>,
}

/// Why a request can never be carried out; its id stays free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// An amount of nothing or less.
    #[error("the amount must be above zero")]
    Amount,
    /// From an account to itself.
    #[error("an account cannot pay itself")]
    SameAccount,
}

impl Request {
    /// A request without a limit.
    pub fn new(id: TransferId, code: Code, reference: impl ToString, action: Action) -> Request {
        Request { id, action, code, reference: reference.to_string(), limit: None }
    }

    /// Gives back a part of what a transfer took.
    pub fn refund(
        id: TransferId,
        of: TransferId,
        debit: AccountId,
        credit: AccountId,
        amount: Money,
    ) -> Request {
        let action = Action::Single { debit, credit, amount };
        Request { limit: Some(Limit::Taken { by: of }), ..Request::new(id, Code::Refund, of, action) }
    }

    /// Ends a hold that is over. Its id follows from the hold, so that several sweepers ask for one and the same.
    pub fn expire(hold: TransferId) -> Request {
        let id = TransferId::from_uuid(hashed(&format!("expire\n{hold}")));
        Request::new(id, Code::Expire, hold, Action::Void { hold })
    }

    /// The same, within a limit.
    #[must_use]
    pub fn within(mut self, limit: Limit) -> Request {
        self.limit = Some(limit);
        self
    }

    /// Whether it makes sense at all.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn check(&self) -> Result<(), Invalid> {
        match &self.action {
            Action::Single { debit, credit, amount } | Action::Hold { debit, credit, amount, .. } => {
                if debit == credit {
                    return Err(Invalid::SameAccount);
                }
                if amount.minor() <= 0 { Err(Invalid::Amount) } else { Ok(()) }
            }
            Action::Post { amount, .. } if amount.is_some_and(|amount| amount < 0) => Err(Invalid::Amount),
            Action::Post { .. } | Action::Void { .. } => Ok(()),
        }
    }

    /// The accounts it names itself.
    pub fn accounts(&self) -> Option<(AccountId, AccountId)> {
        match &self.action {
            Action::Single { debit, credit, .. } | Action::Hold { debit, credit, .. } => {
                Some((*debit, *credit))
            }
            Action::Post { .. } | Action::Void { .. } => None,
        }
    }

    /// The hold it resolves.
    pub fn hold(&self) -> Option<TransferId> {
        match &self.action {
            Action::Post { hold, .. } | Action::Void { hold } => Some(*hold),
            Action::Single { .. } | Action::Hold { .. } => None,
        }
    }

    /// The transfer it gives back from.
    pub fn taken_by(&self) -> Option<TransferId> {
        match &self.limit {
            Some(Limit::Taken { by }) => Some(*by),
            _ => None,
        }
    }

    /// SHA-256 of what is asked, in hexadecimal: an id that comes again must ask for the same. A limit is a rule of
    /// the moment and no part of it.
    pub fn hash(&self) -> String {
        let action = match &self.action {
            Action::Single { debit, credit, amount } => {
                format!("single\n{debit}\n{credit}\n{}\n{}", amount.minor(), amount.currency())
            }
            Action::Hold { debit, credit, amount, expires_at } => format!(
                "pending\n{debit}\n{credit}\n{}\n{}\n{}",
                amount.minor(),
                amount.currency(),
                expires_at.map(|at| at.timestamp_micros()).unwrap_or_default()
            ),
            Action::Post { hold, amount } => {
                format!("post\n{hold}\n{}", amount.map(|amount| amount.to_string()).unwrap_or_default())
            }
            Action::Void { hold } => format!("void\n{hold}"),
        };
        let text = format!("{action}\n{}\n{}", self.code.name(), self.reference);
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
