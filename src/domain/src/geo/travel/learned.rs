//! Great circle distances at the speeds that hold where a way ends.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{GreatCircle, Key, TravelTimes, key};
use crate::geo::point::Point;

/// Great circle distance, times the detour, at the speed that was learned for the place where the way ends; where
/// nothing was, at the configured one. The speeds are those of one hour: a new round has new ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    base: GreatCircle,
    speeds_m_per_s: HashMap<Key, f64>,
}

impl Learned {
    /// `speeds`: by destination, the speed on streets in metres per second.
    pub fn new(base: GreatCircle, speeds: impl IntoIterator<Item = (Point, f64)>) -> Self {
        let speeds_m_per_s = speeds.into_iter().map(|(to, speed)| (key(to), speed)).collect();
        Self { base, speeds_m_per_s }
    }
}

impl From<GreatCircle> for Learned {
    fn from(base: GreatCircle) -> Self {
        Self { base, speeds_m_per_s: HashMap::new() }
    }
}

impl TravelTimes for Learned {
    fn travel_s(&self, from: Point, to: Point, departing: DateTime<Utc>) -> u32 {
        let speed_m_per_s = self.speeds_m_per_s.get(&key(to)).copied().unwrap_or(self.base.speed_m_per_s);
        GreatCircle { speed_m_per_s, ..self.base }.travel_s(from, to, departing)
    }

    fn varies_with_departure(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_way_takes_the_speed_of_where_it_ends() {
        let at = |lat, lon| Point::new(lat, lon).unwrap();
        let base = GreatCircle { detour: 1.0, speed_m_per_s: 5.0, round_up_to_s: 1 };
        let (slow, other) = (at(0.0, 0.009), at(0.009, 0.0));
        let travel = Learned::new(base, [(slow, 2.5)]);
        let now = DateTime::UNIX_EPOCH;
        // 1,000.8 m.
        assert_eq!(travel.travel_s(at(0.0, 0.0), slow, now), 401);
        assert_eq!(travel.travel_s(at(0.0, 0.0), other, now), 201);
        assert_eq!(travel.travel_s(slow, at(0.0, 0.0), now), 201);
        assert!(!travel.varies_with_departure());
    }
}
