//! The seam between the simulated town and the service it uses: where it answers, and who moves its clock.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::app::ports::Clock;
use crate::lifecycle::Shutdown;

/// A service in this process that stands still until it is told to go on: its clock is moved by hand, and what
/// is due is done when asked.
pub trait Host: Send + Sync {
    /// Where its API answers, without a slash at the end.
    fn base_url(&self) -> String;

    /// A key with the role operator.
    fn operator_key(&self) -> String;

    /// The service's clock.
    fn now(&self) -> DateTime<Utc>;

    /// Moves the clock forward; an instant that has passed changes nothing.
    fn set_now(&self, at: DateTime<Utc>);

    /// Does every due alarm and job and one round of dispatch, again until nothing more is due at this instant.
    fn settle<'a>(&'a self) -> BoxFuture<'a, Result<(), String>>;

    /// The earliest alarm or job that is not due yet.
    fn next_due<'a>(&'a self) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, String>>;

    /// What a look into the store finds wrong that cannot be seen from outside: folds that do not give the state,
    /// broken hash chains, jobs without a delivery. Empty when all is well.
    fn audit<'a>(&'a self) -> BoxFuture<'a, Result<Vec<String>, String>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A clock that runs `speed` times as fast as the machine's, from `start` on. Never goes backwards.
#[derive(Debug, Clone, Copy)]
pub struct ScaledClock {
    start: DateTime<Utc>,
    began: Instant,
    speed: f64,
}

impl ScaledClock {
    /// Stands at `start` now. A speed that is not above zero counts as 1.
    #[must_use]
    pub fn new(start: DateTime<Utc>, speed: f64) -> ScaledClock {
        let usable = speed.is_finite() && speed > 0.0;
        ScaledClock { start, began: Instant::now(), speed: if usable { speed } else { 1.0 } }
    }

    fn after(&self, elapsed: Duration) -> DateTime<Utc> {
        let scaled = Duration::try_from_secs_f64(elapsed.as_secs_f64() * self.speed).unwrap_or(Duration::MAX);
        let micros = i64::try_from(scaled.as_micros()).unwrap_or(i64::MAX);
        let shown = self.start.timestamp_micros().saturating_add(micros);
        DateTime::from_timestamp_micros(shown).unwrap_or(self.start)
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> DateTime<Utc> {
        self.after(self.began.elapsed())
    }
}

/// How the robots' time passes.
pub enum Pace<'a> {
    /// As fast as the work is done: the robots move the service's clock.
    Simulated(&'a dyn Host),
    /// By the service's own clock, `speed` times as fast as the machine's; the service works by itself.
    Running {
        /// The clock the service runs on.
        clock: Arc<dyn Clock>,
        /// Seconds of that clock in one second.
        speed: f64,
        /// Ends the waiting.
        stop: Shutdown,
    },
}

impl fmt::Debug for Pace<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pace::Simulated(host) => write!(out, "Simulated({})", host.base_url()),
            Pace::Running { speed, .. } => write!(out, "Running(x{speed})"),
        }
    }
}

/// The longest single wait, so that a far instant does not overflow a timer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Pace<'_> {
    /// The service's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Pace::Simulated(host) => host.now(),
            Pace::Running { clock, .. } => clock.now(),
        }
    }

    /// Goes on to an instant. Answers whether there is any point in going on after it.
    pub async fn wait_until(&self, at: DateTime<Utc>) -> bool {
        match self {
            Pace::Simulated(host) => {
                host.set_now(at);
                true
            }
            Pace::Running { clock, speed, stop } => {
                while clock.now() < at && !stop.is_triggered() {
                    let nap = real_time(at - clock.now(), *speed).min(LONGEST_WAIT);
                    tokio::select! {
                        () = tokio::time::sleep(nap) => {}
                        () = stop.wait() => {}
                    }
                }
                !stop.is_triggered()
            }
        }
    }

    /// Lets the service finish what is due now; nothing to do where it works by itself.
    ///
    /// # Errors
    /// In the service's words, when its own work fails.
    pub async fn settle(&self) -> Result<(), String> {
        match self {
            Pace::Simulated(host) => host.settle().await,
            Pace::Running { .. } => Ok(()),
        }
    }

    /// When the service has something to do next, if it must be woken for it.
    ///
    /// # Errors
    /// In the service's words, when it cannot tell.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, String> {
        match self {
            Pace::Simulated(host) => host.next_due().await,
            Pace::Running { .. } => Ok(None),
        }
    }

    /// Whether the robots move the clock.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        matches!(self, Pace::Simulated(_))
    }
}

/// The machine's time for a span of the scaled clock, at least a millisecond.
fn real_time(span: TimeDelta, speed: f64) -> Duration {
    let seconds = span.to_std().unwrap_or_default().as_secs_f64() / speed.max(f64::MIN_POSITIVE);
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_passes_sixty_seconds_in_one() {
        let start = DateTime::UNIX_EPOCH;
        let clock = ScaledClock::new(start, 60.0);
        assert_eq!(clock.after(Duration::from_millis(1_500)) - start, TimeDelta::seconds(90));
        assert_eq!(
            ScaledClock::new(start, f64::NAN).after(Duration::from_secs(2)) - start,
            TimeDelta::seconds(2)
        );
        assert!(clock.now() >= start);
    }

    #[test]
    fn a_span_takes_its_share_of_real_time() {
        assert_eq!(real_time(TimeDelta::seconds(60), 30.0), Duration::from_secs(2));
        assert_eq!(real_time(TimeDelta::seconds(-5), 30.0), Duration::from_millis(1));
    }
}
