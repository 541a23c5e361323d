//! A customer's device that makes personal codes; its key follows from the master key.

use sea_orm::entity::prelude::*;

/// A customer's device that makes personal codes; its key follows from the master key.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "pay_device")]
pub struct Model {
    /// Its name in the code, made by chance.
    #[sea_orm(primary_key, auto_increment = false)]
    pub alias: i64,
    /// The nine digits of the name in the number form.
    pub short_alias: i64,
    /// Key of the wallet.
    pub wallet_id: Uuid,
    /// How far its clock was ahead when it was last online, in seconds.
    pub skew_s: i64,
    /// When it was last online; microseconds since the epoch.
    pub seen_at: i64,
    /// When it was ended; microseconds since the epoch.
    pub revoked_at: Option<i64>,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
