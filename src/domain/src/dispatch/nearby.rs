//! Which couriers a delivery is tried with: in a large problem those nearest to its pick-up, by where they are and where
//! their runs take them.

use std::collections::HashMap;

use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::insertion::Route;
use super::problem::{OpenDelivery, Problem};
use super::rules::may_carry;
use crate::geo::Point;
use crate::id::{CourierId, RegionId};

type Place = GeomWithData<[f64; 2], usize>;

/// Problems with at most so many pairs of a delivery and a courier are looked at in full.
const SMALL: usize = 20_000;

pub(super) struct Nearby {
    /// Everybody is tried with everything.
    pub(super) is_small: bool,
    /// By courier, the number of their run.
    numbers: HashMap<CourierId, usize>,
    by_region: HashMap<RegionId, RTree<Place>>,
    /// Shrinks longitudes to the length of latitudes.
    shrink: f64,
}

impl Nearby {
    pub(super) fn new(problem: &Problem, routes: &[Route<'_>], open: usize) -> Self {
        let numbers = routes.iter().enumerate().map(|(number, route)| (route.courier.id, number)).collect();
        let is_small = open.saturating_mul(routes.len()) <= SMALL;
        let latitude = problem.couriers.iter().map(|courier| courier.at.lat()).fold(-90.0, f64::max);
        let shrink = latitude.to_radians().cos();
        let mut nearby = Self { is_small, numbers, by_region: HashMap::new(), shrink };
        if is_small {
            return nearby;
        }
        let mut places: HashMap<RegionId, Vec<Place>> = HashMap::new();
        for (number, route) in routes.iter().enumerate() {
            let courier = route.courier;
            if courier.has_offer || courier.shift_ends_at <= problem.now {
                continue;
            }
            for region in &courier.regions {
                let points = std::iter::once(courier.at).chain(courier.stops.iter().map(|stop| stop.point));
                let places = places.entry(*region).or_default();
                places.extend(points.map(|point| Place::new(nearby.flat(point), number)));
            }
        }
        nearby.by_region =
            places.into_iter().map(|(region, places)| (region, RTree::bulk_load(places))).collect();
        nearby
    }

    /// The number of a courier's run.
    pub(super) fn number(&self, courier: CourierId) -> Option<usize> {
        self.numbers.get(&courier).copied()
    }

    fn flat(&self, point: Point) -> [f64; 2] {
        [point.lon() * self.shrink, point.lat()]
    }

    /// The runs to try a delivery with, in order; in a large problem at most so many.
    pub(super) fn of(
        &self,
        open: &OpenDelivery,
        problem: &Problem,
        routes: &[Route<'_>],
        most: usize,
    ) -> Vec<usize> {
        let may = |number: &usize| {
            routes.get(*number).is_some_and(|route| may_carry(route.courier, open, problem.now).is_ok())
        };
        if let Some(named) = open.courier {
            return self.numbers.get(&named).copied().filter(may).into_iter().collect();
        }
        if self.is_small {
            return (0..routes.len()).filter(may).collect();
        }
        let widened = open.widened.iter().filter_map(|courier| self.number(*courier));
        let mut found: Vec<usize> = widened.filter(may).collect();
        let most = most.saturating_add(found.len());
        let tree = self.by_region.get(&open.region);
        let point = self.flat(open.pick_up.point);
        for place in tree.into_iter().flat_map(|tree| tree.nearest_neighbor_iter(&point)) {
            if found.len() >= most.max(1) {
                break;
            }
            if !found.contains(&place.data) && may(&place.data) {
                found.push(place.data);
            }
        }
        found.sort_unstable();
        found
    }
}
