//! What assignment reads: open shifts with their couriers, deliveries that wait, and where parcels are picked up.

use entity::{courier, delivery, orders, pickup_point, shift};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use std::collections::HashMap;
use uuid::Uuid;

use super::StoreError;
use super::deliveries::{Loaded, load};
use super::guard::{Guarded, guarded_update};
use super::tx::Tx;

/// Ids in one question: well under what either database takes.
const IDS_AT_ONCE: usize = 500;

/// Open shifts with their couriers, in the order of couriers.
pub async fn open_shifts<C: ConnectionTrait>(
    conn: &C,
) -> Result<Vec<(shift::Model, courier::Model)>, StoreError> {
    let shifts = shift::Entity::find()
        .filter(shift::Column::EndedAt.is_null())
        .order_by_asc(shift::Column::CourierId)
        .all(conn)
        .await?;
    let mut couriers = HashMap::new();
    let ids: Vec<Uuid> = shifts.iter().map(|row| row.courier_id).collect();
    for some in ids.chunks(IDS_AT_ONCE) {
        let found =
            courier::Entity::find().filter(courier::Column::Id.is_in(some.to_vec())).all(conn).await?;
        couriers.extend(found.into_iter().map(|row| (row.id, row)));
    }
    Ok(shifts
        .into_iter()
        .filter_map(|row| couriers.remove(&row.courier_id).map(|courier| (row, courier)))
        .collect())
}

/// Deliveries in these regions that wait for a courier, at most so many of each region, the first harmed first.
pub async fn waiting<C: ConnectionTrait>(
    conn: &C,
    regions: &[Uuid],
    most_of_each: i64,
) -> Result<Vec<Loaded>, StoreError> {
    let mut found = Vec::new();
    for some in regions.chunks(IDS_AT_ONCE) {
        let places: Vec<String> =
            (0..some.len()).map(|place| format!("${}", place.saturating_add(2))).collect();
        // The number within its region, so that a region with a flood of orders does not hide another's.
        let sql = format!(
            "SELECT * FROM (SELECT delivery.*, ROW_NUMBER() OVER (PARTITION BY region_id ORDER BY harm_at, id) \
             AS place FROM delivery WHERE region_id IN ({}) AND stage = 'received') AS waiting \
             WHERE place <= $1 ORDER BY harm_at, id",
            places.join(", ")
        );
        let mut values: Vec<Value> = vec![most_of_each.into()];
        values.extend(some.iter().map(|region| Value::from(*region)));
        let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
        found.extend(delivery::Entity::find().from_raw_sql(statement).all(conn).await?);
    }
    found.into_iter().map(load).collect()
}

/// The pick-up point of each of these orders.
pub async fn pick_ups<C: ConnectionTrait>(
    conn: &C,
    order_ids: &[Uuid],
) -> Result<HashMap<Uuid, pickup_point::Model>, StoreError> {
    let mut places: Vec<(Uuid, Uuid)> = Vec::with_capacity(order_ids.len());
    for some in order_ids.chunks(IDS_AT_ONCE) {
        let found: Vec<(Uuid, Uuid)> = orders::Entity::find()
            .select_only()
            .column(orders::Column::Id)
            .column(orders::Column::PickupPointId)
            .filter(orders::Column::Id.is_in(some.to_vec()))
            .into_tuple()
            .all(conn)
            .await?;
        places.extend(found);
    }
    let mut ids: Vec<Uuid> = places.iter().map(|(_, point)| *point).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut points = HashMap::new();
    for some in ids.chunks(IDS_AT_ONCE) {
        let found = pickup_point::Entity::find()
            .filter(pickup_point::Column::Id.is_in(some.to_vec()))
            .all(conn)
            .await?;
        points.extend(found.into_iter().map(|row| (row.id, row)));
    }
    let known = places.into_iter().filter_map(|(order, point)| Some((order, points.get(&point)?.clone())));
    Ok(known.collect())
}

/// Writes a shift's run under its version.
pub async fn write_run(tx: &Tx, id: Uuid, version: i64, run: String) -> Result<Guarded, StoreError> {
    use sea_orm::ActiveValue::Set;
    let row = shift::ActiveModel { id: Set(id), run: Set(run), ..Default::default() };
    guarded_update(tx, row, version).await
}

/// One courier.
pub async fn courier<C: ConnectionTrait>(conn: &C, id: Uuid) -> Result<Option<courier::Model>, StoreError> {
    Ok(courier::Entity::find_by_id(id).one(conn).await?)
}
