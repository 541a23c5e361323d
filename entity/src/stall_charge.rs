//! A personal code that was scanned at a stall, with the amount; paid once the ledger has a transfer of this id.

use sea_orm::entity::prelude::*;

/// A personal code that was scanned at a stall, with the amount; paid once the ledger has a transfer of this id.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stall_charge")]
pub struct Model {
    /// Key; also the transfer's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the stall.
    pub stall_id: Uuid,
    /// Key of the wallet.
    pub wallet_id: Uuid,
    /// The device's name.
    pub alias: i64,
    /// Which half minute since 1970 the code is of.
    pub half_minute: i64,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// How long the customer may agree; microseconds since the epoch.
    pub waits_until: i64,
    /// When the customer said no; microseconds since the epoch.
    pub declined_at: Option<i64>,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
