//! Travel times between the points of one problem, each asked once where that is allowed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::schedule::instant;
use crate::geo::{Point, TravelTimes};

/// With more points than this the table would take more than 36 MB, and every leg is asked anew.
const MAX_REMEMBERED: usize = 3_000;

/// One second in microseconds.
pub(super) const SECOND_US: i64 = 1_000_000;

/// A point of the problem, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot(usize);

pub(super) struct Legs<'a> {
    travel: &'a dyn TravelTimes,
    points: Vec<Point>,
    numbers: HashMap<(u64, u64), usize>,
    /// Seconds plus one by pair; 0 is not asked yet. Empty if nothing is remembered.
    table: Vec<u32>,
}

impl<'a> Legs<'a> {
    pub(super) fn new(travel: &'a dyn TravelTimes, all: impl Iterator<Item = Point>) -> Self {
        let mut legs = Self { travel, points: Vec::new(), numbers: HashMap::new(), table: Vec::new() };
        for point in all {
            let next = legs.points.len();
            let number = *legs.numbers.entry(key(point)).or_insert(next);
            if number == next {
                legs.points.push(point);
            }
        }
        let count = legs.points.len();
        if !travel.varies_with_departure() && count <= MAX_REMEMBERED {
            legs.table = vec![0; count.saturating_mul(count)];
        }
        legs
    }

    /// The number of a point that was named at the start; an unknown one counts as the first.
    pub(super) fn spot(&self, point: Point) -> Spot {
        Spot(self.numbers.get(&key(point)).copied().unwrap_or(0))
    }

    /// Microseconds from one point to another.
    pub(super) fn leg_us(&mut self, from: Spot, to: Spot, departing_us: i64) -> i64 {
        let place = from.0.saturating_mul(self.points.len()).saturating_add(to.0);
        if let Some(known) = self.table.get(place).and_then(|seconds| seconds.checked_sub(1)) {
            return i64::from(known).saturating_mul(SECOND_US);
        }
        let seconds = self.ask(from, to, instant(departing_us));
        if let Some(slot) = self.table.get_mut(place) {
            *slot = seconds.saturating_add(1);
        }
        i64::from(seconds).saturating_mul(SECOND_US)
    }

    fn ask(&self, from: Spot, to: Spot, departing: DateTime<Utc>) -> u32 {
        match (self.points.get(from.0), self.points.get(to.0)) {
            (Some(from), Some(to)) => self.travel.travel_s(*from, *to, departing),
            _ => 0,
        }
    }
}

fn key(point: Point) -> (u64, u64) {
    (point.lat().to_bits(), point.lon().to_bits())
}
