//! A command to a payment provider, its body frozen before it is first sent.

use sea_orm::entity::prelude::*;

/// A command to a payment provider, its body frozen before it is first sent.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_command")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the payment.
    pub payment_id: Uuid,
    /// `authorise`, `capture`, `release` or `refund`.
    pub op: String,
    /// Generation.
    pub generation: i32,
    /// Idem key.
    pub idem_key: String,
    /// Body.
    pub body: String,
    /// `queued`, `sent`, `unknown`, `done`, `refused` or `dead`.
    pub state: String,
    /// Attempts.
    pub attempts: i32,
    /// Microseconds since the epoch.
    pub first_sent_at: Option<i64>,
    /// Answer.
    pub answer: Option<String>,
    /// Microseconds since the epoch.
    pub updated_at: i64,
    /// Key of the refund; for a refund only.
    pub refund_id: Option<Uuid>,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
