//! Prepaid wallets: opened by an operator for a telephone number or an e-mail address, used by whoever holds the
//! wallet's link. A customer has no account here beside it.

mod accounts;
mod money;
mod orders;
mod pin;
mod statement;
mod tries;

pub use accounts::{AccountChange, AccountView, Books};
pub(super) use money::settled;
pub use money::{CardView, NewCards, Payee, TransferView};
pub use pin::is_pin;
pub use statement::StatementLine;
pub(super) use tries::SCAN;

use super::unit::Unit;
use super::view::MoneyView;
use super::{App, Error, secret};
use crate::store::deliveries::{instant, micros};
use crate::store::guard::guarded_update;
use crate::store::tx::Tx;
use crate::store::wallets as rows;
use callahead_domain::contact::Language;
use callahead_domain::id::{AccountId, WalletId};
use callahead_domain::ledger::{Account, AccountKind, Holder};
use callahead_domain::money::Currency;
use chrono::{DateTime, Utc};
use entity::wallet;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::IntoActiveModel;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A checked wallet.
#[derive(Debug, Clone)]
pub struct NewWallet {
    /// Telephone number (E.164) or e-mail address.
    pub contact: String,
    /// Whose it is.
    pub name: String,
    /// Its money.
    pub currency: Currency,
    /// In which language it speaks.
    pub language: Language,
}

/// A wallet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WalletView {
    /// `wal_…`
    pub id: String,
    /// `acc_…`, its account in the ledger.
    pub account_id: String,
    /// Telephone number (E.164) or e-mail address.
    pub contact: String,
    /// Whose it is.
    pub name: String,
    /// Language tag.
    pub language: String,
    /// What is in it.
    pub balance: MoneyView,
    /// How much of it is held for orders.
    pub held: MoneyView,
    /// What may be spent.
    pub available: MoneyView,
    /// `open`, `frozen` or `closed`.
    pub status: String,
    /// Whether it has a PIN.
    pub pin_set: bool,
    /// Above this a payment needs the PIN.
    pub pin_above: MoneyView,
    /// The secret address of the wallet. In the answer that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Rises with every change of the wallet itself.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A wallet with its account, read once.
#[derive(Debug, Clone)]
pub struct Wallet {
    row: wallet::Model,
    account: Account,
}

impl Wallet {
    /// Its id.
    pub fn id(&self) -> WalletId {
        WalletId::from_uuid(self.row.id)
    }

    /// Its account.
    pub fn account(&self) -> AccountId {
        self.account.id
    }

    /// Its money.
    pub fn currency(&self) -> Currency {
        self.account.currency
    }

    fn money(&self, amount: i64) -> MoneyView {
        MoneyView { amount, currency: self.currency().code().to_owned() }
    }
}

fn holder(wallet: Uuid, currency: Currency) -> Holder {
    Holder::new(AccountKind::Wallet, WalletId::from_uuid(wallet), currency)
}

struct Create {
    row: wallet::Model,
}

impl Unit for Create {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        tx.insert(self.row.clone().into_active_model());
        Ok(())
    }
}

/// What is to change of a wallet itself.
#[derive(Clone)]
enum Change {
    Link { rotation: i32, hash: Vec<u8> },
    Pin(Option<String>),
}

struct Alter {
    id: Uuid,
    seen: i64,
    change: Change,
}

impl Unit for Alter {
    type Output = ();

    fn key(&self) -> Uuid {
        self.id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        let mut next = wallet::ActiveModel { id: Unchanged(self.id), ..Default::default() };
        match self.change.clone() {
            Change::Link { rotation, hash } => {
                next.link_rotation = Set(rotation);
                next.link_hash = Set(hash);
            }
            Change::Pin(hash) => next.pin_hash = Set(hash),
        }
        Ok(guarded_update(tx, next, self.seen).await?.ok()?)
    }
}

