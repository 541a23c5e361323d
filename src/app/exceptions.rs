//! The queue of what needs a person: matters of deliveries and parked jobs, the first harmed first, page by page.
//!
//! A matter follows from a delivery's state and has no row of its own, so a page is filled by reading on through the
//! deliveries that need somebody until no unread one can come before what was found: however many other matters there
//! are, none hides behind them.

use super::{App, Error};
use crate::store::deliveries::{self, instant};
use crate::store::desk as rows;
use callahead_domain::delivery::Delivery;
use callahead_domain::delivery::attention::{Kind, Matter, matters};
use callahead_domain::id::{DeliveryId, JobId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Rows read at once.
const CHUNK: u64 = 500;
/// What a job that gave up is called in the queue.
const JOB_PARKED: &str = "job_parked";

/// One thing that needs a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExceptionView {
    /// What.
    pub kind: String,
    /// Of which delivery.
    pub delivery_id: Option<String>,
    /// Of which order.
    pub order_id: Option<String>,
    /// Of which shop.
    pub shop_id: Option<String>,
    /// Of which job, for a parked one.
    pub job_id: Option<String>,
    /// Needs somebody since.
    pub since: DateTime<Utc>,
    /// Harm is done at.
    pub harm_at: DateTime<Utc>,
    /// Minutes left until then; negative once it is done.
    pub minutes_until_harm: i64,
    /// In words.
    pub detail: String,
    /// What mends it, the suggested command first.
    pub fixes: Vec<String>,
}

/// Where a matter stands in the queue: no two have the same place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Harm is done at, microseconds since the epoch.
    pub harm_at: i64,
    /// The delivery or the job.
    pub subject: Uuid,
    /// What.
    pub kind: String,
}

/// Whether there is such a kind of exception.
pub fn is_kind(name: &str) -> bool {
    name == JOB_PARKED || serde_json::from_value::<Kind>(Value::String(name.to_owned())).is_ok()
}

fn kind_name(kind: Kind) -> String {
    let name = serde_json::to_value(kind).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn exception(delivery: &Delivery, matter: Matter, now: DateTime<Utc>) -> ExceptionView {
    ExceptionView {
        kind: kind_name(matter.kind),
        delivery_id: Some(delivery.id.to_string()),
        order_id: Some(delivery.order.to_string()),
        shop_id: Some(delivery.shop.to_string()),
        job_id: None,
        since: matter.since,
        harm_at: matter.harm_at,
        minutes_until_harm: (matter.harm_at - now).num_minutes(),
        detail: matter.detail,
        fixes: matter.fixes.into_iter().map(str::to_owned).collect(),
    }
}

fn parked(row: &entity::job::Model, now: DateTime<Utc>) -> ExceptionView {
    let since = instant(row.parked_at.unwrap_or(row.run_at));
    ExceptionView {
        kind: JOB_PARKED.to_owned(),
        delivery_id: row.delivery_id.map(|id| DeliveryId::from_uuid(id).to_string()),
        order_id: None,
        shop_id: None,
        job_id: Some(JobId::from_uuid(row.id).to_string()),
        since,
        harm_at: since,
        minutes_until_harm: (since - now).num_minutes(),
        detail: format!("{}: {}", row.kind, row.last_error.as_deref().unwrap_or("no cause was recorded")),
        fixes: vec!["retry_job".to_owned()],
    }
}

/// The first so many after a place, whatever order they are found in.
struct First<'a> {
    kind: Option<&'a str>,
    after: Option<&'a Place>,
    most: usize,
    found: BTreeMap<Place, ExceptionView>,
}

impl First<'_> {
    fn add(&mut self, subject: Uuid, view: ExceptionView) {
        let place = Place { harm_at: deliveries::micros(view.harm_at), subject, kind: view.kind.clone() };
        let wanted = self.kind.is_none_or(|kind| kind == view.kind);
        if wanted && self.after.is_none_or(|after| place > *after) {
            self.found.insert(place, view);
            if self.found.len() > self.most {
                self.found.pop_last();
            }
        }
    }

    /// Whether nothing harmed from this instant on can still come among them.
    fn is_settled(&self, harm_at: i64) -> bool {
        self.found.len() >= self.most
            && self.found.last_key_value().is_some_and(|(place, _)| place.harm_at < harm_at)
    }
}

impl App {
    /// What needs a person in a delivery now.
    pub fn open_matters(&self, delivery: &Delivery, now: DateTime<Utc>) -> Vec<ExceptionView> {
        let open =
            matters(delivery, &self.policy_of(delivery)).into_iter().filter(|matter| matter.since <= now);
        open.map(|matter| exception(delivery, matter, now)).collect()
    }

    /// At most `most` of the queue after a place, the first harmed first; of one kind or of all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn exceptions(
        &self,
        kind: Option<&str>,
        after: Option<&Place>,
        most: usize,
    ) -> Result<Vec<(Place, ExceptionView)>, Error> {
        let now = self.clock.now();
        let mut first = First { kind, after, most, found: BTreeMap::new() };
        if kind != Some(JOB_PARKED) {
            self.first_matters(&mut first, now).await?;
        }
        if kind.is_none_or(|kind| kind == JOB_PARKED) {
            self.first_parked(&mut first, now).await?;
        }
        Ok(first.found.into_iter().collect())
    }

    async fn first_matters(&self, first: &mut First<'_>, now: DateTime<Utc>) -> Result<(), Error> {
        let mut read_to = None;
        loop {
            let chunk =
                rows::needing_attention(self.db.read(), deliveries::micros(now), read_to, CHUNK).await?;
            let Some(last) = chunk.last() else { return Ok(()) };
            read_to = Some((last.row.harm_at.unwrap_or(i64::MAX), last.row.id));
            for loaded in &chunk {
                // The row keeps the earliest harm of all its matters.
                if first.is_settled(loaded.row.harm_at.unwrap_or(i64::MIN)) {
                    return Ok(());
                }
                for view in self.open_matters(&loaded.delivery, now) {
                    first.add(loaded.row.id, view);
                }
            }
        }
    }

    async fn first_parked(&self, first: &mut First<'_>, now: DateTime<Utc>) -> Result<(), Error> {
        let mut read_to = None;
        loop {
            let chunk = rows::parked_jobs(self.db.read(), read_to, CHUNK).await?;
            let Some(last) = chunk.last() else { return Ok(()) };
            read_to = Some((last.parked_at.unwrap_or(i64::MAX), last.id));
            for row in &chunk {
                if first.is_settled(row.parked_at.unwrap_or(i64::MIN)) {
                    return Ok(());
                }
                first.add(row.id, parked(row, now));
            }
        }
    }
}
