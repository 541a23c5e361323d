//! A one-time link that enrols a courier's phone.

use sea_orm::entity::prelude::*;

/// A one-time link that enrols a courier's phone.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "invite")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the courier.
    pub courier_id: Uuid,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Microseconds since the epoch.
    pub expires_at: i64,
    /// Microseconds since the epoch.
    pub used_at: Option<i64>,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
