//! Deliveries: the row that holds the current state, and everything that is written with it.

use super::StoreError;
use super::events::{self, NewEvent, Stream, StreamHead};
use super::guard::guarded_update;
use super::jobs::{self, NewJob};
use super::payments;
use super::tx::Tx;
use super::visits::{self, HomeKeys};
use callahead_domain::actor::Actor;
use callahead_domain::delivery::alarm::wake_at;
use callahead_domain::delivery::attention::attention;
use callahead_domain::delivery::command::NewPayment;
use callahead_domain::delivery::event::{Accepted, Event};
use callahead_domain::delivery::proof::{HandOff, HandOffStatus, Proof};
use callahead_domain::delivery::state::{Delivery, Stage};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Utc};
use entity::{delivery, hand_off, payment};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

/// A delivery with the row it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The row.
    pub row: delivery::Model,
    /// The state.
    pub delivery: Delivery,
}

/// Microseconds since the epoch.
pub fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// The instant of a column; a value outside the calendar reads as its end.
pub fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Reads a stored state.
///
/// # Errors
/// [`StoreError::Broken`] when the text is not a delivery.
pub fn load(row: delivery::Model) -> Result<Loaded, StoreError> {
    let delivery = serde_json::from_str(&row.state)
        .map_err(|error| StoreError::Broken(format!("delivery {}: {error}", row.id)))?;
    Ok(Loaded { row, delivery })
}

/// One delivery by its id.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Loaded>, StoreError> {
    delivery::Entity::find_by_id(id).one(conn).await?.map(load).transpose()
}

/// One delivery by its order.
pub async fn by_order(conn: &impl ConnectionTrait, order: Uuid) -> Result<Option<Loaded>, StoreError> {
    delivery::Entity::find()
        .filter(delivery::Column::OrderId.eq(order))
        .one(conn)
        .await?
        .map(load)
        .transpose()
}

/// One delivery by the hash of its customer's link.
pub async fn by_link(conn: &impl ConnectionTrait, hash: Vec<u8>) -> Result<Option<Loaded>, StoreError> {
    delivery::Entity::find()
        .filter(delivery::Column::LinkHash.eq(hash))
        .one(conn)
        .await?
        .map(load)
        .transpose()
}

/// The stages in which a delivery is on a courier's hands or offered to them.
pub(super) const WITH_COURIER: [&str; 6] =
    ["offered", "assigned", "collected", "en_route", "at_door", "returning"];

/// Everything on these couriers' hands or offered to them, oldest first.
pub async fn of_couriers(
    conn: &impl ConnectionTrait,
    couriers: Vec<Uuid>,
) -> Result<Vec<Loaded>, StoreError> {
    let rows = delivery::Entity::find()
        .filter(delivery::Column::CourierId.is_in(couriers))
        .filter(delivery::Column::Stage.is_in(WITH_COURIER))
        .order_by_asc(delivery::Column::Id)
        .all(conn)
        .await?;
    rows.into_iter().map(load).collect()
}

/// Deliveries that wait for a courier, oldest first.
pub async fn waiting(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<Loaded>, StoreError> {
    let rows = delivery::Entity::find()
        .filter(delivery::Column::Stage.eq("received"))
        .filter(delivery::Column::RegionId.is_not_null())
        .order_by_asc(delivery::Column::Id)
        .limit(limit)
        .all(conn)
        .await?;
    rows.into_iter().map(load).collect()
}

/// Deliveries whose alarm clock has rung, earliest first.
pub async fn due(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Uuid>, StoreError> {
    let rows: Vec<Uuid> = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::Id)
        .filter(delivery::Column::WakeAt.lte(micros(now)))
        .order_by_asc(delivery::Column::WakeAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows)
}

/// The earliest alarm.
pub async fn next_alarm(conn: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, StoreError> {
    let first: Option<i64> = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::WakeAt)
        .filter(delivery::Column::WakeAt.is_not_null())
        .order_by_asc(delivery::Column::WakeAt)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(first.map(instant))
}

/// What is written with a change.
#[derive(Debug)]
pub struct Written<'a> {
    /// The events, at least one.
    pub events: &'a [Event],
    /// Who caused them.
    pub actor: Actor,
    /// When it was done.
    pub occurred_at: DateTime<Utc>,
    /// The server's time.
    pub now: DateTime<Utc>,
    /// The rules, for alarm clock and exception queue.
    pub policy: &'a Policy,
    /// One id for each event, and more for jobs.
    pub event_ids: Vec<Uuid>,
    /// Jobs that must follow.
    pub jobs: Vec<NewJob>,
    /// What was brought as proof, for the hand-off's row.
    pub proof: Option<Brought<'a>>,
    /// The payment that is asked for, for its row.
    pub new_payment: Option<&'a NewPayment>,
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Broken(error.to_string()))
}

fn stream(state: &Delivery) -> Stream {
    Stream { delivery_id: state.id.uuid(), order_id: state.order.uuid(), shop_id: state.shop.uuid() }
}

fn new_events(written: &Written<'_>) -> Result<Vec<NewEvent>, StoreError> {
    let actor = json(&written.actor)?;
    let made = written.events.iter().zip(&written.event_ids).map(|(event, id)| {
        Ok(NewEvent {
            id: *id,
            kind: event.kind().to_owned(),
            at: micros(written.occurred_at),
            actor: actor.clone(),
            data: json(event)?,
        })
    });
    made.collect()
}

