//! A courier's working time and current run; at most one open per courier.

use sea_orm::entity::prelude::*;

/// A courier's working time and current run; at most one open per courier.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shift")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the courier.
    pub courier_id: Uuid,
    /// Microseconds since the epoch.
    pub started_at: i64,
    /// Microseconds since the epoch.
    pub ends_at: i64,
    /// Microseconds since the epoch.
    pub ended_at: Option<i64>,
    /// Parcels.
    pub capacity: i32,
    /// Degrees.
    pub lat: Option<f64>,
    /// Degrees.
    pub lon: Option<f64>,
    /// Microseconds since the epoch.
    pub position_at: Option<i64>,
    /// Microseconds since the epoch: nothing new is given before.
    pub break_until: Option<i64>,
    /// JSON.
    pub run: String,
    /// Rises by one with every update.
    pub version: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
