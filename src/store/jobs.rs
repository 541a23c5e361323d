//! The job queue: leased with a fence, so that a worker may die at any instant and one that comes back late does
//! nothing.
//!
//! A job waits until `run_at`, is claimed with a lease, and is finished (deleted), put off, or parked for a person.
//! When a lease ends unfinished the job can be claimed again; the fence rises with every claim, and only the holder of
//! the newest fence can finish, put off or park. Deciding when to try again is the caller's.

use entity::job::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryResult,
    Statement, Value,
};
use uuid::Uuid;

use super::StoreError;
use super::db::DbKind;
use super::tx::Tx;

/// A job to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Its id.
    pub id: Uuid,
    /// What to do.
    pub kind: String,
    /// While a job with this word is there (waiting, running or parked), another is not added.
    pub dedupe: Option<String>,
    /// JSON.
    pub payload: String,
    /// Not before, microseconds since the epoch.
    pub run_at: i64,
    /// The delivery it is about.
    pub delivery_id: Option<Uuid>,
    /// Now, microseconds since the epoch.
    pub created_at: i64,
}

/// A job in a worker's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// What to do.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// How often it was claimed, this time included.
    pub attempts: i32,
    /// Proof of this claim.
    pub fence: i64,
    /// The delivery it is about.
    pub delivery_id: Option<Uuid>,
}

/// A worker asking for jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who asks; one name per worker process.
    pub owner: String,
    /// Now, microseconds since the epoch.
    pub now: i64,
    /// Until when the jobs are held, microseconds since the epoch.
    pub lease_until: i64,
    /// At most so many.
    pub limit: u32,
    /// Only these kinds; empty for all.
    pub kinds: Vec<String>,
}

/// What became of a worker's word on its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a worker that lost its job must undo its work"]
pub enum Settled {
    /// Done as asked.
    Done,
    /// The lease ended and another worker has the job, or it is gone: this worker's word does not count.
    Lost,
}

/// Adds a job; dropped silently where its `dedupe` is taken.
pub fn enqueue(tx: &Tx, job: NewJob) {
    let row = entity::job::Model {
        id: job.id,
        kind: job.kind,
        dedupe: job.dedupe,
        payload: job.payload,
        run_at: job.run_at,
        attempts: 0,
        fence: 0,
        lease_owner: None,
        lease_until: None,
        parked_at: None,
        last_error: None,
        delivery_id: job.delivery_id,
        created_at: job.created_at,
    };
    let row: ActiveModel = row.into_active_model();
    tx.insert(row);
}

/// Claims due jobs, longest due first: those never claimed, put off until now, or whose lease ended.
pub async fn claim(tx: &Tx, claim: &Claim) -> Result<Vec<Claimed>, StoreError> {
    let mut values: Vec<Value> = vec![
        claim.owner.clone().into(),
        claim.lease_until.into(),
        claim.now.into(),
        i64::from(claim.limit).into(),
    ];
    let mut kinds = String::new();
    for kind in &claim.kinds {
        values.push(kind.clone().into());
        let comma = if kinds.is_empty() { "" } else { ", " };
        kinds.push_str(&format!("{comma}${}", values.len()));
    }
    let of_kind = if kinds.is_empty() { String::new() } else { format!(" AND kind IN ({kinds})") };
    // Only PostgreSQL has other writers to step around.
    let lock = if tx.kind() == DbKind::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "WITH due AS (SELECT id FROM job WHERE parked_at IS NULL AND run_at <= $3 \
         AND (lease_until IS NULL OR lease_until <= $3){of_kind} ORDER BY run_at, id LIMIT $4{lock}) \
         UPDATE job SET lease_owner = $1, lease_until = $2, fence = fence + 1, attempts = attempts + 1 \
         WHERE id IN (SELECT id FROM due) RETURNING id, kind, payload, attempts, fence, delivery_id"
    );
    let statement = Statement::from_sql_and_values(tx.kind().backend(), sql, values);
    tx.execute_returning(statement).await?.iter().map(claimed).collect()
}

