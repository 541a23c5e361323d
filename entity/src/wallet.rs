//! A customer's prepaid wallet; its money is in the ledger.

use sea_orm::entity::prelude::*;

/// A customer's prepaid wallet; its money is in the ledger.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "wallet")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Telephone number (E.164) or e-mail address.
    pub contact: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Name.
    pub name: String,
    /// Language tag.
    pub language: String,
    /// What is kept of the PIN.
    pub pin_hash: Option<String>,
    /// Which link is valid.
    pub link_rotation: i32,
    /// SHA-256 of the valid link's token.
    pub link_hash: Vec<u8>,
    /// Rises by one with every update.
    pub version: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
