//! A matrix of travel times that the operator gives: places, and the seconds between any two of them.
//!
//! The file is text. Each line is a place: its latitude, its longitude, and then the seconds to every place of the file,
//! in the order of the lines, parted by commas; `-` where there is no way. Empty lines and lines that begin with `#` are
//! passed over.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Key, Learned, TravelTimes, key, round_up_s};
use crate::geo::point::{Point, distance_m};

/// Most places of a matrix: 16 MB of seconds.
pub const MOST_PLACES: usize = 2_000;
/// No way between two places takes longer than a week.
const LONGEST_S: f64 = 604_800.0;
/// There is no way.
const NO_WAY: u32 = u32::MAX;
/// Faults that are told at most.
const MOST_FAULTS: usize = 20;
/// Metres of a degree of latitude, at least.
const METRES_A_DEGREE: f64 = 110_500.0;

/// What is wrong with a line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixFault {
    /// From 1.
    pub line: usize,
    /// What is wrong with it, in words.
    pub what: String,
}

impl fmt::Display for MatrixFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// Places and the seconds between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    places: Vec<Point>,
    /// Row by origin, column by destination.
    seconds: Vec<u32>,
    /// Places by latitude.
    by_latitude: Vec<(f64, usize)>,
}

impl Matrix {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong, by line; at most twenty faults are told.
    pub fn parse(text: &str) -> Result<Self, Vec<MatrixFault>> {
        let rows: Vec<(usize, &str)> = text
            .lines()
            .zip(1_usize..)
            .map(|(line, number)| (number, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let fault = |line, what: String| MatrixFault { line, what };
        if rows.is_empty() {
            return Err(vec![fault(1, "there is no place in the file".to_owned())]);
        }
        if let Some((line, _)) = rows.get(MOST_PLACES) {
            return Err(vec![fault(*line, format!("more than {MOST_PLACES} places"))]);
        }
        let mut matrix = Self { places: Vec::new(), seconds: Vec::new(), by_latitude: Vec::new() };
        let mut faults = Vec::new();
        let mut seen: HashMap<Key, usize> = HashMap::new();
        for (line, row) in &rows {
            match read_row(row, rows.len()) {
                Ok((place, seconds)) => {
                    if let Some(first) = seen.insert(key(place), *line) {
                        faults.push(fault(*line, format!("the place of line {first} again")));
                    }
                    matrix.by_latitude.push((place.lat(), matrix.places.len()));
                    matrix.places.push(place);
                    matrix.seconds.extend(seconds);
                }
                Err(what) => faults.push(fault(*line, what)),
            }
            if faults.len() == MOST_FAULTS {
                break;
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        matrix.by_latitude.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(matrix)
    }

    /// How many places there are.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// The number of the place nearest to a point, if one is at most `within_m` away.
    fn nearest(&self, point: Point, within_m: f64) -> Option<usize> {
        let band = within_m / METRES_A_DEGREE;
        let first = self.by_latitude.partition_point(|(lat, _)| *lat < point.lat() - band);
        let near = self.by_latitude.iter().skip(first).take_while(|(lat, _)| *lat <= point.lat() + band);
        let far_m = near.filter_map(|(_, number)| {
            let metres = distance_m(point, *self.places.get(*number)?);
            (metres <= within_m).then_some((metres, *number))
        });
        far_m.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, number)| number)
    }

    fn seconds(&self, from: usize, to: usize) -> Option<u32> {
        let place = from.checked_mul(self.places.len())?.checked_add(to)?;
        self.seconds.get(place).copied().filter(|seconds| *seconds != NO_WAY)
    }
}

/// A place and the seconds from it to each of `count`.
fn read_row(row: &str, count: usize) -> Result<(Point, Vec<u32>), String> {
    let mut fields = row.split(',').map(str::trim);
    let degrees = |field: Option<&str>, name: &str| {
        let field = field.filter(|field| !field.is_empty()).ok_or(format!("{name} is missing"))?;
        field.parse::<f64>().map_err(|_| format!("{name} is {field:?}, not a number of degrees"))
    };
    let (lat, lon) = (degrees(fields.next(), "latitude")?, degrees(fields.next(), "longitude")?);
    let place = Point::new(lat, lon).map_err(|error| error.to_string())?;
    let mut seconds = Vec::with_capacity(count);
    for (field, number) in fields.zip(1_usize..) {
        if number > count {
            return Err(format!("more than {count} times, one for each place of the file"));
        }
        seconds.push(match (field, field.parse::<f64>()) {
            ("-", _) => NO_WAY,
            (_, Ok(told)) if (0.0..=LONGEST_S).contains(&told) => round_up_s(told, 1),
            _ => {
                return Err(format!(
                    "time {number} is {field:?}; allowed: seconds from 0 to {LONGEST_S}, or - for no way"
                ));
            }
        });
    }
    if seconds.len() < count {
        return Err(format!("{} times, not {count}, one for each place of the file", seconds.len()));
    }
    Ok((place, seconds))
}

/// Travel times from the matrix, for points at one of its places each; from the great circle for all others, where there
/// is no way, and within one place.
#[derive(Debug, Clone)]
pub struct OnMatrix {
    matrix: Arc<Matrix>,
    places: HashMap<Key, usize>,
    round_up_to_s: u32,
    fallback: Arc<Learned>,
}

impl OnMatrix {
    /// For these points; each counts as the place nearest to it, if one is at most `within_m` away. Times are rounded up
    /// to a multiple of `round_up_to_s`.
    pub fn new(
        matrix: Arc<Matrix>,
        points: impl IntoIterator<Item = Point>,
        (within_m, round_up_to_s): (f64, u32),
        fallback: Arc<Learned>,
    ) -> Self {
        let mut places = HashMap::new();
        for point in points {
            if let Some(place) = matrix.nearest(point, within_m) {
                places.insert(key(point), place);
            }
        }
        Self { matrix, places, round_up_to_s, fallback }
    }

    fn told(&self, from: Point, to: Point) -> Option<u32> {
        let (from, to) = (self.places.get(&key(from))?, self.places.get(&key(to))?);
        let seconds = if from == to { None } else { self.matrix.seconds(*from, *to) }?;
        Some(seconds.checked_next_multiple_of(self.round_up_to_s.max(1)).unwrap_or(u32::MAX))
    }
}

impl TravelTimes for OnMatrix {
    fn travel_s(&self, from: Point, to: Point, departing: DateTime<Utc>) -> u32 {
        self.told(from, to).unwrap_or_else(|| self.fallback.travel_s(from, to, departing))
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

    const TOWN: &str = "# counter, north gate, island\n\
        37.55, 126.95, 0, 300, -\n\
        \n\
        37.56, 126.95, 240.2, 0, 900\n\
        37.57,126.99,-,901,0\n";

    fn point(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    #[test]
    fn the_matrix_answers_for_points_at_its_places_and_the_great_circle_for_the_rest() {
        let matrix = Arc::new(Matrix::parse(TOWN).unwrap());
        assert_eq!(matrix.places(), 3);
        let straight = GreatCircle { detour: 1.0, speed_m_per_s: 5.0, round_up_to_s: 1 };
        // 89 m north of the counter, the gate itself, 22 m beside the island, and nowhere near anything.
        let (door, gate, island, far) =
            (point(37.5508, 126.95), point(37.56, 126.95), point(37.5702, 126.99), point(37.6, 126.95));
        let on = |within_m, round_up_to_s| {
            let points = [door, gate, island, far];
            OnMatrix::new(matrix.clone(), points, (within_m, round_up_to_s), Arc::new(straight.into()))
        };
        let now = DateTime::UNIX_EPOCH;
        let times = on(100.0, 1);
        assert_eq!((times.travel_s(door, gate, now), times.travel_s(gate, door, now)), (300, 241));
        assert_eq!((times.travel_s(gate, island, now), times.travel_s(island, gate, now)), (900, 901));
        assert_eq!(times.travel_s(door, island, now), straight.travel_s(door, island, now), "no way");
        assert_eq!(times.travel_s(door, far, now), straight.travel_s(door, far, now), "no such place");
        let corner = point(37.5502, 126.95);
        assert_eq!(times.travel_s(door, corner, now), straight.travel_s(door, corner, now), "not prepared");
        assert_eq!(on(100.0, 60).travel_s(gate, door, now), 300);
        assert_eq!(on(50.0, 1).travel_s(door, gate, now), straight.travel_s(door, gate, now), "too far away");
        assert!(!times.varies_with_departure());
    }

    #[test]
    fn the_nearest_of_several_places_counts() {
        let text = "0.0,0.0,0,1,2\n0.0005,0.0,3,0,4\n0.0,0.0009,5,6,0\n";
        let matrix = Matrix::parse(text).unwrap();
        assert_eq!(matrix.nearest(point(0.000_3, 0.0), 250.0), Some(1));
        assert_eq!(matrix.nearest(point(0.000_2, 0.0), 250.0), Some(0));
        assert_eq!(matrix.nearest(point(0.0, 0.001), 250.0), Some(2));
        assert_eq!(matrix.nearest(point(0.01, 0.0), 250.0), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        let lines = |text: &str| {
            let faults = Matrix::parse(text).unwrap_err();
            faults.iter().map(MatrixFault::to_string).collect::<Vec<_>>()
        };
        assert_eq!(lines("# nothing\n"), ["line 1: there is no place in the file"]);
        let several = "37.5,126.9,0,60,70\n\nnorth,126.9,60,0,1\n37.7,,60,0,1\n";
        assert_eq!(
            lines(several),
            ["line 3: latitude is \"north\", not a number of degrees", "line 4: longitude is missing"]
        );
        assert_eq!(lines("91,0,0\n"), ["line 1: latitude must be between -90 and 90"]);
        assert_eq!(lines("1,1,0,5\n2,2,5\n"), ["line 2: 1 times, not 2, one for each place of the file"]);
        assert_eq!(lines("1,1,0,5\n1,1,5,0\n"), ["line 2: the place of line 1 again"]);
        assert_eq!(
            lines("1,1,0,5\n2,2,5,0,7\n"),
            ["line 2: more than 2 times, one for each place of the file"]
        );
        for wrong in ["-1", "soon", "NaN", "inf", "604801", ""] {
            let told = lines(&format!("1,1,{wrong}\n"));
            assert!(
                told.len() == 1 && told.iter().all(|one| one.starts_with("line 1: time 1 is ")),
                "{told:?}"
            );
        }
        let many = "x\n".repeat(30);
        assert_eq!(lines(&many).len(), 20);
        let too_many = "1,1\n".repeat(2_001);
        assert_eq!(lines(&too_many), ["line 2001: more than 2000 places"]);
    }
}
