//! A stall where customers pay by QR.

use sea_orm::entity::prelude::*;

/// A stall where customers pay by QR.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stall")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the shop.
    pub shop_id: Uuid,
    /// What stands in its QR picture.
    pub reference: String,
    /// Name, as printed.
    pub name: String,
    /// City, as printed.
    pub city: String,
    /// Language of the local name.
    pub local_language: Option<String>,
    /// Name in the language of the place.
    pub local_name: Option<String>,
    /// Merchant category code.
    pub category: String,
    /// ISO 3166 code.
    pub country: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Key of the region it lies in.
    pub region_id: Option<Uuid>,
    /// Whether it takes payments.
    pub open: bool,
    /// Rises by one with every update.
    pub version: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
