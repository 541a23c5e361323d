//! When to try again: exponential, with full jitter, so that many failures at once do not come back at once.

use crate::app::Error;
use chrono::{DateTime, Duration, Utc};

/// The first wait is up to this, milliseconds.
const FIRST_MS: u64 = 1_000;
/// No wait is longer, milliseconds.
const LONGEST_MS: u64 = 15 * 60 * 1_000;
/// Tries of what is probably our own mistake.
const TRIES: i32 = 5;

/// How a job failed, as a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Again, not before `at`.
    RetryAt {
        /// When.
        at: DateTime<Utc>,
        /// Why, for people.
        error: String,
    },
    /// For good: a person decides.
    Park {
        /// Why, for people.
        error: String,
    },
}

/// The wait after a number of tries (from 1), in milliseconds: anything from 1 to a bound that doubles each time. `seed`
/// is random.
#[must_use]
pub fn wait_ms(tries: i32, seed: u64) -> u64 {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(0).min(20);
    let bound = FIRST_MS.saturating_mul(1 << doublings).min(LONGEST_MS);
    1 + seed % bound
}

/// [`wait_ms`] from an instant on.
#[must_use]
pub fn next_try(now: DateTime<Utc>, tries: i32, seed: u64) -> DateTime<Utc> {
    now + Duration::milliseconds(i64::try_from(wait_ms(tries, seed)).unwrap_or(1_000))
}

/// What an application error means for a job that was tried so often. What may pass is tried again for as long as it
/// takes; a refusal will not change; what looks like our own mistake is tried a few times.
#[must_use]
pub fn judge(error: &Error, now: DateTime<Utc>, tries: i32, seed: u64) -> Failed {
    let again = || Failed::RetryAt { at: next_try(now, tries, seed), error: error.to_string() };
    let park = || Failed::Park { error: error.to_string() };
    match error {
        Error::Unavailable(_) | Error::Overloaded | Error::Stale | Error::StaleVersion { .. } => again(),
        Error::Refused(_) | Error::Rule(_) => park(),
        Error::Missing | Error::Conflict { .. } | Error::Internal(_) if tries < TRIES => again(),
        Error::Missing | Error::Conflict { .. } | Error::Internal(_) => park(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_never_nothing_and_never_above_its_bound(tries in 0..200_i32, seed in any::<u64>()) {
            let wait = wait_ms(tries, seed);
            let bound = if tries <= 1 { FIRST_MS } else if tries >= 11 { LONGEST_MS } else { FIRST_MS << (tries - 1) };
            prop_assert!((1..=bound.min(LONGEST_MS)).contains(&wait));
        }
    }

    #[test]
    fn the_bound_doubles_until_the_longest_wait() {
        let longest = |tries| wait_ms(tries, FIRST_MS.wrapping_mul(1 << (tries - 1)).min(LONGEST_MS) - 1);
        assert_eq!([longest(1), longest(2), longest(5), longest(11)], [1_000, 2_000, 16_000, LONGEST_MS]);
    }

    #[test]
    fn an_outage_is_waited_out_a_refusal_is_not_and_a_mistake_is_tried_a_few_times() {
        let now = DateTime::UNIX_EPOCH;
        let retries = |error: &Error, tries| matches!(judge(error, now, tries, 7), Failed::RetryAt { .. });
        assert!(retries(&Error::Unavailable("gone".to_owned()), 1_000));
        assert!(retries(&Error::internal("odd"), 4) && !retries(&Error::internal("odd"), 5));
        assert!(!retries(&Error::rule("no", "never"), 1));
    }
}
