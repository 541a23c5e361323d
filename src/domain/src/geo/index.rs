//! Which region owns a point.
//!
//! An R-tree over the envelopes of all polygons finds the candidates; each polygon keeps its edges in bands of latitude,
//! and those of one band decide, with exact orientation tests where it is close. A border belongs to its region, so a shared border lies in both; the owner is the
//! one with the lowest (priority, id), whatever the order in which regions were given.

use std::cmp::Ordering;

use ::geo::{BoundingRect, Coord, Polygon};
use rstar::{AABB, RTree, RTreeObject};

use super::point::Point;
use super::region::{Region, rings_of};
use super::rings::turn;
use crate::id::RegionId;

/// Where a point lies.
#[derive(Debug, Clone, PartialEq)]
pub enum Located {
    /// In at least one region.
    Inside {
        /// The owner: lowest (priority, id).
        region: RegionId,
        /// The version of the owner's shape that was looked at.
        version: i32,
        /// The other regions it lies in, in the order of (priority, id).
        also: Vec<RegionId>,
    },
    /// In none.
    Nowhere {
        /// The nearest region and the metres to its border; none if there are no active regions.
        nearest: Option<(RegionId, f64)>,
    },
}

/// Edges that begin in one band, about.
const EDGES_PER_BAND: usize = 4;
/// Most bands of one polygon.
const MOST_BANDS: u32 = 4_096;

/// One edge of a ring.
#[derive(Debug, Clone, Copy)]
struct Edge {
    start: Coord<f64>,
    end: Coord<f64>,
}

/// One polygon of a region, `owner` its place in the list of regions.
#[derive(Debug, Clone)]
struct Part {
    owner: usize,
    envelope: AABB<[f64; 2]>,
    edges: Vec<Edge>,
    /// The edges that reach into each band of latitude, band after band from south to north.
    banded: Vec<Edge>,
    /// Where each band begins in `banded`, and where the last one ends.
    begins: Vec<usize>,
    bands_per_degree: f64,
}

impl RTreeObject for Part {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

impl Part {
    fn new(owner: usize, polygon: &Polygon<f64>) -> Option<Self> {
        let bounds = polygon.bounding_rect()?;
        let (low, high) = (bounds.min(), bounds.max());
        let lines = rings_of(polygon).flat_map(|ring| ring.lines());
        let edges: Vec<Edge> = lines.map(|line| Edge { start: line.start, end: line.end }).collect();
        let envelope = AABB::from_corners([low.x, low.y], [high.x, high.y]);
        let height = high.y - low.y;
        let count = u32::try_from(edges.len() / EDGES_PER_BAND).unwrap_or(u32::MAX).clamp(1, MOST_BANDS);
        let bands_per_degree = if height > 0.0 { f64::from(count) / height } else { 0.0 };
        let (banded, begins) = (Vec::new(), vec![0; usize::try_from(count).unwrap_or(0) + 1]);
        let mut part = Self { owner, envelope, edges, banded, begins, bands_per_degree };
        let reach = |edge: &Edge| {
            let (one, other) = (part.band(edge.start.y), part.band(edge.end.y));
            one.min(other)..=one.max(other)
        };
        let mut by_band: Vec<(usize, Edge)> =
            part.edges.iter().flat_map(|edge| reach(edge).map(|band| (band, *edge))).collect();
        by_band.sort_by_key(|(band, _)| *band);
        part.begins =
            (0..part.begins.len()).map(|band| by_band.partition_point(|(other, _)| *other < band)).collect();
        part.banded = by_band.into_iter().map(|(_, edge)| edge).collect();
        Some(part)
    }

    /// The band of a latitude; what lies outside belongs to the outermost.
    fn band(&self, y: f64) -> usize {
        let [_, south] = self.envelope.lower();
        let place = ((y - south) * self.bands_per_degree).floor().clamp(0.0, f64::from(MOST_BANDS));
        // A whole number of this size is exact.
        #[expect(clippy::as_conversions, reason = "whole and within the bounds, by the line above")]
        let place = place as usize;
        place.min(self.begins.len().saturating_sub(2))
    }

    /// Whether the polygon covers the point: on an edge, or an odd number of edges to the east of it.
    fn covers(&self, at: Coord<f64>) -> bool {
        let mut odd = false;
        let band = self.begins.get(self.band(at.y)..).unwrap_or_default();
        let edges = match band {
            [begin, end, ..] => self.banded.get(*begin..*end).unwrap_or_default(),
            _ => &[],
        };
        for edge in edges {
            let (start, end) = (edge.start, edge.end);
            let is_west = start.x < at.x && end.x < at.x;
            let is_beside = start.y.min(end.y) > at.y || start.y.max(end.y) < at.y;
            if is_west || is_beside {
                continue;
            }
            let upward = end.y > at.y;
            let spans = (start.y > at.y) != upward;
            if start.x > at.x && end.x > at.x {
                odd ^= spans;
                continue;
            }
            let side = turn(start, end, at);
            if side.is_eq() && within(edge, at) {
                return true;
            }
            let west_of_edge = if upward { side.is_gt() } else { side.is_lt() };
            odd ^= spans && west_of_edge;
        }
        odd
    }

