//! A small bank for tests of the ledger: the world, six wallets, a shop, and dice that fall alike every time.
#![allow(dead_code)] // not every test uses all of it

use callahead::app::ledger::Ledger;
use callahead::app::ports::SimClock;
use callahead::store::db::Db;
use callahead::store::ledger_check;
use callahead_domain::id::{AccountId, TransferId};
use callahead_domain::ledger::{AccountKind, Action, Code, Holder, Request};
use callahead_domain::money::{Currency, Money};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement};
use std::sync::Arc;
use uuid::Uuid;

/// When everything happens.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_777_856_400, 0).unwrap()
}

/// Korean won.
pub fn krw(amount: i64) -> Money {
    Money::new(amount, won()).unwrap()
}

fn won() -> Currency {
    Currency::parse("KRW").unwrap()
}

/// A transfer's id.
pub fn transfer_id(number: u128) -> TransferId {
    TransferId::from_uuid(Uuid::from_u128(number))
}

/// The ledger of one process.
pub fn ledger(db: &Db) -> Ledger {
    Ledger::start(db, Arc::new(SimClock::new(now())))
}

/// Accounts.
pub struct Bank {
    /// Everything outside.
    pub world: AccountId,
    /// A shop's.
    pub shop: AccountId,
    wallets: Vec<AccountId>,
}

impl Bank {
    /// Opens them.
    pub async fn open(ledger: &Ledger) -> Bank {
        Bank::with(ledger, 6).await
    }

    /// Opens so many wallets.
    pub async fn with(ledger: &Ledger, count: usize) -> Bank {
        let world = ledger.open(&Holder::world(won())).await.unwrap();
        let shop = ledger.open(&Holder::new(AccountKind::ShopPayable, "shop", won())).await.unwrap();
        let mut wallets = Vec::new();
        for number in 0..count {
            let holder = Holder::new(AccountKind::Wallet, format!("wallet {number}"), won());
            wallets.push(ledger.open(&holder).await.unwrap());
        }
        Bank { world, shop, wallets }
    }

    /// A wallet's account.
    pub fn wallet(&self, number: u32) -> AccountId {
        self.wallets[number as usize]
    }

    /// Money comes into a wallet.
    pub fn top_up(&self, id: u128, wallet: u32, amount: i64) -> Request {
        let action = Action::Single { debit: self.world, credit: self.wallet(wallet), amount: krw(amount) };
        Request::new(transfer_id(id), Code::TopUp, format!("receipt {id}"), action)
    }

    /// From wallet to wallet.
    pub fn pay(&self, id: u128, from: u32, to: u32, amount: i64) -> Request {
        let action =
            Action::Single { debit: self.wallet(from), credit: self.wallet(to), amount: krw(amount) };
        Request::new(transfer_id(id), Code::Transfer, "gift", action)
    }

    /// Held for the shop.
    pub fn hold(&self, id: u128, wallet: u32, amount: i64) -> Request {
        let action = Action::Hold {
            debit: self.wallet(wallet),
            credit: self.shop,
            amount: krw(amount),
            expires_at: None,
        };
        Request::new(transfer_id(id), Code::OrderHold, "order", action)
    }

    /// Takes a hold, or a part of it.
    pub fn post(&self, id: u128, hold: u128, amount: Option<i64>) -> Request {
        let action = Action::Post { hold: transfer_id(hold), amount };
        Request::new(transfer_id(id), Code::Capture, "order", action)
    }
}

/// Dice that fall alike every time (xorshift).
pub struct Dice(u64);

impl Dice {
    /// Seeded dice.
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to below this.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % u64::from(end)) as u32
    }
}

/// Names of the invariants that are broken.
pub async fn broken(db: &Db) -> Vec<String> {
    let findings = ledger_check::check(db).await.unwrap();
    findings.iter().filter(|one| one.broken != 0).map(|one| one.name.to_owned()).collect()
}

/// All rows of a table as text, in an order of their own.
pub async fn rows(db: &Db, table: &str) -> Vec<String> {
    let columns = match table {
        "ledger_account" => {
            "id, kind, owner_ref, currency, floor, debits_posted, credits_posted, debits_pending, credits_pending, version, frozen_at, closed_at, created_at"
        }
        "ledger_transfer" => {
            "id, kind, debit_account, credit_account, amount, currency, pending_id, expires_at, code, ref, request_hash, created_at"
        }
        _ => "account_id, account_version, transfer_id, layer, amount, posted_after, held_after, created_at",
    };
    let texts: Vec<String> = columns
        .split(", ")
        .map(|column| match db.kind() {
            callahead::store::db::DbKind::Sqlite => format!("COALESCE(quote({column}), '-')"),
            callahead::store::db::DbKind::Postgres => format!("COALESCE(CAST({column} AS TEXT), '-')"),
        })
        .collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY 1", texts.join(" || '|' || "));
    let found = db.writer().query_all_raw(Statement::from_string(db.kind().backend(), sql)).await.unwrap();
    found.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Runs a script past the ledger.
pub async fn script(db: &Db, sql: &str) {
    db.writer().execute_unprepared(sql).await.unwrap();
}
