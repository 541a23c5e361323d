//! A courier.

use sea_orm::entity::prelude::*;

/// A courier.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "courier")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// E.164.
    pub phone: String,
    /// Language.
    pub language: String,
    /// Vehicle.
    pub vehicle: String,
    /// Parcels.
    pub capacity: i32,
    /// JSON array of region ids.
    pub regions: String,
    /// JSON array of skills.
    pub skills: String,
    /// Grams at once; no limit where absent.
    pub max_weight_g: Option<i64>,
    /// Degrees: where shifts end.
    pub home_lat: Option<f64>,
    /// Degrees.
    pub home_lon: Option<f64>,
    /// Active.
    pub active: bool,
    /// Rises by one with every update.
    pub version: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