/// Columns that follow from the state.
fn derived(
    state: &Delivery,
    policy: &Policy,
    head: StreamHead,
    now: DateTime<Utc>,
) -> Result<delivery::ActiveModel, StoreError> {
    let attention = attention(state, policy);
    Ok(delivery::ActiveModel {
        id: Set(state.id.uuid()),
        region_id: Set(state.region.map(|pin| pin.region.uuid())),
        region_version: Set(state.region.map(|pin| pin.version)),
        courier_id: Set(state.stage.courier().map(|courier| courier.uuid())),
        stage: Set(state.stage.kind().name().to_owned()),
        gate: Set(state.gate.kind().name().to_owned()),
        state: Set(json(state)?),
        seq: Set(head.seq),
        head_hash: Set(head.hash),
        wake_at: Set(wake_at(state, policy).map(micros)),
        attention_at: Set(attention.map(|(since, _)| micros(since))),
        harm_at: Set(attention.map(|(_, harm)| micros(harm))),
        planned_at: Set(state.planned.map(|planned| micros(planned.arrive_at))),
        updated_at: Set(micros(now)),
        ..Default::default()
    })
}

/// Writes a new delivery with its payment and its first events. Nothing is read: all of it is buffered.
pub fn insert(
    tx: &Tx,
    accepted: &Accepted,
    payment: payment::ActiveModel,
    link_hash: Vec<u8>,
    keys: HomeKeys,
    written: Written<'_>,
) -> Result<Delivery, StoreError> {
    let state = Delivery::start(accepted);
    let head = events::append(
        tx,
        stream(&state),
        &StreamHead::default(),
        micros(written.now),
        new_events(&written)?,
    );
    let mut row = derived(&state, written.policy, head, written.now)?;
    row.order_id = Set(state.order.uuid());
    row.shop_id = Set(state.shop.uuid());
    row.version = Set(1);
    row.link_hash = Set(Some(link_hash));
    row.customer_key = Set(keys.customer);
    row.door_key = Set(keys.door);
    row.created_at = Set(micros(written.now));
    tx.insert(row);
    tx.insert(payment);
    written.jobs.into_iter().for_each(|job| jobs::enqueue(tx, job));
    Ok(state)
}

/// Writes a changed delivery: its row under its version, its events, its payment, hand-off and jobs. Answers the new
/// version.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else changed it since it was loaded.
pub async fn save(
    tx: &Tx,
    loaded: &Loaded,
    after: &Delivery,
    written: Written<'_>,
) -> Result<i64, StoreError> {
    let row = &loaded.row;
    let before = StreamHead { seq: row.seq, hash: row.head_hash.clone() };
    // A stale writer's events are dropped with its unit.
    let new = new_events(&written)?;
    let head = events::append(tx, stream(after), &before, micros(written.now), new);
    guarded_update(tx, derived(after, written.policy, head, written.now)?, row.version).await?.ok()?;
    for (event, id) in written.events.iter().zip(&written.event_ids) {
        write_beside(tx, loaded, after, event, &written).await?;
        visits::count(tx, loaded, event, *id, written.policy);
    }
    if loaded.delivery.payment != after.payment {
        payments::update(tx, after, written.now).await?;
    }
    written.jobs.into_iter().for_each(|job| jobs::enqueue(tx, job));
    Ok(row.version + 1)
}

/// Rows that stand beside the state so that the schema itself refuses a capture without a confirmed hand-off.
async fn write_beside(
    tx: &Tx,
    loaded: &Loaded,
    after: &Delivery,
    event: &Event,
    written: &Written<'_>,
) -> Result<(), StoreError> {
    match event {
        Event::HandedOver { hand_off } | Event::PartlyHandedOver { hand_off } => {
            write_hand_off(tx, loaded, hand_off, written.proof).await
        }
        Event::HandOffConfirmed { .. } => set_status(tx, after, "confirmed").await,
        Event::HandOffDisputed { .. } => set_status(tx, after, "rejected").await,
        Event::Reopened { .. } => {
            payments::unresolve(tx, &loaded.delivery).await?;
            set_status(tx, &loaded.delivery, "rejected").await
        }
        _ => payments::write_beside(tx, loaded, after, event, written).await,
    }
}

/// What was brought as proof, as it is kept: the proof with what came besides.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Brought<'a> {
    /// The proof.
    #[serde(flatten)]
    pub proof: &'a Proof,
    /// What came besides.
    #[serde(skip_serializing_if = "<[Proof]>::is_empty")]
    pub plus: &'a [Proof],
}

async fn write_hand_off(
    tx: &Tx,
    loaded: &Loaded,
    hand_off: &HandOff,
    proof: Option<Brought<'_>>,
) -> Result<(), StoreError> {
    let status = match hand_off.status {
        HandOffStatus::Claimed { .. } => "claimed",
        HandOffStatus::Confirmed { .. } => "confirmed",
        HandOffStatus::Rejected { .. } => "rejected",
    };
    let proof = json(&proof)?;
    if loaded.delivery.partial.is_some() {
        hand_off::Entity::update_many()
            .col_expr(hand_off::Column::Proof, Expr::value(proof))
            .col_expr(hand_off::Column::At, Expr::value(micros(hand_off.at)))
            .filter(hand_off::Column::Id.eq(hand_off.id.uuid()))
            .exec(tx.writer().await?)
            .await?;
        return Ok(());
    }
    tx.insert(hand_off::ActiveModel {
        id: Set(hand_off.id.uuid()),
        delivery_id: Set(loaded.row.id),
        status: Set(status.to_owned()),
        method: Set(hand_off.method.name().to_owned()),
        proof: Set(proof),
        at: Set(micros(hand_off.at)),
    });
    Ok(())
}

async fn set_status(tx: &Tx, state: &Delivery, status: &str) -> Result<(), StoreError> {
    let Stage::HandedOver { hand_off, .. } = &state.stage else { return Ok(()) };
    hand_off::Entity::update_many()
        .col_expr(hand_off::Column::Status, Expr::value(status))
        .filter(hand_off::Column::Id.eq(hand_off.id.uuid()))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}
