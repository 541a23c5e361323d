//! What assignment reads: open shifts with their couriers, deliveries that wait, and where parcels are picked up.

use entity::{courier, delivery, hand_off, orders, parcel, pickup_point, shift};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Statement, Value,
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

/// What an order asks of whoever carries it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where its parcels are picked up.
    pub pick_up: pickup_point::Model,
    /// JSON array of skills.
    pub needs: String,
    /// By number, the grams of the parcels somebody has weighed.
    pub grams: Vec<(i32, i64)>,
}

/// What each of these orders asks for.
pub async fn wanted<C: ConnectionTrait>(
    conn: &C,
    order_ids: &[Uuid],
) -> Result<HashMap<Uuid, Wanted>, StoreError> {
    let mut places: Vec<(Uuid, Uuid, String)> = Vec::with_capacity(order_ids.len());
    let mut grams: HashMap<Uuid, Vec<(i32, i64)>> = HashMap::new();
    for some in order_ids.chunks(IDS_AT_ONCE) {
        let weighed: Vec<(Uuid, i32, Option<i64>)> = parcel::Entity::find()
            .select_only()
            .column(parcel::Column::OrderId)
            .column(parcel::Column::Number)
            .column(parcel::Column::WeightG)
            .filter(parcel::Column::OrderId.is_in(some.to_vec()))
            .filter(parcel::Column::WeightG.is_not_null())
            .into_tuple()
            .all(conn)
            .await?;
        for (order, number, weight_g) in weighed {
            grams.entry(order).or_default().extend(weight_g.map(|weight_g| (number, weight_g)));
        }
        let found: Vec<(Uuid, Uuid, String)> = orders::Entity::find()
            .select_only()
            .column(orders::Column::Id)
            .column(orders::Column::PickupPointId)
            .column(orders::Column::Needs)
            .filter(orders::Column::Id.is_in(some.to_vec()))
            .into_tuple()
            .all(conn)
            .await?;
        places.extend(found);
    }
    let mut ids: Vec<Uuid> = places.iter().map(|(_, point, _)| *point).collect();
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
    let known = places.into_iter().filter_map(|(order, point, needs)| {
        let pick_up = points.get(&point)?.clone();
        let grams = grams.remove(&order).unwrap_or_default();
        Some((order, Wanted { pick_up, needs, grams }))
    });
    Ok(known.collect())
}

/// How many deliveries a courier has handed over since an instant (microseconds since the epoch).
pub async fn handed_over_since<C: ConnectionTrait>(
    conn: &C,
    courier: Uuid,
    since: i64,
) -> Result<u64, StoreError> {
    let done = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::Id)
        .filter(delivery::Column::CourierId.eq(courier))
        .filter(delivery::Column::Stage.eq("handed_over"))
        .into_query();
    let found = hand_off::Entity::find()
        .filter(hand_off::Column::DeliveryId.in_subquery(done))
        .filter(hand_off::Column::At.gte(since))
        .count(conn)
        .await?;
    Ok(found)
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
