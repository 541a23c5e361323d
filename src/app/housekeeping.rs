//! Forgetting what nobody needs any more: once an hour, by one process of all that share the database.

use super::App;
use super::error::Error;
use super::unit::Unit;
use crate::store::deliveries::micros;
use crate::store::housekeeping::{self as rows, Before};
use crate::store::tx::Tx;
use crate::store::{lease, legs};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

const LEASE: &str = "housekeeping";
/// Remembered answers and positions are kept this long.
const LONG_DAYS: i64 = 30;
/// Invites and sign-in codes that ended are kept this long.
const SHORT_DAYS: i64 = 7;
/// Handfuls in one go.
const MOST_ROUNDS: u32 = 1_000;

#[derive(Debug)]
struct TakeTurn {
    owner: String,
    now: DateTime<Utc>,
}

impl Unit for TakeTurn {
    type Output = bool;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        // Never given back before it ends: so the hour's turn is taken once, whoever asks.
        let until = micros(self.now + Duration::minutes(59));
        Ok(lease::acquire(tx, LEASE, &self.owner, micros(self.now), until).await?.is_some())
    }
}

#[derive(Debug)]
struct Forget(Before);

impl Unit for Forget {
    type Output = u64;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<u64, Error> {
        Ok(rows::forget(tx, self.0).await?)
    }
}

impl App {
    /// Forgets what is old, if nobody did within the hour. False when somebody did.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn forget_old(&self, now: DateTime<Utc>) -> Result<bool, Error> {
        let held = lease::find(self.db.read(), LEASE).await?;
        if held.is_some_and(|held| held.until > micros(now)) {
            return Ok(false);
        }
        if !self.lanes.write(TakeTurn { owner: self.owner.clone(), now }).await? {
            return Ok(false);
        }
        let before = Before {
            long_ago: micros(now - Duration::days(LONG_DAYS)),
            recently: micros(now - Duration::days(SHORT_DAYS)),
            visits: micros(now - Duration::days(self.config.dispatch.home_history_days)),
            legs: micros(now).saturating_sub(legs::KEPT),
        };
        for _ in 0..MOST_ROUNDS {
            if self.lanes.write(Forget(before)).await? < rows::AT_ONCE || self.shutdown.is_triggered() {
                break;
            }
        }
        Ok(true)
    }
}
