//! The alarm clock: whatever is due is woken, each delivery in a unit of its own, all of them together in few commits.

use super::App;
use super::book::Book;
use super::change::{Asked, carry_out_loaded};
use super::error::Error;
use super::ids::Ids;
use super::unit::Unit;
use crate::store::deliveries::{self, Loaded, instant, micros};
use crate::store::guard::guarded_update;
use crate::store::tx::Tx;
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::delivery::alarm::wake_at;
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, Duration, Utc};
use entity::delivery;
use sea_orm::ActiveValue::Set;
use std::sync::Arc;
use uuid::Uuid;

/// An alarm that rings without anything being due rings again after this.
const SNOOZE_S: i64 = 60;

/// What came of one alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// Something happened.
    Changed,
    /// Nothing was due; the alarm is set anew.
    Set,
    /// It was woken by somebody else.
    Already,
}

#[derive(Debug)]
struct Wake {
    delivery: DeliveryId,
    now: DateTime<Utc>,
    book: Arc<Book>,
    ids: Ids,
}

impl Unit for Wake {
    type Output = Woken;

    fn key(&self) -> Uuid {
        self.delivery.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<Woken, Error> {
        self.ids.restart();
        let loaded = deliveries::by_id(tx.reader(), self.delivery.uuid()).await?.ok_or(Error::Missing)?;
        if loaded.row.wake_at.is_none_or(|at| instant(at) > self.now) {
            return Ok(Woken::Already);
        }
        let asked = Asked {
            delivery: self.delivery,
            command: Command::Wake,
            actor: Actor::System,
            now: self.now,
            occurred_at: self.now,
            expect: None,
        };
        match carry_out_loaded(tx, &loaded, &asked, &self.book, &self.ids).await {
            Ok(changed) if !changed.events.is_empty() => Ok(Woken::Changed),
            Ok(_) => self.set_anew(tx, &loaded).await,
            Err(Error::Refused(refused)) => {
                tracing::warn!(delivery = %self.delivery, refusal = %refused.refusal, "an alarm was refused");
                self.set_anew(tx, &loaded).await
            }
            Err(error) => Err(error),
        }
    }
}

impl Wake {
    /// The stored alarm was not that of the state (the rules changed since), or nothing came of it: without a new one
    /// it would ring again at once, for ever.
    async fn set_anew(&self, tx: &Tx, loaded: &Loaded) -> Result<Woken, Error> {
        let state = &loaded.delivery;
        let policy = self.book.policy(state.region.map(|pin| pin.region), state.shop);
        let next = match wake_at(state, &policy) {
            Some(at) if at <= self.now => {
                tracing::warn!(delivery = %self.delivery, "an alarm rang and nothing came of it");
                Some(self.now + Duration::seconds(SNOOZE_S))
            }
            other => other,
        };
        let row = delivery::ActiveModel {
            id: Set(loaded.row.id),
            wake_at: Set(next.map(micros)),
            ..Default::default()
        };
        guarded_update(tx, row, loaded.row.version).await?.ok()?;
        Ok(Woken::Set)
    }
}

impl App {
    /// Wakes the deliveries whose alarm has rung at `now`, at most `limit`, and answers how many alarms it looked at;
    /// as many as `limit` means that there may be more.
    ///
    /// # Errors
    /// When the database cannot be reached; what was woken until then stays so.
    pub async fn wake_due(&self, now: DateTime<Utc>, limit: u64) -> Result<usize, Error> {
        let due = deliveries::due(self.db.read(), now, limit).await?;
        let book = self.book.get();
        let waking = due.iter().map(|id| {
            self.lanes.write(Wake {
                delivery: DeliveryId::from_uuid(*id),
                now,
                book: Arc::clone(&book),
                ids: Ids::new(now, self.entropy.as_ref()),
            })
        });
        let mut changed = false;
        for woken in futures_util::future::join_all(waking).await {
            match woken {
                Ok(woken) => changed |= woken == Woken::Changed,
                // Somebody else is at it, or it is gone: the next look tells.
                Err(Error::Stale | Error::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        if changed {
            self.bells.ring();
        }
        Ok(due.len())
    }
}
