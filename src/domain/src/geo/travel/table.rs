//! What a table service has told, remembered within bounds, and looked up by pairs of places.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Learned, TravelTimes};
use crate::geo::point::Point;

/// A place to about ten metres: a square of a ten-thousandth of a degree. What is asked and remembered of a point is its
/// square, so that a phone at rest is one place and nobody is told an exact address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    lat: i32,
    lon: i32,
}

/// Squares in a degree.
const IN_A_DEGREE: f64 = 10_000.0;

impl Cell {
    /// The square a point lies in.
    #[must_use]
    pub fn of(point: Point) -> Self {
        #[expect(
            clippy::as_conversions,
            reason = "whole and at most 1,800,000, since points lie on the earth"
        )]
        let squares = |degrees: f64| (degrees * IN_A_DEGREE).round() as i32;
        Self { lat: squares(point.lat()), lon: squares(point.lon()) }
    }

    /// Latitude and longitude of its middle, in degrees.
    #[must_use]
    pub fn middle(self) -> (f64, f64) {
        (f64::from(self.lat) / IN_A_DEGREE, f64::from(self.lon) / IN_A_DEGREE)
    }
}

type Told = HashMap<(Cell, Cell), Option<u32>>;

/// Travel times by pair, in two generations: when the younger one is full or has served half its time, it becomes the
/// older one, and what was older is forgotten. So nothing is older than the age given, and never more is held than the
/// most given. A clone shares what is remembered.
#[derive(Debug, Clone)]
pub struct Pairs {
    young: Arc<Told>,
    old: Arc<Told>,
    since: DateTime<Utc>,
    most: usize,
    age: TimeDelta,
}

impl Pairs {
    /// Nothing yet; holds at most `most` pairs, each for at most `age`.
    #[must_use]
    pub fn new(most: usize, age: TimeDelta) -> Self {
        let nothing = Arc::new(HashMap::new());
        Self { young: Arc::clone(&nothing), old: nothing, since: DateTime::UNIX_EPOCH, most, age }
    }

    /// `None` when nothing was told (or it was forgotten), `Some(None)` when it was told that there is no way, else the
    /// seconds.
    #[must_use]
    pub fn get(&self, from: Cell, to: Cell) -> Option<Option<u32>> {
        let pair = (from, to);
        self.young.get(&pair).or_else(|| self.old.get(&pair)).copied()
    }

    /// Remembers what was told now; what does not fit into a generation is not remembered.
    pub fn learn(&mut self, now: DateTime<Utc>, told: impl IntoIterator<Item = ((Cell, Cell), Option<u32>)>) {
        self.forget(now);
        let room = (self.most / 2).saturating_sub(self.young.len());
        Arc::make_mut(&mut self.young).extend(told.into_iter().take(room));
    }

    /// Forgets what is too old now.
    pub fn forget(&mut self, now: DateTime<Utc>) {
        let served = now - self.since;
        if served >= self.age {
            self.old = Arc::new(HashMap::new());
            self.young = Arc::clone(&self.old);
            self.since = now;
        } else if served >= self.age / 2 || self.young.len() >= self.most / 2 {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
    }

    /// How many are held; a pair told twice may count twice.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len().saturating_add(self.old.len())
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Travel times from what was told, and from the great circle for every pair nobody told, and for the few metres within
/// one square.
#[derive(Debug, Clone)]
pub struct Table {
    pairs: Pairs,
    fallback: Arc<Learned>,
}

impl Table {
    /// What these pairs say, and else what `fallback` says.
    #[must_use]
    pub fn new(pairs: Pairs, fallback: Arc<Learned>) -> Self {
        Self { pairs, fallback }
    }
}

impl TravelTimes for Table {
    fn travel_s(&self, from: Point, to: Point, departing: DateTime<Utc>) -> u32 {
        let (here, there) = (Cell::of(from), Cell::of(to));
        let told = if here == there { None } else { self.pairs.get(here, there).flatten() };
        told.unwrap_or_else(|| self.fallback.travel_s(from, to, departing))
    }

    fn varies_with_departure(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::geo::GreatCircle;

    fn cell(number: i32) -> Cell {
        Cell { lat: number, lon: 0 }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_square_is_eleven_metres_wide_and_known_by_its_middle() {
        let home = Point::new(37.558_04, -126.957_03).unwrap();
        assert_eq!(Cell::of(home).middle(), (37.5580, -126.9570));
        assert_eq!(Cell::of(home), Cell::of(Point::new(37.557_96, -126.956_98).unwrap()));
        assert_ne!(Cell::of(home), Cell::of(Point::new(37.558_06, -126.957_03).unwrap()));
        assert_eq!(Cell::of(Point::new(-90.0, 180.0).unwrap()).middle(), (-90.0, 180.0));
    }

    #[test]
    fn told_times_are_forgotten_by_age_and_by_number() {
        let mut pairs = Pairs::new(8, TimeDelta::seconds(100));
        pairs.learn(at(0), [((cell(1), cell(2)), Some(60)), ((cell(2), cell(1)), None)]);
        assert_eq!(pairs.get(cell(1), cell(2)), Some(Some(60)));
        assert_eq!(pairs.get(cell(2), cell(1)), Some(None), "there is no way, and that is known");
        assert_eq!(pairs.get(cell(1), cell(3)), None);
        // Half the time later they are the older generation, and known still; at a hundred seconds they are gone.
        pairs.learn(at(60), [((cell(3), cell(4)), Some(30))]);
        assert_eq!((pairs.get(cell(1), cell(2)), pairs.len()), (Some(Some(60)), 3));
        pairs.forget(at(111));
        assert_eq!((pairs.get(cell(1), cell(2)), pairs.get(cell(3), cell(4))), (None, Some(Some(30))));
        pairs.forget(at(300));
        assert!(pairs.is_empty());
        for number in 0..50 {
            pairs.learn(at(300), [((cell(number), cell(-1)), Some(1))]);
            assert!(pairs.len() <= 8, "{}", pairs.len());
        }
        assert_eq!(pairs.get(cell(49), cell(-1)), Some(Some(1)), "the newest is among them");
        let many = (0..50).map(|number| ((cell(number), cell(-2)), Some(1)));
        pairs.learn(at(300), many);
        assert!(pairs.len() <= 8, "{}", pairs.len());
    }

    #[test]
    fn what_nobody_told_is_the_great_circle() {
        let point = |lat| Point::new(lat, 0.0).unwrap();
        let (a, b, c) = (point(0.0), point(0.009), point(0.018));
        let mut pairs = Pairs::new(100, TimeDelta::hours(1));
        let pair = |from, to| (Cell::of(from), Cell::of(to));
        pairs.learn(at(0), [(pair(a, b), Some(999)), (pair(b, c), None), (pair(a, a), Some(77))]);
        let straight = GreatCircle { detour: 1.0, speed_m_per_s: 5.0, round_up_to_s: 1 };
        let table = Table::new(pairs, Arc::new(straight.into()));
        assert_eq!(table.travel_s(a, b, at(0)), 999);
        assert_eq!(table.travel_s(b, a, at(0)), straight.travel_s(b, a, at(0)), "never asked");
        assert_eq!(table.travel_s(b, c, at(0)), straight.travel_s(b, c, at(0)), "no way");
        assert_eq!(table.travel_s(a, a, at(0)), 0);
    }
}
