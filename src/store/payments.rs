//! Payments as rows, and what stands beside them: resolutions and refunds. They are written with their delivery.

use callahead_domain::actor::Actor;
use callahead_domain::delivery::command::NewPayment;
use callahead_domain::delivery::event::Event;
use callahead_domain::delivery::state::Delivery;
use callahead_domain::id::{HandOffId, PaymentId};
use callahead_domain::payment::PaymentState;
use chrono::{DateTime, Utc};
use entity::{orders, payment, payment_resolution, refund};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::StoreError;
use super::deliveries::{Loaded, Written, json, micros};
use super::tx::Tx;

/// One payment.
pub async fn by_id<C: ConnectionTrait>(conn: &C, id: Uuid) -> Result<Option<payment::Model>, StoreError> {
    Ok(payment::Entity::find_by_id(id).one(conn).await?)
}

/// A payment by what its provider calls it.
pub async fn by_reference<C: ConnectionTrait>(
    conn: &C,
    provider: &str,
    reference: &str,
) -> Result<Option<payment::Model>, StoreError> {
    let found = payment::Entity::find()
        .filter(payment::Column::Provider.eq(provider))
        .filter(payment::Column::ProviderRef.eq(reference))
        .order_by_desc(payment::Column::Id)
        .one(conn)
        .await?;
    Ok(found)
}

/// Every payment of an order, oldest first.
pub async fn of_order<C: ConnectionTrait>(conn: &C, order: Uuid) -> Result<Vec<payment::Model>, StoreError> {
    let found = payment::Entity::find()
        .filter(payment::Column::OrderId.eq(order))
        .order_by_asc(payment::Column::Id)
        .all(conn)
        .await?;
    Ok(found)
}

/// One refund.
pub async fn refund_by_id<C: ConnectionTrait>(
    conn: &C,
    id: Uuid,
) -> Result<Option<refund::Model>, StoreError> {
    Ok(refund::Entity::find_by_id(id).one(conn).await?)
}

/// Every refund of an order, oldest first.
pub async fn refunds_of_order<C: ConnectionTrait>(
    conn: &C,
    order: Uuid,
) -> Result<Vec<refund::Model>, StoreError> {
    let found = refund::Entity::find()
        .filter(refund::Column::OrderId.eq(order))
        .order_by_asc(refund::Column::Id)
        .all(conn)
        .await?;
    Ok(found)
}

/// The shop's own number of an order.
pub async fn external_id<C: ConnectionTrait>(conn: &C, order: Uuid) -> Result<Option<String>, StoreError> {
    let found: Option<Option<String>> = orders::Entity::find()
        .select_only()
        .column(orders::Column::ExternalId)
        .filter(orders::Column::Id.eq(order))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.flatten())
}

/// The row of the delivery's present payment follows its state.
pub(super) async fn update(tx: &Tx, after: &Delivery, now: DateTime<Utc>) -> Result<(), StoreError> {
    let until = match after.payment.state {
        PaymentState::Authorised { until } => until,
        _ => after.authorised_until,
    };
    let row = payment::Entity::update_many()
        .col_expr(payment::Column::State, Expr::value(json(&after.payment.state)?))
        .col_expr(payment::Column::AuthorizedUntil, Expr::value(until.map(micros)));
    touch(tx, row, after.payment.id, now).await
}