impl App {
    /// Opens a wallet. Its secret address is in the answer.
    ///
    /// # Errors
    /// `duplicate` when the contact has one in this currency.
    pub async fn create_wallet(&self, new: NewWallet) -> Result<WalletView, Error> {
        let now = self.clock.now();
        let id = WalletId::from_parts(now, self.entropy.ten()).uuid();
        let token = self.secrets.wallet_link(id, 0);
        let row = wallet::Model {
            id,
            contact: new.contact,
            currency: new.currency.code().to_owned(),
            name: new.name,
            language: new.language.tag().to_owned(),
            pin_hash: None,
            link_rotation: 0,
            link_hash: secret::hash(&token),
            version: 1,
            created_at: micros(now),
        };
        // The account first: a wallet without one could not be shown, an account nobody names harms nobody.
        self.ledger.open(&holder(id, new.currency)).await?;
        let made = self.lanes.write(Create { row: row.clone() }).await;
        made.map_err(|error| match error {
            Error::Conflict { constraint } if constraint == rows::CONTACT => {
                Error::rule("duplicate", "This contact has a wallet of this currency.").at("contact")
            }
            other => other,
        })?;
        let wallet = Wallet { account: Account::open(&holder(id, new.currency)), row };
        Ok(self.wallet_view(&wallet, Some(token)))
    }

    /// One wallet, with its account.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn wallet(&self, id: WalletId) -> Result<Wallet, Error> {
        let row = rows::by_id(self.db.read(), id.uuid()).await?.ok_or(Error::Missing)?;
        self.with_account(row).await
    }

    /// The wallet a link opens.
    ///
    /// # Errors
    /// [`Error::Missing`] for anything but a valid link.
    pub async fn wallet_by_link(&self, token: &str) -> Result<Wallet, Error> {
        if !super::customer::is_token(token) {
            return Err(Error::Missing);
        }
        let row = rows::by_link(self.db.read(), secret::hash(token)).await?.ok_or(Error::Missing)?;
        self.with_account(row).await
    }

    async fn with_account(&self, row: wallet::Model) -> Result<Wallet, Error> {
        let currency = Currency::parse(&row.currency).map_err(Error::internal)?;
        let account = self.ledger_account(holder(row.id, currency).account()).await?;
        Ok(Wallet { row, account })
    }

    /// Wallets after this one, oldest first; of one contact if one is named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn wallets(
        &self,
        contact: Option<&str>,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Uuid, WalletView)>, Error> {
        let mut found = Vec::new();
        for row in rows::page(self.db.read(), contact, after, limit).await? {
            let wallet = self.with_account(row).await?;
            found.push((wallet.row.id, self.wallet_view(&wallet, None)));
        }
        Ok(found)
    }

    /// A wallet as it is shown; `token`: of its link, where it may be shown.
    pub fn wallet_view(&self, wallet: &Wallet, token: Option<String>) -> WalletView {
        let Wallet { row, account } = wallet;
        WalletView {
            id: wallet.id().to_string(),
            account_id: account.id.to_string(),
            contact: row.contact.clone(),
            name: row.name.clone(),
            language: row.language.clone(),
            balance: wallet.money(account.posted()),
            held: wallet.money(account.debits_pending),
            available: wallet.money(account.available()),
            status: accounts::status(account).to_owned(),
            pin_set: row.pin_hash.is_some(),
            pin_above: wallet.money(self.config.wallets.pin_above),
            url: token.map(|token| format!("{}/v1/w/{token}", self.config.server.public_url)),
            version: row.version,
            created_at: instant(row.created_at),
        }
    }

    /// Makes a new link for a wallet; the old one opens nothing any more.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Stale`].
    pub async fn renew_wallet_link(&self, id: WalletId) -> Result<WalletView, Error> {
        let wallet = self.wallet(id).await?;
        let rotation = wallet.row.link_rotation.saturating_add(1);
        let token = self.secrets.wallet_link(wallet.row.id, rotation);
        let change = Change::Link { rotation, hash: secret::hash(&token) };
        self.alter_wallet(&wallet, change).await?;
        Ok(self.wallet_view(&self.wallet(id).await?, Some(token)))
    }

    async fn alter_wallet(&self, wallet: &Wallet, change: Change) -> Result<(), Error> {
        self.lanes.write(Alter { id: wallet.row.id, seen: wallet.row.version, change }).await
    }
}
