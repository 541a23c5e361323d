//! Accounts: whose they are, their four counters, and how each step moves them.

use super::Refusal;
use crate::id::AccountId;
use crate::money::{Currency, MAX_MINOR};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// Everything outside: where top-ups come from and payouts go. No floor.
    World,
    /// A customer's prepaid wallet.
    Wallet,
    /// What is owed to a shop for its orders.
    ShopPayable,
    /// What is owed to a shop for what one of its stalls sold.
    Stall,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [AccountKind; 4] = [Self::World, Self::Wallet, Self::ShopPayable, Self::Stall];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::World => "world",
            Self::Wallet => "wallet",
            Self::ShopPayable => "shop_payable",
            Self::Stall => "stall",
        }
    }

    /// The kind of a stored name.
    pub fn parse(name: &str) -> Option<AccountKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What is available never falls below this.
    pub const fn floor(self) -> Option<i64> {
        match self {
            Self::World => None,
            Self::Wallet | Self::ShopPayable | Self::Stall => Some(0),
        }
    }
}

/// Whose account it is. One holder has one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// What it is for.
    pub kind: AccountKind,
    /// The id of the wallet, shop or stall; `world` for the world.
    pub owner: String,
    /// Its currency.
    pub currency: Currency,
}

impl Holder {
    /// A holder.
    pub fn new(kind: AccountKind, owner: impl ToString, currency: Currency) -> Holder {
        Holder { kind, owner: owner.to_string(), currency }
    }

    /// Everything outside, in a currency.
    pub fn world(currency: Currency) -> Holder {
        Holder::new(AccountKind::World, "world", currency)
    }

    /// The id of the holder's account: it follows from the holder, so nobody has to look it up.
    pub fn account(&self) -> AccountId {
        let text = format!("{}\n{}\n{}", self.kind.name(), self.owner, self.currency);
        AccountId::from_uuid(hashed(&text))
    }
}

/// A version 8 UUID of a text's hash.
pub(super) fn hashed(text: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(Sha256::digest(text.as_bytes())).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// An account as it stands. Amounts are minor units; the counters only rise, but for what is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What it is for.
    pub kind: AccountKind,
    /// The id of the wallet, shop or stall it belongs to.
    pub owner: String,
    /// Its currency.
    pub currency: Currency,
    /// What is available never falls below this.
    pub floor: Option<i64>,
    /// What left.
    pub debits_posted: i64,
    /// What came.
    pub credits_posted: i64,
    /// What is held to leave.
    pub debits_pending: i64,
    /// What is held to come.
    pub credits_pending: i64,
    /// Rises by one with every transfer.
    pub version: i64,
    /// Nothing new leaves it.
    pub frozen: bool,
    /// Only holds are given back.
    pub closed: bool,
}

/// What one transfer adds to one account's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub debits_posted: i64,
    pub credits_posted: i64,
    pub debits_pending: i64,
    pub credits_pending: i64,
}

impl Step {
    /// What it adds to the posted balance.
    pub fn posted(self) -> i64 {
        self.credits_posted - self.debits_posted
    }

    /// What it adds to what is held.
    pub fn held(self) -> i64 {
        self.credits_pending - self.debits_pending
    }
}

impl Account {
    /// A new account of a holder.
    pub fn open(holder: &Holder) -> Account {
        Account {
            id: holder.account(),
            kind: holder.kind,
            owner: holder.owner.clone(),
            currency: holder.currency,
            floor: holder.kind.floor(),
            debits_posted: 0,
            credits_posted: 0,
            debits_pending: 0,
            credits_pending: 0,
            version: 0,
            frozen: false,
            closed: false,
        }
    }

    /// What came less what left.
    pub const fn posted(&self) -> i64 {
        self.credits_posted.saturating_sub(self.debits_posted)
    }

    /// Held to come less held to leave.
    pub const fn held(&self) -> i64 {
        self.credits_pending.saturating_sub(self.debits_pending)
    }

    /// What may leave now.
    pub const fn available(&self) -> i64 {
        self.posted().saturating_sub(self.debits_pending)
    }

    /// The account after a step.
    pub(super) fn after(&self, step: Step) -> Result<Account, Refusal> {
        let sum = |counter: i64, more: i64| counter.checked_add(more).ok_or(Refusal::TooLarge);
        let next = Account {
            debits_posted: sum(self.debits_posted, step.debits_posted)?,
            credits_posted: sum(self.credits_posted, step.credits_posted)?,
            debits_pending: sum(self.debits_pending, step.debits_pending)?,
            credits_pending: sum(self.credits_pending, step.credits_pending)?,
            version: sum(self.version, 1)?,
            ..self.clone()
        };
        // What only gives back is never stopped by the floor.
        let takes = step.debits_posted > 0 || step.debits_pending > 0;
        if takes && next.floor.is_some_and(|floor| next.available() < floor) {
            return Err(Refusal::InsufficientFunds);
        }
        if next.floor.is_some() && next.posted() > MAX_MINOR {
            return Err(Refusal::TooLarge);
        }
        Ok(next)
    }
}
