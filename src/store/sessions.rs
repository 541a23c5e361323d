//! Couriers' sessions, invites and sign-in codes: what signing in reads and writes.

use super::StoreError;
use super::tx::Tx;
use entity::{courier, invite, session, sign_in_code};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

/// Wrong tries of one sign-in code that are looked at.
pub const CODE_TRIES: i32 = 5;

/// A courier's row.
pub async fn courier(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<courier::Model>, StoreError> {
    Ok(courier::Entity::find_by_id(id).one(conn).await?)
}

/// The active courier with this phone number (E.164).
pub async fn active_courier_by_phone(
    conn: &impl ConnectionTrait,
    phone: &str,
) -> Result<Option<courier::Model>, StoreError> {
    let found = courier::Entity::find()
        .filter(courier::Column::Phone.eq(phone))
        .filter(courier::Column::Active.eq(true));
    Ok(found.one(conn).await?)
}

/// Holds an active courier's row until the commit, so that two sign-ins of one courier follow each other. False when
/// there is no such active courier.
pub async fn hold_active_courier(tx: &Tx, id: Uuid) -> Result<bool, StoreError> {
    let held = courier::Entity::update_many()
        .col_expr(courier::Column::Active, Expr::val(true))
        .filter(courier::Column::Id.eq(id))
        .filter(courier::Column::Active.eq(true))
        .exec(tx.writer().await?)
        .await?;
    Ok(held.rows_affected == 1)
}

/// An invite by the hash of its token, used or not.
pub async fn invite(conn: &impl ConnectionTrait, hash: Vec<u8>) -> Result<Option<invite::Model>, StoreError> {
    Ok(invite::Entity::find().filter(invite::Column::Hash.eq(hash)).one(conn).await?)
}

/// Uses an invite up. False when it was used before or has expired.
pub async fn use_invite(tx: &Tx, id: Uuid, now: i64) -> Result<bool, StoreError> {
    let used = invite::Entity::update_many()
        .col_expr(invite::Column::UsedAt, Expr::val(now))
        .filter(invite::Column::Id.eq(id))
        .filter(invite::Column::UsedAt.is_null())
        .filter(invite::Column::ExpiresAt.gt(now))
        .exec(tx.writer().await?)
        .await?;
    Ok(used.rows_affected == 1)
}

/// How many codes were asked for with this phone number since an instant.
pub async fn codes_since(conn: &impl ConnectionTrait, phone: &str, since: i64) -> Result<u64, StoreError> {
    let asked = sign_in_code::Entity::find()
        .filter(sign_in_code::Column::Phone.eq(phone))
        .filter(sign_in_code::Column::CreatedAt.gt(since));
    Ok(asked.count(conn).await?)
}

/// A request for a code.
pub async fn code(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<sign_in_code::Model>, StoreError> {
    Ok(sign_in_code::Entity::find_by_id(id).one(conn).await?)
}

/// Counts one try of a code before it is compared. False when no try is left, it is used, expired or not there.
pub async fn count_try(tx: &Tx, id: Uuid, now: i64) -> Result<bool, StoreError> {
    let counted = sign_in_code::Entity::update_many()
        .col_expr(sign_in_code::Column::Attempts, Expr::col(sign_in_code::Column::Attempts).add(1))
        .filter(sign_in_code::Column::Id.eq(id))
        .filter(sign_in_code::Column::Attempts.lt(CODE_TRIES))
        .filter(sign_in_code::Column::UsedAt.is_null())
        .filter(sign_in_code::Column::ExpiresAt.gt(now))
        .exec(tx.writer().await?)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// Uses a code up.
pub async fn use_code(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    sign_in_code::Entity::update_many()
        .col_expr(sign_in_code::Column::UsedAt, Expr::val(now))
        .filter(sign_in_code::Column::Id.eq(id))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

/// A session's row, whatever became of it.
pub async fn session(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<session::Model>, StoreError> {
    Ok(session::Entity::find_by_id(id).one(conn).await?)
}

/// Opens a session; every other live one of the courier becomes an older one. Hold the courier first.
pub async fn open(tx: &Tx, row: session::ActiveModel, courier: Uuid, now: i64) -> Result<(), StoreError> {
    // A neighbour's new session must be in the table to be superseded.
    tx.flush().await?;
    session::Entity::update_many()
        .col_expr(session::Column::SupersededAt, Expr::val(now))
        .filter(session::Column::CourierId.eq(courier))
        .filter(session::Column::SupersededAt.is_null())
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx.writer().await?)
        .await?;
    tx.insert(row);
    Ok(())
}

/// Ends a session.
pub async fn revoke(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::val(now))
        .filter(session::Column::Id.eq(id))
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}
