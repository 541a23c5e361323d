//! A job waiting or running; a finished job is deleted.

use sea_orm::entity::prelude::*;

/// A job waiting or running; a finished job is deleted.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Kind.
    pub kind: String,
    /// At most one job per value.
    pub dedupe: Option<String>,
    /// JSON.
    pub payload: String,
    /// Microseconds since the epoch.
    pub run_at: i64,
    /// Attempts.
    pub attempts: i32,
    /// Rises with every claim.
    pub fence: i64,
    /// Lease owner.
    pub lease_owner: Option<String>,
    /// Microseconds since the epoch.
    pub lease_until: Option<i64>,
    /// Microseconds since the epoch.
    pub parked_at: Option<i64>,
    /// Last error.
    pub last_error: Option<String>,
    /// Key of the delivery.
    pub delivery_id: Option<Uuid>,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
