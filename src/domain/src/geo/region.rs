//! A delivery region and its shape: one or more polygons, checked where they enter.
//!
//! A shape is read from a GeoJSON `Polygon` or `MultiPolygon` (RFC 7946: longitude first, WGS 84). What may be
//! mended without a doubt is mended: rings are closed, equal points in a row become one, directions are set
//! right. Everything else is refused with a code and the place. Parts of one shape may overlap or share a
//! border: the region is everything that lies in any of them.

use std::fmt;

use ::geo::{Coord, LineString, MultiPolygon, Polygon};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rings::{self, RingProblem};
use crate::id::RegionId;

/// The most points a shape may have, all its rings together.
pub const MAX_POINTS: usize = 100_000;

/// A place in a shape. `part` and `ring` count from 1; ring 1 is the outer one, further rings are holes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Which polygon of the shape.
    pub part: usize,
    /// Which ring of the polygon.
    pub ring: usize,
    /// Longitude in degrees, as given.
    pub lon: f64,
    /// Latitude in degrees, as given.
    pub lat: f64,
}

impl fmt::Display for Spot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} near longitude {}, latitude {}", Ring(self.part, self.ring), self.lon, self.lat)
    }
}

/// Names a ring in a message.
struct Ring(usize, usize);

impl fmt::Display for Ring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.1 == 1 { "outer ring" } else { "hole" };
        write!(out, "part {}, ring {} ({kind})", self.0, self.1)
    }
}

/// Why something is not the shape of a region. Counts start at 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// Another GeoJSON type, or no GeoJSON at all.
    #[error("a region is a Polygon or a MultiPolygon, not {found}")]
    NotAPolygon {
        /// What was found instead.
        found: String,
    },
    /// The coordinates are not nested lists of positions.
    #[error("coordinates are malformed at {at}: {problem}")]
    Malformed {
        /// Where, as a path such as `coordinates[0][3]`.
        at: String,
        /// What is wrong there.
        problem: &'static str,
    },
    /// No polygon, or a polygon without a ring.
    #[error("{}", if *part == 0 { "the shape is empty".to_owned() } else { format!("part {part} has no ring") })]
    Empty {
        /// The polygon without rings, or 0 if there is no polygon.
        part: usize,
    },
    /// Fewer than three different points.
    #[error("{} has {points} different points in a row, a ring needs at least 3", Ring(*part, *ring))]
    RingTooShort {
        /// Which polygon.
        part: usize,
        /// Which ring.
        ring: usize,
        /// How many points were left after equal points in a row became one.
        points: usize,
    },
    /// NaN or infinite.
    #[error("{0}: coordinates must be finite numbers")]
    NotFinite(Spot),
    /// Longitude outside -180..=180 or latitude outside -90..=90.
    #[error("{0} is off the earth; a position is longitude first, then latitude, in degrees")]
    OffTheEarth(Spot),
    /// An edge spans more than half the world.
    #[error("{0}: an edge spans more than 180 degrees; split a region that crosses the 180th meridian there")]
    CrossesAntimeridian(Spot),
    /// A ring crosses, overlaps or touches itself where it has no vertex.
    #[error("{0}: the ring crosses itself")]
    SelfCrossing(Spot),
    /// Two rings of one polygon cross or overlap.
    #[error("{spot}: the ring crosses ring {other}")]
    RingsCross {
        /// Where, on the first of the two.
        spot: Spot,
        /// The other ring.
        other: usize,
    },
    /// A hole lies outside the outer ring.
    #[error("{0}: the hole lies outside the outer ring")]
    HoleOutside(Spot),
    /// A ring encloses nothing.
    #[error("{0}: the ring encloses no area")]
    NoArea(Spot),
    /// More than [`MAX_POINTS`].
    #[error("the shape has {points} points, at most {MAX_POINTS} are allowed")]
    TooManyPoints {
        /// How many there are.
        points: usize,
    },
}

impl ShapeError {
    /// The stable code of the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAPolygon { .. } => "not_a_polygon",
            Self::Malformed { .. } => "malformed_coordinates",
            Self::Empty { .. } => "empty_shape",
            Self::RingTooShort { .. } => "ring_too_short",
            Self::NotFinite(_) => "not_finite",
            Self::OffTheEarth(_) => "off_the_earth",
            Self::CrossesAntimeridian(_) => "crosses_antimeridian",
            Self::SelfCrossing(_) => "self_crossing",
            Self::RingsCross { .. } => "rings_cross",
            Self::HoleOutside(_) => "hole_outside",
            Self::NoArea(_) => "no_area",
            Self::TooManyPoints { .. } => "too_many_points",
        }
    }

    /// The place on the map, where there is one to show.
    #[must_use]
    pub const fn spot(&self) -> Option<Spot> {
        match self {
            Self::NotFinite(spot)
            | Self::OffTheEarth(spot)
            | Self::CrossesAntimeridian(spot)
            | Self::SelfCrossing(spot)
            | Self::RingsCross { spot, .. }
            | Self::HoleOutside(spot)
            | Self::NoArea(spot) => Some(*spot),
            _ => None,
        }
    }
}

