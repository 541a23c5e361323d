//! Named leases with a fencing number: one dispatcher per region, one sweeper per service.
//!
//! A holder that was paused may believe it still holds the lease; whatever it writes must be guarded by the fencing
//! number, which rises with every acquisition and never falls, or by a [`still_held`] in the same transaction.

use entity::lease::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use super::StoreError;
use super::tx::Tx;

/// A lease in its holder's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Name of the lease.
    pub name: String,
    /// Who holds it.
    pub owner: String,
    /// Fencing number.
    pub fence: i64,
    /// Until when, microseconds since the epoch.
    pub until: i64,
}

/// Takes the lease if nobody holds it at `now`; none when somebody does, be it the same owner (who renews instead).
/// Times in microseconds since the epoch.
pub async fn acquire(
    tx: &Tx,
    name: &str,
    owner: &str,
    now: i64,
    until: i64,
) -> Result<Option<Held>, StoreError> {
    let sql = "INSERT INTO lease (name, owner, fence, until) VALUES ($1, $2, 1, $3) \
               ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fence = lease.fence + 1, \
               until = excluded.until WHERE lease.until <= $4 RETURNING fence";
    let values = [name.into(), owner.into(), until.into(), now.into()];
    let rows = tx.execute_returning(Statement::from_sql_and_values(tx.kind().backend(), sql, values)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let fence = row.try_get_by_index(0)?;
    Ok(Some(Held { name: name.to_owned(), owner: owner.to_owned(), fence, until }))
}

/// Holds the lease longer; none when it was lost to another acquisition. A lease that ran out but was not taken can
/// still be renewed.
pub async fn renew(tx: &Tx, held: &Held, until: i64) -> Result<Option<Held>, StoreError> {
    let renewed = set_until(tx, held, until).await?;
    Ok(renewed.then(|| Held { until, ..held.clone() }))
}

/// Gives the lease up at once; false when it was already lost. The fencing number stays.
pub async fn release(tx: &Tx, held: &Held) -> Result<bool, StoreError> {
    set_until(tx, held, 0).await
}

/// True when the lease is still this holder's at `now` (microseconds since the epoch). On PostgreSQL the row is locked
/// until the transaction ends, so that nobody takes the lease in between.
pub async fn still_held(tx: &Tx, held: &Held, now: i64) -> Result<bool, StoreError> {
    if now >= held.until {
        return Ok(false);
    }
    set_until(tx, held, held.until).await
}

/// Who holds or last held a lease.
pub async fn find<C: ConnectionTrait>(conn: &C, name: &str) -> Result<Option<Model>, StoreError> {
    Ok(Entity::find_by_id(name).one(conn).await?)
}

async fn set_until(tx: &Tx, held: &Held, until: i64) -> Result<bool, StoreError> {
    let conn = tx.writer().await?;
    let done = Entity::update_many()
        .col_expr(Column::Until, Expr::val(until))
        .filter(Column::Name.eq(held.name.as_str()))
        .filter(Column::Owner.eq(held.owner.as_str()))
        .filter(Column::Fence.eq(held.fence))
        .filter(Column::Until.gt(0))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}
