//! Shops.

use super::StoreError;
use entity::{shop, stall};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// One shop.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<shop::Model>, StoreError> {
    Ok(shop::Entity::find_by_id(id).one(conn).await?)
}

/// Shops after this one, oldest first.
pub async fn page(
    conn: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<shop::Model>, StoreError> {
    let mut query = shop::Entity::find().order_by_asc(shop::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(shop::Column::Id.gt(after));
    }
    Ok(query.all(conn).await?)
}

/// The shop of a stall.
pub async fn of_stall(conn: &impl ConnectionTrait, stall: Uuid) -> Result<Option<Uuid>, StoreError> {
    let found = stall::Entity::find_by_id(stall).select_only().column(stall::Column::ShopId);
    Ok(found.into_tuple().one(conn).await?)
}

/// A shop's stalls with their currencies, oldest first.
pub async fn stalls_of(conn: &impl ConnectionTrait, shop: Uuid) -> Result<Vec<(Uuid, String)>, StoreError> {
    let found = stall::Entity::find()
        .select_only()
        .columns([stall::Column::Id, stall::Column::Currency])
        .filter(stall::Column::ShopId.eq(shop))
        .order_by_asc(stall::Column::Id);
    Ok(found.into_tuple().all(conn).await?)
}
