//! Couriers.

use super::StoreError;
use entity::courier;
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

/// A courier's name, if there is one with this id.
pub async fn name(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<String>, StoreError> {
    let found = courier::Entity::find_by_id(id)
        .select_only()
        .column(courier::Column::Name)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found)
}
