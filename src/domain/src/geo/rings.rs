//! The validity check of one polygon's rings: do its edges cross, do its holes lie inside?
//!
//! A plane sweep (Shamos and Hoey 1976) over all edges of the polygon, from the lowest longitude to the highest,
//! with exact orientation tests, O(n log n) whatever the shape. It stops at the first crossing it sees. Edges may
//! meet only in points that are vertices of both; whether two passes through such a point cross there or merely
//! touch is decided afterwards from the order of the four edges around it. Touching is accepted.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use ::geo::kernels::{Kernel, Orientation, RobustKernel};
use ::geo::{Coord, LineString};

/// More passes of rings through one point than any map has; refused, so that the pairwise check stays small.
const MAX_PASSES: usize = 32;

/// What is wrong with the rings of a polygon. Ring 0 is the outer one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RingProblem {
    /// Edges cross, overlap, or touch where one of them has no vertex.
    Crossing { ring: usize, other: usize, at: Coord<f64> },
    /// A hole lies outside the outer ring.
    HoleOutside { ring: usize, at: Coord<f64> },
}

/// On which side of the line from `p` through `q` the point `r` lies: exact.
pub(super) fn turn(p: Coord<f64>, q: Coord<f64>, r: Coord<f64>) -> Ordering {
    match RobustKernel::orient2d(p, q, r) {
        Orientation::CounterClockwise => Ordering::Greater,
        Orientation::Clockwise => Ordering::Less,
        Orientation::Collinear => Ordering::Equal,
    }
}

/// West to east, then south to north. Coordinates are finite here, so this is total.
fn sweep_order(a: Coord<f64>, b: Coord<f64>) -> Ordering {
    a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y))
}

/// One edge, its ends in sweep order. Ordered from south to north where both edges are under the sweep line.
#[derive(Debug, Clone, Copy)]
struct Edge {
    number: usize,
    ring: usize,
    low: Coord<f64>,
    high: Coord<f64>,
    /// The ring runs from `low` to `high`.
    rising: bool,
}

impl PartialEq for Edge {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Edge {}

impl PartialOrd for Edge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Edge {
    /// Decided at the later of the two lower ends, where both edges exist, so it does not depend on where the
    /// sweep stands; it stays true for as long as the two do not cross.
    fn cmp(&self, other: &Self) -> Ordering {
        if self.number == other.number {
            return Ordering::Equal;
        }
        let by_place = match sweep_order(self.low, other.low) {
            Ordering::Less => below(self, other),
            Ordering::Greater => below(other, self).reverse(),
            Ordering::Equal => turn(self.low, self.high, other.high).reverse(),
        };
        by_place.then(self.number.cmp(&other.number))
    }
}

/// Whether `early` runs below (`Less`) `late`, which begins at or after it.
fn below(early: &Edge, late: &Edge) -> Ordering {
    let start = turn(early.low, early.high, late.low);
    start.then(turn(early.low, early.high, late.high)).reverse()
}

/// Where two edges meet in a way that is not allowed.
fn meeting(a: &Edge, b: &Edge) -> Option<Coord<f64>> {
    if a.low == b.low {
        return turn(a.low, a.high, b.high).is_eq().then_some(a.low);
    }
    if a.high == b.high {
        return turn(a.low, a.high, b.low).is_eq().then_some(a.high);
    }
    if a.high == b.low || b.high == a.low {
        return None;
    }
    let (b_low, b_high) = (turn(a.low, a.high, b.low), turn(a.low, a.high, b.high));
    let (a_low, a_high) = (turn(b.low, b.high, a.low), turn(b.low, b.high, a.high));
    if b_low.is_eq() && b_high.is_eq() {
        let from = if sweep_order(a.low, b.low).is_lt() { b.low } else { a.low };
        let to = if sweep_order(a.high, b.high).is_lt() { a.high } else { b.high };
        return sweep_order(from, to).is_le().then_some(from);
    }
    let parted = |one: Ordering, two: Ordering| one.is_eq() || two.is_eq() || one != two;
    if !parted(b_low, b_high) || !parted(a_low, a_high) {
        return None;
    }
    let ends = [(b_low, b.low), (b_high, b.high), (a_low, a.low), (a_high, a.high)];
    let touching = ends.iter().find(|(side, _)| side.is_eq()).map(|(_, end)| *end);
    Some(touching.unwrap_or_else(|| crossing_point(a, b)))
}

/// The point where two edges cross, as near as floating point gives it.
fn crossing_point(a: &Edge, b: &Edge) -> Coord<f64> {
    let (along, across) = (a.high - a.low, b.high - b.low);
    let area = along.x * across.y - along.y * across.x;
    let gap = b.low - a.low;
    let part = (gap.x * across.y - gap.y * across.x) / area;
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.5 };
    a.low + along * part
}

/// All edges of the rings. Rings are closed and have no two equal points in a row.
fn edges(rings: &[&LineString<f64>]) -> Vec<Edge> {
    let mut all = Vec::new();
    for (ring, line) in rings.iter().enumerate() {
        for edge in line.lines() {
            let rising = sweep_order(edge.start, edge.end).is_lt();
            let (low, high) = if rising { (edge.start, edge.end) } else { (edge.end, edge.start) };
            all.push(Edge { number: all.len(), ring, low, high, rising });
        }
    }
    all
}

/// One stop of the sweep: edges that end at a point are taken out before those that begin there come in.
struct Event {
    at: Coord<f64>,
    begins: bool,
    edge: Edge,
}

