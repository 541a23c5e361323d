//! Requests carried out one after the other on what the database held, and the rows that follow.

use super::account::Step;
use super::{Account, Action, Code, Limit, Refusal, Request};
use crate::id::{AccountId, TransferId};
use crate::money::Currency;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The kind of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferKind {
    /// Moved at once.
    Single,
    /// Held.
    Pending,
    /// Took a hold.
    Post,
    /// Gave a hold back.
    Void,
}

impl TransferKind {
    /// Every kind.
    pub const ALL: [TransferKind; 4] = [Self::Single, Self::Pending, Self::Post, Self::Void];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Pending => "pending",
            Self::Post => "post",
            Self::Void => "void",
        }
    }

    /// The kind of a stored name.
    pub fn parse(name: &str) -> Option<TransferKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A transfer as it is kept; never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Made by the caller.
    pub id: TransferId,
    /// Its kind.
    pub kind: TransferKind,
    /// From.
    pub debit: AccountId,
    /// To.
    pub credit: AccountId,
    /// Minor units: moved, held, taken, or given back.
    pub amount: i64,
    /// Of both accounts.
    pub currency: Currency,
    /// The hold it resolves.
    pub hold: Option<TransferId>,
    /// When a hold is over.
    pub expires_at: Option<DateTime<Utc>>,
    /// Which operation it is.
    pub code: Code,
    /// What it is about.
    pub reference: String,
    /// [`Request::hash`].
    pub request_hash: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Where an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// What was moved.
    Posted,
    /// What is held.
    Pending,
}

impl Layer {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Pending => "pending",
        }
    }
}

/// One side of a transfer in one layer; never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub account: AccountId,
    /// The account's version after it.
    pub account_version: i64,
    /// Of which transfer.
    pub transfer: TransferId,
    /// Where it counts.
    pub layer: Layer,
    /// Above zero what came, below zero what left.
    pub amount: i64,
    /// [`Account::posted`] after the transfer.
    pub posted_after: i64,
    /// [`Account::held`] after the transfer.
    pub held_after: i64,
    /// When.
    pub at: DateTime<Utc>,
}

/// A hold and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The pending transfer.
    pub transfer: Transfer,
    /// It was posted or voided.
    pub resolved: bool,
    /// Its delivery was handed over or somebody says so: the clock does not end it.
    pub needed: bool,
}

impl Hold {
    fn over(&self, now: DateTime<Utc>) -> bool {
        self.transfer.expires_at.is_some_and(|at| at <= now)
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was carried out now.
    Made(Transfer),
    /// It was carried out before.
    Known(Transfer),
    /// It was not, now or before.
    Refused(Refusal),
}

/// What the database held while the accounts were locked, and what is to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// The accounts the requests touch, as they stand after those carried out so far.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The transfers that are there under the requests' ids, or that they give back from.
    pub known: BTreeMap<TransferId, Transfer>,
    /// Requests refused before: hash and reason.
    pub refused: BTreeMap<TransferId, (String, Refusal)>,
    /// The holds the requests resolve.
    pub holds: BTreeMap<TransferId, Hold>,
    /// References that were used where they count once.
    pub used: BTreeSet<(Code, String)>,
    /// What was given back of each transfer so far.
    pub given_back: BTreeMap<TransferId, i64>,
    /// What was spent so far, by the request that is limited.
    pub spent: BTreeMap<TransferId, i64>,
    /// To be written.
    pub transfers: Vec<Transfer>,
    /// To be written.
    pub entries: Vec<Entry>,
    /// To be written.
    pub refusals: Vec<(TransferId, String, Refusal)>,
}

impl Book {
    /// Carries a request out, or refuses it and leaves the accounts as they are.
    pub fn carry_out(&mut self, request: &Request, now: DateTime<Utc>) -> Verdict {
        let hash = request.hash();
        if let Some(known) = self.known.get(&request.id) {
            return match known.request_hash == hash {
                true => Verdict::Known(known.clone()),
                false => Verdict::Refused(Refusal::IdTaken),
            };
        }
        if let Some((before, refusal)) = self.refused.get(&request.id) {
            return Verdict::Refused(if *before == hash { *refusal } else { Refusal::IdTaken });
        }
        match self.decide(request, &hash, now).and_then(|transfer| self.enter(transfer)) {
            Ok(transfer) => Verdict::Made(transfer),
            Err(refusal) => {
                if !refusal.passes() {
                    self.refused.insert(request.id, (hash.clone(), refusal));
                    self.refusals.push((request.id, hash, refusal));
                }
                Verdict::Refused(refusal)
            }
        }
    }

    /// Accounts that changed, by id.
    pub fn touched(&self) -> impl Iterator<Item = &Account> {
        let ids: BTreeSet<AccountId> = self.entries.iter().map(|entry| entry.account).collect();
        self.accounts.values().filter(move |account| ids.contains(&account.id))
    }

