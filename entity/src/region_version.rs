//! One numbered shape of a region; never changed.

use sea_orm::entity::prelude::*;

/// One numbered shape of a region; never changed.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "region_version")]
pub struct Model {
    /// Key of the region.
    #[sea_orm(primary_key, auto_increment = false)]
    pub region_id: Uuid,
    /// Number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// GeoJSON.
    pub geometry: String,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
