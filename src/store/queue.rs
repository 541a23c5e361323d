//! What is asked of the job queue besides working it: is anything due, what comes next, who else is at it.

use entity::job::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::StoreError;
use super::jobs::Settled;
use super::tx::Tx;

/// Whether a job could be claimed at `now` (microseconds since the epoch). A plain read, so that an idle service does
/// not open a write transaction to find nothing.
pub async fn is_due<C: ConnectionTrait>(conn: &C, now: i64) -> Result<bool, StoreError> {
    let found: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ParkedAt.is_null())
        .filter(Column::RunAt.lte(now))
        .filter(Column::LeaseUntil.is_null().or(Column::LeaseUntil.lte(now)))
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// When the next job can be claimed, microseconds since the epoch: its `run_at`, or the end of its lease.
pub async fn next_at<C: ConnectionTrait>(conn: &C) -> Result<Option<i64>, StoreError> {
    let free: Option<i64> = Entity::find()
        .select_only()
        .column(Column::RunAt)
        .filter(Column::ParkedAt.is_null())
        .filter(Column::LeaseUntil.is_null())
        .order_by_asc(Column::RunAt)
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    let leased: Option<i64> = Entity::find()
        .select_only()
        .column(Column::LeaseUntil)
        .filter(Column::ParkedAt.is_null())
        .filter(Column::LeaseUntil.is_not_null())
        .order_by_asc(Column::LeaseUntil)
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok([free, leased].into_iter().flatten().min())
}

/// Whether a delivery has another job of this kind that is younger than this one and not parked.
pub async fn has_younger<C: ConnectionTrait>(
    conn: &C,
    delivery: Uuid,
    kind: &str,
    id: Uuid,
) -> Result<bool, StoreError> {
    let found: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DeliveryId.eq(delivery))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ParkedAt.is_null())
        .filter(Column::Id.gt(id))
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// Rewrites the payload of a running job: a note to whoever may have to go on with it.
pub async fn note(tx: &Tx, id: Uuid, fence: i64, payload: &str) -> Result<Settled, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::Payload, Expr::val(payload))
        .filter(Column::Id.eq(id))
        .filter(Column::Fence.eq(fence))
        .filter(Column::LeaseOwner.is_not_null())
        .exec(tx.writer().await?)
        .await?;
    Ok(if done.rows_affected == 1 { Settled::Done } else { Settled::Lost })
}

/// A delivery's jobs of this kind that wait for a later time run at `now` (microseconds since the epoch); what is running
/// or parked stays as it is.
pub async fn hurry(tx: &Tx, delivery: Uuid, kind: &str, now: i64) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::RunAt, Expr::val(now))
        .filter(Column::DeliveryId.eq(delivery))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ParkedAt.is_null())
        .filter(Column::LeaseUntil.is_null())
        .filter(Column::RunAt.gt(now))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}
