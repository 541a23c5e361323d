//! A short code sent to a phone to sign in.

use sea_orm::entity::prelude::*;

/// A short code sent to a phone to sign in.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_code")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// E.164.
    pub phone: String,
    /// None when the phone is unknown.
    pub courier_id: Option<Uuid>,
    /// Hash.
    pub hash: Vec<u8>,
    /// Attempts.
    pub attempts: i32,
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
