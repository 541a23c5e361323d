//! What a dispatcher looks through: deliveries by filter, deliveries that need somebody, jobs.

use super::StoreError;
use super::deliveries::{Loaded, load};
use callahead_domain::id::{CourierId, RegionId, ShopId};
use entity::{delivery, job, orders};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// Which deliveries of a list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only in this stage.
    pub stage: Option<String>,
    /// Only of this region.
    pub region: Option<RegionId>,
    /// Only of this courier.
    pub courier: Option<CourierId>,
    /// Only of this shop.
    pub shop: Option<ShopId>,
    /// Only after this delivery.
    pub after: Option<Uuid>,
    /// Rows at most.
    pub limit: u64,
}

/// Deliveries that have needed somebody since before `now`, first harm first, after a harm and an id.
/// Instants are microseconds since the epoch.
pub async fn needing_attention(
    conn: &impl ConnectionTrait,
    now: i64,
    after: Option<(i64, Uuid)>,
    limit: u64,
) -> Result<Vec<Loaded>, StoreError> {
    let mut query = delivery::Entity::find()
        .filter(delivery::Column::AttentionAt.lte(now))
        .order_by_asc(delivery::Column::HarmAt)
        .order_by_asc(delivery::Column::Id)
        .limit(limit);
    if let Some((harm_at, id)) = after {
        let later =
            Condition::all().add(delivery::Column::HarmAt.eq(harm_at)).add(delivery::Column::Id.gt(id));
        query = query.filter(Condition::any().add(delivery::Column::HarmAt.gt(harm_at)).add(later));
    }
    query.all(conn).await?.into_iter().map(load).collect()
}

/// Jobs that gave up, the longest parked first, after an instant (microseconds since the epoch) and an id.
pub async fn parked_jobs(
    conn: &impl ConnectionTrait,
    after: Option<(i64, Uuid)>,
    limit: u64,
) -> Result<Vec<job::Model>, StoreError> {
    let mut query = job::Entity::find()
        .filter(job::Column::ParkedAt.is_not_null())
        .order_by_asc(job::Column::ParkedAt)
        .order_by_asc(job::Column::Id)
        .limit(limit);
    if let Some((parked_at, id)) = after {
        let later = Condition::all().add(job::Column::ParkedAt.eq(parked_at)).add(job::Column::Id.gt(id));
        query = query.filter(Condition::any().add(job::Column::ParkedAt.gt(parked_at)).add(later));
    }
    Ok(query.all(conn).await?)
}

/// Jobs that wait, or that gave up; earliest first.
pub async fn jobs(
    conn: &impl ConnectionTrait,
    parked: bool,
    limit: u64,
) -> Result<Vec<job::Model>, StoreError> {
    let query = job::Entity::find().order_by_asc(job::Column::RunAt).limit(limit);
    let query = if parked {
        query.filter(job::Column::ParkedAt.is_not_null())
    } else {
        query.filter(job::Column::ParkedAt.is_null())
    };
    Ok(query.all(conn).await?)
}

/// Deliveries with their orders.
pub async fn deliveries(
    conn: &impl ConnectionTrait,
    filter: &DeliveryFilter,
) -> Result<Vec<(orders::Model, Loaded)>, StoreError> {
    let mut query = delivery::Entity::find().order_by_asc(delivery::Column::Id).limit(filter.limit);
    if let Some(stage) = &filter.stage {
        query = query.filter(delivery::Column::Stage.eq(stage.clone()));
    }
    if let Some(region) = filter.region {
        query = query.filter(delivery::Column::RegionId.eq(region.uuid()));
    }
    if let Some(courier) = filter.courier {
        query = query.filter(delivery::Column::CourierId.eq(courier.uuid()));
    }
    if let Some(shop) = filter.shop {
        query = query.filter(delivery::Column::ShopId.eq(shop.uuid()));
    }
    if let Some(after) = filter.after {
        query = query.filter(delivery::Column::Id.gt(after));
    }
    let found = query.all(conn).await?;
    let orders = orders::Entity::find()
        .filter(orders::Column::Id.is_in(found.iter().map(|row| row.order_id)))
        .all(conn)
        .await?;
    let mut by_id: HashMap<_, _> = orders.into_iter().map(|row| (row.id, row)).collect();
    let join =
        |row: delivery::Model| Ok((by_id.remove(&row.order_id).ok_or(StoreError::Missing)?, load(row)?));
    found.into_iter().map(join).collect()
}
