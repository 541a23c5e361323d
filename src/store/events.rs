//! The events of deliveries: a hash-chained stream per delivery, and the feed across deliveries.
//!
//! Each event carries the hash of the one before it, so that a changed, removed or inserted event is found by
//! [`verify_chain`]; the delivery keeps the head, so that a cut end is found by [`verify_stream`].

use entity::event::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, NotSet, QueryFilter, QueryOrder, QuerySelect, Set,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::StoreError;
use super::tx::Tx;

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// Whose stream it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The delivery.
    pub delivery_id: Uuid,
    /// Its order.
    pub order_id: Uuid,
    /// Its shop.
    pub shop_id: Uuid,
}

/// The end of a stream, kept in the delivery's row (`seq`, `head_hash`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// Sequence of the last event; 0 before the first.
    pub seq: i64,
    /// Hash of the last event; zeros before the first.
    pub hash: Vec<u8>,
}

impl Default for StreamHead {
    /// The head of an empty stream.
    fn default() -> StreamHead {
        StreamHead { seq: 0, hash: vec![0; HASH_BYTES] }
    }
}

/// An event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id.
    pub id: Uuid,
    /// Dotted wire name, past tense: `delivery.handed_over`.
    pub kind: String,
    /// When it happened, microseconds since the epoch.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// JSON.
    pub data: String,
}

/// Appends events to a stream and answers its new head, which the caller writes to the delivery's row under its
/// version guard. `recorded_at` is when they are written, in microseconds since the epoch.
pub fn append(
    tx: &Tx,
    stream: Stream,
    head: &StreamHead,
    recorded_at: i64,
    events: Vec<NewEvent>,
) -> StreamHead {
    let mut head = head.clone();
    for event in events {
        let row = Model {
            position: 0,
            tx: 0,
            id: event.id,
            delivery_id: stream.delivery_id,
            order_id: stream.order_id,
            shop_id: stream.shop_id,
            seq: head.seq.saturating_add(1),
            kind: event.kind,
            at: event.at,
            recorded_at,
            actor: event.actor,
            data: event.data,
            prev_hash: head.hash,
            hash: Vec::new(),
        };
        head = StreamHead { seq: row.seq, hash: hash_of(&row) };
        let mut active = ActiveModel::from(row);
        (active.position, active.tx) = (NotSet, NotSet);
        active.hash = Set(head.hash.clone());
        tx.insert(active);
    }
    head
}

/// SHA-256 over the previous hash and, each text preceded by its length, everything the event says.
fn hash_of(row: &Model) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(&row.prev_hash);
    hash.update(row.delivery_id.as_bytes());
    hash.update(row.seq.to_be_bytes());
    hash.update(row.at.to_be_bytes());
    for text in [&row.kind, &row.actor, &row.data] {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

/// Checks a whole stream in order of `seq`, from its first event. Answers the first sequence that is wrong or missing.
pub fn verify_chain(rows: &[Model]) -> Result<StreamHead, i64> {
    let mut head = StreamHead::default();
    for row in rows {
        let seq = head.seq.saturating_add(1);
        if row.seq != seq || row.prev_hash != head.hash || row.hash != hash_of(row) {
            return Err(seq);
        }
        head = StreamHead { seq, hash: row.hash.clone() };
    }
    Ok(head)
}

/// Checks a whole stream against the head its delivery keeps: an end cut off is found too.
pub fn verify_stream(rows: &[Model], head: &StreamHead) -> Result<(), i64> {
    let found = verify_chain(rows)?;
    if found == *head { Ok(()) } else { Err(Ord::min(found.seq, head.seq).saturating_add(1)) }
}

/// All events of a delivery in order.
pub async fn of_delivery<C: ConnectionTrait>(conn: &C, delivery_id: Uuid) -> Result<Vec<Model>, StoreError> {
    Ok(Entity::find().filter(Column::DeliveryId.eq(delivery_id)).order_by_asc(Column::Seq).all(conn).await?)
}

/// A place in the feed: everything up to and including it was read. The default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The writing transaction; 0 on SQLite.
    pub tx: i64,
    /// The position of the event.
    pub position: i64,
}

impl Cursor {
    /// The place of an event.
    pub fn of(event: &Model) -> Cursor {
        Cursor { tx: event.tx, position: event.position }
    }
}

/// Reads the feed after a cursor, of one shop or of all, at most `limit` events. Nothing is skipped: on PostgreSQL the
/// reader stops before the oldest writing transaction still open anywhere on the server (a long one, even in another
/// database, holds the feed back), since numbers are not given in the order of commits. The events of one delivery
/// come in order of `seq`, except that those written by two replicas close together may come the other way round
/// right after each other; `seq` tells.
pub async fn read_after<C: ConnectionTrait>(
    conn: &C,
    shop: Option<Uuid>,
    after: Cursor,
    limit: u64,
) -> Result<Vec<Model>, StoreError> {
    let mut query = Entity::find();
    if let Some(shop) = shop {
        query = query.filter(Column::ShopId.eq(shop));
    }
    query = match conn.get_database_backend() {
        DbBackend::Postgres => {
            let place = Expr::tuple([Expr::col(Column::Tx), Expr::col(Column::Position)]);
            let cursor = Expr::tuple([Expr::val(after.tx), Expr::val(after.position)]);
            query
                .filter(place.gt(cursor))
                .filter(Expr::cust(
                    "\"event\".\"tx\" < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
                ))
                .order_by_asc(Column::Tx)
        }
        _ => query.filter(Column::Position.gt(after.position)),
    };
    Ok(query.order_by_asc(Column::Position).limit(limit).all(conn).await?)
}
