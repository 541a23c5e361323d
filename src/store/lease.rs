//! Named leases with a fencing number: one dispatcher per region, one sweeper per service.
//!
//! A holder that was paused may believe it still holds the lease; whatever it writes must be guarded by the fencing
//! number, which rises with every acquisition and never falls, or by a [`still_held`] in the same transaction.

use entity::lease::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement, Value};

use super::StoreError;
use super::tx::Tx;

/// Leases in one statement.
const AT_ONCE: usize = 500;

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

/// Takes the lease if nobody holds it at `now`; none when somebody does, be it the same owner.
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

/// Takes all of these leases or none: those nobody holds at `now` anew, the owner's own for longer. An own one that ran
/// out and was not taken since keeps its fencing number. None when another holds one of them; then the owner holds none
/// of them. The names must be sorted, so that two who reach for the same wait for one another in one order.
pub async fn hold_all(
    tx: &Tx,
    names: &[String],
    owner: &str,
    now: i64,
    until: i64,
) -> Result<Option<Vec<Held>>, StoreError> {
    let mut held = Vec::with_capacity(names.len());
    for some in names.chunks(AT_ONCE) {
        let rows: Vec<String> =
            (0..some.len()).map(|place| format!("(${}, $1, 1, $2)", place.saturating_add(4))).collect();
        let sql = format!(
            "INSERT INTO lease (name, owner, fence, until) VALUES {} ON CONFLICT (name) DO UPDATE SET \
             fence = CASE WHEN lease.owner = $1 AND lease.until > 0 THEN lease.fence ELSE lease.fence + 1 END, \
             owner = excluded.owner, until = excluded.until \
             WHERE lease.until <= $3 OR lease.owner = $1 RETURNING name, fence",
            rows.join(", ")
        );
        let mut values: Vec<Value> = vec![owner.into(), until.into(), now.into()];
        values.extend(some.iter().map(|name| name.as_str().into()));
        let found =
            tx.execute_returning(Statement::from_sql_and_values(tx.kind().backend(), sql, values)).await?;
        for row in &found {
            let (name, fence) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            held.push(Held { name, owner: owner.to_owned(), fence, until });
        }
    }
    if held.len() == names.len() {
        return Ok(Some(held));
    }
    release_all(tx, names, owner).await?;
    Ok(None)
}

/// Gives those of the leases up at once that are the owner's; how many there were. The fencing numbers stay.
pub async fn release_all(tx: &Tx, names: &[String], owner: &str) -> Result<u64, StoreError> {
    let mut released = 0_u64;
    for some in names.chunks(AT_ONCE) {
        let done = Entity::update_many()
            .col_expr(Column::Until, Expr::val(0_i64))
            .filter(Column::Name.is_in(some.iter().map(String::as_str)))
            .filter(Column::Owner.eq(owner))
            .filter(Column::Until.gt(0))
            .exec(tx.writer().await?)
            .await?;
        released = released.saturating_add(done.rows_affected);
    }
    Ok(released)
}

/// True when the lease is still this holder's at `now` (microseconds since the epoch). On PostgreSQL the row is locked
/// until the transaction ends, so that nobody takes the lease in between.
pub async fn still_held(tx: &Tx, held: &Held, now: i64) -> Result<bool, StoreError> {
    if now >= held.until {
        return Ok(false);
    }
    let done = Entity::update_many()
        .col_expr(Column::Until, Expr::val(held.until))
        .filter(Column::Name.eq(held.name.as_str()))
        .filter(Column::Owner.eq(held.owner.as_str()))
        .filter(Column::Fence.eq(held.fence))
        .filter(Column::Until.gt(0))
        .exec(tx.writer().await?)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Who holds or last held a lease.
pub async fn find<C: ConnectionTrait>(conn: &C, name: &str) -> Result<Option<Model>, StoreError> {
    Ok(Entity::find_by_id(name).one(conn).await?)
}

/// Who holds or last held the leases whose names begin so.
pub async fn beginning_with<C: ConnectionTrait>(conn: &C, start: &str) -> Result<Vec<Model>, StoreError> {
    Ok(Entity::find().filter(Column::Name.starts_with(start)).all(conn).await?)
}
