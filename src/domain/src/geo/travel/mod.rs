//! How long a courier takes from one point to another: the port, and what answers through it.
//!
//! [`GreatCircle`] needs nothing; [`Learned`] is the same with the speeds that finished legs have taught ([`speeds`]);
//! [`Table`] looks up what a table service has told before, and [`Matrix`] what the operator's own file says. Both of
//! these fall back to [`Learned`] pair by pair, so that there is always an answer.

mod learned;
pub mod matrix;
pub mod speeds;
mod table;

pub use learned::Learned;
pub use matrix::{Matrix, MatrixFault, OnMatrix};
pub use speeds::{Count, Speeds};
pub use table::{Cell, Pairs, Table};

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::point::{Point, distance_m};

/// Travel times of couriers. Implementations must be deterministic and must always answer: where an outside
/// source fails they fall back by themselves, so that dispatch is never blocked.
pub trait TravelTimes: Send + Sync {
    /// Seconds from one point to another for a courier departing at that moment. Zero from a point to itself.
    fn travel_s(&self, from: Point, to: Point, departing: DateTime<Utc>) -> u32;

    /// Whether the answer may differ with the moment of departure. Where it does not, the engine remembers
    /// answers per pair of points and asks each pair once.
    fn varies_with_departure(&self) -> bool {
        true
    }
}

/// Great circle distance, times a detour factor, at one speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GreatCircle {
    /// Length of the way on streets by the straight line; 1.0 and up, 1.3 to 1.4 in towns.
    pub detour: f64,
    /// Speed in metres per second, above zero. Anything else counts as one metre per second.
    pub speed_m_per_s: f64,
    /// The result is rounded up to a multiple of this many seconds; 0 counts as 1.
    pub round_up_to_s: u32,
}

impl Default for GreatCircle {
    /// A bicycle or scooter in town: 1.35 times the straight line at 5 m/s (18 km/h), whole seconds.
    fn default() -> Self {
        Self { detour: 1.35, speed_m_per_s: 5.0, round_up_to_s: 1 }
    }
}

/// A point by its exact numbers, as a key.
type Key = (u64, u64);

fn key(point: Point) -> Key {
    (point.lat().to_bits(), point.lon().to_bits())
}

/// Whole seconds, rounded up to a multiple of `to_s` (0 counts as 1); what does not fit counts as the most there is, and
/// what is no number or below zero as none.
#[must_use]
pub fn round_up_s(seconds: f64, to_s: u32) -> u32 {
    ceil_s(seconds).checked_next_multiple_of(to_s.max(1)).unwrap_or(u32::MAX)
}

/// Whole seconds, rounded up; what does not fit counts as the most there is.
fn ceil_s(seconds: f64) -> u32 {
    if seconds.is_nan() || seconds <= 0.0 {
        return 0;
    }
    let whole = Duration::try_from_secs_f64(seconds.ceil()).map_or(u64::MAX, |length| length.as_secs());
    u32::try_from(whole).unwrap_or(u32::MAX)
}

impl TravelTimes for GreatCircle {
    fn travel_s(&self, from: Point, to: Point, _departing: DateTime<Utc>) -> u32 {
        let usable = self.speed_m_per_s.is_finite() && self.speed_m_per_s > 0.0;
        let speed = if usable { self.speed_m_per_s } else { 1.0 };
        let detour = if self.detour.is_finite() { self.detour.max(1.0) } else { 1.0 };
        round_up_s(distance_m(from, to) * detour / speed, self.round_up_to_s)
    }

    fn varies_with_departure(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    #[test]
    fn staying_takes_no_time_and_a_kilometre_is_rounded_up() {
        let travel = GreatCircle { detour: 1.0, speed_m_per_s: 5.0, round_up_to_s: 60 };
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(travel.travel_s(at(1.0, 2.0), at(1.0, 2.0), now), 0);
        // 0.009 degrees of latitude are 1,000.8 m: 200.2 s, so four whole minutes.
        assert_eq!(travel.travel_s(at(0.0, 0.0), at(0.009, 0.0), now), 240);
    }

    #[test]
    fn senseless_parameters_still_give_an_answer() {
        let now = DateTime::UNIX_EPOCH;
        for speed_m_per_s in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
            let travel = GreatCircle { detour: f64::NAN, speed_m_per_s, round_up_to_s: 0 };
            assert!(travel.travel_s(at(0.0, 0.0), at(10.0, 0.0), now) > 0);
        }
    }

    proptest! {
        #[test]
        fn a_way_over_a_third_point_is_never_shorter(
            a in (-80.0..80.0, -170.0..170.0), b in (-80.0..80.0, -170.0..170.0), c in (-80.0..80.0, -170.0..170.0)
        ) {
            let travel = GreatCircle::default();
            let (a, b, c) = (at(a.0, a.1), at(b.0, b.1), at(c.0, c.1));
            let leg = |x, y| u64::from(travel.travel_s(x, y, DateTime::UNIX_EPOCH));
            prop_assert!(leg(a, c) <= leg(a, b) + leg(b, c));
        }
    }
}
