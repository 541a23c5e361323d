//! What became of a payment: captured against a confirmed hand-off, or voided; once.

use sea_orm::entity::prelude::*;

/// What became of a payment: captured against a confirmed hand-off, or voided; once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_resolution")]
pub struct Model {
    /// Key of the payment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payment_id: Uuid,
    /// Minor units.
    pub authorized_minor: i64,
    /// `capture` or `void`.
    pub kind: String,
    /// Minor units, 0 for a void.
    pub amount_minor: i64,
    /// Key of the hand off.
    pub hand_off_id: Option<Uuid>,
    /// Always `confirmed`.
    pub hand_off_status: Option<String>,
    /// Void reason.
    pub void_reason: Option<String>,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
