//! A transfer of the ledger; never changed.

use sea_orm::entity::prelude::*;

/// A transfer of the ledger; never changed.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_transfer")]
pub struct Model {
    /// Key, made by the caller: sent again it is answered again.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `single`, `pending`, `post`, `void`.
    pub kind: String,
    /// Key of the account it leaves.
    pub debit_account: Uuid,
    /// Key of the account it reaches.
    pub credit_account: Uuid,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Key of the hold that a `post` or a `void` resolves.
    pub pending_id: Option<Uuid>,
    /// When a hold ends; microseconds since the epoch.
    pub expires_at: Option<i64>,
    /// Which operation it is.
    pub code: String,
    /// What it is about: a receipt, a payment, another transfer.
    #[sea_orm(column_name = "ref")]
    pub reference: String,
    /// SHA-256 of the request, in hexadecimal.
    pub request_hash: String,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
