//! One side of a transfer in one layer of one account; never changed. These are the statement.

use sea_orm::entity::prelude::*;

/// One side of a transfer in one layer of one account; never changed. These are the statement.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entry")]
pub struct Model {
    /// Key of the account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The account's version after it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_version: i64,
    /// Key of the transfer.
    pub transfer_id: Uuid,
    /// `posted` or `pending`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub layer: String,
    /// Minor units; above zero what came, below zero what left.
    pub amount: i64,
    /// The posted balance after the transfer.
    pub posted_after: i64,
    /// What is held after the transfer: to come less to leave.
    pub held_after: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
