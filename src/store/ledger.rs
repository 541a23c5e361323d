//! The ledger's rows: the accounts of some requests locked and read, and what follows from them written.
//!
//! Every ledger transaction locks all its accounts first, in the order of their ids, and only then looks at transfers.
//! So two of them never wait for each other in a circle, whatever process runs them, and what is decided on the rows
//! read here holds until the commit. On SQLite the transaction has the write lock already.

use std::collections::{BTreeMap, BTreeSet};

use callahead_domain::id::{AccountId, PaymentId, TransferId};
use callahead_domain::ledger::{
    Account, AccountKind, Book, Code, Entry, Hold, Limit, Refusal, Request, Transfer, TransferKind,
};
use callahead_domain::money::Currency;
use entity::{hand_off, ledger_account, ledger_entry, ledger_refusal, ledger_transfer, payment};
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
};
use uuid::Uuid;

use super::StoreError;
use super::db::DbKind;
use super::deliveries::{instant, micros};
use super::tx::Tx;

/// Opens an account; one that is there stays as it is.
pub async fn open(tx: &Tx, account: &Account, now: i64) -> Result<(), StoreError> {
    let row = ledger_account::Model {
        id: account.id.uuid(),
        kind: account.kind.name().to_owned(),
        owner_ref: account.owner.clone(),
        currency: account.currency.code().to_owned(),
        floor: account.floor,
        debits_posted: 0,
        credits_posted: 0,
        debits_pending: 0,
        credits_pending: 0,
        version: 0,
        frozen_at: None,
        closed_at: None,
        created_at: now,
    };
    ledger_account::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(ledger_account::Column::Id).do_nothing().to_owned())
        .exec_without_returning(tx.writer().await?)
        .await?;
    Ok(())
}

/// Locks and reads the accounts of these requests, and what else their verdicts depend on.
pub async fn load(tx: &Tx, requests: &[Request]) -> Result<Book, StoreError> {
    let mut book = Book::default();
    let named: Vec<TransferId> = requests.iter().filter_map(|one| one.hold().or(one.taken_by())).collect();
    let named = transfers(tx.reader(), &named).await?;
    book.accounts = lock(tx, &accounts_of(requests, &named)).await?;
    // What was committed before the locks were taken is seen from here on.
    let ids: Vec<TransferId> = requests.iter().map(|one| one.id).collect();
    book.known = transfers(tx.reader(), &ids).await?;
    book.refused = refused(tx.reader(), &ids).await?;
    let holds: Vec<TransferId> = requests.iter().filter_map(Request::hold).collect();
    if !holds.is_empty() {
        let resolved = resolved(tx.reader(), &holds).await?;
        for hold in holds {
            if let Some(transfer) = named.get(&hold).filter(|one| one.kind == TransferKind::Pending) {
                let needed =
                    transfer.expires_at.is_some() && needed(tx.reader(), &transfer.reference).await?;
                let hold = Hold { transfer: transfer.clone(), resolved: resolved.contains(&hold), needed };
                book.holds.insert(transfer.id, hold);
            }
        }
    }
    book.known.extend(named);
    for request in requests {
        load_limits(tx.reader(), request, &mut book).await?;
    }
    Ok(book)
}

fn accounts_of(requests: &[Request], named: &BTreeMap<TransferId, Transfer>) -> BTreeSet<AccountId> {
    let own = requests.iter().filter_map(Request::accounts);
    let theirs = named.values().map(|transfer| (transfer.debit, transfer.credit));
    own.chain(theirs).flat_map(|(debit, credit)| [debit, credit]).collect()
}

