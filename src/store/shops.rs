//! Shops.

use super::StoreError;
use entity::shop;
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
