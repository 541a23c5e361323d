//! What is known from outside at the end of a day: each order as its shop sees it, with its whole timeline.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::SimError;
use super::api::Call;
use super::robots::customer::Kind;
use super::world::World;

/// One entry of a timeline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// From 1, without a gap.
    pub seq: i64,
    /// The dotted name.
    pub event: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Its facts.
    #[serde(default)]
    pub data: Value,
    /// Hash of this entry and all before it, where it is shown.
    #[serde(default)]
    pub hash: Option<String>,
    /// Hash of the entry before, where it is shown.
    #[serde(default)]
    pub prev_hash: Option<String>,
}

impl Entry {
    /// A text among the facts, by its place (`/clearance/kind`).
    #[must_use]
    pub fn text(&self, place: &str) -> Option<&str> {
        self.data.pointer(place).and_then(Value::as_str)
    }

    /// An instant among the facts.
    #[must_use]
    pub fn instant(&self, place: &str) -> Option<DateTime<Utc>> {
        self.text(place).and_then(|text| text.parse().ok())
    }

    /// A whole number among the facts.
    #[must_use]
    pub fn number(&self, place: &str) -> Option<i64> {
        self.data.pointer(place).and_then(Value::as_i64)
    }

    /// When it happened in its own words, else when it was noted.
    #[must_use]
    pub fn happened(&self) -> DateTime<Utc> {
        self.instant("/at").unwrap_or(self.at)
    }
}

/// One order at the end.
#[derive(Debug, Clone)]
pub struct Record {
    /// The shop's name of it.
    pub name: String,
    /// Its delivery.
    pub delivery_id: String,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// When it could be collected.
    pub ready_at: DateTime<Utc>,
    /// The customer.
    pub customer: Kind,
    /// The order as the shop reads it.
    pub order: Value,
    /// Everything that happened.
    pub timeline: Vec<Entry>,
}

impl Record {
    /// Entries of one name.
    pub fn of<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.timeline.iter().filter(move |entry| entry.event == event)
    }

    /// The stage at the end.
    #[must_use]
    pub fn stage(&self) -> &str {
        self.order.get("status").and_then(Value::as_str).unwrap_or("unknown")
    }

    /// The payment's state at the end.
    #[must_use]
    pub fn payment(&self) -> &str {
        self.order.pointer("/payment/state").and_then(Value::as_str).unwrap_or("unknown")
    }

    /// An amount of the payment in minor units, whether it stands bare or with its currency.
    #[must_use]
    pub fn amount(&self, name: &str) -> Option<i64> {
        let field = self.order.pointer(&format!("/payment/{name}"))?;
        field.as_i64().or_else(|| field.get("amount").and_then(Value::as_i64))
    }
}

/// Everything collected.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// Every order that was accepted, by placement.
    pub records: Vec<Record>,
    /// Deliveries in the exception queue.
    pub exceptions: Vec<(String, String)>,
}

impl World<'_> {
    /// Reads every order and timeline, and the exception queue.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(crate) async fn collect(&mut self) -> Result<Collected, SimError> {
        let mut records = Vec::new();
        for state in &self.orders {
            let Some(shop) = self.town.shops.get(state.plan.shop) else { continue };
            let path = format!("/v1/orders/{}", state.order_id);
            let order = self.api.send(Call::get(path.clone()).by(&shop.key)).await?;
            records.push(Record {
                name: state.plan.name.clone(),
                delivery_id: state.delivery_id.clone(),
                placed_at: state.plan.placed_at,
                ready_at: state.plan.ready_at,
                customer: state.plan.persona.kind,
                order,
                timeline: self.timeline(&format!("{path}/timeline"), &shop.key).await?,
            });
        }
        let queue = self.api.list("/v1/exceptions", &self.town.dispatcher_key).await?;
        let exceptions = queue.iter().filter_map(|matter| {
            let text = |name: &str| matter.get(name).and_then(Value::as_str).map(str::to_owned);
            Some((text("delivery_id")?, text("kind")?))
        });
        Ok(Collected { records, exceptions: exceptions.collect() })
    }

    async fn timeline(&self, path: &str, key: &str) -> Result<Vec<Entry>, SimError> {
        let rows = self.api.list(path, key).await?;
        let read = |row| serde_json::from_value(row);
        let entries: Result<Vec<Entry>, _> = rows.into_iter().map(read).collect();
        entries.map_err(|error| {
            super::api::ApiError::Unreadable { path: path.to_owned(), why: error.to_string() }.into()
        })
    }
}
