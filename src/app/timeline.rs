//! What happened, as callers may read it: a delivery's whole timeline for those it concerns, and the stream of events
//! of a shop, which never carries an address, a phone number or a code.

use super::{App, Error};
use crate::store::deliveries::instant;
use crate::store::events;
pub use crate::store::events::Cursor;
use callahead_domain::actor::Actor;
use callahead_domain::id::{DeliveryId, EventId, OrderId, ShopId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One event of a timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelineEvent {
    /// 1, 2, 3 … without a gap.
    pub seq: i64,
    /// `evt_…`
    pub id: String,
    /// Dotted name.
    pub event: String,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// When the service heard of it.
    pub recorded_at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// The facts.
    #[schema(value_type = Object)]
    pub data: Value,
    /// The exact texts that went into the hash; `actor` and `data` above are made from them.
    pub hashed: HashedTexts,
    /// Hash of the event before, 64 hexadecimal digits; zeros for the first.
    pub prev_hash: String,
    /// SHA-256, 64 hexadecimal digits, over these bytes one after another:
    ///
    /// 1. the 32 bytes of `prev_hash`;
    /// 2. the 16 bytes of `delivery_id`: its 26 characters after `dlv_` read as Crockford base32, most significant
    ///    first, 130 bits of which the first two are 0;
    /// 3. `seq`, then `at` in microseconds since 1970-01-01T00:00:00Z, each a signed whole number of 8 bytes, most
    ///    significant first;
    /// 4. for `event`, `hashed.actor` and `hashed.data` in this order: the length of the text in bytes, as 8 bytes, most
    ///    significant first, and then the text in UTF-8.
    ///
    /// Whoever keeps a hash can check later that nothing before it was changed, put in or taken out.
    pub hash: String,
}

/// What the hash of an event is made over, besides numbers and names.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HashedTexts {
    /// Who, as JSON text.
    pub actor: String,
    /// The facts, as JSON text, the event's name among them.
    pub data: String,
}

/// A delivery's whole story.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelineView {
    /// `dlv_…`, part of every hash.
    pub delivery_id: String,
    /// In order.
    pub data: Vec<TimelineEvent>,
}

/// One event of a shop's stream.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StreamEvent {
    /// `evt_…`, the key for receivers that want each once.
    pub id: String,
    /// Continue after this one.
    pub cursor: String,
    /// Number within its delivery, so that older news can be told from newer.
    pub sequence: i64,
    /// Dotted name.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was done.
    pub time: DateTime<Utc>,
    /// `ord_…`
    pub order_id: String,
    /// `dlv_…`
    pub delivery_id: String,
    /// The facts that may leave the house.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Facts that may stand in a stream; everything else stays in the timeline.
const PUBLIC_FACTS: [&str; 22] = [
    "courier",
    "until",
    "reason",
    "at",
    "arrive_at",
    "leg_s",
    "from",
    "to",
    "rung",
    "reply_by",
    "quoted",
    "channel",
    "attempt",
    "counts",
    "amount_minor",
    "reference",
    "code",
    "kind",
    "valid_until",
    "tries",
    "rotation",
    "by",
];

fn public(event: &str, data: Value) -> Value {
    let Value::Object(all) = data else { return Value::Null };
    let allowed = |name: &String| {
        PUBLIC_FACTS.contains(&name.as_str()) && !(event == "order.accepted" && name == "reason")
    };
    let mut kept: serde_json::Map<String, Value> =
        all.iter().filter(|(name, _)| allowed(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
    // Points and free words stay inside; of an answer only its outcome and bounds leave.
    kept.retain(|_, value| !value.as_object().is_some_and(|object| object.contains_key("lat")));
    if let Some(Value::Object(answer)) = all.get("answer") {
        let told = [
            "id",
            "outcome",
            "from",
            "until",
            "day",
            "source",
            "recorded_by",
            "answered_at",
            "valid_until",
            "supersedes",
        ];
        let answer = answer
            .iter()
            .filter(|(name, _)| told.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()));
        kept.insert("answer".to_owned(), Value::Object(answer.collect()));
    }
    if let Some(Value::Object(hand_off)) = all.get("hand_off") {
        let told = ["id", "method", "parcels", "at", "amount_minor", "status"];
        let hand_off = hand_off
            .iter()
            .filter(|(name, _)| told.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()));
        kept.insert("hand_off".to_owned(), Value::Object(hand_off.collect()));
    } else if let Some(id) = all.get("hand_off") {
        kept.insert("hand_off".to_owned(), id.clone());
    }
    Value::Object(kept)
}

