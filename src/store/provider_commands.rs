//! Commands to payment providers: one row for each key, never changed but forward.
//!
//! A row is written before its request leaves, so that a crash reads as "unknown" and never as "not sent". What the
//! caller knows of a command stands in `answer` as text of its own; the columns beside it are for queries and people.

use entity::provider_command::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::StoreError;
use super::tx::Tx;

/// A command under its first key, or under a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommand {
    /// Its id.
    pub id: Uuid,
    /// Of which payment.
    pub payment_id: Uuid,
    /// Which refund; for a refund only.
    pub refund_id: Option<Uuid>,
    /// `authorise`, `capture`, `release` or `refund`.
    pub op: &'static str,
    /// Number of the key, from 1.
    pub generation: i32,
    /// The key.
    pub idem_key: String,
    /// The exact bytes.
    pub body: String,
}

/// Where a command stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `queued`, `sent`, `unknown`, `done`, `refused` or `dead`.
    pub state: &'static str,
    /// Tries over all keys.
    pub attempts: i32,
    /// First send under this key, microseconds since the epoch.
    pub first_sent_at: Option<i64>,
    /// What the caller knows, in its own words.
    pub answer: String,
}

/// The command under its newest key; of a refund, that one's.
pub async fn newest<C: ConnectionTrait>(
    conn: &C,
    payment: Uuid,
    op: &str,
    refund: Option<Uuid>,
) -> Result<Option<Model>, StoreError> {
    let found = Entity::find()
        .filter(Column::PaymentId.eq(payment))
        .filter(Column::Op.eq(op))
        .filter(match refund {
            Some(refund) => Column::RefundId.eq(refund),
            None => Column::RefundId.is_null(),
        })
        .order_by_desc(Column::Generation)
        .one(conn)
        .await?;
    Ok(found)
}

/// Writes a command under a key of its own.
pub fn insert(tx: &Tx, new: NewCommand, standing: Standing, now: i64) {
    tx.insert(ActiveModel {
        id: Set(new.id),
        payment_id: Set(new.payment_id),
        refund_id: Set(new.refund_id),
        op: Set(new.op.to_owned()),
        generation: Set(new.generation),
        idem_key: Set(new.idem_key),
        body: Set(new.body),
        state: Set(standing.state.to_owned()),
        attempts: Set(standing.attempts),
        first_sent_at: Set(standing.first_sent_at),
        answer: Set(Some(standing.answer)),
        updated_at: Set(now),
    });
}

/// Moves a command on, if it still stands where the caller saw it (`attempts` and state). False when somebody else was
/// faster.
pub async fn advance(
    tx: &Tx,
    seen: (Uuid, i32, &str),
    standing: Standing,
    now: i64,
) -> Result<bool, StoreError> {
    let (id, attempts, state) = seen;
    let done = Entity::update_many()
        .col_expr(Column::State, Expr::val(standing.state))
        .col_expr(Column::Attempts, Expr::val(standing.attempts))
        .col_expr(Column::FirstSentAt, Expr::val(standing.first_sent_at))
        .col_expr(Column::Answer, Expr::val(standing.answer))
        .col_expr(Column::UpdatedAt, Expr::val(now))
        .filter(Column::Id.eq(id))
        .filter(Column::Attempts.eq(attempts))
        .filter(Column::State.eq(state))
        .exec(tx.writer().await?)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Closes a key that is given up for a new one: nothing happened under it and nothing will.
pub async fn give_up_key(tx: &Tx, seen: (Uuid, i32, &str), now: i64) -> Result<bool, StoreError> {
    let (id, attempts, state) = seen;
    let done = Entity::update_many()
        .col_expr(Column::State, Expr::val("refused"))
        .col_expr(Column::UpdatedAt, Expr::val(now))
        .filter(Column::Id.eq(id))
        .filter(Column::Attempts.eq(attempts))
        .filter(Column::State.eq(state))
        .exec(tx.writer().await?)
        .await?;
    Ok(done.rows_affected == 1)
}
