//! A place where a shop's parcels are collected.

use sea_orm::entity::prelude::*;

/// A place where a shop's parcels are collected.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "pickup_point")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the shop.
    pub shop_id: Uuid,
    /// The shop's own name for it.
    pub external_id: Option<String>,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
