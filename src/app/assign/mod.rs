//! Who carries what: assignment in rounds, each part of the regions by one process of all that share the database at a
//! time.
//!
//! A round ([`App::dispatch_epoch`]) reads a [`snapshot`] and cuts it into [`parts`] that share no courier. For each it
//! asks the engine of [`callahead_domain::dispatch`], makes [`proposal`]s of what comes back, and writes each courier's in
//! one unit ([`write`]): commands to deliveries and the run they stand in, so that the two never disagree. It reads
//! without any lock; versions guard every write, and the leases of the part's regions, looked at in the same
//! transaction, keep a second process out. A round that finds everything as it should be writes nothing at all.
//!
//! Work is bounded: deliveries looked at by region, improvement by part ([`parts::share`]). A part in which nothing
//! changed is planned once an epoch.

mod explain;
mod lease;
mod move_run;
mod parts;
mod proposal;
mod snapshot;
mod stops;
mod travel;
mod what_if;
mod write;

pub use explain::ExplainView;
pub use move_run::{Move, MovedView};
pub use parts::Planned;
pub use what_if::{Idea, WhatIfView};

use super::App;
use super::error::Error;
use callahead_domain::dispatch::{self, Plan};
use callahead_domain::geo::TravelTimes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use lease::Turns;
use parts::Part;
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stops::Setting;
use tokio::time::sleep;

/// The least time between two rounds.
const LEAST_GAP: Duration = Duration::from_millis(200);

/// The time between two looks at what another process plans.
const ELSEWHERE: Duration = Duration::from_millis(500);

/// What the engine's chances follow from: one round is like another.
const SEED: u64 = 1;

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EpochOutcome {
    /// Parts another process plans: they were left alone.
    pub elsewhere: usize,
    /// Parts planned; what stands as it was found an epoch ago or less is not planned again.
    pub planned_parts: usize,
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

    /// How long to rest if no bell rings: not at all after a conflict, a moment where another process plans a part (it
    /// does not hear this one's bells, and gives its turn up as soon as it finds nothing to write), else an epoch.
    fn look_again(&self, epoch: Duration) -> Duration {
        match self {
            Self { conflicts: 1.., .. } => Duration::ZERO,
            Self { elsewhere: 1.., .. } => ELSEWHERE.min(epoch),
            _ => epoch,
        }
    }
}

/// A part with the plan that was made for it, and the travel times it was made by.
type Made = (Part, Setting, Plan, Arc<dyn TravelTimes>);

impl App {
    /// One round of assignment.
    ///
    /// # Errors
    /// When the database cannot be reached; what was written until then stays.
    pub async fn dispatch_epoch(&self, now: DateTime<Utc>) -> Result<EpochOutcome, Error> {
        let started = Instant::now();
        let turns = Turns::read(self, now).await?;
        let parts = parts::of(snapshot::read(self, now).await?);
        self.planned.only(&parts);
        let epoch = TimeDelta::seconds(i64::try_from(self.config.dispatch.epoch_s).unwrap_or(i64::MAX));
        let mut outcome = EpochOutcome::default();
        let mut due = Vec::new();
        for part in parts {
            outcome.couriers += part.view.couriers.len();
            if turns.is_elsewhere(&part) {
                outcome.elsewhere += 1;
                self.planned.forget(&part);
                // Two who each hold some of a part's regions would wait for one another.
                turns.give_up(self, &part).await;
            } else if self.planned.is_due(&part, epoch) {
                due.push(part);
            }
        }
        let side_by_side = std::thread::available_parallelism().map_or(1, NonZero::get);
        let (count, mut made) = (due.len(), 0_usize);
        // Plans are made side by side and acted on in their order.
        let planning = due.into_iter().map(|part| {
            let left = count.saturating_sub(made);
            made = made.saturating_add(1);
            self.plan_part(part, started, left, side_by_side)
        });
        let mut plans = std::pin::pin!(futures_util::stream::iter(planning).buffered(side_by_side));
        while let Some(made) = plans.next().await {
            self.act_on(&turns, made?, &mut outcome).await?;
        }
        if outcome.changed() {
            self.bells.ring();
        }
        Ok(outcome)
    }

    /// Writes what a plan proposes, if it is this process's turn.
    async fn act_on(
        &self,
        turns: &Turns,
        (part, setting, plan, travel): Made,
        outcome: &mut EpochOutcome,
    ) -> Result<(), Error> {
        outcome.planned_parts += 1;
        outcome.open += setting.problem.deliveries.len();
        let proposals = proposal::proposals(&part.view, &setting, &plan, travel.as_ref())?;
        if proposals.is_empty() {
            self.planned.in_order(&part);
            turns.give_up(self, &part).await;
            return Ok(());
        }
        self.planned.forget(&part);
        match turns.take(self, &part).await? {
            Some(held) => write::write(self, &part, &held, proposals, outcome).await,
            None => {
                outcome.elsewhere += 1;
                Ok(())
            }
        }
    }

    /// The engine's plan of a part, made off the threads that answer. Whatever the budget, there is one.
    #[expect(clippy::disallowed_methods, reason = "bounded by dispatch.budget_ms, waited for by the round")]
    async fn plan_part(
        &self,
        part: Part,
        started: Instant,
        left: usize,
        side_by_side: usize,
    ) -> Result<Made, Error> {
        let travel = travel::prepared(self, &part.view, None).await;
        let most = Duration::from_millis(self.config.dispatch.budget_ms);
        let epoch = Duration::from_secs(self.config.dispatch.epoch_s);
        let plan = move || {
            let begun = Instant::now();
            let budget = parts::share(most, epoch, begun.duration_since(started), left, side_by_side);
            let mut spent = || {
                if budget.is_zero() { 1.0 } else { begun.elapsed().as_secs_f64() / budget.as_secs_f64() }
            };
            let setting = stops::setting(&part.view, travel.as_ref());
            let plan =
                dispatch::plan(&setting.problem, travel.as_ref(), &part.view.weights, SEED, &mut spent);
            (part, setting, plan, travel)
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
            Ok(outcome) => outcome.look_again(epoch),
            Err(error) => {
                tracing::warn!(%error, "assignment could not be done");
                epoch
            }
        };
        tokio::select! {
            () = sleep(LEAST_GAP) => {}
            () = app.shutdown.wait() => break,
        }
        tokio::select! {
            () = app.bells.dispatch.notified() => {}
            () = sleep(again) => {}
            () = app.shutdown.wait() => break,
        }
    }
    lease::give_all_up(&app, app.clock.now()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_plans_is_looked_at_again_before_the_epoch_is_over() {
        let epoch = Duration::from_secs(10);
        let nothing = EpochOutcome::default();
        assert_eq!(nothing.look_again(epoch), epoch);
        assert_eq!(EpochOutcome { elsewhere: 2, ..nothing }.look_again(epoch), ELSEWHERE);
        assert_eq!(EpochOutcome { elsewhere: 1, ..nothing }.look_again(Duration::ZERO), Duration::ZERO);
        assert_eq!(EpochOutcome { elsewhere: 1, conflicts: 1, ..nothing }.look_again(epoch), Duration::ZERO);
    }
}
