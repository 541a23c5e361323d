//! The dispatcher's desk: deliveries whole, commands in a named person's own name, jobs that gave up.

use super::change::Change;
use super::exceptions::ExceptionView;
use super::unit::Unit;
use super::view::SharedView;
use super::{App, Error};
use crate::store::deliveries::{self, Loaded, instant};
use crate::store::desk as rows;
pub use crate::store::desk::DeliveryFilter;
use crate::store::orders as order_rows;
use crate::store::tx::Tx;
use crate::store::{jobs, shifts};
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::id::{DeliveryId, JobId};
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
    /// Where the parcel is, with its facts.
    #[schema(value_type = Object)]
    pub stage: Value,
    /// What the customer has said, with its facts.
    #[schema(value_type = Object)]
    pub gate: Value,
    /// What needs a person now.
    pub matters: Vec<ExceptionView>,
    /// What its shop sees too.
    #[serde(flatten)]
    pub shared: SharedView,
}

/// A job that gave up or waits.
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

impl App {
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
        filter: DeliveryFilter,
        actor: Actor,
    ) -> Result<Vec<(Uuid, DeliveryView)>, Error> {
        let found = rows::deliveries(self.db.read(), &filter).await?;
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
        let parts = self.order_parts(order, loaded, actor).await?;
        let delivery = parts.delivery;
        Ok(DeliveryView {
            id: delivery.id.to_string(),
            order_id: parts.facts.id.to_string(),
            stage: serde_json::to_value(&delivery.stage).map_err(Error::internal)?,
            gate: serde_json::to_value(&delivery.gate).map_err(Error::internal)?,
            matters: self.open_matters(delivery, parts.now),
            shared: self.shared_view(&parts),
        })
    }

    /// A dispatcher's command in their own name.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Refused`], [`Error::StaleVersion`]; `courier_off_duty`.
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
        if let Command::Assign { courier } | Command::Offer { courier } = &command {
            let shift = shifts::open_of(self.db.read(), courier.uuid()).await?;
            if shift.is_none_or(|shift| instant(shift.ends_at) <= self.clock.now()) {
                let detail = "This courier's shift is over: what they are given would be taken back.";
                return Err(Error::rule("courier_off_duty", detail).at("courier_id"));
            }
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