async fn touch(
    tx: &Tx,
    row: sea_orm::UpdateMany<payment::Entity>,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    row.col_expr(payment::Column::UpdatedAt, Expr::value(micros(now)))
        .col_expr(payment::Column::Version, Expr::col(payment::Column::Version).add(1))
        .filter(payment::Column::Id.eq(payment.uuid()))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

/// The row of a payment that is not the delivery's present one.
async fn set_state(
    tx: &Tx,
    payment: PaymentId,
    state: &PaymentState,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = payment::Entity::update_many().col_expr(payment::Column::State, Expr::value(json(state)?));
    touch(tx, row, payment, now).await
}

async fn set_reference(
    tx: &Tx,
    payment: PaymentId,
    reference: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = payment::Entity::update_many().col_expr(payment::Column::ProviderRef, Expr::value(reference));
    touch(tx, row, payment, now).await
}

/// What an event about the money writes beside the delivery's state, so that the schema itself refuses what must not be.
pub(super) async fn write_beside(
    tx: &Tx,
    loaded: &Loaded,
    after: &Delivery,
    event: &Event,
    written: &Written<'_>,
) -> Result<(), StoreError> {
    let (before, now) = (&loaded.delivery, written.now);
    match event {
        Event::CaptureRequested { hand_off, amount_minor, .. } => {
            // A retry after a declined capture finds its resolution standing.
            let again = matches!(before.payment.state, PaymentState::CaptureFailed { .. })
                && before.payment.id == after.payment.id;
            if again {
                return Ok(());
            }
            resolve(tx, after.payment.id, Resolution::Capture(*amount_minor, *hand_off)).await
        }
        Event::ReleaseRequested { reason, payment, .. } => {
            resolve(tx, payment.unwrap_or(after.payment.id), Resolution::Void(reason)).await
        }
        Event::PaymentReleased { payment: Some(payment), at } if *payment != after.payment.id => {
            set_state(tx, *payment, &PaymentState::Released { at: *at }, now).await
        }
        Event::Captured { amount_minor, .. } => {
            set_captured(tx, after.payment.id, Expr::value(*amount_minor)).await
        }
        Event::PaymentOwed { .. } if matches!(before.payment.state, PaymentState::Captured { .. }) => {
            // What was refunded of it was given all the same.
            set_captured(tx, after.payment.id, Expr::col(payment::Column::RefundedMinor)).await
        }
        Event::Replaced { payment, amount_minor, at, .. } => {
            void_if_captured(tx, before.payment.id).await?;
            let state = PaymentState::Authorising { since: *at, owed: before.payment.owed() };
            insert(tx, loaded, written, (*payment, *amount_minor), &state).await
        }
        Event::Authorised { reference, .. } | Event::ActionRequired { reference, .. } => {
            set_reference(tx, after.payment.id, reference, now).await
        }
        Event::RefundRequested { .. } | Event::Refunded { .. } | Event::RefundFailed { .. } => {
            write_refund(tx, loaded, after, event, now).await
        }
        _ => write_renewal(tx, loaded, event, written).await,
    }
}

async fn write_renewal(
    tx: &Tx,
    loaded: &Loaded,
    event: &Event,
    written: &Written<'_>,
) -> Result<(), StoreError> {
    let now = written.now;
    match event {
        Event::RenewalStarted { payment, amount_minor, at, .. } => {
            let state = PaymentState::Authorising { since: *at, owed: None };
            insert(tx, loaded, written, (*payment, *amount_minor), &state).await
        }
        Event::RenewalHeld { payment, before, reference, at, .. } => {
            set_reference(tx, *payment, reference, now).await?;
            set_state(tx, *before, &PaymentState::ReleaseDue { since: *at }, now).await?;
            resolve(tx, *before, Resolution::Void("renewed")).await
        }
        Event::RenewalFailed { code, at } => match loaded.delivery.renewal {
            Some(renewal) => {
                let state = PaymentState::Declined { code: code.clone(), at: *at };
                set_state(tx, renewal, &state, now).await
            }
            None => Ok(()),
        },
        Event::HoldUnused { payment, reference, at } => {
            set_reference(tx, *payment, reference, now).await?;
            if *payment != loaded.delivery.payment.id {
                set_state(tx, *payment, &PaymentState::ReleaseDue { since: *at }, now).await?;
            }
            resolve_once(tx, *payment, "unused").await
        }
        Event::HoldGivenUp { payment, .. } => resolve_once(tx, *payment, "authorisation_unknown").await,
        _ => Ok(()),
    }
}

/// The row of a payment that takes another's place.
async fn insert(
    tx: &Tx,
    loaded: &Loaded,
    written: &Written<'_>,
    (id, amount_minor): (PaymentId, i64),
    state: &PaymentState,
) -> Result<(), StoreError> {
    let NewPayment { provider, method, reference, .. } =
        written.new_payment.ok_or_else(|| StoreError::Broken("a payment without its provider".to_owned()))?;
    tx.insert(payment::ActiveModel {
        id: Set(id.uuid()),
        order_id: Set(loaded.row.order_id),
        delivery_id: Set(loaded.row.id),
        shop_id: Set(loaded.row.shop_id),
        authorized_minor: Set(amount_minor),
        currency: Set(loaded.delivery.payment.currency.code().to_owned()),
        provider: Set(provider.clone()),
        provider_ref: Set(reference.clone()),
        authorized_until: Set(None),
        state: Set(json(state)?),
        version: Set(1),
        updated_at: Set(micros(written.now)),
        method: Set(method.clone()),
        replaces: Set(Some(loaded.delivery.payment.id.uuid())),
        captured_minor: Set(0),
        refunded_minor: Set(0),
    });
    // It is written to and resolved in the same change.
    tx.flush().await
}

enum Resolution<'a> {
    /// So much, against this hand-off.
    Capture(i64, HandOffId),
    /// Given back, for this reason.
    Void(&'a str),
}

async fn resolve(tx: &Tx, payment: PaymentId, resolution: Resolution<'_>) -> Result<(), StoreError> {
    let authorised: Option<i64> = payment::Entity::find_by_id(payment.uuid())
        .select_only()
        .column(payment::Column::AuthorizedMinor)
        .into_tuple()
        .one(tx.reader())
        .await?;
    let (kind, amount_minor, hand_off, reason) = match resolution {
        Resolution::Capture(amount, hand_off) => ("capture", amount, Some(hand_off.uuid()), None),
        Resolution::Void(reason) => ("void", 0, None, Some(reason.to_owned())),
    };
    tx.insert(payment_resolution::ActiveModel {
        payment_id: Set(payment.uuid()),
        authorized_minor: Set(authorised.ok_or(StoreError::Missing)?),
        kind: Set(kind.to_owned()),
        amount_minor: Set(amount_minor),
        hand_off_id: Set(hand_off),
        hand_off_status: Set(hand_off.map(|_| "confirmed".to_owned())),
        void_reason: Set(reason),
    });
    Ok(())
}

/// A void, unless the payment is resolved already.
async fn resolve_once(tx: &Tx, payment: PaymentId, reason: &str) -> Result<(), StoreError> {
    match payment_resolution::Entity::find_by_id(payment.uuid()).one(tx.reader()).await? {
        Some(_) => Ok(()),
        None => resolve(tx, payment, Resolution::Void(reason)).await,
    }
}

/// A hand-off was taken back: its capture is not decided any more. What was given back stays given back.
pub(super) async fn unresolve(tx: &Tx, before: &Delivery) -> Result<(), StoreError> {
    payment_resolution::Entity::delete_many()
        .filter(payment_resolution::Column::PaymentId.eq(before.payment.id.uuid()))
        .filter(payment_resolution::Column::Kind.eq("capture"))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

/// A payment whose capture is proved impossible makes room for the one that takes its place: it ends without money, and
/// the hand-off is free to be paid by the other.
async fn void_if_captured(tx: &Tx, payment: PaymentId) -> Result<(), StoreError> {
    payment_resolution::Entity::update_many()
        .col_expr(payment_resolution::Column::Kind, Expr::value("void"))
        .col_expr(payment_resolution::Column::AmountMinor, Expr::value(0_i64))
        .col_expr(payment_resolution::Column::HandOffId, Expr::value(None::<Uuid>))
        .col_expr(payment_resolution::Column::HandOffStatus, Expr::value(None::<String>))
        .col_expr(payment_resolution::Column::VoidReason, Expr::value("replaced"))
        .filter(payment_resolution::Column::PaymentId.eq(payment.uuid()))
        .filter(payment_resolution::Column::Kind.eq("capture"))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

async fn set_captured(
    tx: &Tx,
    payment: PaymentId,
    amount: sea_orm::sea_query::SimpleExpr,
) -> Result<(), StoreError> {
    payment::Entity::update_many()
        .col_expr(payment::Column::CapturedMinor, amount)
        .filter(payment::Column::Id.eq(payment.uuid()))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

/// The schema refuses more refunds than were captured, whoever counts wrong.
async fn write_refund(
    tx: &Tx,
    loaded: &Loaded,
    after: &Delivery,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let payment = after.payment.id;
    match event {
        Event::RefundRequested { refund, amount_minor, reason, by, .. } => {
            tx.insert(refund::ActiveModel {
                id: Set(refund.uuid()),
                payment_id: Set(payment.uuid()),
                order_id: Set(loaded.row.order_id),
                amount_minor: Set(*amount_minor),
                reason: Set(reason.clone()),
                requested_by: Set(Actor::label(by)),
                state: Set("requested".to_owned()),
                provider_ref: Set(None),
                failure: Set(None),
                created_at: Set(micros(now)),
                updated_at: Set(micros(now)),
            });
            add_refunded(tx, payment.uuid(), *amount_minor).await
        }
        Event::Refunded { refund, reference, .. } => {
            end_refund(tx, refund.uuid(), "succeeded", (Some(reference), None), now).await
        }
        Event::RefundFailed { refund, code, .. } => {
            end_refund(tx, refund.uuid(), "failed", (None, Some(code)), now).await?;
            let row = refund_by_id(tx.reader(), refund.uuid()).await?.ok_or(StoreError::Missing)?;
            add_refunded(tx, row.payment_id, -row.amount_minor).await
        }
        _ => Ok(()),
    }
}

async fn add_refunded(tx: &Tx, payment: Uuid, minor: i64) -> Result<(), StoreError> {
    payment::Entity::update_many()
        .col_expr(payment::Column::RefundedMinor, Expr::col(payment::Column::RefundedMinor).add(minor))
        .filter(payment::Column::Id.eq(payment))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}

async fn end_refund(
    tx: &Tx,
    id: Uuid,
    state: &str,
    (reference, failure): (Option<&String>, Option<&String>),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut row = refund::Entity::update_many()
        .col_expr(refund::Column::State, Expr::value(state))
        .col_expr(refund::Column::UpdatedAt, Expr::value(micros(now)));
    if let Some(reference) = reference {
        row = row.col_expr(refund::Column::ProviderRef, Expr::value(reference.as_str()));
    }
    if let Some(failure) = failure {
        row = row.col_expr(refund::Column::Failure, Expr::value(failure.as_str()));
    }
    row.filter(refund::Column::Id.eq(id)).exec(tx.writer().await?).await?;
    Ok(())
}

/// A refund's command has left, or the provider is on it.
pub async fn refund_under_way(tx: &Tx, id: Uuid, state: &str, now: i64) -> Result<(), StoreError> {
    refund::Entity::update_many()
        .col_expr(refund::Column::State, Expr::value(state))
        .col_expr(refund::Column::UpdatedAt, Expr::value(now))
        .filter(refund::Column::Id.eq(id))
        .filter(refund::Column::State.is_in(["requested", "sent", "pending"]))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}
