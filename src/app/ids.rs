//! Ids and secrets of one unit of work. A unit may be run again after a neighbour's failure, so whatever it draws must
//! come out the same: everything follows from a seed drawn once.

use super::ports::Entropy;
use callahead_domain::id::{DeliveryId, EventId, HandOffId, JobId};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU32, Ordering};

/// A source of ids that begins anew with each [`Ids::restart`].
#[derive(Debug)]
pub struct Ids {
    now: DateTime<Utc>,
    seed: [u8; 16],
    drawn: AtomicU32,
}

impl Ids {
    /// A source for one unit.
    pub fn new(now: DateTime<Utc>, entropy: &dyn Entropy) -> Ids {
        Ids { now, seed: entropy.sixteen(), drawn: AtomicU32::new(0) }
    }

    /// To be called when the unit starts to run.
    pub fn restart(&self) {
        self.drawn.store(0, Ordering::Relaxed);
    }

    fn ten(&self) -> [u8; 10] {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let hash = Sha256::new().chain_update(self.seed).chain_update(count.to_be_bytes()).finalize();
        let mut out = [0; 10];
        out.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        out
    }

    /// An event's id.
    pub fn event(&self) -> EventId {
        EventId::from_parts(self.now, self.ten())
    }

    /// A job's id.
    pub fn job(&self) -> JobId {
        JobId::from_parts(self.now, self.ten())
    }

    /// A hand-off's id.
    pub fn hand_off(&self) -> HandOffId {
        HandOffId::from_parts(self.now, self.ten())
    }

    /// A delivery's id.
    pub fn delivery(&self) -> DeliveryId {
        DeliveryId::from_parts(self.now, self.ten())
    }

    /// Any other id.
    pub fn make<T>(&self, from_parts: fn(DateTime<Utc>, [u8; 10]) -> T) -> T {
        from_parts(self.now, self.ten())
    }
}
