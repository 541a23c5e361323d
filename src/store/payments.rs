//! Payments as rows; what became of them is written with their delivery.

use entity::{orders, payment};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::StoreError;

/// One payment.
pub async fn by_id<C: ConnectionTrait>(conn: &C, id: Uuid) -> Result<Option<payment::Model>, StoreError> {
    Ok(payment::Entity::find_by_id(id).one(conn).await?)
}

/// The shop's own number of an order.
pub async fn external_id<C: ConnectionTrait>(conn: &C, order: Uuid) -> Result<Option<String>, StoreError> {
    let found: Option<Option<String>> = orders::Entity::find()
        .select_only()
        .column(orders::Column::ExternalId)
        .filter(orders::Column::Id.eq(order))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.flatten())
}
