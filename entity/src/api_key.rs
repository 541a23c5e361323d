//! A key a shop, a dispatcher or an operator calls with; only its hash is kept.

use sea_orm::entity::prelude::*;

/// A key a shop, a dispatcher or an operator calls with; only its hash is kept.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `shop`, `dispatcher` or `operator`.
    pub role: String,
    /// Set exactly for role `shop`.
    pub shop_id: Option<Uuid>,
    /// Name.
    pub name: String,
    /// Shown part of the key.
    pub prefix: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// Microseconds since the epoch.
    pub expires_at: Option<i64>,
    /// Microseconds since the epoch.
    pub revoked_at: Option<i64>,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
