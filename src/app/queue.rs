//! Working the job queue: claim, hold on, and tell what came of it, in the same transaction as the result.
//!
//! A worker that lost its job to another (its lease ran out) is told so and nothing of its result is written: the other
//! one finds out for itself what happened.

use super::book::Book;
use super::change::{Asked, carry_out};
use super::error::Error;
use super::ids::Ids;
use super::unit::{ClaimJobs, Unit};
use super::{App, capture};
use crate::store::deliveries::{instant, micros};
use crate::store::jobs::{self, Claim, Claimed, Settled};
use crate::store::tx::Tx;
use crate::store::{deliveries, queue, shifts};
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// A worker's hold on a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The job.
    pub id: Uuid,
    /// Proof of the claim.
    pub fence: i64,
}

impl From<&Claimed> for Hold {
    fn from(claimed: &Claimed) -> Hold {
        Hold { id: claimed.id, fence: claimed.fence }
    }
}

/// What is to become of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// Done.
    Finish,
    /// Once more, not before `at`.
    RetryAt {
        /// When.
        at: DateTime<Utc>,
        /// Why, for people.
        error: String,
    },
    /// A person decides.
    Park {
        /// Why, for people.
        error: String,
    },
}

/// What came of a job: its result and its end, written together.
#[derive(Debug, Clone)]
pub struct Conclusion {
    /// What becomes of the job.
    pub settle: Settle,
    /// What its delivery is told.
    pub record: Option<Command>,
    /// Where its command to a payment provider stands.
    pub provider: Option<capture::Advance>,
}

impl From<Settle> for Conclusion {
    fn from(settle: Settle) -> Conclusion {
        Conclusion { settle, record: None, provider: None }
    }
}

async fn settle(tx: &Tx, hold: Hold, verdict: &Settle, now: DateTime<Utc>) -> Result<Settled, Error> {
    let Hold { id, fence } = hold;
    Ok(match verdict {
        Settle::Finish => jobs::finish(tx, id, fence).await?,
        Settle::RetryAt { at, error } => jobs::retry_at(tx, id, fence, micros(*at), error).await?,
        Settle::Park { error } => jobs::park(tx, id, fence, micros(now), error).await?,
    })
}

#[derive(Debug)]
struct HoldOn {
    hold: Hold,
    until: i64,
}

impl Unit for HoldOn {
    type Output = Settled;

    fn key(&self) -> Uuid {
        self.hold.id
    }

    async fn run(&self, tx: &Tx) -> Result<Settled, Error> {
        Ok(jobs::extend(tx, self.hold.id, self.hold.fence, self.until).await?)
    }
}

#[derive(Debug)]
struct Note {
    hold: Hold,
    payload: String,
}

impl Unit for Note {
    type Output = Settled;

    fn key(&self) -> Uuid {
        self.hold.id
    }

    async fn run(&self, tx: &Tx) -> Result<Settled, Error> {
        Ok(queue::note(tx, self.hold.id, self.hold.fence, &self.payload).await?)
    }
}

#[derive(Debug)]
struct Conclude {
    hold: Hold,
    delivery: Option<DeliveryId>,
    conclusion: Conclusion,
    book: Arc<Book>,
    ids: Ids,
    now: DateTime<Utc>,
}

impl Unit for Conclude {
    type Output = (Settled, bool);

    fn key(&self) -> Uuid {
        self.delivery.map_or(self.hold.id, |delivery| delivery.uuid())
    }

    async fn run(&self, tx: &Tx) -> Result<(Settled, bool), Error> {
        self.ids.restart();
        if settle(tx, self.hold, &self.conclusion.settle, self.now).await? == Settled::Lost {
            return Ok((Settled::Lost, false));
        }
        if let Some(advance) = &self.conclusion.provider {
            capture::advance(tx, advance, self.now).await?;
        }
        let (Some(command), Some(delivery)) = (&self.conclusion.record, self.delivery) else {
            return Ok((Settled::Done, false));
        };
        let asked = Asked {
            delivery,
            command: command.clone(),
            actor: Actor::System,
            now: self.now,
            occurred_at: self.now,
            expect: None,
        };
        let changed = carry_out(tx, &asked, &self.book, &self.ids).await?;
        Ok((Settled::Done, !changed.events.is_empty()))
    }
}

impl App {
    /// Claims jobs that are due at `now` for as long as a lease lasts. Opens no transaction when there are none.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn claim_jobs(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Claimed>, Error> {
        if limit == 0 || !queue::is_due(self.db.read(), micros(now)).await? {
            return Ok(Vec::new());
        }
        let claim = Claim {
            owner: self.owner.clone(),
            now: micros(now),
            lease_until: micros(self.lease_end(now)),
            limit,
            kinds: Vec::new(),
        };
        self.lanes.write(ClaimJobs(claim)).await
    }

    /// The end of a lease that begins at `now`.
    pub(super) fn lease_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + Duration::seconds(i64::try_from(self.config.jobs.lease_s).unwrap_or(60))
    }

    /// Holds a running job for another lease. False when another worker has it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn hold_job(&self, hold: Hold) -> Result<bool, Error> {
        let until = micros(self.lease_end(self.clock.now()));
        Ok(self.lanes.write(HoldOn { hold, until }).await? == Settled::Done)
    }

    /// Leaves a note in a running job's payload before something that must not be done twice. False when another worker
    /// has the job.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn note_job(&self, hold: Hold, payload: String) -> Result<bool, Error> {
        Ok(self.lanes.write(Note { hold, payload }).await? == Settled::Done)
    }

    /// Tells what came of a job. False when another worker has it: then nothing was written.
    ///
    /// # Errors
    /// [`Error::Refused`] when the delivery does not take what is recorded; when the database cannot be reached.
    pub async fn conclude_job(
        &self,
        hold: Hold,
        delivery: Option<DeliveryId>,
        conclusion: Conclusion,
    ) -> Result<bool, Error> {
        let (book, ids, now) = (self.book.get(), self.ids(), self.clock.now());
        let (settled, changed) =
            self.lanes.write(Conclude { hold, delivery, conclusion, book, ids, now }).await?;
        if changed {
            self.bells.ring();
        }
        Ok(settled == Settled::Done)
    }

    /// When something is due by itself next: an alarm, a job or the end of a shift. `None` when nothing is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let alarm = deliveries::next_alarm(self.db.read()).await?;
        let job = queue::next_at(self.db.read()).await?.map(instant);
        let end = shifts::next_end(self.db.read(), micros(self.clock.now())).await?.map(instant);
        Ok([alarm, job, end].into_iter().flatten().min())
    }
}
