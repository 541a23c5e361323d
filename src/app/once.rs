//! Requests that may be sent again: a key is taken before the work, the answer is kept after it, and whoever comes again
//! with the key gets that answer.
//!
//! Orders keep their answer in the transaction that accepts them (`ingest`). Everything else that is posted comes in
//! here: the key is *taken* in one commit and *settled* in another. While it is taken, the same request is told to wait;
//! a process that died in between leaves it taken for a while, and then the request is carried out anew. Where that
//! could do harm the state refuses: what was assigned, cancelled or named once is not so a second time.
//!
//! Answers may hold what is shown once, such as a new key, so they are sealed with the master key.

use super::error::Error;
pub use super::ingest::RequestKey;
use super::unit::Unit;
use super::{App, secret};
use crate::store::deliveries::{instant, micros};
use crate::store::idempotency::{self, BEING_CARRIED_OUT};
use crate::store::tx::Tx;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// A request that has not been settled for this long was given up by a process that died.
const GIVEN_UP_AFTER_S: i64 = 30;

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is new, or was given up: the work is to be done, under this fence.
    Fresh(Fence),
    /// It was carried out, with this answer.
    Answered(Kept),
    /// Somebody is at it.
    InFlight,
    /// It was used for another request.
    Reused,
}

/// Tells whoever took a key from whoever took it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(i64);

/// An answer as it is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

#[derive(Debug)]
struct Take {
    request: RequestKey,
    now: DateTime<Utc>,
}

/// A row as it was found, or the fence under which it is ours.
#[derive(Debug)]
enum Row {
    Ours(Fence),
    Known(entity::idempotency::Model),
}

impl Unit for Take {
    type Output = Row;

    fn key(&self) -> Uuid {
        lane(&self.request)
    }

    async fn run(&self, tx: &Tx) -> Result<Row, Error> {
        let RequestKey { scope, key, fingerprint } = &self.request;
        let fence = Fence(micros(self.now));
        let Some(known) = idempotency::find(tx.reader(), scope, key).await? else {
            idempotency::insert(
                tx,
                entity::idempotency::Model {
                    scope: scope.clone(),
                    key: key.clone(),
                    fingerprint: fingerprint.clone(),
                    status: BEING_CARRIED_OUT,
                    body: String::new(),
                    created_at: fence.0,
                },
            );
            return Ok(Row::Ours(fence));
        };
        let over = instant(known.created_at) + Duration::seconds(GIVEN_UP_AFTER_S) <= self.now;
        let given_up = known.status == BEING_CARRIED_OUT && known.fingerprint == *fingerprint && over;
        if given_up && idempotency::take_over(tx, scope, key, known.created_at, fence.0).await? {
            return Ok(Row::Ours(fence));
        }
        Ok(Row::Known(known))
    }
}

#[derive(Debug)]
struct Settle {
    request: RequestKey,
    fence: Fence,
    /// `None`: nothing happened, the key is free again.
    answer: Option<(i32, String)>,
}

impl Unit for Settle {
    type Output = ();

    fn key(&self) -> Uuid {
        lane(&self.request)
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        let RequestKey { scope, key, .. } = &self.request;
        match &self.answer {
            Some((status, body)) => {
                idempotency::settle(tx, scope, key, self.fence.0, *status, body.clone()).await?;
            }
            None => idempotency::release(tx, scope, key, self.fence.0).await?,
        }
        Ok(())
    }
}

/// Requests with one key meet in one lane.
fn lane(request: &RequestKey) -> Uuid {
    let whole = secret::hash(&format!("{}\n{}", request.scope, request.key));
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    Uuid::from_bytes(bytes)
}

impl App {
    /// Takes a request's key.
    ///
    /// # Errors
    /// When the database cannot be reached; [`Error::Internal`] when a kept answer cannot be opened.
    pub async fn take_request(&self, request: &RequestKey) -> Result<Taken, Error> {
        let taken = self.lanes.write(Take { request: request.clone(), now: self.clock.now() }).await;
        let row = match taken {
            Ok(row) => row,
            // The same key came in by another process at the same time.
            Err(Error::Conflict { constraint }) if constraint == idempotency::CONSTRAINT => {
                return Ok(Taken::InFlight);
            }
            Err(error) => return Err(error),
        };
        let known = match row {
            Row::Ours(fence) => return Ok(Taken::Fresh(fence)),
            Row::Known(known) => known,
        };
        if known.fingerprint != request.fingerprint {
            return Ok(Taken::Reused);
        }
        if known.status == BEING_CARRIED_OUT {
            return Ok(Taken::InFlight);
        }
        let body = self.secrets.open(&self.about(request), &known.body);
        let body = body.ok_or_else(|| Error::internal("a kept answer cannot be opened"))?;
        Ok(Taken::Answered(Kept { status: u16::try_from(known.status).unwrap_or(200), body }))
    }

    /// Keeps the answer of a request that was carried out.
    ///
    /// # Errors
    /// When the database cannot be reached: then the request counts as being carried out for a while.
    pub async fn settle_request(&self, request: &RequestKey, fence: Fence, kept: &Kept) -> Result<(), Error> {
        let nonce = self.entropy.thirty_two();
        let sealed = self.secrets.seal(&self.about(request), &kept.body, nonce);
        let sealed = sealed.ok_or_else(|| Error::internal("an answer cannot be sealed"))?;
        let answer = Some((i32::from(kept.status), sealed));
        self.lanes.write(Settle { request: request.clone(), fence, answer }).await
    }

    /// Frees the key of a request of which nothing came.
    ///
    /// # Errors
    /// When the database cannot be reached: then the request counts as being carried out for a while.
    pub async fn release_request(&self, request: &RequestKey, fence: Fence) -> Result<(), Error> {
        self.lanes.write(Settle { request: request.clone(), fence, answer: None }).await
    }

    /// What a sealed answer belongs to: opened as another's it reads as broken.
    fn about(&self, request: &RequestKey) -> String {
        format!("{}\n{}", request.scope, request.key)
    }
}