fn actor_label(text: &str) -> String {
    serde_json::from_str::<Actor>(text).map_or_else(|_| text.to_owned(), |actor| actor.label())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn facts(text: &str) -> Value {
    let mut data: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(object) = data.as_object_mut() {
        object.remove("event");
    }
    data
}

/// A cursor as text.
pub fn cursor_text(cursor: Cursor) -> String {
    format!("{}.{}", cursor.tx, cursor.position)
}

/// A cursor from its text; `None` for anything else.
pub fn parse_cursor(text: &str) -> Option<Cursor> {
    let (tx, position) = text.split_once('.')?;
    let cursor = Cursor { tx: tx.parse().ok()?, position: position.parse().ok()? };
    (cursor.tx >= 0 && cursor.position >= 0).then_some(cursor)
}

impl App {
    /// A delivery's whole story.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn timeline(&self, delivery: DeliveryId) -> Result<TimelineView, Error> {
        let rows = events::of_delivery(self.db.read(), delivery.uuid()).await?;
        let view = |row: entity::event::Model| TimelineEvent {
            seq: row.seq,
            id: EventId::from_uuid(row.id).to_string(),
            event: row.kind,
            at: instant(row.at),
            recorded_at: instant(row.recorded_at),
            actor: actor_label(&row.actor),
            data: facts(&row.data),
            prev_hash: hex(&row.prev_hash),
            hash: hex(&row.hash),
            hashed: HashedTexts { actor: row.actor, data: row.data },
        };
        Ok(TimelineView { delivery_id: delivery.to_string(), data: rows.into_iter().map(view).collect() })
    }

    /// The story of a shop's order.
    ///
    /// # Errors
    /// [`Error::Missing`] unless it is this shop's.
    pub async fn timeline_of_order(&self, shop: ShopId, order: OrderId) -> Result<TimelineView, Error> {
        let (_, loaded) = self.own_order(shop, order).await?;
        self.timeline(loaded.delivery.id).await
    }

    /// Events of a shop after a cursor, none skipped: what commits late is never behind the cursor.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn events_after(
        &self,
        shop: ShopId,
        after: Cursor,
        limit: u64,
    ) -> Result<Vec<StreamEvent>, Error> {
        let rows = events::read_after(self.db.read(), Some(shop.uuid()), after, limit).await?;
        let view = |row: entity::event::Model| StreamEvent {
            id: EventId::from_uuid(row.id).to_string(),
            cursor: cursor_text(Cursor::of(&row)),
            sequence: row.seq,
            time: instant(row.at),
            order_id: OrderId::from_uuid(row.order_id).to_string(),
            delivery_id: DeliveryId::from_uuid(row.delivery_id).to_string(),
            data: public(&row.kind, facts(&row.data)),
            kind: row.kind,
        };
        Ok(rows.into_iter().map(view).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stream_event_carries_no_words_points_or_receivers() {
        let data = json!({
            "answer": {"id": "ans_1", "outcome": "receiver_named", "receiver": {"name": "Pell", "phone": "+15550100"}, "note": "code 4071"},
            "counts": true
        });
        let told = public("call_ahead.answered", data);
        assert_eq!(told, json!({"answer": {"id": "ans_1", "outcome": "receiver_named"}, "counts": true}));
        let located = public("order.located", json!({"place": {"lat": 1.0, "lon": 2.0}, "region": "reg_1"}));
        assert_eq!(located, json!({}));
    }

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let cursor = parse_cursor("12.34").unwrap();
        assert_eq!(cursor_text(cursor), "12.34");
        for wrong in ["", "12", "12.", "-1.2", "a.b", "1.2.3"] {
            assert!(parse_cursor(wrong).is_none(), "{wrong}");
        }
    }
}
