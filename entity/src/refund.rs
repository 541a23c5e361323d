//! Money given back after it was captured.

use sea_orm::entity::prelude::*;

/// Money given back after it was captured.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refund")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the payment.
    pub payment_id: Uuid,
    /// Key of the order.
    pub order_id: Uuid,
    /// Minor units of the payment's currency.
    pub amount_minor: i64,
    /// In words.
    pub reason: String,
    /// Who asked.
    pub requested_by: String,
    /// `requested`, `sent`, `pending`, `succeeded` or `failed`.
    pub state: String,
    /// The provider's reference.
    pub provider_ref: Option<String>,
    /// The provider's code, if it failed.
    pub failure: Option<String>,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// Microseconds since the epoch.
    pub updated_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
