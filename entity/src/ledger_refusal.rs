//! A refused request; it stays refused.

use sea_orm::entity::prelude::*;

/// A refused request; it stays refused.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_refusal")]
pub struct Model {
    /// Key of the transfer that was asked for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SHA-256 of the request, in hexadecimal.
    pub request_hash: String,
    /// Why.
    pub code: String,
    /// Microseconds since the epoch.
    pub at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