/// Locks accounts in the order of their ids.
async fn lock(tx: &Tx, ids: &BTreeSet<AccountId>) -> Result<BTreeMap<AccountId, Account>, StoreError> {
    let rows = ledger_account::Entity::find()
        .filter(ledger_account::Column::Id.is_in(padded(ids.iter().map(|id| id.uuid()))))
        .order_by_asc(ledger_account::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(tx.reader())
        .await?;
    rows.into_iter().map(|row| account(&row).map(|account| (account.id, account))).collect()
}

/// Keys filled up to a power of two with the last, so that few statements are prepared.
fn padded(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    if let Some(last) = ids.last().copied() {
        ids.resize(ids.len().next_power_of_two(), last);
    }
    ids
}

/// An account of a row.
///
/// # Errors
/// [`StoreError::Broken`] for a row nobody of us wrote.
pub fn account(row: &ledger_account::Model) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId::from_uuid(row.id),
        kind: AccountKind::parse(&row.kind).ok_or_else(|| broken("kind", &row.kind))?,
        owner: row.owner_ref.clone(),
        currency: currency(&row.currency)?,
        floor: row.floor,
        debits_posted: row.debits_posted,
        credits_posted: row.credits_posted,
        debits_pending: row.debits_pending,
        credits_pending: row.credits_pending,
        version: row.version,
        frozen: row.frozen_at.is_some(),
        closed: row.closed_at.is_some(),
    })
}

/// A transfer of a row.
///
/// # Errors
/// [`StoreError::Broken`] for a row nobody of us wrote.
pub fn transfer(row: ledger_transfer::Model) -> Result<Transfer, StoreError> {
    Ok(Transfer {
        id: TransferId::from_uuid(row.id),
        kind: TransferKind::parse(&row.kind).ok_or_else(|| broken("kind", &row.kind))?,
        debit: AccountId::from_uuid(row.debit_account),
        credit: AccountId::from_uuid(row.credit_account),
        amount: row.amount,
        currency: currency(&row.currency)?,
        hold: row.pending_id.map(TransferId::from_uuid),
        expires_at: row.expires_at.map(instant),
        code: Code::parse(&row.code).ok_or_else(|| broken("code", &row.code))?,
        reference: row.reference,
        request_hash: row.request_hash,
        at: instant(row.created_at),
    })
}

fn currency(code: &str) -> Result<Currency, StoreError> {
    Currency::parse(code).map_err(|_| broken("currency", code))
}

fn broken(what: &str, found: &str) -> StoreError {
    StoreError::Broken(format!("the ledger has the {what} '{found}'"))
}

async fn transfers(
    conn: &impl ConnectionTrait,
    ids: &[TransferId],
) -> Result<BTreeMap<TransferId, Transfer>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = padded(ids.iter().map(|id| id.uuid()));
    let rows =
        ledger_transfer::Entity::find().filter(ledger_transfer::Column::Id.is_in(ids)).all(conn).await?;
    rows.into_iter().map(|row| transfer(row).map(|one| (one.id, one))).collect()
}

async fn refused(
    conn: &impl ConnectionTrait,
    ids: &[TransferId],
) -> Result<BTreeMap<TransferId, (String, Refusal)>, StoreError> {
    let ids = padded(ids.iter().map(|id| id.uuid()));
    let rows = ledger_refusal::Entity::find().filter(ledger_refusal::Column::Id.is_in(ids)).all(conn).await?;
    let read = |row: ledger_refusal::Model| {
        let refusal = Refusal::parse(&row.code).ok_or_else(|| broken("refusal", &row.code))?;
        Ok((TransferId::from_uuid(row.id), (row.request_hash, refusal)))
    };
    rows.into_iter().map(read).collect()
}

/// Which of these holds were posted or voided.
async fn resolved(
    conn: &impl ConnectionTrait,
    holds: &[TransferId],
) -> Result<BTreeSet<TransferId>, StoreError> {
    let rows: Vec<Option<Uuid>> = ledger_transfer::Entity::find()
        .select_only()
        .column(ledger_transfer::Column::PendingId)
        .filter(ledger_transfer::Column::PendingId.is_in(padded(holds.iter().map(|id| id.uuid()))))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().flatten().map(TransferId::from_uuid).collect())
}

/// Whether the delivery of the payment a hold is for was handed over, or somebody says so: then the hold must not end
/// by the clock, for what was handed over is to be paid.
async fn needed(conn: &impl ConnectionTrait, reference: &str) -> Result<bool, StoreError> {
    let Ok(id) = reference.parse::<PaymentId>() else { return Ok(false) };
    let Some(found) = payment::Entity::find_by_id(id.uuid()).one(conn).await? else { return Ok(false) };
    let hand_off = hand_off::Entity::find()
        .filter(hand_off::Column::DeliveryId.eq(found.delivery_id))
        .filter(hand_off::Column::Status.is_in(["claimed", "confirmed"]))
        .one(conn)
        .await?;
    Ok(hand_off.is_some())
}

