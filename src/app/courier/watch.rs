//! Tells phones that hold a stream open when their feed has changed, whichever process changed it.
//!
//! One look for all of them: when a bell rings here, and every second for what another replica did, the versions of all
//! shifts and deliveries behind open streams are read at once and compared with what each phone was told last.

use super::feed::plan_version;
use crate::app::App;
use crate::app::error::Error;
use crate::store::shifts;
use callahead_domain::id::CourierId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// The least time between two looks.
const LEAST_GAP: Duration = Duration::from_millis(100);
/// How often another replica's changes are looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A courier's open streams: how many, and the plan version they were told last.
type Open = HashMap<CourierId, (usize, watch::Sender<String>)>;

/// Whose feeds are watched.
#[derive(Debug, Default)]
pub struct Watched(Arc<Mutex<Open>>);

/// One open stream; the courier is not watched any more when the last one is dropped.
#[derive(Debug)]
pub struct Watching {
    courier: CourierId,
    open: Arc<Mutex<Open>>,
    /// The plan version of the feed.
    pub version: watch::Receiver<String>,
}

impl Watched {
    fn open(&self, courier: CourierId, version: String) -> Watching {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, sender) = open.entry(courier).or_insert_with(|| (0, watch::Sender::new(String::new())));
        *count += 1;
        sender.send_if_modified(|known| std::mem::replace(known, version.clone()) != version);
        Watching { courier, open: Arc::clone(&self.0), version: sender.subscribe() }
    }

    fn couriers(&self) -> Vec<CourierId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn tell(&self, courier: CourierId, version: &str) {
        if let Some((_, sender)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&courier) {
            sender.send_if_modified(|known| {
                let changed = known != version;
                version.clone_into(known);
                changed
            });
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, _)) = open.get_mut(&self.courier) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.courier);
            }
        }
    }
}

impl App {
    /// Watches a courier's feed from now on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn watch_feed(&self, courier: CourierId) -> Result<Watching, Error> {
        let versions = self.feed_versions(&[courier]).await?;
        let now = versions.into_iter().next().map(|(_, version)| version);
        Ok(self.watched.open(courier, now.unwrap_or_default()))
    }

    /// Looks once at all feeds that are watched and tells those whose plan has changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn look_at_feeds(&self) -> Result<(), Error> {
        let couriers = self.watched.couriers();
        if couriers.is_empty() {
            return Ok(());
        }
        for (courier, version) in self.feed_versions(&couriers).await? {
            self.watched.tell(courier, &version);
        }
        Ok(())
    }

    async fn feed_versions(&self, couriers: &[CourierId]) -> Result<Vec<(CourierId, String)>, Error> {
        let ids = couriers.iter().map(|courier| courier.uuid()).collect();
        let mut versions = shifts::feed_versions(self.db.read(), ids).await?;
        let version = |courier: &CourierId| {
            let (shift, deliveries) = versions.remove(&courier.uuid()).unwrap_or_default();
            (*courier, plan_version(shift.into_iter().chain(deliveries)))
        };
        Ok(couriers.iter().map(version).collect())
    }
}

/// Watches until the shutdown.
pub async fn run(app: Arc<App>) {
    let mut bell = app.bells.events.subscribe();
    while !app.shutdown.is_triggered() {
        tokio::select! {
            _ = bell.changed() => {}
            () = sleep(LOOK_AGAIN) => {}
            () = app.shutdown.wait() => return,
        }
        if let Err(error) = app.look_at_feeds().await {
            tracing::warn!(%error, "open streams could not be looked after");
        }
        tokio::select! {
            () = sleep(LEAST_GAP) => {}
            () = app.shutdown.wait() => return,
        }
    }
}
