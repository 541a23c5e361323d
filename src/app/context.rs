//! What every use case needs, shared by all threads of the process.

use super::assign::Planned;
use super::book::BookCell;
use super::courier::watch::Watched;
use super::ids::Ids;
use super::ledger::Ledger;
use super::ports::{Clock, Entropy};
use super::secret::Secrets;
use super::speeds::LearnedSpeeds;
use super::unit::Lanes;
use crate::config::Config;
use crate::lifecycle::Shutdown;
use crate::store::db::Db;
use crate::travel::Travel;
use callahead_domain::policy::Policy;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Bells that wake this process's own workers; polling repairs what a bell missed.
#[derive(Debug, Default)]
pub struct Bells {
    /// A job or an alarm may be due.
    pub work: Notify,
    /// Something changed that assignment should look at.
    pub dispatch: Notify,
    /// A new event is there for streams.
    pub events: tokio::sync::watch::Sender<u64>,
}

impl Bells {
    /// Rings all of them: something was committed.
    pub fn ring(&self) {
        self.work.notify_one();
        self.dispatch.notify_one();
        self.events.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Principals seen a moment ago, so that a busy key is not looked up for every request. Kept so short that a revoked
/// key is refused everywhere within a second.
#[derive(Debug, Default)]
pub struct SeenKeys(Mutex<HashMap<Vec<u8>, (Instant, super::auth::Principal)>>);

/// How long a principal is believed without looking again.
const BELIEVED: Duration = Duration::from_millis(400);

impl SeenKeys {
    /// The principal seen under this hash a moment ago.
    pub fn get(&self, hash: &[u8]) -> Option<super::auth::Principal> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(hash).filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, principal)| *principal)
    }

    /// Remembers one.
    pub fn put(&self, hash: Vec<u8>, principal: super::auth::Principal) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > 10_000 {
            seen.retain(|_, (at, _)| at.elapsed() < BELIEVED);
        }
        seen.insert(hash, (Instant::now(), principal));
    }

    /// Forgets all: a credential changed here.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The application.
pub struct App {
    /// Settings.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// The only way to write.
    pub lanes: Lanes,
    /// Where money is written.
    pub ledger: Ledger,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// What is derived from the master key.
    pub secrets: Secrets,
    /// Regions, policies, shops.
    pub book: BookCell,
    /// The rules where a region says nothing.
    pub default_policy: Policy,
    /// How long a way takes.
    pub travel: Travel,
    /// The speeds learned, as they were added up last.
    pub speeds: LearnedSpeeds,
    /// Wakes the workers.
    pub bells: Bells,
    /// What was planned and found in order.
    pub planned: Planned,
    /// Whose phones hold a stream open.
    pub watched: Watched,
    /// Credentials seen a moment ago.
    pub seen: SeenKeys,
    /// Told when the process should end.
    pub shutdown: Shutdown,
    /// This process's name in leases.
    pub owner: String,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl App {
    /// Ids for one unit of work that starts now.
    pub fn ids(&self) -> Ids {
        Ids::new(self.clock.now(), self.entropy.as_ref())
    }

    /// Reads the book again; called after a change here and when another replica has a newer edition.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reload_book(&self) -> Result<(), super::Error> {
        let book = super::book::Book::read(&self.db, &self.default_policy).await?;
        self.book.set(book);
        Ok(())
    }

    /// The address of a customer's page.
    pub fn link_url(&self, token: &str) -> String {
        format!("{}/t/{token}", self.config.server.public_url)
    }
}
