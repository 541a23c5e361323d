//! Who carries what: assignment in rounds, one process of all that share the database at a time.
//!
//! A round ([`App::dispatch_epoch`]) reads a [`snapshot`], asks the engine of [`callahead_domain::dispatch`], makes
//! [`proposal`]s of what comes back, and writes each courier's in one unit ([`write`]): commands to deliveries and the
//! run they stand in, so that the two never disagree. It reads without any lock; versions guard every write, and the
//! lease "dispatch", looked at in the same transaction, keeps a second process out. A round that finds everything as it
//! should be writes nothing at all, not even the lease.

mod explain;
mod lease;
mod proposal;
mod snapshot;
mod stops;
mod write;

pub use explain::ExplainView;

use super::App;
use super::error::Error;
use callahead_domain::dispatch::{self, Plan, Weights};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stops::Setting;
use tokio::time::sleep;

/// The least time between two rounds.
const LEAST_GAP: Duration = Duration::from_millis(200);

/// What the engine's chances follow from: one round is like another.
const SEED: u64 = 1;

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EpochOutcome {
    /// Another process assigns: nothing was looked at.
    pub elsewhere: bool,
    /// Couriers on duty.
    pub couriers: usize,
    /// Deliveries that could be given to somebody.
    pub open: usize,
    /// Given to a courier.
    pub assigned: usize,
    /// Offered to a courier.
    pub offered: usize,
    /// Told another arrival.
    pub planned: usize,
    /// Couriers whose changes were refused because something moved meanwhile: the next round sees it.
    pub conflicts: usize,
}

impl EpochOutcome {
    /// Whether anything was written.
    pub fn changed(&self) -> bool {
        self.assigned + self.offered + self.planned > 0
    }
}

impl App {
    /// One round of assignment.
    ///
    /// # Errors
    /// When the database cannot be reached; what was written until then stays.
    pub async fn dispatch_epoch(&self, now: DateTime<Utc>) -> Result<EpochOutcome, Error> {
        if lease::is_elsewhere(self, now).await? {
            return Ok(EpochOutcome { elsewhere: true, ..EpochOutcome::default() });
        }
        let view = snapshot::read(self, now).await?;
        let mut outcome = EpochOutcome { couriers: view.couriers.len(), ..EpochOutcome::default() };
        if view.couriers.is_empty() {
            return Ok(outcome);
        }
        let setting = stops::setting(&view, self.travel.as_ref());
        outcome.open = setting.problem.deliveries.len();
        let (setting, plan) = self.planned(setting).await?;
        let proposals = proposal::proposals(&view, &setting, &plan, self.travel.as_ref())?;
        if proposals.is_empty() {
            return Ok(outcome);
        }
        let Some(held) = lease::take(self, now).await? else {
            return Ok(EpochOutcome { elsewhere: true, ..outcome });
        };
        write::write(self, &view, held, proposals, &mut outcome).await?;
        if outcome.changed() {
            self.bells.ring();
        }
        Ok(outcome)
    }

    /// The engine's plan, made off the threads that answer. Whatever the budget, there is one.
    #[expect(clippy::disallowed_methods, reason = "bounded by dispatch.budget_ms, waited for by the round")]
    async fn planned(&self, setting: Setting) -> Result<(Setting, Plan), Error> {
        let travel = self.travel.clone();
        let most = Duration::from_millis(self.config.dispatch.budget_ms).as_secs_f64();
        let plan = move || {
            let started = Instant::now();
            let mut spent = || if most > 0.0 { started.elapsed().as_secs_f64() / most } else { 1.0 };
            let plan =
                dispatch::plan(&setting.problem, travel.as_ref(), &Weights::default(), SEED, &mut spent);
            (setting, plan)
        };
        tokio::task::spawn_blocking(plan).await.map_err(Error::internal)
    }
}

/// Assigns until the shutdown: when something changed, and every `dispatch.epoch_s`.
pub async fn run(app: Arc<App>) {
    if !app.config.dispatch.enabled {
        return;
    }
    let epoch = Duration::from_secs(app.config.dispatch.epoch_s);
    while !app.shutdown.is_triggered() {
        let again = match app.dispatch_epoch(app.clock.now()).await {
            Ok(outcome) => outcome.conflicts > 0,
            Err(error) => {
                tracing::warn!(%error, "assignment could not be done");
                false
            }
        };
        tokio::select! {
            () = sleep(LEAST_GAP) => {}
            () = app.shutdown.wait() => break,
        }
        if again {
            continue;
        }
        tokio::select! {
            () = app.bells.dispatch.notified() => {}
            () = sleep(epoch) => {}
            () = app.shutdown.wait() => break,
        }
    }
    lease::give_up(&app, app.clock.now()).await;
}
