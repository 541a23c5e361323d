//! Shifts: one open per courier, kept by a unique index; and what a courier's run is shown from.

use super::StoreError;
use super::deliveries::WITH_COURIER;
use super::tx::Tx;
use callahead_domain::geo::point::Point;
use entity::{delivery, event, orders, shift};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Ids in one question: well under what either database takes.
const IDS_AT_ONCE: usize = 500;

/// The constraint that keeps a courier from a second open shift.
pub const ONE_OPEN: &str = "shift_courier_id_key";

/// A courier's open shift.
pub async fn open_of(conn: &impl ConnectionTrait, courier: Uuid) -> Result<Option<shift::Model>, StoreError> {
    let found = shift::Entity::find()
        .filter(shift::Column::CourierId.eq(courier))
        .filter(shift::Column::EndedAt.is_null());
    Ok(found.one(conn).await?)
}

/// A row and its version.
type Versioned = (Uuid, i64);

/// By courier, the versions of what their feed is made of: the open shift, and their deliveries by id.
pub async fn feed_versions(
    conn: &impl ConnectionTrait,
    couriers: Vec<Uuid>,
) -> Result<HashMap<Uuid, (Option<Versioned>, Vec<Versioned>)>, StoreError> {
    let mut found: HashMap<Uuid, (Option<Versioned>, Vec<Versioned>)> = HashMap::new();
    for some in couriers.chunks(IDS_AT_ONCE) {
        let shifts: Vec<(Uuid, Uuid, i64)> = shift::Entity::find()
            .select_only()
            .columns([shift::Column::CourierId, shift::Column::Id, shift::Column::Version])
            .filter(shift::Column::CourierId.is_in(some.to_vec()))
            .filter(shift::Column::EndedAt.is_null())
            .into_tuple()
            .all(conn)
            .await?;
        for (courier, id, version) in shifts {
            found.entry(courier).or_default().0 = Some((id, version));
        }
        let deliveries: Vec<(Uuid, Uuid, i64)> = delivery::Entity::find()
            .select_only()
            .columns([delivery::Column::CourierId, delivery::Column::Id, delivery::Column::Version])
            .filter(delivery::Column::CourierId.is_in(some.to_vec()))
            .filter(delivery::Column::Stage.is_in(WITH_COURIER))
            .order_by_asc(delivery::Column::Id)
            .into_tuple()
            .all(conn)
            .await?;
        for (courier, id, version) in deliveries {
            found.entry(courier).or_default().1.push((id, version));
        }
    }
    Ok(found)
}

/// A courier's latest shift, open or ended.
pub async fn latest_of(
    conn: &impl ConnectionTrait,
    courier: Uuid,
) -> Result<Option<shift::Model>, StoreError> {
    let found = shift::Entity::find()
        .filter(shift::Column::CourierId.eq(courier))
        .order_by_desc(shift::Column::StartedAt)
        .order_by_desc(shift::Column::Id)
        .limit(1);
    Ok(found.one(conn).await?)
}

/// Where a courier was, at an instant in microseconds. Nothing happens when the shift knows a newer place. The version
/// stays: a moving courier is no change of the run.
pub async fn move_to(tx: &Tx, shift_id: Uuid, point: Point, at: i64) -> Result<(), StoreError> {
    let older =
        Condition::any().add(shift::Column::PositionAt.is_null()).add(shift::Column::PositionAt.lt(at));
    shift::Entity::update_many()
        .col_expr(shift::Column::Lat, Expr::val(point.lat()))
        .col_expr(shift::Column::Lon, Expr::val(point.lon()))
        .col_expr(shift::Column::PositionAt, Expr::val(at))
        .filter(shift::Column::Id.eq(shift_id))
        .filter(older)
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

/// Orders by their ids.
pub async fn orders_of_run(
    conn: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, orders::Model>, StoreError> {
    let found = orders::Entity::find().filter(orders::Column::Id.is_in(ids)).all(conn).await?;
    Ok(found.into_iter().map(|row| (row.id, row)).collect())
}

/// Whether a delivery ever was this courier's: offered, on their run or carried. `courier` is the id as events write it.
pub async fn ever_had(
    conn: &impl ConnectionTrait,
    delivery: Uuid,
    courier: &str,
) -> Result<bool, StoreError> {
    let kinds =
        ["order.offered", "order.assigned", "order.picked_up", "order.picked_up_late", "parcels.transferred"];
    let found = event::Entity::find()
        .filter(event::Column::DeliveryId.eq(delivery))
        .filter(event::Column::Kind.is_in(kinds))
        .filter(event::Column::Data.contains(courier))
        .count(conn)
        .await?;
    Ok(found > 0)
}

/// Couriers whose open shift was to last until `now` (microseconds since the epoch) or less.
pub async fn over(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<Uuid>, StoreError> {
    let found = shift::Entity::find()
        .select_only()
        .column(shift::Column::CourierId)
        .filter(shift::Column::EndedAt.is_null())
        .filter(shift::Column::EndsAt.lte(now))
        .order_by_asc(shift::Column::EndsAt)
        .order_by_asc(shift::Column::Id);
    Ok(found.into_tuple().all(conn).await?)
}

/// When the next open shift's time is over after `now`; both in microseconds since the epoch.
pub async fn next_end(conn: &impl ConnectionTrait, now: i64) -> Result<Option<i64>, StoreError> {
    let found = shift::Entity::find()
        .select_only()
        .column(shift::Column::EndsAt)
        .filter(shift::Column::EndedAt.is_null())
        .filter(shift::Column::EndsAt.gt(now))
        .order_by_asc(shift::Column::EndsAt)
        .limit(1);
    Ok(found.into_tuple().one(conn).await?)
}

/// Deliveries assigned to couriers who have no open shift.
pub async fn strays(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<Uuid>, StoreError> {
    let on_duty = shift::Entity::find()
        .select_only()
        .column(shift::Column::CourierId)
        .filter(shift::Column::EndedAt.is_null())
        .into_query();
    let found = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::Id)
        // A literal and no parameter, so that the index of assigned deliveries fits.
        .filter(Expr::cust("stage = 'assigned'"))
        .filter(delivery::Column::CourierId.is_not_null())
        .filter(delivery::Column::CourierId.not_in_subquery(on_duty))
        .order_by_asc(delivery::Column::Id)
        .limit(limit);
    Ok(found.into_tuple().all(conn).await?)
}

/// Every open shift, longest open first.
pub async fn open(conn: &impl ConnectionTrait) -> Result<Vec<shift::Model>, StoreError> {
    let found = shift::Entity::find().filter(shift::Column::EndedAt.is_null());
    Ok(found.order_by_asc(shift::Column::StartedAt).order_by_asc(shift::Column::Id).all(conn).await?)
}
