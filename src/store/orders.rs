//! Orders with their deliveries, scoped by shop.

use super::StoreError;
use super::deliveries::{Loaded, load};
use entity::{delivery, orders};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// An order, whoever owns it.
pub async fn by_id(conn: &impl ConnectionTrait, order: Uuid) -> Result<Option<orders::Model>, StoreError> {
    Ok(orders::Entity::find_by_id(order).one(conn).await?)
}

/// The id of the order with this id of the shop's own.
pub async fn by_external_id(
    conn: &impl ConnectionTrait,
    shop: Uuid,
    external_id: &str,
) -> Result<Option<Uuid>, StoreError> {
    let found = orders::Entity::find()
        .select_only()
        .column(orders::Column::Id)
        .filter(orders::Column::ShopId.eq(shop))
        .filter(orders::Column::ExternalId.eq(external_id))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found)
}

/// An order of this shop with its delivery.
pub async fn of_shop(
    conn: &impl ConnectionTrait,
    shop: Uuid,
    order: Uuid,
) -> Result<Option<(orders::Model, Loaded)>, StoreError> {
    let Some(row) =
        orders::Entity::find_by_id(order).filter(orders::Column::ShopId.eq(shop)).one(conn).await?
    else {
        return Ok(None);
    };
    let loaded = super::deliveries::by_order(conn, order).await?.ok_or(StoreError::Missing)?;
    Ok(Some((row, loaded)))
}

/// A shop's orders with their deliveries, oldest first.
pub async fn list(
    conn: &impl ConnectionTrait,
    shop: Uuid,
    status: &Option<String>,
    external_id: &Option<String>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<(orders::Model, Loaded)>, StoreError> {
    let mut query = orders::Entity::find().filter(orders::Column::ShopId.eq(shop));
    if let Some(external_id) = external_id {
        query = query.filter(orders::Column::ExternalId.eq(external_id));
    }
    if let Some(after) = after {
        query = query.filter(orders::Column::Id.gt(after));
    }
    if let Some(status) = status {
        let wanted = sea_orm::sea_query::Query::select()
            .column(delivery::Column::OrderId)
            .from(delivery::Entity)
            .and_where(delivery::Column::ShopId.eq(shop))
            .and_where(delivery::Column::Stage.eq(status.clone()))
            .to_owned();
        query = query.filter(orders::Column::Id.in_subquery(wanted));
    }
    let found = query.order_by_asc(orders::Column::Id).limit(limit).all(conn).await?;
    with_deliveries(conn, found).await
}

/// Joins orders with their deliveries.
pub async fn with_deliveries(
    conn: &impl ConnectionTrait,
    found: Vec<orders::Model>,
) -> Result<Vec<(orders::Model, Loaded)>, StoreError> {
    let deliveries = delivery::Entity::find()
        .filter(delivery::Column::OrderId.is_in(found.iter().map(|row| row.id)))
        .all(conn)
        .await?;
    let mut by_order: HashMap<Uuid, delivery::Model> =
        deliveries.into_iter().map(|row| (row.order_id, row)).collect();
    let join = |row: orders::Model| {
        let delivery = by_order.remove(&row.id).ok_or(StoreError::Missing)?;
        Ok((row, load(delivery)?))
    };
    found.into_iter().map(join).collect()
}
