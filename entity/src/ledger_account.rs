//! An account of the ledger.

use sea_orm::entity::prelude::*;

/// An account of the ledger.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_account")]
pub struct Model {
    /// Key; follows from kind, owner and currency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `world`, `wallet`, `shop_payable`, `stall`.
    pub kind: String,
    /// Whose it is: the id of a wallet, a shop or a stall.
    pub owner_ref: String,
    /// ISO 4217 code.
    pub currency: String,
    /// What is available never falls below this; none for the world.
    pub floor: Option<i64>,
    /// Minor units that left, added up.
    pub debits_posted: i64,
    /// Minor units that came, added up.
    pub credits_posted: i64,
    /// Minor units held to leave.
    pub debits_pending: i64,
    /// Minor units held to come.
    pub credits_pending: i64,
    /// Rises by one with every transfer.
    pub version: i64,
    /// Nothing new leaves since; microseconds since the epoch.
    pub frozen_at: Option<i64>,
    /// Only holds are given back since; microseconds since the epoch.
    pub closed_at: Option<i64>,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
