//! Keys, sessions, invites and sign-in codes, found by their hash.

use super::StoreError;
use entity::{api_key, session, sign_in_code};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

/// A key that is valid now.
pub async fn key(
    conn: &impl ConnectionTrait,
    hash: Vec<u8>,
    now: i64,
) -> Result<Option<api_key::Model>, StoreError> {
    let found = api_key::Entity::find()
        .filter(api_key::Column::Hash.eq(hash))
        .filter(api_key::Column::RevokedAt.is_null())
        .one(conn)
        .await?;
    Ok(found.filter(|row| row.expires_at.is_none_or(|end| now < end)))
}

/// A session that is valid now; a superseded one still is, to hand in what was done before.
pub async fn session(
    conn: &impl ConnectionTrait,
    hash: Vec<u8>,
    now: i64,
) -> Result<Option<session::Model>, StoreError> {
    let found = session::Entity::find()
        .filter(session::Column::Hash.eq(hash))
        .filter(session::Column::RevokedAt.is_null())
        .one(conn)
        .await?;
    Ok(found.filter(|row| now < row.expires_at))
}

/// A sign-in code by the id of its request.
pub async fn sign_in_code(
    conn: &impl ConnectionTrait,
    request: uuid::Uuid,
) -> Result<Option<sign_in_code::Model>, StoreError> {
    Ok(sign_in_code::Entity::find_by_id(request).one(conn).await?)
}
