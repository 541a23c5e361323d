//! A payment authorised for an order.

use sea_orm::entity::prelude::*;

/// A payment authorised for an order.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the order.
    pub order_id: Uuid,
    /// Key of the delivery.
    pub delivery_id: Uuid,
    /// Key of the shop.
    pub shop_id: Uuid,
    /// Minor units.
    pub authorized_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Provider.
    pub provider: String,
    /// Provider ref.
    pub provider_ref: Option<String>,
    /// Microseconds since the epoch.
    pub authorized_until: Option<i64>,
    /// State.
    pub state: String,
    /// Rises by one with every update.
    pub version: i64,
    /// Microseconds since the epoch.
    pub updated_at: i64,
    /// What the money is taken from, in the provider's words.
    pub method: Option<String>,
    /// Key of the payment it took the place of.
    pub replaces: Option<Uuid>,
    /// Minor units taken, once that is proved.
    pub captured_minor: i64,
    /// Minor units of refunds that are asked for or made.
    pub refunded_minor: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
