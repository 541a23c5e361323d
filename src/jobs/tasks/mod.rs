//! What each kind of job does. A task ends its job itself, together with its result; what it could not do comes back as
//! a decision and is written here.

pub mod look;
pub mod payment;
pub mod recharge;
pub mod send_notice;
pub mod sign_in_code;

use super::Tools;
use super::backoff::{self, Failed};
use crate::app::queue::{Hold, Settle};
use crate::app::{App, Error};
use crate::lifecycle::crash_point;
use crate::store::jobs::Claimed;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;

/// A job in a task's hands.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The application.
    pub app: &'a App,
    /// Channels and providers.
    pub tools: &'a Tools,
    /// The job.
    pub job: &'a Claimed,
}

impl Work<'_> {
    /// The proof that the job is ours.
    pub fn hold(&self) -> Hold {
        Hold::from(self.job)
    }

    /// When to try again.
    pub fn next_try(&self) -> DateTime<Utc> {
        backoff::next_try(self.app.clock.now(), self.job.attempts, self.seed())
    }

    /// Done, with nothing to record.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn finish(&self) -> Result<(), Failed> {
        let done = self.app.conclude_job(self.hold(), None, Settle::Finish.into()).await;
        done.map(drop).map_err(|error| self.failed(&error))
    }

    /// What an error means for this job.
    pub fn failed(&self, error: &Error) -> Failed {
        backoff::judge(error, self.app.clock.now(), self.job.attempts, self.seed())
    }

    fn seed(&self) -> u64 {
        let mut bytes = [0; 8];
        self.app.entropy.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    /// The job's payload.
    ///
    /// # Errors
    /// Parks the job: a payload that cannot be read never can.
    pub fn payload<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failed> {
        let read = serde_json::from_str(&self.job.payload);
        read.map_err(|error| Failed::Park { error: format!("the payload cannot be read: {error}") })
    }
}

/// Carries a job out and settles it. Nothing is lost if this is cut off anywhere.
pub async fn carry_out(app: &App, tools: &Tools, job: &Claimed) {
    crash_point("job.claimed");
    let work = Work { app, tools, job };
    let ran = AssertUnwindSafe(by_kind(&work)).catch_unwind().await;
    let outcome = ran.unwrap_or_else(|_| Err(work.failed(&Error::internal("the task panicked"))));
    let Err(failed) = outcome else { return };
    let settle = match failed {
        Failed::RetryAt { at, error } => {
            tracing::info!(job = %job.id, kind = job.kind, attempts = job.attempts, error, "a job is put off");
            Settle::RetryAt { at, error }
        }
        Failed::Park { error } => {
            tracing::error!(job = %job.id, kind = job.kind, attempts = job.attempts, error, "a job needs a person");
            Settle::Park { error }
        }
    };
    if let Err(error) = app.conclude_job(work.hold(), None, settle.into()).await {
        tracing::warn!(%error, job = %job.id, "a job stays with its lease");
    }
}

async fn by_kind(work: &Work<'_>) -> Result<(), Failed> {
    match work.job.kind.as_str() {
        "send_notice" => send_notice::run(work).await,
        "authorise_payment" | "capture_payment" | "release_payment" | "refund_payment" => {
            payment::run(work).await
        }
        "look_at_payment" => look::run(work).await,
        "renew_payment" => recharge::renew(work).await,
        "recover_payment" => recharge::recover(work).await,
        "send_sign_in_code" => sign_in_code::run(work).await,
        other => Err(work.failed(&Error::internal(format!("there is no task for {other}")))),
    }
}
