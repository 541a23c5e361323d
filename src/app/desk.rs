//! The dispatcher's desk: deliveries whole, commands in a named person's own name, and the queue of what needs somebody.

use super::change::Change;
use super::unit::Unit;
use super::view::{
    AddressView, CustomerView, NamedView, OrderFacts, ParcelView, PaymentView, PointView, RegionPinView,
    WindowView, parcel_views, payment_view, region_view, window_view,
};
use super::{App, Error};
use crate::store::deliveries::{self, Loaded, instant};
use crate::store::desk as rows;
pub use crate::store::desk::DeliveryFilter;
use crate::store::jobs;
use crate::store::orders as order_rows;
use crate::store::tx::Tx;
use callahead_domain::actor::Actor;
use callahead_domain::delivery::attention::{Matter, matters};
use callahead_domain::delivery::{Command, Context, Delivery, allowed};
use callahead_domain::id::{DeliveryId, JobId, OrderId};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A delivery as a dispatcher sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryView {
    /// `dlv_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// `shp_…`
    pub shop_id: String,
    /// Where the parcel is, with its facts.
    #[schema(value_type = Object)]
    pub stage: Value,
    /// What the customer has said, with its facts.
    #[schema(value_type = Object)]
    pub gate: Value,
    /// The money.
    pub payment: PaymentView,
    /// Who gets it.
    pub customer: CustomerView,
    /// Where.
    pub address: AddressView,
    /// The pieces.
    pub parcels: Vec<ParcelView>,
    /// The region.
    pub region: Option<RegionPinView>,
    /// The courier.
    pub courier: Option<NamedView>,
    /// Ready for collection.
    pub ready_at: DateTime<Utc>,
    /// The promised window.
    pub window: Option<WindowView>,
    /// The promise.
    pub promised_by: DateTime<Utc>,
    /// Planned arrival.
    pub planned_arrival: Option<DateTime<Utc>>,
    /// The answer that counts.
    #[schema(value_type = Option<Object>)]
    pub answer: Option<Value>,
    /// Failed attempts.
    pub attempts: u32,
    /// What needs a person now.
    pub matters: Vec<ExceptionView>,
    /// What this caller may ask for now.
    pub allowed: Vec<String>,
    /// The customer's page.
    pub tracking_url: String,
    /// For If-Match.
    pub version: i64,
    /// Accepted.
    pub created_at: DateTime<Utc>,
}

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

/// The pin's view of a job that gave up or waits.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobView {
    /// `job_…`
    pub id: String,
    /// What it does.
    pub kind: String,
    /// Of which delivery.
    pub delivery_id: Option<String>,
    /// Runs at.
    pub run_at: DateTime<Utc>,
    /// Tries so far.
    pub attempts: i32,
    /// Gave up at.
    pub parked_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

