//! The turn to assign: one process at a time, another within half a minute after the first one died.

use super::super::App;
use super::super::error::Error;
use super::super::unit::Unit;
use crate::store::deliveries::micros;
use crate::store::lease::{self, Held};
use crate::store::tx::Tx;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

const NAME: &str = "dispatch";
/// How long the turn lasts unless it is renewed; after a crash assignment stands still this long at most.
const LASTS_S: i64 = 8;
/// It is renewed when less than this is left.
const RENEW_S: i64 = 4;
/// All of assignment writes in one lane: the lease's row is no bone of contention between lanes.
pub(super) const LANE: Uuid = Uuid::from_u128(0xd15);

/// What is stored of the turn, and what it means for this process.
async fn stored(app: &App) -> Result<Option<Held>, Error> {
    let found = lease::find(app.db.read(), NAME).await?;
    Ok(found.map(|row| Held { name: row.name, owner: row.owner, fence: row.fence, until: row.until }))
}

/// Whether another process has the turn.
pub(super) async fn is_elsewhere(app: &App, now: DateTime<Utc>) -> Result<bool, Error> {
    Ok(stored(app).await?.is_some_and(|held| held.owner != app.owner && held.until > micros(now)))
}

/// Takes or keeps the turn; none when another process was faster.
pub(super) async fn take(app: &App, now: DateTime<Utc>) -> Result<Option<Held>, Error> {
    let mine = stored(app).await?.filter(|held| held.owner == app.owner && held.until > micros(now));
    if let Some(held) = &mine
        && held.until > micros(now + Duration::seconds(RENEW_S))
    {
        return Ok(mine);
    }
    app.lanes.write(Take { mine, owner: app.owner.clone(), now }).await
}

/// Leaves the turn to others at once; without it they wait until it ends.
pub(super) async fn give_up(app: &App, now: DateTime<Utc>) {
    let held = match stored(app).await {
        Ok(Some(held)) if held.owner == app.owner && held.until > micros(now) => held,
        _ => return,
    };
    if let Err(error) = app.lanes.write(GiveUp(held)).await {
        tracing::debug!(%error, "the turn to assign ends by itself");
    }
}

#[derive(Debug)]
struct Take {
    mine: Option<Held>,
    owner: String,
    now: DateTime<Utc>,
}

impl Unit for Take {
    type Output = Option<Held>;

    fn key(&self) -> Uuid {
        LANE
    }

    async fn run(&self, tx: &Tx) -> Result<Option<Held>, Error> {
        let until = micros(self.now + Duration::seconds(LASTS_S));
        if let Some(held) = &self.mine {
            return Ok(lease::renew(tx, held, until).await?);
        }
        Ok(lease::acquire(tx, NAME, &self.owner, micros(self.now), until).await?)
    }
}

#[derive(Debug)]
struct GiveUp(Held);

impl Unit for GiveUp {
    type Output = bool;

    fn key(&self) -> Uuid {
        LANE
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        Ok(lease::release(tx, &self.0).await?)
    }
}
