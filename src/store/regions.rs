//! Regions, the numbered versions of their drawings, and the deliveries pinned to them.

use super::StoreError;
use callahead_domain::delivery::StageKind;
use entity::{delivery, region, region_version};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

/// One region.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<region::Model>, StoreError> {
    Ok(region::Entity::find_by_id(id).one(conn).await?)
}

/// Every region, without its drawing.
pub async fn all(conn: &impl ConnectionTrait) -> Result<Vec<region::Model>, StoreError> {
    Ok(region::Entity::find().order_by_asc(region::Column::Id).all(conn).await?)
}

/// Regions after this one, oldest first.
pub async fn page(
    conn: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<region::Model>, StoreError> {
    let mut query = region::Entity::find().order_by_asc(region::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(region::Column::Id.gt(after));
    }
    Ok(query.all(conn).await?)
}

/// A drawing of a region, as GeoJSON text.
pub async fn drawing(
    conn: &impl ConnectionTrait,
    region: Uuid,
    number: i32,
) -> Result<Option<String>, StoreError> {
    let found = region_version::Entity::find_by_id((region, number))
        .select_only()
        .column(region_version::Column::Geometry)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found)
}

/// The numbers and times (microseconds) of a region's drawings after this one.
pub async fn versions(
    conn: &impl ConnectionTrait,
    region: Uuid,
    after: i32,
    limit: u64,
) -> Result<Vec<(i32, i64)>, StoreError> {
    let found = region_version::Entity::find()
        .select_only()
        .column(region_version::Column::Number)
        .column(region_version::Column::CreatedAt)
        .filter(region_version::Column::RegionId.eq(region))
        .filter(region_version::Column::Number.gt(after))
        .order_by_asc(region_version::Column::Number)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(found)
}

/// A delivery that is still under an older drawing.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Pinned {
    /// The delivery.
    pub id: Uuid,
    /// Its order.
    pub order_id: Uuid,
    /// Its shop.
    pub shop_id: Uuid,
    /// Where the parcel is.
    pub stage: String,
    /// The drawing it was accepted under.
    pub region_version: Option<i32>,
}

/// Open deliveries of a region under a drawing older than this one.
fn under_older(region: Uuid, current: i32) -> Condition {
    let open = StageKind::ALL.iter().filter(|kind| !kind.is_final()).map(|kind| kind.name());
    Condition::all()
        .add(delivery::Column::RegionId.eq(region))
        .add(delivery::Column::Stage.is_in(open))
        .add(delivery::Column::RegionVersion.lt(current))
}

/// How many open deliveries are under an older drawing.
pub async fn count_pinned(
    conn: &impl ConnectionTrait,
    region: Uuid,
    current: i32,
) -> Result<u64, StoreError> {
    Ok(delivery::Entity::find().filter(under_older(region, current)).count(conn).await?)
}

/// Open deliveries under an older drawing, after this one, oldest first.
pub async fn pinned(
    conn: &impl ConnectionTrait,
    region: Uuid,
    current: i32,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Pinned>, StoreError> {
    let mut query = delivery::Entity::find()
        .select_only()
        .columns([
            delivery::Column::Id,
            delivery::Column::OrderId,
            delivery::Column::ShopId,
            delivery::Column::Stage,
            delivery::Column::RegionVersion,
        ])
        .filter(under_older(region, current))
        .order_by_asc(delivery::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(delivery::Column::Id.gt(after));
    }
    Ok(query.into_model().all(conn).await?)
}
