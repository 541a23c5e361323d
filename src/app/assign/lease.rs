//! The turn to plan regions: a lease for each, all those of a part together, held while there is something to write.
//!
//! A part ([`super::parts`]) is planned only by the process that holds the leases of all its regions. Processes may see
//! different parts for a moment (a shift just began or ended), but a delivery is in one region and a courier's regions are
//! in one part for each of them, so whoever may write for it holds that region's lease. Leases are taken all or none, in
//! the order of their names, and given up when a round finds nothing to write, so that the process that hears of the
//! next change can act on it itself. A process that dies keeps its regions from others for [`LASTS_S`] at most.

use super::super::App;
use super::super::error::Error;
use super::super::unit::Unit;
use super::parts::Part;
use crate::store::deliveries::micros;
use crate::store::lease::{self, Held};
use crate::store::tx::Tx;
use callahead_domain::id::RegionId;
use chrono::{DateTime, Duration, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Leases of regions are named so, the region's id behind it.
const START: &str = "dispatch/";
/// How long a turn lasts unless it is renewed; after a crash the part stands still this long at most.
const LASTS_S: i64 = 8;
/// It is renewed when less than this is left.
const RENEW_S: i64 = 4;

fn name(region: RegionId) -> String {
    format!("{START}{region}")
}

/// Names in the order in which leases are taken.
fn names(part: &Part) -> Vec<String> {
    let mut names: Vec<String> = part.regions.iter().map(|region| name(*region)).collect();
    names.sort_unstable();
    names
}

/// Who has the turn where, at one look.
#[derive(Debug)]
pub(super) struct Turns {
    now: i64,
    mine: HashMap<String, Held>,
    others: HashMap<String, Held>,
}

impl Turns {
    /// What is stored.
    pub(super) async fn read(app: &App, now: DateTime<Utc>) -> Result<Turns, Error> {
        let now_us = micros(now);
        let rows = lease::beginning_with(app.db.read(), START).await?;
        let held = rows.into_iter().filter(|row| row.until > now_us).map(|row| {
            (row.name.clone(), Held { name: row.name, owner: row.owner, fence: row.fence, until: row.until })
        });
        let (mine, others) = held.partition(|(_, held)| held.owner == app.owner);
        Ok(Turns { now: now_us, mine, others })
    }

    /// Whether another process plans a region of this part.
    pub(super) fn is_elsewhere(&self, part: &Part) -> bool {
        part.regions.iter().any(|region| self.others.contains_key(&name(*region)))
    }

    /// Takes or keeps the part's leases; none when another process was faster, and then none of them is held.
    pub(super) async fn take(&self, app: &App, part: &Part) -> Result<Option<Vec<Held>>, Error> {
        let names = names(part);
        let renew_at = self.now.saturating_add(RENEW_S.saturating_mul(1_000_000));
        let kept = names.iter().map(|name| self.mine.get(name).filter(|held| held.until > renew_at).cloned());
        if let Some(held) = kept.collect() {
            return Ok(Some(held));
        }
        let until = self.now.saturating_add(micros_of(Duration::seconds(LASTS_S)));
        let (now, owner) = (self.now, app.owner.clone());
        app.lanes.write(Take { key: part.key(), names, owner, now, until }).await
    }

    /// Leaves the part to others at once; without it they wait until the turn ends.
    pub(super) async fn give_up(&self, app: &App, part: &Part) {
        let names = names(part).into_iter().filter(|name| self.mine.contains_key(name)).collect();
        give_up(app, names, part.key()).await;
    }
}

fn micros_of(length: Duration) -> i64 {
    length.num_microseconds().unwrap_or(i64::MAX)
}

/// Leaves all turns of this process to others.
pub(super) async fn give_all_up(app: &App, now: DateTime<Utc>) {
    if let Ok(turns) = Turns::read(app, now).await {
        give_up(app, turns.mine.into_keys().collect(), Uuid::nil()).await;
    }
}

async fn give_up(app: &App, names: Vec<String>, key: Uuid) {
    if names.is_empty() {
        return;
    }
    if let Err(error) = app.lanes.write(GiveUp { key, names, owner: app.owner.clone() }).await {
        tracing::debug!(%error, "the turn to plan ends by itself");
    }
}

#[derive(Debug)]
struct Take {
    key: Uuid,
    names: Vec<String>,
    owner: String,
    now: i64,
    until: i64,
}

impl Unit for Take {
    type Output = Option<Vec<Held>>;

    fn key(&self) -> Uuid {
        self.key
    }

    async fn run(&self, tx: &Tx) -> Result<Option<Vec<Held>>, Error> {
        Ok(lease::hold_all(tx, &self.names, &self.owner, self.now, self.until).await?)
    }
}

#[derive(Debug)]
struct GiveUp {
    key: Uuid,
    names: Vec<String>,
    owner: String,
}

impl Unit for GiveUp {
    type Output = u64;

    fn key(&self) -> Uuid {
        self.key
    }

    async fn run(&self, tx: &Tx) -> Result<u64, Error> {
        Ok(lease::release_all(tx, &self.names, &self.owner).await?)
    }
}

/// The leases a courier's changes rest on: of one region of theirs, which no other process can plan them without, and of
/// the regions of the deliveries that change.
pub(super) fn needed(held: &[Held], courier: &[RegionId], deliveries: &[RegionId]) -> Vec<Held> {
    let theirs = courier.iter().min().into_iter();
    let mut names: Vec<String> = theirs.chain(deliveries).map(|region| name(*region)).collect();
    names.sort_unstable();
    names.dedup();
    held.iter().filter(|held| names.contains(&held.name)).cloned().collect()
}
