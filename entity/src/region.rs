//! A region; its shape is in [`crate::region_version`].

use sea_orm::entity::prelude::*;

/// A region; its shape is in [`crate::region_version`].
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "region")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Lower wins.
    pub priority: i32,
    /// IANA name.
    pub time_zone: String,
    /// Active.
    pub active: bool,
    /// Number of the shape in force.
    pub current: i32,
    /// JSON.
    pub policy: String,
    /// Rises by one with every update.
    pub version: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// Microseconds since the epoch.
    pub updated_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
