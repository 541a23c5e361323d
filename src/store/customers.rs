//! What a customer's page asks beside its own delivery: how many doors come before, when the courier was last seen.

use super::StoreError;
use entity::{delivery, shift};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

/// Doors this courier is planned to reach before `planned_at`.
pub async fn stops_before(
    conn: &impl ConnectionTrait,
    courier: Uuid,
    planned_at: i64,
) -> Result<u64, StoreError> {
    let open = ["assigned", "collected", "en_route", "at_door"];
    let earlier = delivery::Entity::find()
        .filter(delivery::Column::CourierId.eq(courier))
        .filter(delivery::Column::Stage.is_in(open))
        .filter(delivery::Column::PlannedAt.lt(planned_at));
    Ok(earlier.count(conn).await?)
}

/// When the place of a courier on shift was last known, in microseconds.
pub async fn seen_at(conn: &impl ConnectionTrait, courier: Uuid) -> Result<Option<i64>, StoreError> {
    let found: Option<Option<i64>> = shift::Entity::find()
        .select_only()
        .column(shift::Column::PositionAt)
        .filter(shift::Column::CourierId.eq(courier))
        .filter(shift::Column::EndedAt.is_null())
        .order_by_desc(shift::Column::StartedAt)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.flatten())
}
