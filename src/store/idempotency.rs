//! Answers remembered under the caller's key, written in the same transaction as what they answer.

use entity::idempotency::{ActiveModel, Entity, Model};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

use super::StoreError;
use super::tx::Tx;

/// Name of the constraint that tells a key used twice at the same time.
pub const CONSTRAINT: &str = "idempotency_pkey";

/// The remembered answer of a key. The scope keeps callers apart (whose key it is, and for which operation).
pub async fn find<C: ConnectionTrait>(conn: &C, scope: &str, key: &str) -> Result<Option<Model>, StoreError> {
    Ok(Entity::find_by_id((scope.to_owned(), key.to_owned())).one(conn).await?)
}

/// Remembers an answer. A key already there refuses the use case with [`CONSTRAINT`].
pub fn insert(tx: &Tx, answer: Model) {
    let row: ActiveModel = answer.into_active_model();
    tx.insert(row);
}