    /// The squared distance to the nearest edge and the point there, in the flat frame.
    fn nearest(&self, frame: &Frame) -> (f64, Coord<f64>) {
        let start = (f64::INFINITY, frame.at);
        self.edges
            .iter()
            .map(|edge| frame.to_edge(edge))
            .fold(start, |best, found| if found.0 < best.0 { found } else { best })
    }
}

fn within(edge: &Edge, at: Coord<f64>) -> bool {
    let between = |a: f64, b: f64, v: f64| a.min(b) <= v && v <= a.max(b);
    between(edge.start.x, edge.end.x, at.x) && between(edge.start.y, edge.end.y, at.y)
}

/// A flat frame around a point: longitudes shrunk by the cosine of its latitude, the world wrapped around.
struct Frame {
    at: Coord<f64>,
    shrink: f64,
}

impl Frame {
    fn new(at: Coord<f64>) -> Self {
        Self { at, shrink: at.y.to_radians().cos().max(1e-9) }
    }

    /// The point itself and its images one world to the west and to the east.
    fn images(&self) -> impl Iterator<Item = f64> + use<> {
        let x = self.at.x;
        [0.0, -360.0, 360.0].into_iter().map(move |turn| x + turn)
    }

    fn to_edge(&self, edge: &Edge) -> (f64, Coord<f64>) {
        let along = edge.end - edge.start;
        let length = (along.x * self.shrink).powi(2) + along.y.powi(2);
        let mut best = (f64::INFINITY, edge.start);
        for x in self.images() {
            let (dx, dy) = (x - edge.start.x, self.at.y - edge.start.y);
            let part = (dx * along.x * self.shrink.powi(2) + dy * along.y) / length;
            let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
            let foot = edge.start + along * part;
            let squared = ((x - foot.x) * self.shrink).powi(2) + (self.at.y - foot.y).powi(2);
            if squared < best.0 {
                best = (squared, foot);
            }
        }
        best
    }

    /// No point of the envelope is nearer than this (squared).
    fn at_least(&self, envelope: &AABB<[f64; 2]>) -> f64 {
        let ([west, south], [east, north]) = (envelope.lower(), envelope.upper());
        let gap = |v: f64, low: f64, high: f64| (low - v).max(v - high).max(0.0);
        let dx = self.images().map(|x| gap(x, west, east)).fold(f64::INFINITY, f64::min);
        (dx * self.shrink).powi(2) + gap(self.at.y, south, north).powi(2)
    }
}

/// All active regions, ready to be asked. Built anew when regions change; cheap to ask from many threads.
#[derive(Debug, Clone)]
pub struct RegionIndex {
    /// In the order of (priority, id): a lower place owns more.
    regions: Vec<Region>,
    parts: RTree<Part>,
}

impl RegionIndex {
    /// Builds the index over the active ones of these regions. Ids are expected to differ; of regions with the
    /// same id and priority the one with the highest version counts first.
    #[must_use]
    pub fn build(regions: Vec<Region>) -> Self {
        let mut regions: Vec<Region> = regions.into_iter().filter(|region| region.active).collect();
        regions.sort_by(|a, b| (a.priority, a.id).cmp(&(b.priority, b.id)).then(b.version.cmp(&a.version)));
        let parts_of = |(owner, region): (usize, &Region)| {
            let part = move |polygon| Part::new(owner, polygon);
            region.shape.polygons().iter().filter_map(part).collect::<Vec<_>>()
        };
        let parts = RTree::bulk_load(regions.iter().enumerate().flat_map(parts_of).collect());
        Self { regions, parts }
    }

    /// The active regions in the order of (priority, id).
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// An active region by its id.
    #[must_use]
    pub fn region(&self, id: RegionId) -> Option<&Region> {
        self.regions.iter().find(|region| region.id == id)
    }

    /// Which region owns the point.
    #[must_use]
    pub fn locate(&self, point: Point) -> Located {
        let at = Coord { x: point.lon(), y: point.lat() };
        let here = AABB::from_point([at.x, at.y]);
        let candidates = self.parts.locate_in_envelope_intersecting(&here);
        let mut owners: Vec<usize> =
            candidates.filter(|part| part.covers(at)).map(|part| part.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        let mut found = owners.into_iter().filter_map(|owner| self.regions.get(owner));
        match found.next() {
            Some(owner) => Located::Inside {
                region: owner.id,
                version: owner.version,
                also: found.map(|region| region.id).collect(),
            },
            None => Located::Nowhere { nearest: self.nearest(point, at) },
        }
    }

    /// The region with the nearest border. Parts are looked at in the order of how near they can be at all.
    fn nearest(&self, point: Point, at: Coord<f64>) -> Option<(RegionId, f64)> {
        let frame = Frame::new(at);
        let mut parts: Vec<(f64, &Part)> =
            self.parts.iter().map(|part| (frame.at_least(&part.envelope), part)).collect();
        parts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.owner.cmp(&b.1.owner)));
        let mut best: Option<(f64, usize, Coord<f64>)> = None;
        for (at_least, part) in parts {
            if best.is_some_and(|(distance, _, _)| at_least > distance) {
                break;
            }
            let (distance, foot) = part.nearest(&frame);
            let order = |(other, owner, _): &(f64, usize, Coord<f64>)| {
                distance.total_cmp(other).then(part.owner.cmp(owner))
            };
            if best.as_ref().map(order).is_none_or(Ordering::is_lt) {
                best = Some((distance, part.owner, foot));
            }
        }
        let (_, owner, foot) = best?;
        let metres = Point::new(foot.y, foot.x).map_or(0.0, |foot| point.distance_m(foot));
        self.regions.get(owner).map(|region| (region.id, metres))
    }
}
