//! The transaction a use case writes through, and the only way to write.
//!
//! Several use cases share one database transaction (see `app::unit`). Inserts are kept in memory and written at the
//! end of the group as multi-row inserts, parents before children; updates and deletes run at once, inside a
//! savepoint opened before the first of them. So a refused use case leaves nothing behind and its neighbours lose
//! nothing.
//!
//! What follows from it:
//! - [`Tx::reader`] does not see rows that are still in memory, of this use case or of a neighbour. A unique
//!   constraint tells at the end; the group then runs again with every use case written out before the next.
//! - Before touching a row inserted in the same use case by other means, [`Tx::flush`].
//! - Rows are inserted as they are: no `ActiveModelBehavior` hook runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DatabaseTransaction, EntityName, EntityTrait, IdenStatic,
    Iterable, QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

use super::StoreError;
use super::db::{Db, DbKind};

/// The order in which buffered rows are written: parents first, children after (foreign keys).
pub const FLUSH_ORDER: [&str; 38] = [
    "shop",
    "pickup_point",
    "api_key",
    "region",
    "region_version",
    "courier",
    "invite",
    "sign_in_code",
    "session",
    "shift",
    "position",
    "orders",
    "delivery",
    "leg",
    "parcel",
    "photo",
    "event",
    "visit",
    "hand_off",
    "payment",
    "payment_resolution",
    "refund",
    "provider_command",
    "wallet",
    "wallet_card",
    "stall",
    "pay_device",
    "stall_charge",
    "ledger_account",
    "ledger_transfer",
    "ledger_entry",
    "ledger_refusal",
    "provider_event",
    "payment_difference",
    "job",
    "idempotency",
    "lease",
    "setting",
];

/// Values one statement may carry: under SQLite's 32,766 and PostgreSQL's 65,535.
const MAX_VALUES: usize = 32_000;
/// Rows one statement may carry.
const MAX_ROWS: usize = 256;

/// How many use cases share the transaction, and how careful it is with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Several; inserts stay in memory until the end, a savepoint only where one is needed.
    Shared,
    /// Several; a savepoint each, and each is written out before the next one runs.
    Careful,
    /// One: no savepoint, a refusal rolls all back.
    Alone,
}

#[derive(Clone, Copy, PartialEq)]
enum Savepoint {
    /// Never opened.
    None,
    /// Opened by the use case that runs.
    Open,
    /// Left by an earlier use case that was kept, or passed by neighbours' rows: renew before use.
    Left,
    /// Rolled back to: can be used as it is.
    Clean,
}

