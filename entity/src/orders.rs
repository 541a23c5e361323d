//! An order a shop gave us.

use sea_orm::entity::prelude::*;

/// An order a shop gave us.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the shop.
    pub shop_id: Uuid,
    /// The shop's own name for it.
    pub external_id: Option<String>,
    /// Key of the pickup point.
    pub pickup_point_id: Uuid,
    /// JSON.
    pub customer: String,
    /// Address.
    pub address: String,
    /// Degrees.
    pub lat: Option<f64>,
    /// Degrees.
    pub lon: Option<f64>,
    /// Note.
    pub note: Option<String>,
    /// Minor units.
    pub total_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// JSON.
    pub items: String,
    /// JSON array of skills.
    pub needs: String,
    /// Rises by one with every update.
    pub version: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
