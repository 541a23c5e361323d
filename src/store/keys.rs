//! Keys of shops, dispatchers and operators, as their operator keeps them.

use super::StoreError;
use super::tx::Tx;
use entity::api_key;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

/// The keys of this shop, or those of no shop.
fn owned_by(shop: Option<Uuid>) -> Condition {
    match shop {
        Some(shop) => Condition::all().add(api_key::Column::ShopId.eq(shop)),
        None => Condition::all().add(api_key::Column::ShopId.is_null()),
    }
}

/// One key of this shop, or of no shop.
pub async fn find(
    conn: &impl ConnectionTrait,
    shop: Option<Uuid>,
    id: Uuid,
) -> Result<Option<api_key::Model>, StoreError> {
    Ok(api_key::Entity::find_by_id(id).filter(owned_by(shop)).one(conn).await?)
}

/// The keys of this shop, or of no shop, after this one, oldest first.
pub async fn page(
    conn: &impl ConnectionTrait,
    shop: Option<Uuid>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<api_key::Model>, StoreError> {
    let mut query =
        api_key::Entity::find().filter(owned_by(shop)).order_by_asc(api_key::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(api_key::Column::Id.gt(after));
    }
    Ok(query.all(conn).await?)
}

/// How many operators' keys are valid now.
pub async fn live_operators(conn: &impl ConnectionTrait, now: i64) -> Result<u64, StoreError> {
    let unended =
        Condition::any().add(api_key::Column::ExpiresAt.is_null()).add(api_key::Column::ExpiresAt.gt(now));
    let live = api_key::Entity::find()
        .filter(api_key::Column::Role.eq("operator"))
        .filter(api_key::Column::RevokedAt.is_null())
        .filter(unended);
    Ok(live.count(conn).await?)
}

/// Ends a key now, unless it was ended before.
pub async fn revoke(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(now))
        .filter(api_key::Column::Id.eq(id))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}