    /// The transfer that would follow; whether the balances allow it is seen when it is entered.
    fn decide(&self, request: &Request, hash: &str, now: DateTime<Utc>) -> Result<Transfer, Refusal> {
        let reference = (request.code, request.reference.clone());
        if request.code.once() && self.used.contains(&reference) {
            return Err(Refusal::ReferenceUsed);
        }
        let (kind, debit, credit, amount, currency, expires_at) = match &request.action {
            Action::Single { debit, credit, amount } => {
                (TransferKind::Single, *debit, *credit, amount.minor(), amount.currency(), None)
            }
            Action::Hold { debit, credit, amount, expires_at } => {
                (TransferKind::Pending, *debit, *credit, amount.minor(), amount.currency(), *expires_at)
            }
            Action::Post { hold, amount } => {
                let held = self.open_hold(*hold)?;
                if held.over(now) && !held.needed {
                    return Err(Refusal::HoldExpired);
                }
                let amount = amount.unwrap_or(held.transfer.amount);
                if amount > held.transfer.amount {
                    return Err(Refusal::ExceedsHold);
                }
                let Transfer { debit, credit, currency, .. } = held.transfer;
                (TransferKind::Post, debit, credit, amount, currency, None)
            }
            Action::Void { hold } => {
                let held = self.open_hold(*hold)?;
                if request.code == Code::Expire && !held.over(now) {
                    return Err(Refusal::HoldRuns);
                }
                if request.code == Code::Expire && held.needed {
                    return Err(Refusal::HoldNeeded);
                }
                let Transfer { debit, credit, amount, currency, .. } = held.transfer;
                (TransferKind::Void, debit, credit, amount, currency, None)
            }
        };
        let transfer = Transfer {
            id: request.id,
            kind,
            debit,
            credit,
            amount,
            currency,
            hold: request.hold(),
            expires_at,
            code: request.code,
            reference: request.reference.clone(),
            request_hash: hash.to_owned(),
            at: now,
        };
        self.check_accounts(&transfer)?;
        self.check_limit(request, &transfer)?;
        Ok(transfer)
    }

    fn open_hold(&self, id: TransferId) -> Result<&Hold, Refusal> {
        let hold = self.holds.get(&id).ok_or(Refusal::HoldMissing)?;
        if hold.resolved { Err(Refusal::HoldResolved) } else { Ok(hold) }
    }

    fn check_accounts(&self, transfer: &Transfer) -> Result<(), Refusal> {
        let debit = self.accounts.get(&transfer.debit).ok_or(Refusal::AccountMissing)?;
        let credit = self.accounts.get(&transfer.credit).ok_or(Refusal::AccountMissing)?;
        if transfer.kind != TransferKind::Void && (debit.closed || credit.closed) {
            return Err(Refusal::AccountClosed);
        }
        let new = matches!(transfer.kind, TransferKind::Single | TransferKind::Pending);
        if new && debit.frozen {
            return Err(Refusal::AccountFrozen);
        }
        if debit.currency != transfer.currency || credit.currency != transfer.currency {
            return Err(Refusal::CurrencyDiffers);
        }
        Ok(())
    }

    fn check_limit(&self, request: &Request, transfer: &Transfer) -> Result<(), Refusal> {
        match &request.limit {
            None => Ok(()),
            Some(Limit::Taken { by }) => {
                let took = self.known.get(by).filter(|took| {
                    matches!(took.kind, TransferKind::Single | TransferKind::Post)
                        && (took.debit, took.credit) == (transfer.credit, transfer.debit)
                });
                let back = self.given_back.get(by).copied().unwrap_or_default();
                let fits = took.is_some_and(|took| back.saturating_add(transfer.amount) <= took.amount);
                if fits { Ok(()) } else { Err(Refusal::ExceedsTaken) }
            }
            Some(Limit::Spent { code, since, most }) => {
                let here = self
                    .transfers
                    .iter()
                    .filter(|one| one.debit == transfer.debit && one.code == *code && one.at >= *since);
                let before = self.spent.get(&request.id).copied().unwrap_or_default();
                let sum = here.fold(before, |sum, one| sum.saturating_add(one.amount));
                let fits = sum.saturating_add(transfer.amount) <= *most;
                if fits { Ok(()) } else { Err(Refusal::ExceedsLimit) }
            }
        }
    }

    /// Writes a transfer down on both sides.
    fn enter(&mut self, transfer: Transfer) -> Result<Transfer, Refusal> {
        let held =
            transfer.hold.and_then(|hold| self.holds.get(&hold)).map_or(0, |hold| hold.transfer.amount);
        let amount = transfer.amount;
        let (posted, pending) = match transfer.kind {
            TransferKind::Single => (amount, 0),
            TransferKind::Pending => (0, amount),
            TransferKind::Post => (amount, -held),
            TransferKind::Void => (0, -held),
        };
        let debit = Step { debits_posted: posted, debits_pending: pending, ..Step::default() };
        let credit = Step { credits_posted: posted, credits_pending: pending, ..Step::default() };
        let next = |book: &Book, id, step| book.accounts.get(&id).ok_or(Refusal::AccountMissing)?.after(step);
        let after = [next(self, transfer.debit, debit)?, next(self, transfer.credit, credit)?];
        for (account, step) in after.into_iter().zip([debit, credit]) {
            self.add_entries(&transfer, &account, step);
            self.accounts.insert(account.id, account);
        }
        if transfer.kind == TransferKind::Pending {
            let hold = Hold { transfer: transfer.clone(), resolved: false, needed: false };
            self.holds.insert(transfer.id, hold);
        }
        if let Some(hold) = transfer.hold.and_then(|hold| self.holds.get_mut(&hold)) {
            hold.resolved = true;
        }
        if transfer.code == Code::Refund
            && let Ok(of) = transfer.reference.parse::<TransferId>()
        {
            let back = self.given_back.entry(of).or_default();
            *back = back.saturating_add(amount);
        }
        self.used.insert((transfer.code, transfer.reference.clone()));
        self.known.insert(transfer.id, transfer.clone());
        self.transfers.push(transfer.clone());
        Ok(transfer)
    }

    fn add_entries(&mut self, transfer: &Transfer, account: &Account, step: Step) {
        for (layer, amount) in [(Layer::Posted, step.posted()), (Layer::Pending, step.held())] {
            if amount != 0 {
                self.entries.push(Entry {
                    account: account.id,
                    account_version: account.version,
                    transfer: transfer.id,
                    layer,
                    amount,
                    posted_after: account.posted(),
                    held_after: account.held(),
                    at: transfer.at,
                });
            }
        }
    }
}
