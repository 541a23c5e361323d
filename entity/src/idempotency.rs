//! The answer remembered for a key.

use sea_orm::entity::prelude::*;

/// The answer remembered for a key.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Scope.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Hash of the request.
    pub fingerprint: Vec<u8>,
    /// HTTP status.
    pub status: i32,
    /// Body.
    pub body: String,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
