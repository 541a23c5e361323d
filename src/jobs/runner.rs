//! Who works when: claims what is due, carries it out side by side, holds on to what takes long, stops cleanly.

use super::Tools;
use super::tasks;
use crate::app::queue::Hold;
use crate::app::{App, Error};
use crate::store::jobs::Claimed;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Alarms looked at in one go.
const ALARMS: u64 = 256;
/// Jobs taken in one go when everything due is to be done.
const DRAINED_AT_ONCE: u32 = 64;
/// The least time between two looks, so that a busy door does not make the workers look all the time.
const BREATH: Duration = Duration::from_millis(5);
/// How often to look whether something is to be forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(10 * 60);
/// How often to look whether a shift is over.
const SHIFTS: chrono::TimeDelta = chrono::TimeDelta::seconds(5);
/// How often to look whether a hold on a wallet is over.
const HOLDS: chrono::TimeDelta = chrono::TimeDelta::seconds(60);
/// More rounds than this mean that something is always due.
const MOST_ROUNDS: u32 = 10_000;

/// Works until the shutdown: alarms, jobs, housekeeping. Returns when what was running then has ended; whoever calls
/// sets the limit, and what is cut off stays leased and is claimed again when its lease ends.
pub async fn run(app: Arc<App>, tools: Arc<Tools>) {
    tokio::join!(work(Arc::clone(&app), tools), keep_house(app));
}

async fn work(app: Arc<App>, tools: Arc<Tools>) {
    let poll = Duration::from_millis(app.config.jobs.poll_ms);
    let mut running = JoinSet::new();
    let mut shifts_at = app.clock.now();
    let mut holds_at = shifts_at;
    while !app.shutdown.is_triggered() {
        if app.clock.now() >= shifts_at {
            shifts_at = app.clock.now() + SHIFTS;
            if let Err(error) = app.end_shifts(app.clock.now()).await {
                tracing::warn!(%error, "shifts could not be ended");
            }
        }
        if app.clock.now() >= holds_at {
            holds_at = app.clock.now() + HOLDS;
            if let Err(error) = app.end_holds(app.clock.now()).await {
                tracing::warn!(%error, "holds could not be ended");
            }
        }
        let busy = match look(&app, &tools, &mut running).await {
            Ok(busy) => busy,
            Err(error) => {
                tracing::warn!(%error, "the workers cannot look for work");
                false
            }
        };
        sleep(BREATH).await;
        if busy {
            while running.try_join_next().is_some() {}
            continue;
        }
        tokio::select! {
            () = app.bells.work.notified() => {}
            () = sleep(poll) => {}
            Some(_) = running.join_next() => {}
            () = app.shutdown.wait() => break,
        }
    }
    while running.join_next().await.is_some() {}
}

/// One look; true when there may be more to do at once.
async fn look(app: &Arc<App>, tools: &Arc<Tools>, running: &mut JoinSet<()>) -> Result<bool, Error> {
    let now = app.clock.now();
    let woken = app.wake_due(now, ALARMS).await?;
    let workers = app.config.jobs.workers;
    let free = u32::try_from(workers.saturating_sub(running.len())).unwrap_or(0);
    let claimed = app.claim_jobs(now, free).await?;
    let found = claimed.len();
    for job in claimed {
        running.spawn(attend(Arc::clone(app), Arc::clone(tools), job));
    }
    Ok(u64::try_from(woken).is_ok_and(|woken| woken >= ALARMS) || (found > 0 && running.len() < workers))
}

/// Carries a job out and renews its lease meanwhile. A worker that lost its job stops at once.
async fn attend(app: Arc<App>, tools: Arc<Tools>, job: Claimed) {
    let hold = Hold::from(&job);
    let third = Duration::from_secs(app.config.jobs.lease_s) / 3;
    let task = tasks::carry_out(&app, &tools, &job);
    tokio::pin!(task);
    loop {
        tokio::select! {
            () = &mut task => return,
            () = sleep(third) => match app.hold_job(hold).await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(job = %job.id, kind = job.kind, "the lease was lost; another worker has the job");
                    return;
                }
                Err(error) => tracing::warn!(%error, job = %job.id, "the lease could not be renewed"),
            },
        }
    }
}

async fn keep_house(app: Arc<App>) {
    while !app.shutdown.is_triggered() {
        if let Err(error) = app.forget_old(app.clock.now()).await {
            tracing::warn!(%error, "old rows could not be forgotten");
        }
        tokio::select! {
            () = sleep(HOUSEKEEPING) => {}
            () = app.shutdown.wait() => return,
        }
    }
}

/// Carries out every job due at `now` and answers how many there were. What they put off is not waited for.
///
/// # Errors
/// When the database cannot be reached.
pub async fn drain(app: &App, tools: &Tools, now: DateTime<Utc>) -> Result<usize, Error> {
    let mut done = 0_usize;
    for _ in 0..MOST_ROUNDS {
        let claimed = app.claim_jobs(now, DRAINED_AT_ONCE).await?;
        if claimed.is_empty() {
            return Ok(done);
        }
        done = done.saturating_add(claimed.len());
        futures_util::future::join_all(claimed.iter().map(|job| tasks::carry_out(app, tools, job))).await;
    }
    Err(Error::internal("jobs are put off to the present again and again"))
}

/// Does everything that is due now by the application's clock: ends of shifts, alarms, jobs, assignment, and what follows from them.
///
/// # Errors
/// When the database cannot be reached.
pub async fn settle(app: &App, tools: &Tools) -> Result<(), Error> {
    let mut first = true;
    for _ in 0..MOST_ROUNDS {
        let now = app.clock.now();
        let ended = app.end_shifts(now).await?.saturating_add(app.end_holds(now).await?);
        let woken = app.wake_due(now, ALARMS).await?;
        let worked = drain(app, tools, now).await?;
        if !first && woken == 0 && worked == 0 && ended == 0 {
            return Ok(());
        }
        first = false;
        if app.config.dispatch.enabled {
            app.dispatch_epoch(now).await?;
        }
    }
    Err(Error::internal("something is always due"))
}
