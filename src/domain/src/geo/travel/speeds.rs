//! Speeds learned from the legs couriers finished: plain sums, drawn towards what is expected as long as they are small.
//!
//! A leg counts its great circle metres and its seconds for the region it ends in, the courier's vehicle, and the hour
//! of the day in the region's zone at which it began. A speed is metres by seconds over all legs of a kind, with
//! [`PRIOR_LEGS`] legs added that go at the speed expected: for an hour that is the speed of the whole day, and for
//! the whole day the configured one. So a handful of legs moves little, hundreds decide, and an hour nobody drove in is
//! like the rest of the day.

use std::collections::BTreeMap;

use crate::courier::Vehicle;
use crate::id::RegionId;

/// What is expected weighs as much as this many legs of [`PRIOR_LEG_M`].
pub const PRIOR_LEGS: u32 = 20;
/// Great circle metres of such a leg.
pub const PRIOR_LEG_M: u32 = 1_000;
/// Nearer than this, looking for the door is most of the time.
const SHORTEST_M: f64 = 100.0;
/// Slower than this on the great circle somebody did something else on the way; in metres per second.
const SLOWEST_M_PER_S: f64 = 0.4;
/// Hours of a day.
pub const HOURS: u32 = 24;

/// The most a vehicle makes on the great circle over a whole leg, in metres per second.
const fn fastest_m_per_s(vehicle: Vehicle) -> f64 {
    match vehicle {
        Vehicle::Foot => 4.0,
        Vehicle::Bicycle => 12.0,
        Vehicle::Scooter => 20.0,
        Vehicle::Car => 30.0,
    }
}

/// Whether a leg says anything of the speed of a vehicle: long enough, and neither faster than the vehicle is nor slower
/// than somebody who walks straight there. Zero or negative seconds never do.
#[must_use]
pub fn is_telling(vehicle: Vehicle, metres: f64, seconds: i64) -> bool {
    let Some(seconds) = u32::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(f64::from) else {
        return false;
    };
    let speed = metres / seconds;
    metres >= SHORTEST_M && (SLOWEST_M_PER_S..=fastest_m_per_s(vehicle)).contains(&speed)
}

/// Legs added up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Count {
    /// How many.
    pub legs: u64,
    /// Great circle metres, by weight.
    pub metres: f64,
    /// Seconds, by the same weight.
    pub seconds: f64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.legs = self.legs.saturating_add(other.legs);
        self.metres += other.metres;
        self.seconds += other.seconds;
    }

    /// Metres per second on the great circle, with the legs added that are expected.
    #[must_use]
    pub fn speed_m_per_s(self, expected_m_per_s: f64) -> f64 {
        let prior_m = f64::from(PRIOR_LEGS) * f64::from(PRIOR_LEG_M);
        (self.metres + prior_m) / (self.seconds + prior_m / expected_m_per_s)
    }
}

/// All that was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Speeds {
    configured_m_per_s: f64,
    counts: BTreeMap<RegionId, BTreeMap<(u32, Option<Vehicle>), Count>>,
}

/// Stands beside the hours of the day for all of them.
const ALL_DAY: u32 = HOURS;

impl Speeds {
    /// Nothing learned yet. The configured speed is on the great circle, in metres per second, above zero.
    #[must_use]
    pub fn new(configured_m_per_s: f64) -> Self {
        Self { configured_m_per_s, counts: BTreeMap::new() }
    }

    /// The configured speed on the great circle, in metres per second.
    #[must_use]
    pub fn configured_m_per_s(&self) -> f64 {
        self.configured_m_per_s
    }

    /// Adds legs of one vehicle in one hour (0 to 23).
    pub fn add(&mut self, region: RegionId, vehicle: Vehicle, hour: u32, count: Count) {
        let of_region = self.counts.entry(region).or_default();
        for hour in [hour % HOURS, ALL_DAY] {
            for vehicle in [Some(vehicle), None] {
                of_region.entry((hour, vehicle)).or_default().add(count);
            }
        }
    }

    /// The legs of a region, vehicle (all of them if `None`) and hour (the whole day if `None`).
    #[must_use]
    pub fn count(&self, region: RegionId, vehicle: Option<Vehicle>, hour: Option<u32>) -> Count {
        let hour = hour.map_or(ALL_DAY, |hour| hour % HOURS);
        let of_region = self.counts.get(&region);
        of_region.and_then(|counts| counts.get(&(hour, vehicle))).copied().unwrap_or_default()
    }

    /// Metres per second on the great circle, in a region with a vehicle (a mean of all if `None`) in an hour (a mean of
    /// the day if `None`).
    #[must_use]
    pub fn speed_m_per_s(&self, region: RegionId, vehicle: Option<Vehicle>, hour: Option<u32>) -> f64 {
        let day = self.count(region, vehicle, None).speed_m_per_s(self.configured_m_per_s);
        match hour {
            None => day,
            Some(_) => self.count(region, vehicle, hour).speed_m_per_s(day),
        }
    }

