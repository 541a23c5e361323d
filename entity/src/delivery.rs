//! The delivery of an order: its state and the head of its event stream.

use sea_orm::entity::prelude::*;

/// The delivery of an order: its state and the head of its event stream.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the order.
    pub order_id: Uuid,
    /// Key of the shop.
    pub shop_id: Uuid,
    /// Key of the region.
    pub region_id: Option<Uuid>,
    /// Region version.
    pub region_version: Option<i32>,
    /// Key of the courier.
    pub courier_id: Option<Uuid>,
    /// Stage.
    pub stage: String,
    /// Gate.
    pub gate: String,
    /// JSON.
    pub state: String,
    /// Sequence of the last event.
    pub seq: i64,
    /// Hash of the last event.
    pub head_hash: Vec<u8>,
    /// Rises by one with every update.
    pub version: i64,
    /// When the schedule must look again. Microseconds since the epoch.
    pub wake_at: Option<i64>,
    /// Since when it needs a dispatcher. Microseconds since the epoch.
    pub attention_at: Option<i64>,
    /// Microseconds since the epoch.
    pub harm_at: Option<i64>,
    /// Microseconds since the epoch.
    pub planned_at: Option<i64>,
    /// SHA-256 of the customer's link token.
    pub link_hash: Option<Vec<u8>>,
    /// Keyed hash of the customer's contact, for counting who was home.
    pub customer_key: Option<Vec<u8>>,
    /// Keyed hash of the address, for the same.
    pub door_key: Option<Vec<u8>>,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// Microseconds since the epoch.
    pub updated_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
