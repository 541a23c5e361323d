//! Travel times between the points of one problem, each asked once where that is allowed.

use std::cell::Cell;
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::schedule::instant;
use crate::geo::travel::round_up_s;
use crate::geo::{Point, TravelTimes};

/// Up to this many points there is a table of all pairs, at most 36 MB; with more, the last asked are remembered.
const MAX_REMEMBERED: usize = 3_000;
/// So many of the last asked, 4 MB. A power of two.
const LAST: u64 = 1 << 18;

/// One second in microseconds.
pub(super) const SECOND_US: i64 = 1_000_000;

/// A point of the problem, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Spot(usize);

pub(super) struct Legs<'a> {
    travel: &'a dyn TravelTimes,
    points: Vec<Point>,
    /// Length of a degree of longitude by that of one of latitude.
    shrink: f64,
    numbers: HashMap<(u64, u64), usize>,
    /// Seconds plus one by pair; 0 is not asked yet. Empty if nothing is remembered.
    table: Vec<Cell<u32>>,
    /// Pair plus one and seconds, by a hash of the pair. Empty if nothing is remembered.
    last: Vec<Cell<(u64, u32)>>,
}

impl<'a> Legs<'a> {
    pub(super) fn new(travel: &'a dyn TravelTimes, all: impl Iterator<Item = Point>) -> Self {
        let mut legs = Self {
            travel,
            points: Vec::new(),
            shrink: 1.0,
            numbers: HashMap::new(),
            table: Vec::new(),
            last: Vec::new(),
        };
        for point in all {
            let next = legs.points.len();
            let number = *legs.numbers.entry(key(point)).or_insert(next);
            if number == next {
                legs.points.push(point);
            }
        }
        let north = legs.points.iter().map(|point| point.lat()).fold(-90.0, f64::max);
        legs.shrink = north.to_radians().cos();
        let count = legs.points.len();
        if !travel.varies_with_departure() {
            if count <= MAX_REMEMBERED {
                legs.table = vec![Cell::new(0); count.saturating_mul(count)];
            } else {
                legs.last = vec![Cell::new((0, 0)); usize::try_from(LAST).unwrap_or(0)];
            }
        }
        legs
    }

    /// The number of a point that was named at the start; an unknown one counts as the first.
    pub(super) fn spot(&self, point: Point) -> Spot {
        Spot(self.numbers.get(&key(point)).copied().unwrap_or(0))
    }

    /// A point on a plane, in degrees of latitude, rightly proportioned at the northernmost.
    pub(super) fn flat(&self, spot: Spot) -> (f64, f64) {
        let shrink = self.shrink;
        self.points.get(spot.0).map_or((0.0, 0.0), |point| (point.lon() * shrink, point.lat()))
    }

    /// Whether the way takes longer at other hours.
    pub(super) fn vary(&self) -> bool {
        self.travel.varies_with_departure()
    }

    /// Microseconds from one point to another for somebody who takes `slowness` times as long as others; whole seconds,
    /// rounded up.
    pub(super) fn leg_us(&self, slowness: f64, from: Spot, to: Spot, departing_us: i64) -> i64 {
        let as_others_s = self.leg_s(from, to, departing_us);
        let own_s =
            if slowness == 1.0 { as_others_s } else { round_up_s(f64::from(as_others_s) * slowness, 1) };
        i64::from(own_s).saturating_mul(SECOND_US)
    }

    fn leg_s(&self, from: Spot, to: Spot, departing_us: i64) -> u32 {
        let place = from.0.saturating_mul(self.points.len()).saturating_add(to.0);
        if let Some(slot) = self.table.get(place) {
            if let Some(known) = slot.get().checked_sub(1) {
                return known;
            }
            let seconds = self.ask(from, to, instant(departing_us));
            slot.set(seconds.saturating_add(1));
            return seconds;
        }
        let pair = u64::try_from(place).unwrap_or(u64::MAX).wrapping_add(1);
        let mixed = pair.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let Some(slot) = self.last.get(usize::try_from(mixed % LAST).unwrap_or(0)) else {
            return self.ask(from, to, instant(departing_us));
        };
        let (known, seconds) = slot.get();
        if known == pair {
            return seconds;
        }
        let seconds = self.ask(from, to, instant(departing_us));
        slot.set((pair, seconds));
        seconds
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
