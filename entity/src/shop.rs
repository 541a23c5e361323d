//! A shop and its policies.

use sea_orm::entity::prelude::*;

/// A shop and its policies.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shop")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// ISO 4217 code.
    pub currency: String,
    /// IANA name.
    pub time_zone: String,
    /// Language.
    pub language: String,
    /// E.164.
    pub phone: Option<String>,
    /// Default country of phone numbers, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Payment provider.
    pub provider: String,
    /// Provider url.
    pub provider_url: Option<String>,
    /// Provider secret.
    pub provider_secret: Option<String>,
    /// JSON.
    pub policy: String,
    /// Rises by one with every update.
    pub version: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
