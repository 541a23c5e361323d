//! Accounts of the ledger as operators and shops see them: what is there, freezing, closing, paying out.

use super::money::{TransferView, settled};
use crate::app::unit::Unit;
use crate::app::view::MoneyView;
use crate::app::{App, Error};
use crate::store::deliveries::micros;
use crate::store::tx::Tx;
use crate::store::{ledger, shops, wallets as rows};
use callahead_domain::id::{AccountId, ShopId, StallId, TransferId};
use callahead_domain::ledger::{Account, AccountKind, Action, Code, Holder, Request};
use callahead_domain::money::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountView {
    /// `acc_…`
    pub id: String,
    /// `world`, `wallet`, `shop_payable` or `stall`.
    pub kind: String,
    /// The wallet, shop or stall it belongs to.
    pub owner: String,
    /// What is there.
    pub balance: MoneyView,
    /// Held to come, for orders on their way.
    pub expected: MoneyView,
    /// What may leave.
    pub available: MoneyView,
    /// `open`, `frozen` or `closed`.
    pub status: String,
}

/// How an account stands.
pub(super) fn status(account: &Account) -> &'static str {
    match (account.closed, account.frozen) {
        (true, _) => "closed",
        (false, true) => "frozen",
        (false, false) => "open",
    }
}

impl AccountView {
    fn of(account: &Account) -> AccountView {
        let money = |amount: i64| MoneyView { amount, currency: account.currency.code().to_owned() };
        AccountView {
            id: account.id.to_string(),
            kind: account.kind.name().to_owned(),
            owner: account.owner.clone(),
            balance: money(account.posted()),
            expected: money(account.credits_pending),
            available: money(account.available()),
            status: status(account).to_owned(),
        }
    }
}

/// Whose books may be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Books {
    /// Everybody's.
    All,
    /// A shop's own.
    Of(ShopId),
}

/// What is to change of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    /// Nothing new leaves it.
    Freeze,
    /// Back to normal.
    Thaw,
    /// For good; nothing may be on it.
    Close,
}

struct Alter {
    account: Uuid,
    change: AccountChange,
    now: i64,
}

impl Unit for Alter {
    type Output = bool;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        Ok(match self.change {
            AccountChange::Freeze => rows::freeze(tx, self.account, Some(self.now)).await?,
            AccountChange::Thaw => rows::freeze(tx, self.account, None).await?,
            AccountChange::Close => rows::close(tx, self.account, self.now).await?,
        })
    }
}

impl App {
    /// An account as it stands.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn ledger_account(&self, id: AccountId) -> Result<Account, Error> {
        let row = ledger::by_id(self.db.read(), id).await?.ok_or(Error::Missing)?;
        Ok(ledger::account(&row)?)
    }

    /// An account that whoever asks may see.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another's.
    pub async fn account_in(&self, books: Books, id: AccountId) -> Result<Account, Error> {
        let account = self.ledger_account(id).await?;
        let own = match books {
            Books::All => true,
            Books::Of(shop) => self.shop_of(&account).await? == Some(shop),
        };
        if own { Ok(account) } else { Err(Error::Missing) }
    }

    /// The shop an account belongs to.
    pub(super) async fn shop_of(&self, account: &Account) -> Result<Option<ShopId>, Error> {
        Ok(match account.kind {
            AccountKind::ShopPayable => account.owner.parse().ok(),
            AccountKind::Stall => match account.owner.parse::<StallId>() {
                Ok(stall) => shops::of_stall(self.db.read(), stall.uuid()).await?.map(ShopId::from_uuid),
                Err(_) => None,
            },
            AccountKind::World | AccountKind::Wallet => None,
        })
    }

    /// One account.
    ///
    /// # Errors
    /// As [`App::account_in`].
    pub async fn account_view(&self, books: Books, id: AccountId) -> Result<AccountView, Error> {
        Ok(AccountView::of(&self.account_in(books, id).await?))
    }

    /// A shop's accounts: its own first, then those of its stalls. The shop's own is opened when it is looked at.
    ///
    /// # Errors
    /// [`Error::Missing`] without such a shop.
    pub async fn shop_accounts(&self, shop: ShopId) -> Result<Vec<AccountView>, Error> {
        let row = shops::by_id(self.db.read(), shop.uuid()).await?.ok_or(Error::Missing)?;
        let currency = Currency::parse(&row.currency).map_err(Error::internal)?;
        let own = self.ledger.open(&Holder::new(AccountKind::ShopPayable, shop, currency)).await?;
        let mut found = vec![AccountView::of(&self.ledger_account(own).await?)];
        for (stall, currency) in shops::stalls_of(self.db.read(), shop.uuid()).await? {
            let currency = Currency::parse(&currency).map_err(Error::internal)?;
            let holder = Holder::new(AccountKind::Stall, StallId::from_uuid(stall), currency);
            let account = self.ledger.open(&holder).await?;
            found.push(AccountView::of(&self.ledger_account(account).await?));
        }
        Ok(found)
    }

    /// Freezes, thaws or closes an account.
    ///
    /// # Errors
    /// [`Error::Missing`]; `account_closed`; `account_in_use` for one that cannot be closed yet.
    pub async fn change_account(&self, id: AccountId, change: AccountChange) -> Result<AccountView, Error> {
        let before = self.ledger_account(id).await?;
        if before.kind == AccountKind::World {
            return Err(Error::Missing);
        }
        let now = micros(self.clock.now());
        let changed = self.ledger.write(Alter { account: id.uuid(), change, now }).await?;
        let after = self.ledger_account(id).await?;
        match change {
            _ if changed => Ok(AccountView::of(&after)),
            AccountChange::Close if after.closed => Ok(AccountView::of(&after)),
            AccountChange::Close => {
                Err(Error::rule("account_in_use", "There is money on it, or held on it."))
            }
            AccountChange::Freeze | AccountChange::Thaw => {
                Err(Error::rule("account_closed", "The account is closed."))
            }
        }
    }

    /// Pays out what is on an account; the money leaves the service.
    ///
    /// # Errors
    /// [`Error::Missing`]; `currency_differs`; what the ledger refuses.
    pub async fn pay_out(
        &self,
        account: AccountId,
        id: TransferId,
        amount: Money,
        receipt: &str,
    ) -> Result<TransferView, Error> {
        if self.ledger_account(account).await?.kind == AccountKind::World {
            return Err(Error::Missing);
        }
        let world = self.ledger.open(&Holder::world(amount.currency())).await?;
        let action = Action::Single { debit: account, credit: world, amount };
        let request = Request::new(id, Code::Payout, receipt, action);
        Ok(self.transfer_view(&settled(self.ledger.carry_out(request).await?)?))
    }
}
