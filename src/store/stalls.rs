//! Stalls, the devices that make personal codes, and the charges that follow from scanned codes.

use super::StoreError;
use super::tx::Tx;
use entity::{delivery, ledger_transfer, pay_device, stall, stall_charge};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

/// The unique constraint of a code's one use.
pub const CODE_ONCE: &str = "stall_charge_alias_half_minute_key";

/// A stall, whoever owns it.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<stall::Model>, StoreError> {
    Ok(stall::Entity::find_by_id(id).one(conn).await?)
}

/// The stall with this reference.
pub async fn by_reference(
    conn: &impl ConnectionTrait,
    text: &str,
) -> Result<Option<stall::Model>, StoreError> {
    Ok(stall::Entity::find().filter(stall::Column::Reference.eq(text)).one(conn).await?)
}

/// A shop's stalls after this one, oldest first.
pub async fn page(
    conn: &impl ConnectionTrait,
    shop: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<stall::Model>, StoreError> {
    let mut query = stall::Entity::find().filter(stall::Column::ShopId.eq(shop));
    if let Some(after) = after {
        query = query.filter(stall::Column::Id.gt(after));
    }
    Ok(query.order_by_asc(stall::Column::Id).limit(limit).all(conn).await?)
}

/// Every stall.
pub async fn all(conn: &impl ConnectionTrait) -> Result<Vec<stall::Model>, StoreError> {
    Ok(stall::Entity::find().all(conn).await?)
}

/// A device by its name.
pub async fn device(
    conn: &impl ConnectionTrait,
    alias: i64,
) -> Result<Option<pay_device::Model>, StoreError> {
    Ok(pay_device::Entity::find_by_id(alias).one(conn).await?)
}

/// A device by the nine digits of its name.
pub async fn device_by_short(
    conn: &impl ConnectionTrait,
    short: i64,
) -> Result<Option<pay_device::Model>, StoreError> {
    Ok(pay_device::Entity::find().filter(pay_device::Column::ShortAlias.eq(short)).one(conn).await?)
}

/// A device of this wallet was online, its clock ahead by so much. False when there is no such device.
pub async fn device_online(
    tx: &Tx,
    wallet: Uuid,
    alias: i64,
    skew_s: i64,
    now: i64,
) -> Result<bool, StoreError> {
    use pay_device::Column as C;
    let changed = pay_device::Entity::update_many()
        .col_expr(C::SkewS, Expr::value(skew_s))
        .col_expr(C::SeenAt, Expr::value(now))
        .filter(C::Alias.eq(alias).and(C::WalletId.eq(wallet)).and(C::RevokedAt.is_null()))
        .exec(tx.writer().await?)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Ends a device of this wallet. False when there is no such device.
pub async fn revoke_device(tx: &Tx, wallet: Uuid, alias: i64, now: i64) -> Result<bool, StoreError> {
    use pay_device::Column as C;
    let changed = pay_device::Entity::update_many()
        .col_expr(C::RevokedAt, Expr::value(now))
        .filter(C::Alias.eq(alias).and(C::WalletId.eq(wallet)).and(C::RevokedAt.is_null()))
        .exec(tx.writer().await?)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// A charge.
pub async fn charge(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<stall_charge::Model>, StoreError> {
    Ok(stall_charge::Entity::find_by_id(id).one(conn).await?)
}

/// The customer said no; false when they had said so before or the charge is not theirs.
pub async fn decline(tx: &Tx, wallet: Uuid, id: Uuid, now: i64) -> Result<bool, StoreError> {
    use stall_charge::Column as C;
    let changed = stall_charge::Entity::update_many()
        .col_expr(C::DeclinedAt, Expr::value(now))
        .filter(C::Id.eq(id).and(C::WalletId.eq(wallet)).and(C::DeclinedAt.is_null()))
        .exec(tx.writer().await?)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Charges of a wallet that may still be agreed to, oldest first.
pub async fn waiting(
    conn: &impl ConnectionTrait,
    wallet: Uuid,
    now: i64,
) -> Result<Vec<stall_charge::Model>, StoreError> {
    use stall_charge::Column as C;
    let found = stall_charge::Entity::find()
        .filter(C::WalletId.eq(wallet).and(C::WaitsUntil.gt(now)).and(C::DeclinedAt.is_null()))
        .order_by_asc(C::WaitsUntil);
    Ok(found.all(conn).await?)
}

/// Transfers between two accounts by one operation since an instant, oldest first.
pub async fn paid_since(
    conn: &impl ConnectionTrait,
    debit: Uuid,
    credit: Uuid,
    code: &str,
    since: i64,
) -> Result<Vec<ledger_transfer::Model>, StoreError> {
    use ledger_transfer::Column as C;
    let found = ledger_transfer::Entity::find()
        .filter(C::DebitAccount.eq(debit).and(C::CreditAccount.eq(credit)))
        .filter(C::Code.eq(code).and(C::CreatedAt.gte(since)))
        .order_by_asc(C::CreatedAt);
    Ok(found.all(conn).await?)
}

/// What one wallet paid at one stall by QR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The stall's account.
    pub stall: Uuid,
    /// The wallet's account.
    pub wallet: Uuid,
    /// How often.
    pub count: i64,
}

/// Payments by QR between two instants, the second excluded, by stall and wallet.
pub async fn paid_by_qr(conn: &impl ConnectionTrait, from: i64, until: i64) -> Result<Vec<Paid>, StoreError> {
    let sql = "SELECT credit_account, debit_account, COUNT(*) FROM ledger_transfer \
               WHERE code IN ('stall_payment', 'code_payment') AND created_at >= $1 AND created_at < $2 \
               GROUP BY credit_account, debit_account";
    let values: [Value; 2] = [from.into(), until.into()];
    let rows =
        conn.query_all_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok(Paid {
            stall: row.try_get_by_index(0)?,
            wallet: row.try_get_by_index(1)?,
            count: row.try_get_by_index(2)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Orders of one region and who ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// The region, if the address lies in one.
    pub region: Option<Uuid>,
    /// How many orders.
    pub orders: i64,
    /// How many customers, as far as they are counted.
    pub customers: i64,
}

/// Orders accepted between two instants, the second excluded, by region. Who may not be counted is one customer an order.
pub async fn ordered(conn: &impl ConnectionTrait, from: i64, until: i64) -> Result<Vec<Ordered>, StoreError> {
    use delivery::Column as C;
    let nameless = Expr::case(C::CustomerKey.is_null(), Expr::val(1)).finally(Expr::val(0));
    let rows: Vec<(Option<Uuid>, i64, i64, Option<i64>)> = delivery::Entity::find()
        .select_only()
        .column(C::RegionId)
        .column_as(C::Id.count(), "orders")
        .column_as(Expr::col(C::CustomerKey).count_distinct(), "customers")
        .column_as(Expr::expr(nameless).sum().cast_as("BIGINT"), "nameless")
        .filter(C::CreatedAt.gte(from).and(C::CreatedAt.lt(until)))
        .group_by(C::RegionId)
        .into_tuple()
        .all(conn)
        .await?;
    let read = |(region, orders, customers, nameless): (Option<Uuid>, i64, i64, Option<i64>)| Ordered {
        region,
        orders,
        customers: customers.saturating_add(nameless.unwrap_or(0)),
    };
    Ok(rows.into_iter().map(read).collect())
}
