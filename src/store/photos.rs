//! Photos taken as proof.

use super::StoreError;
use super::tx::Tx;
use entity::photo;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use uuid::Uuid;

/// Keeps a photo at the end of the group.
pub fn insert(tx: &Tx, row: photo::Model) {
    tx.insert(row.into_active_model());
}

/// How many photos a delivery has.
pub async fn count_of(conn: &impl ConnectionTrait, delivery: Uuid) -> Result<u64, StoreError> {
    Ok(photo::Entity::find().filter(photo::Column::DeliveryId.eq(delivery)).count(conn).await?)
}

/// Whether this courier took this photo of this delivery. The bytes are not read.
pub async fn is_of(
    conn: &impl ConnectionTrait,
    id: Uuid,
    courier: Uuid,
    delivery: Uuid,
) -> Result<bool, StoreError> {
    let found = photo::Entity::find()
        .filter(photo::Column::Id.eq(id))
        .filter(photo::Column::CourierId.eq(courier))
        .filter(photo::Column::DeliveryId.eq(delivery));
    Ok(found.count(conn).await? > 0)
}
