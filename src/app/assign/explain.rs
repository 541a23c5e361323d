//! "Why not courier 7": what each courier on duty would mean for one delivery.

use super::super::App;
use super::super::error::Error;
use super::super::home_history::HomeChanceView;
use super::snapshot::Known;
use super::{snapshot, stops, travel};
use callahead_domain::delivery::state::Stage;
use callahead_domain::dispatch::{self, Explained, Verdict};
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// One courier's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainView {
    /// `cou_…`
    pub courier_id: String,
    /// would or refused.
    pub verdict: &'static str,
    /// Seconds their run would end later.
    pub added_s: Option<i64>,
    /// When the customer would be served.
    pub arrive_at: Option<DateTime<Utc>>,
    /// Seconds that is after the promise.
    pub late_s: Option<i64>,
    /// Why not, as a stable word.
    pub code: Option<&'static str>,
}

impl From<Explained> for ExplainView {
    fn from(explained: Explained) -> ExplainView {
        let courier_id = explained.courier.to_string();
        match explained.verdict {
            Verdict::Would { added_s, arrive_at, late_s } => ExplainView {
                courier_id,
                verdict: "would",
                added_s: Some(added_s),
                arrive_at: Some(arrive_at),
                late_s: Some(late_s),
                code: None,
            },
            Verdict::Refused(refusal) => ExplainView {
                courier_id,
                verdict: "refused",
                added_s: None,
                arrive_at: None,
                late_s: None,
                code: Some(refusal.code()),
            },
        }
    }
}

impl App {
    /// Every courier on duty and what they would mean for a delivery, best first. A delivery on a run is judged as if it
    /// were not. Empty for one that was collected, or cannot be placed on the map.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such delivery.
    pub async fn explain(&self, delivery: DeliveryId) -> Result<Vec<ExplainView>, Error> {
        let Some(known) = snapshot::one(self, delivery.uuid()).await? else { return Ok(Vec::new()) };
        if !known.is_givable() {
            return Ok(Vec::new());
        }
        let mut view = snapshot::read(self, self.clock.now()).await?;
        view.as_open(known);
        let travel = travel::prepared(self, &view, None).await;
        let setting = stops::setting(&view, travel.as_ref());
        let explained = dispatch::explain(&setting.problem, travel.as_ref(), &view.weights, delivery);
        Ok(explained.into_iter().map(ExplainView::from).collect())
    }

    /// The chance that somebody is home at a door that is still to be gone to, as assignment counts with it now.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such delivery.
    pub async fn home_chance(&self, delivery: DeliveryId) -> Result<Option<HomeChanceView>, Error> {
        let known = snapshot::one(self, delivery.uuid()).await?;
        let ahead = |known: &Known| {
            let stage = &known.delivery.stage;
            !stage.kind().is_final() && !matches!(stage, Stage::Returning { .. } | Stage::AtDoor { .. })
        };
        Ok(known.filter(ahead).map(|known| known.home.into()))
    }
}
