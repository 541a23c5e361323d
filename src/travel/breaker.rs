//! A circuit breaker: after some failures in a row nothing is asked for a while, then one request tries.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

/// Whether asking makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All is well, but for so many failures in a row.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// Nothing is asked until then.
    Open {
        /// When one request may try.
        until: DateTime<Utc>,
    },
    /// One request tries; by then it has come to something, or another may.
    HalfOpen {
        /// When the next one may try.
        until: DateTime<Utc>,
    },
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Closed { .. } => write!(f, "closed"),
            State::Open { until } => write!(f, "open until {}", until.format("%H:%M:%S UTC")),
            State::HalfOpen { .. } => write!(f, "half open"),
        }
    }
}

/// What may be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// As much as is needed.
    Any,
    /// One request.
    One,
    /// Nothing.
    Nothing,
}

/// The breaker. Time is an argument.
#[derive(Debug, Clone, Copy)]
pub struct Breaker {
    state: State,
    /// Failures in a row that open it.
    most: u32,
    pause: TimeDelta,
}

impl Breaker {
    /// Closed. Opens for `pause` after `most` failures in a row (at least one).
    pub fn new(most: u32, pause: TimeDelta) -> Breaker {
        Breaker { state: State::Closed { failures: 0 }, most: most.max(1), pause }
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// What may be asked now. Whoever is given leave for one request is the only one until it is judged or the pause has
    /// passed again.
    pub fn leave(&mut self, now: DateTime<Utc>) -> Leave {
        match self.state {
            State::Closed { .. } => Leave::Any,
            State::Open { until } | State::HalfOpen { until } if until <= now => {
                self.state = State::HalfOpen { until: now + self.pause };
                Leave::One
            }
            State::Open { .. } | State::HalfOpen { .. } => Leave::Nothing,
        }
    }

    /// A request was answered.
    pub fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// A request was not answered, or not with sense. Failures of requests that left before it opened change nothing.
    pub fn failed(&mut self, now: DateTime<Utc>) {
        let open = State::Open { until: now + self.pause };
        self.state = match self.state {
            State::Closed { failures } if failures.saturating_add(1) < self.most => {
                State::Closed { failures: failures.saturating_add(1) }
            }
            State::Closed { .. } | State::HalfOpen { .. } => open,
            state @ State::Open { .. } => state,
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_request_try_after_the_pause() {
        let mut breaker = Breaker::new(3, TimeDelta::seconds(30));
        breaker.failed(at(0));
        breaker.failed(at(1));
        breaker.succeeded();
        breaker.failed(at(2));
        breaker.failed(at(3));
        assert_eq!(breaker.leave(at(3)), Leave::Any, "a success in between: two in a row");
        breaker.failed(at(4));
        assert_eq!(breaker.state(), State::Open { until: at(34) });
        breaker.failed(at(20));
        assert_eq!(breaker.state(), State::Open { until: at(34) }, "a straggler does not prolong it");
        assert_eq!(breaker.leave(at(33)), Leave::Nothing);
        assert_eq!(breaker.leave(at(34)), Leave::One);
        assert_eq!(breaker.leave(at(35)), Leave::Nothing, "one is enough");
        breaker.failed(at(36));
        assert_eq!(breaker.state(), State::Open { until: at(66) });
        assert_eq!(breaker.leave(at(66)), Leave::One);
        breaker.succeeded();
        assert_eq!((breaker.leave(at(66)), breaker.state()), (Leave::Any, State::Closed { failures: 0 }));
    }

    #[test]
    fn a_try_that_was_never_judged_does_not_keep_it_shut() {
        let mut breaker = Breaker::new(1, TimeDelta::seconds(10));
        breaker.failed(at(0));
        assert_eq!(breaker.leave(at(10)), Leave::One);
        assert_eq!(breaker.leave(at(19)), Leave::Nothing);
        assert_eq!(breaker.leave(at(20)), Leave::One);
    }
}
