//! The ledger: double entry with holds, for money kept for customers and owed to shops.
//!
//! A transfer moves an amount from a debit account to a credit account. A *single* moves it at once; a *pending* one
//! holds it, and later one *post* takes all or a part of the hold (the rest is free again by the same row) or one *void*
//! gives it back. Money held for customers is owed to them: wallets are credit-normal, and what is available is
//! `credits posted - debits posted - debits pending`.
//!
//! This is the pure part. [`Book`] is what the database held when the accounts were locked; it takes requests one after
//! the other and says which rows follow. Callers make a transfer's id before they send it and send it again with it.

mod account;
mod book;
mod request;
#[cfg(test)]
mod tests;

pub use account::{Account, AccountKind, Holder};
pub use book::{Book, Entry, Hold, Layer, Transfer, TransferKind, Verdict};
pub use request::{Action, Code, Invalid, Limit, Request};

use std::fmt;

/// Why the ledger did not do what it was asked. All but those of [`Refusal::passes`] are kept under the request's id: the
/// same request is refused for ever, so that sending it again cannot change the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// There is no such account.
    AccountMissing,
    /// An account is closed.
    AccountClosed,
    /// The account to debit is frozen.
    AccountFrozen,
    /// An account has another currency.
    CurrencyDiffers,
    /// Less is available than is asked for.
    InsufficientFunds,
    /// There is no such hold.
    HoldMissing,
    /// The hold was posted or voided before.
    HoldResolved,
    /// The hold is over.
    HoldExpired,
    /// More than is held.
    ExceedsHold,
    /// The receipt, card or code was used before.
    ReferenceUsed,
    /// More is to be given back than was taken.
    ExceedsTaken,
    /// More than may be spent in this time.
    ExceedsLimit,
    /// The balance would be larger than can be carried exactly.
    TooLarge,
    /// The id belongs to another request.
    IdTaken,
    /// The hold is not over yet.
    HoldRuns,
    /// The hold's delivery was handed over, or somebody says so: it must not end by the clock.
    HoldNeeded,
}

impl Refusal {
    /// Every one.
    pub const ALL: [Refusal; 16] = [
        Self::AccountMissing,
        Self::AccountClosed,
        Self::AccountFrozen,
        Self::CurrencyDiffers,
        Self::InsufficientFunds,
        Self::HoldMissing,
        Self::HoldResolved,
        Self::HoldExpired,
        Self::ExceedsHold,
        Self::ReferenceUsed,
        Self::ExceedsTaken,
        Self::ExceedsLimit,
        Self::TooLarge,
        Self::IdTaken,
        Self::HoldRuns,
        Self::HoldNeeded,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccountMissing => "account_missing",
            Self::AccountClosed => "account_closed",
            Self::AccountFrozen => "account_frozen",
            Self::CurrencyDiffers => "currency_differs",
            Self::InsufficientFunds => "insufficient_funds",
            Self::HoldMissing => "hold_missing",
            Self::HoldResolved => "hold_resolved",
            Self::HoldExpired => "hold_expired",
            Self::ExceedsHold => "exceeds_hold",
            Self::ReferenceUsed => "reference_used",
            Self::ExceedsTaken => "exceeds_taken",
            Self::ExceedsLimit => "exceeds_limit",
            Self::TooLarge => "balance_too_large",
            Self::IdTaken => "transfer_id_taken",
            Self::HoldRuns => "hold_runs",
            Self::HoldNeeded => "hold_needed",
        }
    }

    /// The one of a stable code.
    pub fn parse(code: &str) -> Option<Refusal> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }

    /// Whether the same request may be answered otherwise later, so that the refusal is not kept.
    pub const fn passes(self) -> bool {
        matches!(self, Self::IdTaken | Self::HoldRuns | Self::HoldNeeded)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}
