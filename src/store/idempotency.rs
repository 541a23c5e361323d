//! Answers remembered under the caller's key, written in the same transaction as what they answer.

use entity::idempotency::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::StoreError;
use super::tx::Tx;

/// Name of the constraint that tells a key used twice at the same time.
pub const CONSTRAINT: &str = "idempotency_pkey";

/// The remembered answer of a key. The scope keeps callers apart (whose key it is, and for which operation).
pub async fn find<C: ConnectionTrait>(conn: &C, scope: &str, key: &str) -> Result<Option<Model>, StoreError> {
    Ok(Entity::find_by_id((scope.to_owned(), key.to_owned())).one(conn).await?)
}

/// Remembers an answer. A key already there refuses the use case with [`CONSTRAINT`].
pub fn insert(tx: &Tx, answer: Model) {
    let row: ActiveModel = answer.into_active_model();
    tx.insert(row);
}

/// The status of a request that somebody is carrying out.
pub const BEING_CARRIED_OUT: i32 = 0;

fn unsettled(scope: &str, key: &str, since: i64) -> Condition {
    Condition::all()
        .add(Column::Scope.eq(scope))
        .add(Column::Key.eq(key))
        .add(Column::Status.eq(BEING_CARRIED_OUT))
        .add(Column::CreatedAt.eq(since))
}

/// Takes a request over that was given up, `since` which it counts as being carried out (microseconds since the
/// epoch). False when somebody else was faster.
pub async fn take_over(tx: &Tx, scope: &str, key: &str, since: i64, now: i64) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::CreatedAt, Expr::value(now))
        .filter(unsettled(scope, key, since))
        .exec(tx.writer().await?)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Keeps the answer of a request that was taken at `since`. Nothing happens when somebody else took it over.
pub async fn settle(
    tx: &Tx,
    scope: &str,
    key: &str,
    since: i64,
    status: i32,
    body: String,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::Body, Expr::value(body))
        .filter(unsettled(scope, key, since))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

/// Frees the key of a request that was taken at `since`. Nothing happens when somebody else took it over.
pub async fn release(tx: &Tx, scope: &str, key: &str, since: i64) -> Result<(), StoreError> {
    Entity::delete_many().filter(unsettled(scope, key, since)).exec(tx.writer().await?).await?;
    Ok(())
}