    /// How much faster than the mean of all a vehicle is there and then; 1 where nothing is known.
    #[must_use]
    pub fn speed_factor(&self, region: RegionId, vehicle: Vehicle, hour: u32) -> f64 {
        let mean = self.speed_m_per_s(region, None, Some(hour));
        self.speed_m_per_s(region, Some(vehicle), Some(hour)) / mean
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn region(number: u8) -> RegionId {
        RegionId::from_parts(chrono::DateTime::UNIX_EPOCH, [number; 10])
    }

    fn legs(legs: u64, metres: f64, seconds: f64) -> Count {
        Count { legs, metres, seconds }
    }

    #[test]
    fn twenty_legs_weigh_as_much_as_what_was_expected() {
        let mut speeds = Speeds::new(4.0);
        let (here, there) = (region(1), region(2));
        let at = |speeds: &Speeds, hour| speeds.speed_m_per_s(here, Some(Vehicle::Scooter), hour);
        assert_eq!(at(&speeds, None), 4.0);
        // 20 km in 10,000 s, at 2 m/s: with 20 km in 5,000 s expected, 40 km in 15,000 s.
        speeds.add(here, Vehicle::Scooter, 18, legs(20, 20_000.0, 10_000.0));
        assert!((at(&speeds, None) - 40_000.0 / 15_000.0).abs() < 1e-9);
        // The hour expects the day's 2.667 m/s (7,500 s for 20 km) and saw 2: 40 km in 17,500 s.
        assert!((at(&speeds, Some(18)) - 40_000.0 / 17_500.0).abs() < 1e-9);
        assert!(
            (at(&speeds, Some(9)) - at(&speeds, None)).abs() < 1e-9,
            "an hour without legs is like the day"
        );
        assert_eq!(speeds.speed_m_per_s(there, None, Some(18)), 4.0, "another region");
        assert_eq!(speeds.speed_m_per_s(here, Some(Vehicle::Car), Some(18)), 4.0, "another vehicle");
        assert_eq!(speeds.count(here, Some(Vehicle::Scooter), Some(18)).legs, 20);
        assert_eq!(speeds.count(here, None, None).legs, 20);
    }

    #[test]
    fn a_fleet_of_one_kind_is_its_own_mean_and_a_walker_is_slower_than_it() {
        let mut speeds = Speeds::new(4.0);
        let here = region(1);
        speeds.add(here, Vehicle::Scooter, 12, legs(500, 1_000_000.0, 200_000.0));
        assert_eq!(speeds.speed_factor(here, Vehicle::Scooter, 12), 1.0);
        speeds.add(here, Vehicle::Foot, 12, legs(500, 250_000.0, 250_000.0));
        let (foot, scooter) =
            (speeds.speed_factor(here, Vehicle::Foot, 12), speeds.speed_factor(here, Vehicle::Scooter, 12));
        assert!(foot < 0.5 && scooter > 1.5, "{foot} {scooter}");
        let mean = speeds.speed_m_per_s(here, None, Some(12));
        let own = speeds.speed_m_per_s(here, Some(Vehicle::Foot), Some(12));
        assert!((mean * foot - own).abs() < 1e-9);
        assert_eq!(speeds.speed_factor(region(9), Vehicle::Foot, 12), 1.0);
    }

    #[test]
    fn legs_that_say_nothing_are_told_apart() {
        let scooter = |metres, seconds| is_telling(Vehicle::Scooter, metres, seconds);
        assert!(scooter(1_000.0, 240) && scooter(100.0, 60));
        assert!(!scooter(99.0, 60), "next door");
        assert!(!scooter(1_000.0, 0) && !scooter(1_000.0, -30), "times that contradict each other");
        assert!(!scooter(1_000.0, 49) && scooter(1_000.0, 50), "faster than it is");
        assert!(!scooter(1_000.0, 2_501) && scooter(1_000.0, 2_500), "a pause on the way");
        assert!(is_telling(Vehicle::Car, 1_500.0, 60) && !is_telling(Vehicle::Foot, 1_500.0, 300));
        assert!(!scooter(f64::NAN, 100) && !scooter(f64::INFINITY, 100));
        assert!(!scooter(1_000.0, i64::MAX) && !scooter(1_000.0, i64::MIN));
    }

    proptest! {
        /// However many legs there are, a speed lies between what is expected and what was seen.
        #[test]
        fn a_speed_lies_between_expectation_and_experience(
            expected in 0.5_f64..30.0, metres in 100.0_f64..1e9, seen in 0.4_f64..30.0
        ) {
            let speed = legs(1, metres, metres / seen).speed_m_per_s(expected);
            let (low, high) = (expected.min(seen), expected.max(seen));
            prop_assert!(low - 1e-9 <= speed && speed <= high + 1e-9, "{} {} {}", low, speed, high);
        }
    }
}