async fn load_limits(
    conn: &impl ConnectionTrait,
    request: &Request,
    book: &mut Book,
) -> Result<(), StoreError> {
    use ledger_transfer::Column as C;
    if request.code.once() {
        let found = ledger_transfer::Entity::find()
            .filter(C::Code.eq(request.code.name()).and(C::Reference.eq(request.reference.as_str())))
            .one(conn)
            .await?;
        if found.is_some() {
            book.used.insert((request.code, request.reference.clone()));
        }
    }
    match (&request.limit, request.accounts()) {
        (Some(Limit::Taken { by }), _) => {
            let back = C::Code.eq(Code::Refund.name()).and(C::Reference.eq(by.to_string()));
            let back = ledger_transfer::Entity::find().filter(back).all(conn).await?;
            book.given_back.insert(*by, back.iter().fold(0, |sum, row| sum.saturating_add(row.amount)));
        }
        (Some(Limit::Spent { code, since, .. }), Some((debit, _))) => {
            let spent = C::DebitAccount.eq(debit.uuid()).and(C::Code.eq(code.name()));
            let spent = spent.and(C::CreatedAt.gte(micros(*since)));
            let spent = ledger_transfer::Entity::find().filter(spent).all(conn).await?;
            let sum = spent.iter().fold(0_i64, |sum, row| sum.saturating_add(row.amount));
            book.spent.insert(request.id, sum);
        }
        _ => {}
    }
    Ok(())
}

/// Writes what follows: the accounts at once, under the versions they were read with, the rest at the end of the group.
///
/// # Errors
/// [`StoreError::Stale`] when an account is not as it was read; [`StoreError::Violated`] when the schema does not take it.
pub async fn write(tx: &Tx, book: &Book, now: i64) -> Result<(), StoreError> {
    for one in &book.transfers {
        tx.insert(transfer_row(one).into_active_model());
    }
    for one in &book.entries {
        tx.insert(entry_row(one).into_active_model());
    }
    for (id, hash, refusal) in &book.refusals {
        let row = ledger_refusal::Model {
            id: id.uuid(),
            request_hash: hash.clone(),
            code: refusal.code().to_owned(),
            at: now,
        };
        tx.insert(row.into_active_model());
    }
    let touched: Vec<&Account> = book.touched().collect();
    for some in touched.chunks(MOST_ACCOUNTS) {
        update_accounts(tx, book, some).await?;
    }
    Ok(())
}

/// Accounts of one statement.
const MOST_ACCOUNTS: usize = 256;