/// The checked shape of a region. Degrees, `x` is longitude. Outer rings run counter-clockwise, holes clockwise,
/// all are closed.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionShape {
    polygons: MultiPolygon<f64>,
}

impl RegionShape {
    /// Checks polygons and mends what may be mended.
    ///
    /// # Errors
    /// The first [`ShapeError`] found.
    pub fn new(polygons: MultiPolygon<f64>) -> Result<Self, ShapeError> {
        if polygons.0.is_empty() {
            return Err(ShapeError::Empty { part: 0 });
        }
        let count = |polygon: &Polygon<f64>| {
            let holes: usize = polygon.interiors().iter().map(|ring| ring.0.len()).sum();
            holes.saturating_add(polygon.exterior().0.len())
        };
        check_count(polygons.iter().map(count).sum())?;
        let checked: Result<Vec<_>, _> =
            polygons.into_iter().zip(1..).map(|(polygon, part)| check_polygon(polygon, part)).collect();
        Ok(Self { polygons: MultiPolygon(checked?) })
    }

    /// Reads a GeoJSON `Polygon` or `MultiPolygon` geometry. Heights are left away.
    ///
    /// # Errors
    /// The first [`ShapeError`] found.
    pub fn from_geojson(geometry: &Value) -> Result<Self, ShapeError> {
        let kind = geometry.get("type").and_then(Value::as_str);
        let coordinates = geometry.get("coordinates").unwrap_or(&Value::Null);
        let polygons = match kind {
            Some("Polygon") => vec![read_polygon(coordinates, "coordinates")?],
            Some("MultiPolygon") => read_list(coordinates, "coordinates", read_polygon)?,
            Some(other) => {
                let found = format!("a {}", other.chars().take(40).collect::<String>());
                return Err(ShapeError::NotAPolygon { found });
            }
            None => {
                return Err(ShapeError::NotAPolygon { found: "something without a GeoJSON type".to_owned() });
            }
        };
        Self::new(assemble(polygons)?)
    }

    /// The shape as a GeoJSON `Polygon` (one part) or `MultiPolygon`.
    #[must_use]
    pub fn to_geojson(&self) -> Value {
        let parts: Vec<Value> = self.polygons.iter().map(polygon_json).collect();
        match parts.as_slice() {
            [only] => json!({ "type": "Polygon", "coordinates": only }),
            _ => json!({ "type": "MultiPolygon", "coordinates": parts }),
        }
    }

    /// The polygons, in degrees; `x` is longitude.
    #[must_use]
    pub const fn polygons(&self) -> &MultiPolygon<f64> {
        &self.polygons
    }

    /// How many points the shape has, the closing ones included.
    #[must_use]
    pub fn points(&self) -> usize {
        self.polygons.iter().flat_map(rings_of).map(|ring| ring.0.len()).sum()
    }
}

impl Serialize for RegionShape {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_geojson().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RegionShape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_geojson(&value).map_err(serde::de::Error::custom)
    }
}

/// A delivery region in one version of its shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Which region.
    pub id: RegionId,
    /// Which version of its shape, from 1.
    pub version: i32,
    /// What people call it.
    pub name: String,
    /// The lower, the more it owns where regions overlap or touch.
    pub priority: i32,
    /// The zone its windows and days are told in.
    pub time_zone: Tz,
    /// What it covers.
    pub shape: RegionShape,
    /// A region that is not active takes no new deliveries and owns no point.
    pub active: bool,
}

/// The rings of a polygon, the outer one first.
pub(super) fn rings_of(polygon: &Polygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}

fn polygon_json(polygon: &Polygon<f64>) -> Value {
    let ring_json = |ring: &LineString<f64>| ring.coords().map(|at| json!([at.x, at.y])).collect::<Vec<_>>();
    rings_of(polygon).map(ring_json).collect()
}

fn check_count(points: usize) -> Result<(), ShapeError> {
    if points > MAX_POINTS { Err(ShapeError::TooManyPoints { points }) } else { Ok(()) }
}

type Rings = Vec<LineString<f64>>;

fn read_list<T>(
    value: &Value,
    path: &str,
    read: impl Fn(&Value, &str) -> Result<T, ShapeError>,
) -> Result<Vec<T>, ShapeError> {
    let malformed = || ShapeError::Malformed { at: path.to_owned(), problem: "a list is expected" };
    let items = value.as_array().ok_or_else(malformed)?;
    items.iter().enumerate().map(|(number, item)| read(item, &format!("{path}[{number}]"))).collect()
}

fn read_polygon(value: &Value, path: &str) -> Result<Rings, ShapeError> {
    read_list(value, path, |ring, path| Ok(LineString(read_list(ring, path, read_position)?)))
}

