//! Wallets, prepaid cards, statements, and how often somebody tried.

use super::StoreError;
use super::tx::Tx;
use entity::{ledger_account, ledger_entry, ledger_transfer, wallet, wallet_card};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use std::collections::HashMap;
use uuid::Uuid;

/// The unique constraint of a contact's wallets.
pub const CONTACT: &str = "wallet_contact_currency_key";

/// One wallet.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<wallet::Model>, StoreError> {
    Ok(wallet::Entity::find_by_id(id).one(conn).await?)
}

/// The wallet a link opens, by the hash of its token.
pub async fn by_link(
    conn: &impl ConnectionTrait,
    hash: Vec<u8>,
) -> Result<Option<wallet::Model>, StoreError> {
    Ok(wallet::Entity::find().filter(wallet::Column::LinkHash.eq(hash)).one(conn).await?)
}

/// The wallet of a contact in a currency.
pub async fn by_contact(
    conn: &impl ConnectionTrait,
    contact: &str,
    currency: &str,
) -> Result<Option<wallet::Model>, StoreError> {
    let found = wallet::Entity::find()
        .filter(wallet::Column::Contact.eq(contact))
        .filter(wallet::Column::Currency.eq(currency));
    Ok(found.one(conn).await?)
}

/// Wallets after this one, oldest first; of one contact if one is named.
pub async fn page(
    conn: &impl ConnectionTrait,
    contact: Option<&str>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<wallet::Model>, StoreError> {
    let mut query = wallet::Entity::find().order_by_asc(wallet::Column::Id).limit(limit);
    if let Some(contact) = contact {
        query = query.filter(wallet::Column::Contact.eq(contact));
    }
    if let Some(after) = after {
        query = query.filter(wallet::Column::Id.gt(after));
    }
    Ok(query.all(conn).await?)
}

/// The card with this hash of its number.
pub async fn card(
    conn: &impl ConnectionTrait,
    hash: Vec<u8>,
) -> Result<Option<wallet_card::Model>, StoreError> {
    Ok(wallet_card::Entity::find().filter(wallet_card::Column::NumberHash.eq(hash)).one(conn).await?)
}

/// Freezes an account, or thaws it.
pub async fn freeze(tx: &Tx, account: Uuid, at: Option<i64>) -> Result<bool, StoreError> {
    let changed = ledger_account::Entity::update_many()
        .col_expr(ledger_account::Column::FrozenAt, Expr::value(at))
        .filter(ledger_account::Column::Id.eq(account))
        .filter(ledger_account::Column::ClosedAt.is_null())
        .exec(tx.writer().await?)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Closes an account on which nothing is and nothing is held; false where that is not so.
pub async fn close(tx: &Tx, account: Uuid, at: i64) -> Result<bool, StoreError> {
    use ledger_account::Column as C;
    let changed = ledger_account::Entity::update_many()
        .col_expr(C::ClosedAt, Expr::value(at))
        .filter(C::Id.eq(account))
        .filter(C::ClosedAt.is_null())
        .filter(Expr::col(C::CreditsPosted).eq(Expr::col(C::DebitsPosted)))
        .filter(C::DebitsPending.eq(0))
        .filter(C::CreditsPending.eq(0))
        .exec(tx.writer().await?)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// The entries of an account that belong to one of its versions, with their transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The account's version after it.
    pub version: i64,
    /// One or two, of the same transfer.
    pub entries: Vec<ledger_entry::Model>,
    /// The transfer.
    pub transfer: ledger_transfer::Model,
}

/// Lines of a statement before this version, newest first.
pub async fn statement(
    conn: &impl ConnectionTrait,
    account: Uuid,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Line>, StoreError> {
    use ledger_entry::Column as C;
    let mut query = ledger_entry::Entity::find().filter(C::AccountId.eq(account));
    if let Some(before) = before {
        query = query.filter(C::AccountVersion.lt(before));
    }
    // Two entries a line at most.
    let entries = query
        .order_by_desc(C::AccountVersion)
        .order_by_asc(C::Layer)
        .limit(limit.saturating_mul(2))
        .all(conn)
        .await?;
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.transfer_id).collect();
    let found =
        ledger_transfer::Entity::find().filter(ledger_transfer::Column::Id.is_in(ids)).all(conn).await?;
    let transfers: HashMap<Uuid, ledger_transfer::Model> =
        found.into_iter().map(|row| (row.id, row)).collect();
    let mut lines: Vec<Line> = Vec::new();
    for entry in entries {
        match lines.last_mut() {
            Some(last) if last.version == entry.account_version => last.entries.push(entry),
            _ => {
                let transfer = transfers.get(&entry.transfer_id).cloned().ok_or(StoreError::Missing)?;
                lines.push(Line { version: entry.account_version, entries: vec![entry], transfer });
            }
        }
    }
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(lines)
}

/// How often something may be tried in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// What is tried.
    pub kind: &'static str,
    /// How often.
    pub most: i32,
    /// In how many microseconds.
    pub within: i64,
}

/// Counts a try before it is looked at; false when there were too many.
pub async fn take_try(tx: &Tx, subject: Uuid, tries: Tries, now: i64) -> Result<bool, StoreError> {
    let sql = "INSERT INTO attempt (subject, kind, count, since) VALUES ($1, $2, 1, $3) \
               ON CONFLICT (subject, kind) DO UPDATE SET \
               count = CASE WHEN attempt.since <= $4 THEN 1 ELSE attempt.count + 1 END, \
               since = CASE WHEN attempt.since <= $4 THEN $3 ELSE attempt.since END \
               WHERE attempt.since <= $4 OR attempt.count < $5";
    let values: [Value; 5] = [
        subject.into(),
        tries.kind.into(),
        now.into(),
        now.saturating_sub(tries.within).into(),
        tries.most.into(),
    ];
    let statement = Statement::from_sql_and_values(tx.kind().backend(), sql, values);
    Ok(tx.execute(statement).await? == 1)
}

/// A try was right: it does not count.
pub async fn give_back_try(tx: &Tx, subject: Uuid, tries: Tries) -> Result<(), StoreError> {
    let sql = "UPDATE attempt SET count = count - 1 WHERE subject = $1 AND kind = $2 AND count > 0";
    let values: [Value; 2] = [subject.into(), tries.kind.into()];
    tx.execute(Statement::from_sql_and_values(tx.kind().backend(), sql, values)).await?;
    Ok(())
}
