//! What the application needs from a world it does not own, as traits: the time of day and randomness.
//!
//! Every room may come in here. The real implementations at the end of each part are the only code that
//! reads the wall clock or the operating system's randomness; everything else is handed a port, so that a
//! test, a replay or a simulated day runs on a clock and a seed of its own.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// The time of day.
pub trait Clock: Debug + Send + Sync {
    /// The instant now, in UTC, cut to whole microseconds (what the database keeps).
    fn now(&self) -> DateTime<Utc>;
}

/// Cuts an instant to whole microseconds, so that what is in memory equals what is read back.
fn to_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// The machine's clock. May jump when the machine's time is set; time-outs use `Instant` instead.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        to_micros(DateTime::from(SystemTime::now()))
    }
}

/// A clock moved by hand, for tests and replays. Shared freely between threads; never goes backwards.
#[derive(Debug)]
pub struct SimClock {
    micros: AtomicI64,
}

impl SimClock {
    /// A clock standing at `start`, cut to whole microseconds.
    #[must_use]
    pub fn new(start: DateTime<Utc>) -> Self {
        Self { micros: AtomicI64::new(start.timestamp_micros()) }
    }

    /// Moves the clock to `at`; an instant already passed leaves it where it is. Answers where it stands.
    pub fn advance_to(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let wanted = at.timestamp_micros();
        self.instant(self.micros.fetch_max(wanted, Ordering::SeqCst).max(wanted))
    }

    /// Moves the clock on by `step` (a negative step does nothing). Answers where it stands.
    pub fn advance_by(&self, step: chrono::TimeDelta) -> DateTime<Utc> {
        let step = step.num_microseconds().unwrap_or(0).max(0);
        self.instant(self.micros.fetch_add(step, Ordering::SeqCst).saturating_add(step))
    }

    fn instant(&self, micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

impl Clock for SimClock {
    fn now(&self) -> DateTime<Utc> {
        self.instant(self.micros.load(Ordering::SeqCst))
    }
}

/// Randomness: ids, tokens, codes, jitter.
pub trait Entropy: Debug + Send + Sync {
    /// Fills all of `out` with random bytes.
    fn fill(&self, out: &mut [u8]);

    /// Ten random bytes: the random part of an id.
    fn ten(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        bytes
    }

    /// Sixteen random bytes (128 bits): an unguessable link.
    fn sixteen(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    /// Thirty-two random bytes (256 bits): a key or a secret.
    fn thirty_two(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }
}

/// The operating system's randomness, fit for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// Ends the process when the system has no randomness: a guessable secret would be worse.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for randomness")]
    fn fill(&self, out: &mut [u8]) {
        if let Err(error) = getrandom::fill(out) {
            tracing::error!(%error, "the operating system gives no randomness; stopping");
            std::process::abort();
        }
    }
}

/// Repeatable randomness from a seed, for tests and replays, never for real secrets: block `n` of the
/// stream is SHA-256(seed, n). One caller at a time sees the same bytes in the same order every run.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: [u8; 8],
    next: AtomicU64,
}

impl SeededEntropy {
    /// The stream that belongs to `seed`, from its start.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed: seed.to_be_bytes(), next: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            let bytes = Sha256::new().chain_update(self.seed).chain_update(block).finalize();
            for (to, from) in chunk.iter_mut().zip(bytes) {
                *to = from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    #[test]
    fn the_system_clock_shows_whole_microseconds_in_this_age() {
        let now = SystemClock.now();
        assert_eq!(now.timestamp_subsec_nanos() % 1_000, 0);
        assert!(now > at(1_700_000_000_000_000));
    }

    #[test]
    fn a_moved_clock_never_goes_backwards() {
        let clock = SimClock::new(at(1_000));
        assert_eq!(clock.advance_to(at(5_000)), at(5_000));
        assert_eq!(clock.advance_to(at(2_000)), at(5_000));
        assert_eq!(clock.advance_by(TimeDelta::microseconds(7)), at(5_007));
        assert_eq!(clock.advance_by(TimeDelta::microseconds(-9)), at(5_007));
        assert_eq!(clock.now(), at(5_007));
    }

    #[test]
    fn one_seed_gives_one_stream_and_another_seed_another() {
        let (a, b, c) = (SeededEntropy::new(7), SeededEntropy::new(7), SeededEntropy::new(8));
        let mut long = [0; 100];
        a.fill(&mut long);
        let mut again = [0; 100];
        b.fill(&mut again);
        assert_eq!(long, again);
        assert_ne!(a.sixteen(), c.sixteen());
        assert_eq!(a.ten().len(), 10);
        assert_ne!(a.thirty_two(), a.thirty_two());
    }

    #[test]
    fn the_systems_bytes_differ_each_time() {
        assert_ne!(OsEntropy.thirty_two(), OsEntropy.thirty_two());
    }
}
