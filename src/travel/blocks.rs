//! Which pairs of places to ask for, cut into requests: the nearest first, so that what there is no time for matters
//! least.

use callahead_domain::geo::travel::Cell;
use std::collections::BTreeSet;

/// Pairs of groups looked at in one round; those that are farther apart are not asked for.
const MOST_BLOCKS: usize = 128;

/// One request: all ways from each of its origins to each of its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// From where.
    pub from: Vec<Cell>,
    /// Where to.
    pub to: Vec<Cell>,
}

/// The requests that cover every pair of an origin and a destination that is not `known`, nearest first, each naming at
/// most `places` places. Where there are too many places, pairs that are far apart are left out.
pub fn blocks(
    from: &BTreeSet<Cell>,
    to: &BTreeSet<Cell>,
    places: usize,
    known: impl Fn(Cell, Cell) -> bool,
) -> Vec<Block> {
    let half = (places / 2).max(1);
    let (from, to) = (groups(from, half), groups(to, half));
    let mut near: Vec<(f64, usize, usize)> = Vec::new();
    for (a, (middle, _)) in from.iter().enumerate() {
        near.extend(to.iter().enumerate().map(|(b, (other, _))| (apart(*middle, *other), a, b)));
    }
    near.sort_by(|one, other| one.0.total_cmp(&other.0));
    let block = |(_, a, b): (f64, usize, usize)| {
        let ((_, from), (_, to)) = (from.get(a)?, to.get(b)?);
        let missing = |one: Cell, other: Cell| one != other && !known(one, other);
        let from: Vec<Cell> = from.iter().copied().filter(|a| to.iter().any(|b| missing(*a, *b))).collect();
        let to: Vec<Cell> = to.iter().copied().filter(|b| from.iter().any(|a| missing(*a, *b))).collect();
        (!from.is_empty()).then_some(Block { from, to })
    };
    near.into_iter().take(MOST_BLOCKS).filter_map(block).collect()
}

type Place = (f64, f64);

/// Groups of at most `most` places that lie near one another, with their middles.
fn groups(cells: &BTreeSet<Cell>, most: usize) -> Vec<(Place, Vec<Cell>)> {
    let mut done = Vec::new();
    let mut open = vec![cells.iter().copied().collect::<Vec<Cell>>()];
    while let Some(mut group) = open.pop() {
        let count = u32::try_from(group.len()).unwrap_or(u32::MAX);
        if group.len() <= most {
            let sum = group.iter().map(|cell| cell.middle()).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            if count > 0 {
                done.push(((sum.0 / f64::from(count), sum.1 / f64::from(count)), group));
            }
            continue;
        }
        // Halved across its longer side.
        let side = |of: fn(Place) -> f64| {
            let all = group.iter().map(|cell| of(cell.middle()));
            all.clone().fold(f64::MIN, f64::max) - all.fold(f64::MAX, f64::min)
        };
        let tall = side(|place| place.0) >= side(|place| place.1);
        group.sort_by(|a, b| {
            let ((a_lat, a_lon), (b_lat, b_lon)) = (a.middle(), b.middle());
            let order = if tall { a_lat.total_cmp(&b_lat) } else { a_lon.total_cmp(&b_lon) };
            order.then(a.cmp(b))
        });
        let rest = group.split_off(group.len() / 2);
        open.push(rest);
        open.push(group);
    }
    done
}

/// How far apart two places are, for comparing.
fn apart(a: Place, b: Place) -> f64 {
    let shrink = a.0.to_radians().cos();
    (a.0 - b.0).powi(2) + ((a.1 - b.1) * shrink).powi(2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use callahead_domain::geo::Point;
    use std::collections::HashSet;

    fn cell(lat: f64, lon: f64) -> Cell {
        Cell::of(Point::new(lat, lon).unwrap())
    }

    fn town(side: u32) -> BTreeSet<Cell> {
        let step = |n: u32| f64::from(n) * 0.001;
        (0..side).flat_map(|y| (0..side).map(move |x| cell(step(y), step(x)))).collect()
    }

    #[test]
    fn every_pair_that_is_not_known_is_asked_for_once_within_the_bound() {
        let town = town(9);
        let made = blocks(&town, &town, 20, |_, _| false);
        let mut asked: HashSet<(Cell, Cell)> = HashSet::new();
        for block in &made {
            assert!(!block.from.is_empty() && !block.to.is_empty());
            let places: BTreeSet<&Cell> = block.from.iter().chain(&block.to).collect();
            assert!(places.len() <= 20, "{}", places.len());
            for from in &block.from {
                for to in &block.to {
                    assert!(asked.insert((*from, *to)), "twice");
                }
            }
        }
        let wanted = town.iter().flat_map(|a| town.iter().map(move |b| (*a, *b))).filter(|(a, b)| a != b);
        assert!(wanted.clone().all(|pair| asked.contains(&pair)), "{} of {}", asked.len(), wanted.count());
    }

    #[test]
    fn what_is_known_is_not_asked_for_again() {
        let town = town(4);
        assert_eq!(blocks(&town, &town, 100, |_, _| true), vec![]);
        let (first, last) = (*town.first().unwrap(), *town.last().unwrap());
        let one = blocks(&town, &town, 100, |a, b| (a, b) != (first, last));
        assert_eq!(one, vec![Block { from: vec![first], to: vec![last] }]);
    }

    #[test]
    fn the_nearest_pairs_come_first_and_the_farthest_are_left_out() {
        let town = town(40);
        let made = blocks(&town, &town, 20, |_, _| false);
        assert_eq!(made.len(), MOST_BLOCKS);
        assert!(
            made[..100].iter().all(|block| block.from == block.to),
            "groups of neighbours among themselves"
        );
        assert!(blocks(&town, &BTreeSet::new(), 20, |_, _| false).is_empty());
    }
}