fn read_position(value: &Value, path: &str) -> Result<Coord<f64>, ShapeError> {
    let malformed = |problem| ShapeError::Malformed { at: path.to_owned(), problem };
    let numbers = value.as_array().ok_or_else(|| malformed("a position is a list of numbers"))?;
    let [x, y, ..] = numbers.as_slice() else {
        return Err(malformed("a position has a longitude and a latitude"));
    };
    match (x.as_f64(), y.as_f64()) {
        (Some(x), Some(y)) => Ok(Coord { x, y }),
        _ => Err(malformed("longitude and latitude are numbers")),
    }
}

fn assemble(parts: Vec<Rings>) -> Result<MultiPolygon<f64>, ShapeError> {
    let polygon = |(mut rings, part): (Rings, usize)| {
        if rings.is_empty() {
            return Err(ShapeError::Empty { part });
        }
        let outer = rings.remove(0);
        Ok(Polygon::new(outer, rings))
    };
    Ok(MultiPolygon(parts.into_iter().zip(1..).map(polygon).collect::<Result<_, _>>()?))
}

fn check_polygon(polygon: Polygon<f64>, part: usize) -> Result<Polygon<f64>, ShapeError> {
    let (outer, holes) = polygon.into_inner();
    if outer.0.is_empty() {
        return Err(ShapeError::Empty { part });
    }
    let outer = mend_ring(outer, part, 1)?;
    let holes: Rings = holes
        .into_iter()
        .zip(2..)
        .map(|(hole, ring)| mend_ring(hole, part, ring))
        .collect::<Result<_, _>>()?;
    let all: Vec<&LineString<f64>> = std::iter::once(&outer).chain(&holes).collect();
    rings::check(&all).map_err(|problem| ring_error(problem, part))?;
    Ok(Polygon::new(outer, holes))
}

fn ring_error(problem: RingProblem, part: usize) -> ShapeError {
    let spot = |ring: usize, at: Coord<f64>| Spot { part, ring: ring + 1, lon: at.x, lat: at.y };
    match problem {
        RingProblem::Crossing { ring, other, at } if ring == other => {
            ShapeError::SelfCrossing(spot(ring, at))
        }
        RingProblem::Crossing { ring, other, at } => {
            ShapeError::RingsCross { spot: spot(ring, at), other: other + 1 }
        }
        RingProblem::HoleOutside { ring, at } => ShapeError::HoleOutside(spot(ring, at)),
    }
}

/// Checks the points of a ring, closes it, drops repeated points and sets its direction.
fn mend_ring(ring: LineString<f64>, part: usize, number: usize) -> Result<LineString<f64>, ShapeError> {
    let spot = |at: Coord<f64>| Spot { part, ring: number, lon: at.x, lat: at.y };
    // Adding zero turns -0.0 into 0.0: equal places have equal bits.
    let mut points: Vec<Coord<f64>> = ring.0.into_iter().map(|at| at + Coord { x: 0.0, y: 0.0 }).collect();
    for at in &points {
        if !at.x.is_finite() || !at.y.is_finite() {
            return Err(ShapeError::NotFinite(spot(*at)));
        }
        if at.x.abs() > 180.0 || at.y.abs() > 90.0 {
            return Err(ShapeError::OffTheEarth(spot(*at)));
        }
    }
    points.dedup();
    while points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    let [first, _, _, ..] = points.as_slice() else {
        return Err(ShapeError::RingTooShort { part, ring: number, points: points.len() });
    };
    let first = *first;
    points.push(first);
    let mut line = LineString(points);
    if let Some(edge) = line.lines().find(|edge| (edge.end.x - edge.start.x).abs() > 180.0) {
        return Err(ShapeError::CrossesAntimeridian(spot(edge.start)));
    }
    let area = doubled_area(&line, first);
    if area == 0.0 {
        return Err(flat_ring(&line, part, number));
    }
    if (area > 0.0) != (number == 1) {
        line.0.reverse();
    }
    Ok(line)
}

/// Twice the area a ring encloses, positive when it runs counter-clockwise; measured from one of its points, so
/// that small rings far from the origin lose nothing.
fn doubled_area(line: &LineString<f64>, from: Coord<f64>) -> f64 {
    let cross =
        |a: Coord<f64>, b: Coord<f64>| (a.x - from.x) * (b.y - from.y) - (a.y - from.y) * (b.x - from.x);
    line.lines().map(|edge| cross(edge.start, edge.end)).sum()
}

/// A ring without area mostly crosses itself (a figure of eight): then say where.
fn flat_ring(line: &LineString<f64>, part: usize, number: usize) -> ShapeError {
    let first = line.0.first().copied().unwrap_or_default();
    let spot = |at: Coord<f64>| Spot { part, ring: number, lon: at.x, lat: at.y };
    match rings::check(&[line]) {
        Err(RingProblem::Crossing { at, .. }) => ShapeError::SelfCrossing(spot(at)),
        _ => ShapeError::NoArea(spot(first)),
    }
}