fn exception(delivery: &Delivery, matter: Matter, now: DateTime<Utc>) -> ExceptionView {
    ExceptionView {
        kind: serde_json::to_value(matter.kind)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default(),
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
        kind: "job_parked".to_owned(),
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

impl App {
    fn policy_of(&self, delivery: &Delivery) -> Policy {
        self.book.get().policy(delivery.region.map(|pin| pin.region), delivery.shop)
    }

    /// What needs a person in a delivery now.
    pub fn open_matters(&self, delivery: &Delivery, now: DateTime<Utc>) -> Vec<ExceptionView> {
        let open =
            matters(delivery, &self.policy_of(delivery)).into_iter().filter(|matter| matter.since <= now);
        open.map(|matter| exception(delivery, matter, now)).collect()
    }

    /// The queue, the most urgent first; parked jobs are in it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn exceptions(&self, kind: Option<&str>, limit: u64) -> Result<Vec<ExceptionView>, Error> {
        let now = self.clock.now();
        let mut open: Vec<ExceptionView> = Vec::new();
        for loaded in rows::needing_attention(self.db.read(), deliveries::micros(now), limit).await? {
            open.extend(self.open_matters(&loaded.delivery, now));
        }
        open.extend(rows::jobs(self.db.read(), true, limit).await?.iter().map(|row| parked(row, now)));
        open.retain(|found| kind.is_none_or(|kind| found.kind == kind));
        open.sort_by(|a, b| (a.harm_at, &a.delivery_id).cmp(&(b.harm_at, &b.delivery_id)));
        Ok(open)
    }

    /// Jobs that wait, or that gave up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn jobs(&self, parked: bool, limit: u64) -> Result<Vec<JobView>, Error> {
        let view = |row: entity::job::Model| JobView {
            id: JobId::from_uuid(row.id).to_string(),
            kind: row.kind,
            delivery_id: row.delivery_id.map(|id| DeliveryId::from_uuid(id).to_string()),
            run_at: instant(row.run_at),
            attempts: row.attempts,
            parked_at: row.parked_at.map(instant),
            last_error: row.last_error,
        };
        Ok(rows::jobs(self.db.read(), parked, limit).await?.into_iter().map(view).collect())
    }

    /// Tries a parked job again, now.
    ///
    /// # Errors
    /// [`Error::Missing`] when no such job is parked.
    pub async fn retry_job(&self, job: JobId) -> Result<(), Error> {
        if !self.lanes.write(Unpark { job, run_at: self.clock.now() }).await? {
            return Err(Error::Missing);
        }
        self.bells.ring();
        Ok(())
    }

    /// A delivery, whoever owns it.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none.
    pub async fn delivery_view(&self, id: DeliveryId, actor: Actor) -> Result<DeliveryView, Error> {
        let loaded = deliveries::by_id(self.db.read(), id.uuid()).await?.ok_or(Error::Missing)?;
        let order = order_rows::by_id(self.db.read(), loaded.row.order_id).await?.ok_or(Error::Missing)?;
        self.whole(&order, &loaded, actor).await
    }

    /// Deliveries by stage, region, courier or shop, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn delivery_views(
        &self,
        filter: &DeliveryFilter,
        actor: Actor,
    ) -> Result<Vec<(Uuid, DeliveryView)>, Error> {
        let found = rows::deliveries(self.db.read(), filter).await?;
        let mut views = Vec::with_capacity(found.len());
        for (order, loaded) in found {
            views.push((loaded.row.id, self.whole(&order, &loaded, actor).await?));
        }
        Ok(views)
    }

    async fn whole(
        &self,
        order: &entity::orders::Model,
        loaded: &Loaded,
        actor: Actor,
    ) -> Result<DeliveryView, Error> {
        let facts = OrderFacts::read(order)?;
        let (delivery, now) = (&loaded.delivery, self.clock.now());
        let policy = self.policy_of(delivery);
        let context = Context { actor, now, occurred_at: now, policy: &policy };
        let courier = match delivery.stage.courier() {
            Some(id) => {
                let name = crate::store::couriers::name(self.db.read(), id.uuid()).await?;
                Some(NamedView { id: id.to_string(), name: name.unwrap_or_default() })
            }
            None => None,
        };
        Ok(DeliveryView {
            id: delivery.id.to_string(),
            order_id: OrderId::from_uuid(order.id).to_string(),
            shop_id: delivery.shop.to_string(),
            stage: serde_json::to_value(&delivery.stage).map_err(Error::internal)?,
            gate: serde_json::to_value(&delivery.gate).map_err(Error::internal)?,
            payment: payment_view(delivery),
            customer: CustomerView {
                name: facts.customer.name.clone(),
                phone: facts.customer.phone.as_ref().map(ToString::to_string),
                email: facts.customer.email.as_ref().map(ToString::to_string),
                language: facts.customer.language.tag().to_owned(),
            },
            address: AddressView { text: facts.address.clone(), point: delivery.place.map(PointView::from) },
            parcels: parcel_views(delivery),
            region: region_view(delivery, &self.book.get()),
            courier,
            ready_at: delivery.ready_at,
            window: window_view(delivery),
            promised_by: delivery.promised_by,
            planned_arrival: delivery.planned.map(|planned| planned.arrive_at),
            answer: delivery.answer.as_ref().and_then(|answer| serde_json::to_value(answer).ok()),
            attempts: delivery.attempts,
            matters: self.open_matters(delivery, now),
            allowed: allowed(delivery, &context).into_iter().map(|kind| kind.name().to_owned()).collect(),
            tracking_url: self.link_url(&self.secrets.link(delivery.id.uuid())),
            version: loaded.row.version,
            created_at: facts.created_at,
        })
    }

    /// A dispatcher's command in their own name.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Refused`], [`Error::StaleVersion`].
    pub async fn command_delivery(
        &self,
        id: DeliveryId,
        command: Command,
        actor: Actor,
        expect: Option<i64>,
    ) -> Result<DeliveryView, Error> {
        if let Command::Assign { courier } | Command::Offer { courier } | Command::Transfer { to: courier } =
            &command
        {
            crate::store::couriers::name(self.db.read(), courier.uuid())
                .await?
                .ok_or_else(|| Error::rule("invalid", "There is no such courier.").at("courier_id"))?;
        }
        self.change(Change::new(self, id, command, actor).expecting(expect)).await?;
        self.delivery_view(id, actor).await
    }
}

#[derive(Debug)]
struct Unpark {
    job: JobId,
    run_at: DateTime<Utc>,
}

impl Unit for Unpark {
    type Output = bool;

    fn key(&self) -> Uuid {
        self.job.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        Ok(jobs::unpark(tx, self.job.uuid(), deliveries::micros(self.run_at)).await?)
    }
}
