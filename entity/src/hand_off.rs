//! A hand-off and the proof of it.

use sea_orm::entity::prelude::*;

/// A hand-off and the proof of it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "hand_off")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the delivery.
    pub delivery_id: Uuid,
    /// `claimed`, `confirmed` or `rejected`.
    pub status: String,
    /// Method.
    pub method: String,
    /// JSON.
    pub proof: String,
    /// Microseconds since the epoch.
    pub at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
