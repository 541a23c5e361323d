//! Couriers, and what ends with their work: invites, sessions, shifts.

use super::StoreError;
use super::tx::Tx;
use entity::{courier, invite, session, shift};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// One courier.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<courier::Model>, StoreError> {
    Ok(courier::Entity::find_by_id(id).one(conn).await?)
}

/// The id of the courier with this number (E.164).
pub async fn id_by_phone(conn: &impl ConnectionTrait, phone: &str) -> Result<Option<Uuid>, StoreError> {
    let found = courier::Entity::find()
        .select_only()
        .column(courier::Column::Id)
        .filter(courier::Column::Phone.eq(phone))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found)
}

/// A courier's name.
pub async fn name(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<String>, StoreError> {
    let found = courier::Entity::find_by_id(id)
        .select_only()
        .column(courier::Column::Name)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found)
}

/// Couriers after this one, oldest first.
pub async fn page(
    conn: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<courier::Model>, StoreError> {
    let mut query = courier::Entity::find().order_by_asc(courier::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(courier::Column::Id.gt(after));
    }
    Ok(query.all(conn).await?)
}

/// Ends a courier's invites that were not used.
pub async fn end_invites(tx: &Tx, courier: Uuid, now: i64) -> Result<(), StoreError> {
    invite::Entity::update_many()
        .col_expr(invite::Column::ExpiresAt, Expr::value(now))
        .filter(invite::Column::CourierId.eq(courier))
        .filter(invite::Column::UsedAt.is_null())
        .filter(invite::Column::ExpiresAt.gt(now))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

/// Ends everything a courier could go on working with: invites, sessions and an open shift.
pub async fn end_work(tx: &Tx, courier: Uuid, now: i64) -> Result<(), StoreError> {
    end_invites(tx, courier, now).await?;
    session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(now))
        .filter(session::Column::CourierId.eq(courier))
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx.writer().await?)
        .await?;
    shift::Entity::update_many()
        .col_expr(shift::Column::EndedAt, Expr::value(now))
        .col_expr(shift::Column::Version, Expr::col(shift::Column::Version).add(1))
        .filter(shift::Column::CourierId.eq(courier))
        .filter(shift::Column::EndedAt.is_null())
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}
