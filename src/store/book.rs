//! The rows of the book: regions with their current drawing, shops, and the edition they make.

use super::StoreError;
use super::tx::Tx;
use entity::{pickup_point, region, region_version, setting, shop};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder};
use std::collections::HashMap;

const EDITION: &str = "book_edition";

/// Everything the book is made of.
#[derive(Debug)]
pub struct Rows {
    /// Each region with the geometry of its current version.
    pub regions: Vec<(region::Model, String)>,
    /// Each shop.
    pub shops: Vec<shop::Model>,
    /// Each pick-up point.
    pub pickup_points: Vec<pickup_point::Model>,
    /// Which edition.
    pub edition: i64,
}

/// The edition stored now.
pub async fn edition(conn: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let row = setting::Entity::find_by_id(EDITION).one(conn).await?;
    Ok(row.and_then(|row| row.value.parse().ok()).unwrap_or(0))
}

/// Reads everything. The edition is read first: rows newer than it only make the next reading come early.
pub async fn read(conn: &impl ConnectionTrait) -> Result<Rows, StoreError> {
    let edition = edition(conn).await?;
    let regions = region::Entity::find().order_by_asc(region::Column::Id).all(conn).await?;
    let mut geometries: HashMap<_, _> = region_version::Entity::find()
        .all(conn)
        .await?
        .into_iter()
        .map(|row| ((row.region_id, row.number), row.geometry))
        .collect();
    let regions = regions
        .into_iter()
        .map(|row| {
            let geometry = geometries.remove(&(row.id, row.current)).unwrap_or_default();
            (row, geometry)
        })
        .collect();
    let pickup_points = pickup_point::Entity::find().all(conn).await?;
    Ok(Rows { regions, shops: shop::Entity::find().all(conn).await?, pickup_points, edition })
}

/// Makes the next edition, in the transaction that changes a region or a shop. The database adds one itself: two
/// transactions at once wait for each other here and make two editions.
pub async fn bump(tx: &Tx) -> Result<(), StoreError> {
    let next = Expr::cust("CAST(CAST(setting.value AS BIGINT) + 1 AS TEXT)");
    setting::Entity::insert(setting::ActiveModel {
        key: Set(EDITION.to_owned()),
        value: Set("1".to_owned()),
    })
    .on_conflict(OnConflict::column(setting::Column::Key).value(setting::Column::Value, next).to_owned())
    .exec_without_returning(tx.writer().await?)
    .await?;
    Ok(())
}
