//! What a provider's report says otherwise than our rows.

use sea_orm::entity::prelude::*;

/// What a provider's report says otherwise than our rows.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_difference")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose report.
    pub provider: String,
    /// The provider's reference.
    pub reference: String,
    /// `ours_only`, `theirs_only` or `amount`.
    pub kind: String,
    /// Key of the payment, if it is known.
    pub payment_id: Option<Uuid>,
    /// Minor units in our rows.
    pub ours_minor: Option<i64>,
    /// Minor units in the report.
    pub theirs_minor: Option<i64>,
    /// ISO 4217 code.
    pub currency: String,
    /// Microseconds since the epoch.
    pub found_at: i64,
    /// Microseconds since the epoch.
    pub closed_at: Option<i64>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// In words.
    pub note: Option<String>,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
