//! One event of a delivery's hash-chained stream; append only.

use sea_orm::entity::prelude::*;

/// One event of a delivery's hash-chained stream; append only.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// Position.
    #[sea_orm(primary_key)]
    pub position: i64,
    /// Writing transaction (PostgreSQL), 0 on SQLite, filled by the database.
    pub tx: i64,
    /// Key.
    pub id: Uuid,
    /// Key of the delivery.
    pub delivery_id: Uuid,
    /// Key of the order.
    pub order_id: Uuid,
    /// Key of the shop.
    pub shop_id: Uuid,
    /// From 1 per delivery.
    pub seq: i64,
    /// Dotted wire name.
    pub kind: String,
    /// When it happened. Microseconds since the epoch.
    pub at: i64,
    /// When it was written. Microseconds since the epoch.
    pub recorded_at: i64,
    /// Actor.
    pub actor: String,
    /// JSON.
    pub data: String,
    /// Prev hash.
    pub prev_hash: Vec<u8>,
    /// Hash.
    pub hash: Vec<u8>,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
