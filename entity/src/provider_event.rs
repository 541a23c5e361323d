//! What a payment provider told by itself, as it came.

use sea_orm::entity::prelude::*;

/// What a payment provider told by itself, as it came.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_event")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// The provider's id of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: String,
    /// The provider's word for it.
    pub kind: String,
    /// The provider's reference of the payment, if it names one.
    pub reference: Option<String>,
    /// The body as it came.
    pub raw: Vec<u8>,
    /// Microseconds since the epoch.
    pub received_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