/// Rows of one table with the same columns given.
#[derive(Debug, Default)]
struct Batch {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

/// Where a table stands in the order, its name, and which of its columns are given (a bit each).
type BatchKey = (usize, &'static str, u64);

#[derive(Debug, Default)]
struct Buffer(BTreeMap<BatchKey, Batch>);

impl Buffer {
    fn add(&mut self, key: BatchKey, columns: Vec<&'static str>, row: Vec<Value>) {
        self.0.entry(key).or_insert_with(|| Batch { columns, rows: Vec::new() }).rows.push(row);
    }

    fn absorb(&mut self, other: &mut Buffer) {
        for (key, batch) in std::mem::take(&mut other.0) {
            match self.0.get_mut(&key) {
                Some(mine) => mine.rows.extend(batch.rows),
                None => {
                    self.0.insert(key, batch);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

struct Inner {
    /// Rows of the use cases kept so far.
    group: Buffer,
    /// Rows of the use case that runs.
    unit: Buffer,
    savepoint: Savepoint,
    /// Neighbours' rows were written inside the running use case's savepoint.
    neighbours_inside: bool,
    /// Neighbours' rows were refused: no verdict on the running use case can be trusted.
    spoiled: bool,
    /// Something was written since the transaction began.
    wrote: bool,
    /// The last statement was one of ours and succeeded, so the transaction has not failed.
    sound: bool,
}

/// An open transaction, shared by the use cases of a group.
pub struct Tx {
    conn: DatabaseTransaction,
    kind: DbKind,
    mode: Mode,
    inner: Mutex<Inner>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("kind", &self.kind).field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Tx {
    /// Opens a transaction: on SQLite with the write lock (`BEGIN IMMEDIATE`), on PostgreSQL read committed.
    pub(crate) async fn begin(db: &Db, mode: Mode) -> Result<Tx, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let conn = db.writer().begin_with_options(options).await?;
        let inner = Inner {
            group: Buffer::default(),
            unit: Buffer::default(),
            savepoint: Savepoint::None,
            neighbours_inside: false,
            spoiled: false,
            wrote: false,
            sound: false,
        };
        Ok(Tx { conn, kind: db.kind(), mode, inner: Mutex::new(inner) })
    }

    /// Which database it is.
    pub fn kind(&self) -> DbKind {
        self.kind
    }

    /// True when the use case is written out right after it ran, so that a violated constraint is surely its own.
    pub fn careful(&self) -> bool {
        self.mode != Mode::Shared
    }

    /// Inserts a row at the end of the group (or at the next [`Tx::flush`]). Columns not set get the database's
    /// default. A `job` whose `dedupe` is taken is dropped silently; any other violated constraint refuses the use
    /// case.
    pub fn insert<A: ActiveModelTrait>(&self, row: A) {
        let table = A::Entity::default().table_name();
        let order = FLUSH_ORDER.iter().position(|name| *name == table).unwrap_or(FLUSH_ORDER.len());
        let (mut columns, mut values, mut given) = (Vec::new(), Vec::new(), 0_u64);
        for (number, column) in <A::Entity as EntityTrait>::Column::iter().enumerate() {
            if let ActiveValue::Set(value) | ActiveValue::Unchanged(value) = row.get(column) {
                columns.push(column.as_str());
                values.push(value);
                given |= 1_u64.checked_shl(u32::try_from(number).unwrap_or(u32::MAX)).unwrap_or(0);
            }
        }
        self.inner().unit.add((order, table, given), columns, values);
    }

    /// A connection to read with, inside the transaction. It sees updates and deletes already made (also those of
    /// neighbours), but not rows still in memory. Not for writing: use [`Tx::writer`].
    pub fn reader(&self) -> &DatabaseTransaction {
        &self.conn
    }

    /// A connection to update and delete with. Opens the savepoint that undoes this use case alone. It does not see
    /// rows still in memory.
    pub async fn writer(&self) -> Result<&DatabaseTransaction, StoreError> {
        if self.mode == Mode::Shared {
            self.open_savepoint().await?;
        }
        self.inner().wrote = true;
        Ok(&self.conn)
    }

    /// Runs an update or delete at once; answers the number of rows it touched.
    pub async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        Ok(self.writer().await?.execute_raw(statement).await?.rows_affected())
    }

    /// Runs a statement that writes and returns rows (`… RETURNING …`) at once.
    pub async fn execute_returning(&self, statement: Statement) -> Result<Vec<QueryResult>, StoreError> {
        Ok(self.writer().await?.query_all_raw(statement).await?)
    }

    /// Writes out all rows in memory now, neighbours' first. Costs round trips: only where a use case must see or
    /// touch the rows itself.
    pub async fn flush(&self) -> Result<(), StoreError> {
        if self.mode == Mode::Shared {
            self.flush_neighbours().await?;
            self.open_savepoint().await?;
        }
        let unit = std::mem::take(&mut self.inner().unit);
        self.write(unit).await?;
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn flush_neighbours(&self) -> Result<(), StoreError> {
        let group = {
            let mut inner = self.inner();
            if inner.group.is_empty() {
                return Ok(());
            }
            match inner.savepoint {
                Savepoint::Open => inner.neighbours_inside = true,
                Savepoint::Clean => inner.savepoint = Savepoint::Left,
                Savepoint::None | Savepoint::Left => {}
            }
            std::mem::take(&mut inner.group)
        };
        let written = self.write(group).await;
        self.inner().spoiled |= written.is_err();
        written.map(|_| ())
    }

    async fn open_savepoint(&self) -> Result<(), StoreError> {
        let state = self.inner().savepoint;
        let sql = match state {
            Savepoint::Open => return Ok(()),
            Savepoint::Clean => "",
            Savepoint::None => "SAVEPOINT unit",
            Savepoint::Left => "RELEASE SAVEPOINT unit; SAVEPOINT unit",
        };
        if !sql.is_empty() {
            self.conn.execute_unprepared(sql).await?;
        }
        self.inner().savepoint = Savepoint::Open;
        Ok(())
    }

    /// Answers whether there was anything to write.
    async fn write(&self, buffer: Buffer) -> Result<bool, StoreError> {
        let any = !buffer.is_empty();
        for ((_, table, _), batch) in buffer.0 {
            self.inner().wrote = true;
            let width = batch.columns.len().max(1);
            let mut rows = batch.rows.into_iter();
            while rows.len() > 0 {
                let count = chunk_rows(rows.len(), width);
                let sql = insert_sql(self.kind, table, &batch.columns, count);
                let values: Vec<Value> = rows.by_ref().take(count).flatten().collect();
                let statement = Statement::from_sql_and_values(self.kind.backend(), sql, values);
                self.conn.execute_raw(statement).await?;
            }
        }
        Ok(any)
    }
}

/// What `app::unit` does with a transaction.
impl Tx {
    /// Before a use case runs.
    pub(crate) async fn start_unit(&self) -> Result<(), StoreError> {
        if self.mode == Mode::Careful { self.open_savepoint().await } else { Ok(()) }
    }

    /// The use case is kept.
    pub(crate) async fn keep_unit(&self) -> Result<(), StoreError> {
        match self.mode {
            Mode::Shared => {
                let mut inner = self.inner();
                let mut unit = std::mem::take(&mut inner.unit);
                inner.group.absorb(&mut unit);
                inner.neighbours_inside = false;
                if inner.savepoint == Savepoint::Open {
                    inner.savepoint = Savepoint::Left;
                }
            }
            Mode::Careful => {
                self.flush().await?;
                // Fails when the use case swallowed a database error.
                self.conn.execute_unprepared("RELEASE SAVEPOINT unit").await?;
                let mut inner = self.inner();
                (inner.savepoint, inner.sound) = (Savepoint::None, true);
            }
            Mode::Alone => {
                let unit = std::mem::take(&mut self.inner().unit);
                let sound = self.write(unit).await?;
                self.inner().sound = sound;
            }
        }
        Ok(())
    }

    /// The use case is refused: nothing of it stays. Not for [`Mode::Alone`], where all is rolled back.
    pub(crate) async fn drop_unit(&self) -> Result<(), StoreError> {
        let open = {
            let mut inner = self.inner();
            inner.unit = Buffer::default();
            inner.spoiled |= inner.neighbours_inside;
            inner.savepoint == Savepoint::Open
        };
        if open {
            self.conn.execute_unprepared("ROLLBACK TO SAVEPOINT unit").await?;
            self.inner().savepoint = Savepoint::Clean;
        }
        Ok(())
    }

    /// True when neighbours' rows were refused or lost while the last use case ran: the group must run again.
    pub(crate) fn spoiled(&self) -> bool {
        self.inner().spoiled
    }

    /// Writes what is left in memory, and makes sure that the transaction has not failed: PostgreSQL answers the commit
    /// of a failed transaction with a quiet rollback.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        let (group, sure) = {
            let mut inner = self.inner();
            let sure = self.kind == DbKind::Sqlite || inner.sound || !inner.wrote;
            (std::mem::take(&mut inner.group), sure)
        };
        if !self.write(group).await? && !sure {
            self.conn.execute_unprepared("SELECT 1").await?;
        }
        Ok(())
    }

    /// True when there is something to commit.
    pub(crate) fn wrote(&self) -> bool {
        self.inner().wrote
    }

    /// Commits. After an error the outcome is not known.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.conn.commit().await?)
    }

    /// Rolls back.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.conn.rollback().await?)
    }
}

/// Rows of the next statement: a power of two, so that few statements are prepared and prepared once.
fn chunk_rows(left: usize, width: usize) -> usize {
    let most = (MAX_VALUES / width.max(1)).clamp(1, MAX_ROWS).min(left.max(1));
    1_usize << most.ilog2()
}

fn insert_sql(kind: DbKind, table: &str, columns: &[&str], rows: usize) -> String {
    let width = columns.len();
    let mut sql = String::with_capacity(64 + 16 * width + rows * (2 + 6 * width));
    sql.push_str("INSERT INTO \"");
    sql.push_str(table);
    sql.push_str("\" (");
    for (number, column) in columns.iter().enumerate() {
        sql.push_str(if number == 0 { "\"" } else { ", \"" });
        sql.push_str(column);
        sql.push('"');
    }
    sql.push_str(") VALUES ");
    let mut bind = 0_usize;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            sql.push_str(if column == 0 { "" } else { "," });
            bind += 1;
            match kind {
                DbKind::Sqlite => sql.push('?'),
                DbKind::Postgres => {
                    sql.push('$');
                    sql.push_str(&bind.to_string());
                }
            }
        }
        sql.push(')');
    }
    if table == "job" {
        sql.push_str(" ON CONFLICT (dedupe) DO NOTHING");
    }
    sql
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::panic
    )]
    use super::*;

    #[test]
    fn a_batch_is_cut_into_powers_of_two_within_the_limits() {
        for width in [1, 7, 20, 60] {
            for rows in [1, 2, 3, 9, 64, 255, 256, 257, 5_000] {
                let (mut left, mut sizes) = (rows, Vec::new());
                while left > 0 {
                    let size = chunk_rows(left, width);
                    assert!(size.is_power_of_two() && size <= left && size * width <= MAX_VALUES);
                    sizes.push(size);
                    left -= size;
                }
                assert_eq!(sizes.iter().sum::<usize>(), rows);
            }
        }
    }

    #[test]
    fn insert_statements_speak_each_database() {
        assert_eq!(
            insert_sql(DbKind::Postgres, "setting", &["key", "value"], 2),
            "INSERT INTO \"setting\" (\"key\", \"value\") VALUES ($1,$2), ($3,$4)"
        );
        assert_eq!(
            insert_sql(DbKind::Sqlite, "job", &["id"], 1),
            "INSERT INTO \"job\" (\"id\") VALUES (?) ON CONFLICT (dedupe) DO NOTHING"
        );
    }
}
