//! Whether somebody can have come from one place to another in the time between: satellite receivers jump, and some
//! phones tell places they are not at.

use super::point::Point;
use chrono::TimeDelta;

/// No courier moves faster, in metres per second (180 km/h).
const FASTEST_M_PER_S: f64 = 50.0;
/// Receivers among high houses are off by this much, in metres, whatever accuracy they name.
const SLACK_M: f64 = 250.0;

/// Whether a phone that was at `from` can be at `to` after (or can have been there before) this time. `accuracy_m` is
/// what the phones say of both places, together.
#[must_use]
pub fn is_plausible(from: Point, to: Point, between: TimeDelta, accuracy_m: f64) -> bool {
    let seconds = between.abs().to_std().unwrap_or_default().as_secs_f64();
    from.distance_m(to) <= SLACK_M + accuracy_m.max(0.0) + FASTEST_M_PER_S * seconds
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn edge_43_a_jump_is_told_from_a_ride_and_from_an_inexact_receiver() {
        let here = Point::new(37.55, 126.95).unwrap();
        // 1,112 m north.
        let there = Point::new(37.56, 126.95).unwrap();
        let after = |seconds| is_plausible(here, there, TimeDelta::seconds(seconds), 0.0);
        assert!(!after(0) && !after(10), "over 100 m/s");
        assert!(after(20) && after(600) && after(-20));
        assert!(is_plausible(here, there, TimeDelta::zero(), 1_000.0), "the phone said so itself");
        assert!(is_plausible(here, here, TimeDelta::zero(), 0.0));
        let far = Point::new(-37.55, -53.05).unwrap();
        assert!(!is_plausible(here, far, TimeDelta::hours(16), 0.0));
    }
}
