//! What payment providers told by themselves, as rows.

use entity::provider_event::{Entity, Model};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

use super::StoreError;
use super::tx::Tx;

/// Whether this one was stored before.
pub async fn is_known<C: ConnectionTrait>(
    conn: &C,
    provider: &str,
    event_id: &str,
) -> Result<bool, StoreError> {
    let found = Entity::find_by_id((provider.to_owned(), event_id.to_owned())).one(conn).await?;
    Ok(found.is_some())
}

/// Stores one.
pub fn insert(tx: &Tx, event: Model) {
    let mut row = event.into_active_model();
    // Every column is written, as of a new row.
    row = sea_orm::ActiveModelTrait::reset_all(row);
    tx.insert(row);
}
