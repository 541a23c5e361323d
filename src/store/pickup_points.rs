//! Places where shops hand parcels to couriers.

use super::StoreError;
use entity::pickup_point;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// The id of a shop's pick-up point with this id of the shop's own.
pub async fn id_by_external_id(
    conn: &impl ConnectionTrait,
    shop: Uuid,
    external_id: &str,
) -> Result<Option<Uuid>, StoreError> {
    let found = pickup_point::Entity::find()
        .select_only()
        .column(pickup_point::Column::Id)
        .filter(pickup_point::Column::ShopId.eq(shop))
        .filter(pickup_point::Column::ExternalId.eq(external_id))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found)
}

/// A shop's pick-up points after this one, oldest first.
pub async fn page(
    conn: &impl ConnectionTrait,
    shop: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<pickup_point::Model>, StoreError> {
    let mut query = pickup_point::Entity::find()
        .filter(pickup_point::Column::ShopId.eq(shop))
        .order_by_asc(pickup_point::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(pickup_point::Column::Id.gt(after));
    }
    Ok(query.all(conn).await?)
}
