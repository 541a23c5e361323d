//! How fast a point finds its region: `cargo bench --bench regions [-- FILE.geojson ...]`.
//!
//! 10, 100 and 1,000 generated polygons of 100 vertices that tile a town, then the files that are named. Beside the
//! index runs the plain way, `geo`'s containment test of every polygon whose rectangle holds the point, over the same
//! points in the same run; both must name the same owner. One thread. Time is printed, never asserted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

use callahead_domain::geo::{Located, Point, Region, RegionIndex, RegionShape, parse_collection};
use callahead_domain::id::RegionId;
use geo::{BoundingRect, Coord, Intersects, LineString, MultiPolygon, Polygon, Rect};
use std::hint::black_box;
use std::time::{Duration, Instant};
use uuid::Uuid;

const VERTICES: usize = 100;
const LOOKUPS: usize = 200_000;

fn main() {
    println!("| regions | vertices | index, lookups/s | plain, lookups/s | ratio | inside |");
    println!("|---|---|---|---|---|---|");
    for count in [10, 100, 1_000] {
        bench(&format!("{count} generated"), generated(count));
    }
    for path in std::env::args().skip(1).filter(|word| !word.starts_with("--")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = std::path::Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
        bench(&name, from_file(&text));
    }
}

fn bench(name: &str, regions: Vec<Region>) {
    let vertices: usize = regions.iter().map(|region| region.shape.points()).sum();
    let index = RegionIndex::build(regions);
    let with_rect = |region: &Region| {
        let shape = region.shape.polygons().clone();
        (shape.bounding_rect().unwrap(), shape)
    };
    let plain: Vec<(Rect<f64>, MultiPolygon<f64>)> = index.regions().iter().map(with_rect).collect();
    let points = points(&plain);
    let owner = |point: &Point| match index.locate(*point) {
        Located::Inside { region, .. } => Some(region),
        Located::Nowhere { .. } => None,
    };
    let by_hand = |point: &Point| {
        let at = Coord { x: point.lon(), y: point.lat() };
        let holds =
            |(rect, shape): &(Rect<f64>, MultiPolygon<f64>)| rect.intersects(&at) && shape.intersects(&at);
        plain.iter().position(holds).map(|place| index.regions()[place].id)
    };
    let mut inside = 0;
    for point in points.iter().take(2_000) {
        let found = owner(point);
        assert_eq!(found, by_hand(point), "{point:?}");
        inside += usize::from(found.is_some());
    }
    let inside_points: Vec<Point> = points.iter().copied().filter(|point| owner(point).is_some()).collect();
    let fast = rate(&inside_points, owner);
    let slow = rate(&inside_points[..inside_points.len().min(20_000)], by_hand);
    println!("| {name} | {vertices} | {fast:.0} | {slow:.0} | {:.1} | {} % |", fast / slow, inside / 20);
}

/// The best of five rounds.
fn rate(points: &[Point], locate: impl Fn(&Point) -> Option<RegionId>) -> f64 {
    let round = |_| {
        let began = Instant::now();
        points.iter().for_each(|point| {
            black_box(locate(black_box(point)));
        });
        began.elapsed()
    };
    let best = (0..5).map(round).min().unwrap_or(Duration::MAX);
    points.len() as f64 / best.as_secs_f64()
}

/// A square town of wobbly-edged fields: neighbours share their borders, and every field has so many vertices.
fn generated(count: usize) -> Vec<Region> {
    let side = (count as f64).sqrt().ceil() as usize;
    let step = 0.4 / side as f64;
    let edge = VERTICES / 4;
    // Towards the corners the wobble goes to zero, so that edges which meet there do not cross.
    let wobble = |a: usize, b: usize, at: usize| {
        let seed = (a * 7_919 + b * 104_729 + at * 1_299_709) % 1_000;
        (seed as f64 / 1_000.0 - 0.5) * step * at.min(edge - at) as f64 / edge as f64
    };
    let along_x = |column: usize, row: usize, at: usize| Coord {
        x: 126.8 + step * (column as f64 + at as f64 / edge as f64),
        y: 37.4 + step * row as f64 + wobble(2 * column, row, at),
    };
    let along_y = |column: usize, row: usize, at: usize| Coord {
        x: 126.8 + step * column as f64 + wobble(2 * column + 1, row, at),
        y: 37.4 + step * (row as f64 + at as f64 / edge as f64),
    };
    (0..count)
        .map(|number| {
            let (column, row) = (number % side, number / side);
            let mut ring: Vec<Coord<f64>> = (0..edge).map(|at| along_x(column, row, at)).collect();
            ring.extend((0..edge).map(|at| along_y(column + 1, row, at)));
            ring.push(along_x(column + 1, row + 1, 0));
            ring.extend((1..edge).rev().map(|at| along_x(column, row + 1, at)));
            ring.push(along_y(column, row + 1, 0));
            ring.extend((1..edge).rev().map(|at| along_y(column, row, at)));
            region(number, MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())]))
        })
        .collect()
}

fn from_file(text: &str) -> Vec<Region> {
    let imported = parse_collection(text).unwrap();
    imported.into_iter().enumerate().map(|(number, region)| named(number, region.shape)).collect()
}

fn region(number: usize, shape: MultiPolygon<f64>) -> Region {
    named(number, RegionShape::new(shape).unwrap())
}

fn named(number: usize, shape: RegionShape) -> Region {
    Region {
        id: RegionId::from_uuid(Uuid::from_u128(number as u128 + 1)),
        version: 1,
        name: format!("Region {number}"),
        priority: 0,
        time_zone: chrono_tz::UTC,
        shape,
        active: true,
    }
}

/// Spread evenly over the rectangle around all regions, the same ones every time (a low-discrepancy sequence:
/// multiples of the plastic number's powers).
fn points(plain: &[(Rect<f64>, MultiPolygon<f64>)]) -> Vec<Point> {
    let edge = |pick: fn(&Rect<f64>) -> f64, better: fn(f64, f64) -> f64| {
        plain.iter().map(|(rect, _)| pick(rect)).reduce(better).unwrap()
    };
    let (west, east) = (edge(|r| r.min().x, f64::min), edge(|r| r.max().x, f64::max));
    let (south, north) = (edge(|r| r.min().y, f64::min), edge(|r| r.max().y, f64::max));
    let at = |number: usize| {
        let (x, y) = (number as f64 * 0.754_877_666_246_692_7, number as f64 * 0.569_840_290_998_053_2);
        Point::new(south + (north - south) * y.fract(), west + (east - west) * x.fract()).unwrap()
    };
    (1..=LOOKUPS).map(at).collect()
}