fn events(edges: &[Edge]) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::with_capacity(edges.len().saturating_mul(2));
    for edge in edges {
        all.push(Event { at: edge.low, begins: true, edge: *edge });
        all.push(Event { at: edge.high, begins: false, edge: *edge });
    }
    // At one point the outer ring comes first, so that a hole touching it there finds it below itself.
    all.sort_unstable_by(|a, b| {
        sweep_order(a.at, b.at)
            .then(a.begins.cmp(&b.begins))
            .then(a.edge.ring.cmp(&b.edge.ring))
            .then(a.edge.number.cmp(&b.edge.number))
    });
    all
}

/// The sweep's state: edges under the line, and for each ring whether it was found inside the outer ring.
struct Sweep {
    under: BTreeSet<Edge>,
    inside: Vec<Option<bool>>,
}

impl Sweep {
    fn step(&mut self, event: &Event) -> Option<RingProblem> {
        if event.begins { self.begin(&event.edge) } else { self.end(&event.edge) }
    }

    fn begin(&mut self, edge: &Edge) -> Option<RingProblem> {
        let below = self.under.range(..edge).next_back().copied();
        let above = self.under.range(edge..).next().copied();
        let hit = [below, above].into_iter().flatten().find_map(|near| problem(edge, &near));
        if hit.is_some() {
            return hit;
        }
        self.under.insert(*edge);
        self.place_ring(edge, below)
    }

    /// The first edge of a hole: what runs right below says whether it starts inside the outer ring.
    fn place_ring(&mut self, edge: &Edge, below: Option<Edge>) -> Option<RingProblem> {
        let known = self.inside.get(edge.ring).copied().flatten().is_some();
        if edge.ring == 0 || known {
            return None;
        }
        let inside = match below {
            None => false,
            Some(near) if near.ring == 0 => near.rising,
            Some(near) => self.inside.get(near.ring).copied().flatten().unwrap_or(false),
        };
        if let Some(slot) = self.inside.get_mut(edge.ring) {
            *slot = Some(inside);
        }
        (!inside).then_some(RingProblem::HoleOutside { ring: edge.ring, at: edge.low })
    }

    fn end(&mut self, edge: &Edge) -> Option<RingProblem> {
        if !self.under.remove(edge) {
            // Exact tests keep the order true until a crossing is seen; losing an edge would mean one was missed.
            return Some(RingProblem::Crossing { ring: edge.ring, other: edge.ring, at: edge.high });
        }
        let below = self.under.range(..edge).next_back()?;
        let above = self.under.range(edge..).next()?;
        problem(below, above)
    }
}

fn problem(a: &Edge, b: &Edge) -> Option<RingProblem> {
    let at = meeting(a, b)?;
    Some(RingProblem::Crossing { ring: a.ring.min(b.ring), other: a.ring.max(b.ring), at })
}

/// One pass of a ring through a vertex: where it comes from and where it goes on.
#[derive(Clone, Copy)]
struct Pass {
    ring: usize,
    at: Coord<f64>,
    from: Coord<f64>,
    to: Coord<f64>,
}

fn passes(rings: &[&LineString<f64>]) -> Vec<Pass> {
    let mut all = Vec::new();
    for (ring, line) in rings.iter().enumerate() {
        let open = line.0.split_last().map_or(&[][..], |(_, open)| open);
        let before = open.iter().cycle().skip(open.len().saturating_sub(1));
        let after = open.iter().cycle().skip(1);
        for ((at, from), to) in open.iter().zip(before).zip(after) {
            all.push(Pass { ring, at: *at, from: *from, to: *to });
        }
    }
    all
}

/// Whether the direction to `towards` lies strictly inside the turn of the pass, counter-clockwise from where
/// it comes from to where it goes on.
fn in_sector(pass: &Pass, towards: Coord<f64>) -> bool {
    let left_of_from = turn(pass.at, pass.from, towards).is_gt();
    let right_of_to = turn(pass.at, pass.to, towards).is_lt();
    match turn(pass.at, pass.from, pass.to) {
        Ordering::Greater => left_of_from && right_of_to,
        Ordering::Less => left_of_from || right_of_to,
        Ordering::Equal => left_of_from,
    }
}

/// Passes through one point that cross each other there.
fn crossing_in_a_vertex(rings: &[&LineString<f64>]) -> Option<RingProblem> {
    let mut all = passes(rings);
    all.sort_by(|a, b| sweep_order(a.at, b.at).then(a.ring.cmp(&b.ring)));
    all.chunk_by(|a, b| a.at == b.at).find_map(|group| {
        let first = group.first()?;
        if group.len() > MAX_PASSES {
            return Some(RingProblem::Crossing { ring: first.ring, other: first.ring, at: first.at });
        }
        let mut rest = group;
        while let Some((one, others)) = rest.split_first() {
            let crossing = |two: &&Pass| in_sector(one, two.from) != in_sector(one, two.to);
            if let Some(two) = others.iter().find(crossing) {
                return Some(RingProblem::Crossing { ring: one.ring, other: two.ring, at: one.at });
            }
            rest = others;
        }
        None
    })
}

/// Checks the rings of one polygon, the outer one first and running counter-clockwise. All rings are closed,
/// finite, have no two equal points in a row and at least three different points.
pub(super) fn check(rings: &[&LineString<f64>]) -> Result<(), RingProblem> {
    let mut sweep = Sweep { under: BTreeSet::new(), inside: vec![None; rings.len()] };
    let edges = edges(rings);
    if let Some(found) = events(&edges).iter().find_map(|event| sweep.step(event)) {
        return Err(found);
    }
    crossing_in_a_vertex(rings).map_or(Ok(()), Err)
}
