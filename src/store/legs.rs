//! Legs couriers finished, and what they add up to.

use entity::{event, leg, position};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
};
use uuid::Uuid;

use super::StoreError;
use super::tx::Tx;
use callahead_domain::geo::Point;

/// A leg counts half of one that is this much younger, in microseconds: a fortnight.
const HALVED_AFTER: i64 = 14 * 86_400 * 1_000_000;
/// Legs count and are kept so long, in microseconds: eight weeks.
pub const KEPT: i64 = 4 * HALVED_AFTER;

/// Keeps a leg at the end of the group.
pub fn insert(tx: &Tx, row: leg::Model) {
    tx.insert(row.into_active_model());
}

/// When the courier set off to a delivery's door last.
pub async fn set_off_at(conn: &impl ConnectionTrait, delivery: Uuid) -> Result<Option<i64>, StoreError> {
    let found = event::Entity::find()
        .select_only()
        .column(event::Column::At)
        .filter(event::Column::DeliveryId.eq(delivery))
        .filter(event::Column::Kind.eq("stop.released"))
        .order_by_desc(event::Column::Seq)
        .limit(1);
    Ok(found.into_tuple().one(conn).await?)
}

/// Where a courier was last known to be in a shift between two instants, both included; places nobody can have come to
/// are passed over.
pub async fn place_between(
    conn: &impl ConnectionTrait,
    shift: Uuid,
    from: i64,
    to: i64,
) -> Result<Option<Point>, StoreError> {
    let found = position::Entity::find()
        .filter(position::Column::ShiftId.eq(shift))
        .filter(position::Column::At.between(from, to))
        .filter(position::Column::Implausible.eq(false))
        .order_by_desc(position::Column::At)
        .order_by_desc(position::Column::Id)
        .limit(1)
        .one(conn)
        .await?;
    Ok(found.and_then(|row| Point::new(row.lat, row.lon).ok()))
}

/// Whether a leg of this courier ended after an instant.
pub async fn ended_after(conn: &impl ConnectionTrait, courier: Uuid, at: i64) -> Result<bool, StoreError> {
    let found = leg::Entity::find()
        .filter(leg::Column::CourierId.eq(courier))
        .filter(leg::Column::ArrivedAt.gt(at))
        .count(conn)
        .await?;
    Ok(found > 0)
}

/// Legs of one region, vehicle and hour, added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    /// Key of the region.
    pub region: Uuid,
    /// Vehicle.
    pub vehicle: String,
    /// Hour of the day, in the region's zone.
    pub hour: i32,
    /// How many.
    pub legs: i64,
    /// Great circle metres, by weight.
    pub metres: i64,
    /// Seconds, by the same weight.
    pub seconds: i64,
}

/// All legs of the last eight weeks before an instant (microseconds since the epoch); each fortnight counts half of the
/// one after it.
pub async fn sums(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<Sum>, StoreError> {
    let age = format!("CAST(($1 - set_off_at) / {HALVED_AFTER} AS INTEGER)");
    let sql = format!(
        "SELECT region_id, vehicle, hour, COUNT(*), CAST(SUM(metres >> {age}) AS BIGINT), \
         CAST(SUM(seconds >> {age}) AS BIGINT) FROM leg \
         WHERE set_off_at > $2 AND set_off_at <= $1 GROUP BY region_id, vehicle, hour ORDER BY 1, 2, 3"
    );
    let values = [Value::from(now), Value::from(now.saturating_sub(KEPT))];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    let sum = |row: sea_orm::QueryResult| {
        Ok(Sum {
            region: row.try_get_by_index(0)?,
            vehicle: row.try_get_by_index(1)?,
            hour: row.try_get_by_index(2)?,
            legs: row.try_get_by_index(3)?,
            metres: row.try_get_by_index(4)?,
            seconds: row.try_get_by_index(5)?,
        })
    };
    let sums: Result<Vec<Sum>, sea_orm::DbErr> = rows.into_iter().map(sum).collect();
    Ok(sums?)
}