fn claimed(row: &QueryResult) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        id: row.try_get_by_index(0)?,
        kind: row.try_get_by_index(1)?,
        payload: row.try_get_by_index(2)?,
        attempts: row.try_get_by_index(3)?,
        fence: row.try_get_by_index(4)?,
        delivery_id: row.try_get_by_index(5)?,
    })
}

/// The job is done: deletes it.
pub async fn finish(tx: &Tx, id: Uuid, fence: i64) -> Result<Settled, StoreError> {
    let conn = tx.writer().await?;
    let done = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::Fence.eq(fence))
        .filter(Column::LeaseOwner.is_not_null())
        .exec(conn)
        .await?;
    Ok(settled(done.rows_affected))
}

/// The job is to be tried again, not before `at` (microseconds since the epoch).
pub async fn retry_at(tx: &Tx, id: Uuid, fence: i64, at: i64, error: &str) -> Result<Settled, StoreError> {
    let columns = [(Column::RunAt, Expr::val(at)), (Column::LastError, Expr::val(error))];
    settle(tx, id, fence, columns).await
}

/// The job failed for good: set aside for a person at `now` (microseconds since the epoch).
pub async fn park(tx: &Tx, id: Uuid, fence: i64, now: i64, error: &str) -> Result<Settled, StoreError> {
    let columns = [(Column::ParkedAt, Expr::val(now)), (Column::LastError, Expr::val(error))];
    settle(tx, id, fence, columns).await
}

/// Holds a running job longer, until `lease_until` (microseconds since the epoch).
pub async fn extend(tx: &Tx, id: Uuid, fence: i64, lease_until: i64) -> Result<Settled, StoreError> {
    let conn = tx.writer().await?;
    let done = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::val(lease_until))
        .filter(Column::Id.eq(id))
        .filter(Column::Fence.eq(fence))
        .filter(Column::LeaseOwner.is_not_null())
        .exec(conn)
        .await?;
    Ok(settled(done.rows_affected))
}

/// A parked job is given another chance at `run_at` (microseconds since the epoch), its attempts counted anew. False
/// when it is not parked or not there.
pub async fn unpark(tx: &Tx, id: Uuid, run_at: i64) -> Result<bool, StoreError> {
    let conn = tx.writer().await?;
    let done = Entity::update_many()
        .col_expr(Column::ParkedAt, Expr::val(Option::<i64>::None))
        .col_expr(Column::RunAt, Expr::val(run_at))
        .col_expr(Column::Attempts, Expr::val(0))
        .filter(Column::Id.eq(id))
        .filter(Column::ParkedAt.is_not_null())
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Jobs that are due at `now` and not running (microseconds since the epoch).
pub async fn count_due<C: ConnectionTrait>(conn: &C, now: i64) -> Result<u64, StoreError> {
    let free = Column::LeaseUntil.is_null().or(Column::LeaseUntil.lte(now));
    Ok(Entity::find()
        .filter(Column::ParkedAt.is_null())
        .filter(Column::RunAt.lte(now))
        .filter(free)
        .count(conn)
        .await?)
}

/// Writes columns of a job still held under this fence, and gives it up.
async fn settle(tx: &Tx, id: Uuid, fence: i64, columns: [(Column, Expr); 2]) -> Result<Settled, StoreError> {
    let conn = tx.writer().await?;
    let mut update = Entity::update_many()
        .col_expr(Column::LeaseOwner, Expr::val(Option::<String>::None))
        .col_expr(Column::LeaseUntil, Expr::val(Option::<i64>::None));
    for (column, value) in columns {
        update = update.col_expr(column, value);
    }
    let done = update
        .filter(Column::Id.eq(id))
        .filter(Column::Fence.eq(fence))
        .filter(Column::LeaseOwner.is_not_null())
        .exec(conn)
        .await?;
    Ok(settled(done.rows_affected))
}

fn settled(rows: u64) -> Settled {
    if rows == 1 { Settled::Done } else { Settled::Lost }
}