async fn update_accounts(tx: &Tx, book: &Book, some: &[&Account]) -> Result<(), StoreError> {
    let rows = some.len().next_power_of_two();
    let mut values: Vec<Value> = Vec::with_capacity(rows.saturating_mul(7));
    for account in some {
        let steps = book.entries.iter().filter(|entry| entry.account == account.id);
        let first = steps.map(|entry| entry.account_version).min().unwrap_or(account.version);
        values.push(account.id.uuid().into());
        values.extend([
            account.debits_posted.into(),
            account.credits_posted.into(),
            account.debits_pending.into(),
            account.credits_pending.into(),
            account.version.into(),
            first.saturating_sub(1).into(),
        ]);
    }
    for _ in some.len()..rows {
        values.push(Uuid::nil().into());
        values.extend(std::iter::repeat_n(Value::from(0_i64), 6));
    }
    let statement = Statement::from_sql_and_values(tx.kind().backend(), update_sql(tx.kind(), rows), values);
    let changed = tx.execute(statement).await?;
    if usize::try_from(changed).is_ok_and(|changed| changed == some.len()) {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

fn update_sql(kind: DbKind, rows: usize) -> String {
    let list: Vec<String> = (0..rows)
        .map(|row| {
            let marks: Vec<String> = (1..=7)
                .map(|column| match (kind, column) {
                    (DbKind::Sqlite, _) => "?".to_owned(),
                    (DbKind::Postgres, 1) => format!("CAST(${} AS UUID)", row * 7 + column),
                    (DbKind::Postgres, _) => format!("CAST(${} AS BIGINT)", row * 7 + column),
                })
                .collect();
            format!("({})", marks.join(","))
        })
        .collect();
    format!(
        "WITH v (id, dp, cp, dh, ch, version, was) AS (VALUES {}) UPDATE ledger_account SET \
         debits_posted = v.dp, credits_posted = v.cp, debits_pending = v.dh, credits_pending = v.ch, \
         version = v.version FROM v WHERE ledger_account.id = v.id AND ledger_account.version = v.was",
        list.join(",")
    )
}

fn transfer_row(one: &Transfer) -> ledger_transfer::Model {
    ledger_transfer::Model {
        id: one.id.uuid(),
        kind: one.kind.name().to_owned(),
        debit_account: one.debit.uuid(),
        credit_account: one.credit.uuid(),
        amount: one.amount,
        currency: one.currency.code().to_owned(),
        pending_id: one.hold.map(TransferId::uuid),
        expires_at: one.expires_at.map(micros),
        code: one.code.name().to_owned(),
        reference: one.reference.clone(),
        request_hash: one.request_hash.clone(),
        created_at: micros(one.at),
    }
}

fn entry_row(one: &Entry) -> ledger_entry::Model {
    ledger_entry::Model {
        account_id: one.account.uuid(),
        account_version: one.account_version,
        transfer_id: one.transfer.uuid(),
        layer: one.layer.name().to_owned(),
        amount: one.amount,
        posted_after: one.posted_after,
        held_after: one.held_after,
        created_at: micros(one.at),
    }
}

/// One account.
pub async fn by_id(
    conn: &impl ConnectionTrait,
    id: AccountId,
) -> Result<Option<ledger_account::Model>, StoreError> {
    Ok(ledger_account::Entity::find_by_id(id.uuid()).one(conn).await?)
}

/// One transfer.
pub async fn transfer_by_id(
    conn: &impl ConnectionTrait,
    id: TransferId,
) -> Result<Option<Transfer>, StoreError> {
    ledger_transfer::Entity::find_by_id(id.uuid()).one(conn).await?.map(transfer).transpose()
}

/// Holds that are over at an instant and were neither posted nor voided, oldest first, after one of them; each with when
/// it was over. Those whose delivery was handed over are among them.
pub async fn over(
    conn: &impl ConnectionTrait,
    now: i64,
    after: (i64, Uuid),
    limit: u32,
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let sql = "SELECT h.expires_at, h.id FROM ledger_transfer h \
               WHERE h.expires_at <= $1 AND (h.expires_at, h.id) > ($2, $3) \
               AND NOT EXISTS (SELECT 1 FROM ledger_transfer r WHERE r.pending_id = h.id) \
               ORDER BY h.expires_at, h.id LIMIT $4";
    let values: [Value; 4] = [now.into(), after.0.into(), after.1.into(), i64::from(limit).into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Transfers of one operation about something, oldest first.
pub async fn about(
    conn: &impl ConnectionTrait,
    code: Code,
    reference: &str,
) -> Result<Vec<Transfer>, StoreError> {
    use ledger_transfer::Column as C;
    let found = ledger_transfer::Entity::find()
        .filter(C::Reference.eq(reference).and(C::Code.eq(code.name())))
        .order_by_asc(C::CreatedAt)
        .order_by_asc(C::Id)
        .all(conn)
        .await?;
    found.into_iter().map(transfer).collect()
}

/// The post or the void of a hold.
pub async fn resolution(
    conn: &impl ConnectionTrait,
    hold: TransferId,
) -> Result<Option<Transfer>, StoreError> {
    let found = ledger_transfer::Entity::find().filter(ledger_transfer::Column::PendingId.eq(hold.uuid()));
    found.one(conn).await?.map(transfer).transpose()
}
