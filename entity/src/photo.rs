//! A photo taken as proof.

use sea_orm::entity::prelude::*;

/// A photo taken as proof.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "photo")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the courier.
    pub courier_id: Uuid,
    /// Key of the delivery.
    pub delivery_id: Uuid,
    /// Content type.
    pub content_type: String,
    /// Bytes.
    pub bytes: Vec<u8>,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
