//! What the search gives back, and the times that follow from it.

use super::core::{Core, NONE, NOWHERE, node_of, stop_of};
use super::model::{Model, ModelFault, SamePlace, Stop};
use super::route::{Pos, Route};
use super::travel::Travel;

/// How good a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// Requests left out.
    pub unassigned: u32,
    /// Vehicles with at least one stop.
    pub vehicles: u32,
    /// Travel cost of all legs, not weighted. The classic benchmarks call it the distance.
    pub travel: f64,
    /// All that counts: what the search makes small.
    pub cost: f64,
}

/// A plan: for each vehicle its stops in order, the prefix included, and the requests nobody carries, by number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Solution {
    /// By number of the vehicle.
    pub routes: Vec<Vec<Stop>>,
    /// In order. Of requests that stand in a prefix only those whose drop-off should follow and fits nowhere.
    pub unassigned: Vec<u32>,
    /// How good it is.
    pub score: Score,
}

/// When a stop happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Which.
    pub stop: Stop,
    /// The vehicle is there.
    pub arrive: f64,
    /// The visit starts: what windows look at.
    pub start: f64,
    /// The vehicle moves on.
    pub depart: f64,
    /// Units on board after it.
    pub load: i32,
}

/// When the stops of a vehicle happen in the order given, and whether all of it is allowed. The order is taken as it
/// is; that pick-ups come before drop-offs is not looked at.
///
/// # Errors
/// The model's first fault. A stop or vehicle that does not exist gives an empty list that is not allowed.
pub fn timetable<T: Travel>(
    model: &Model,
    travel: &T,
    vehicle: u32,
    stops: &[Stop],
) -> Result<(Vec<Timing>, bool), ModelFault> {
    model.check(travel.places())?;
    let exists =
        |stop: &Stop| model.requests.get(stop.request as usize).and_then(|r| r.visit(stop.part)).is_some();
    if vehicle as usize >= model.vehicles.len() || !stops.iter().all(exists) {
        return Ok((Vec::new(), false));
    }
    let core = Core::new(model, travel);
    let mut route = blank_route(&core, vehicle);
    let end = route.pos.len() - 1;
    route.pos.splice(1..end, stops.iter().map(|stop| Route::blank(node_of(*stop))));
    let prefix = model.vehicles[vehicle as usize].prefix.len();
    route.first = 1 + prefix.min(stops.len());
    let good = route.refresh(&core, vehicle);
    let timings = route.pos.windows(2).zip(stops).map(|(pair, stop)| {
        let (before, pos) = (&pair[0], &pair[1]);
        let arrive = match merged(&core, before, pos) {
            true => before.start.max(before.depart.min(pos.start)),
            false => before.depart + before.leg_time,
        };
        Timing { stop: *stop, arrive, start: pos.start, depart: pos.depart, load: pos.load }
    });
    Ok((timings.collect(), good))
}

/// Two pick-ups in a row that count as one.
fn merged<T>(core: &Core<'_, T>, before: &Pos, pos: &Pos) -> bool {
    let in_a_row = pos.pick_place != NONE && pos.pick_place == before.pick_place;
    in_a_row && core.terms.same_place != SamePlace::Each
}

/// A vehicle's route with its prefix alone, not refreshed.
pub(super) fn blank_route<T: Travel>(core: &Core<'_, T>, vehicle: u32) -> Route {
    let car = &core.cars[vehicle as usize];
    let mut route = Route { first: 1, ..Route::default() };
    route.pos.push(Route::blank(car.start));
    for stop in &core.model.vehicles[vehicle as usize].prefix {
        route.pos.push(Route::blank(node_of(*stop)));
        route.first += 1;
    }
    route.pos.push(Route::blank(car.end));
    route
}

/// The plan of routes that are refreshed, scored anew.
pub(super) fn solution<T: Travel>(
    core: &Core<'_, T>,
    routes: &[Route],
    mut unassigned: Vec<u32>,
) -> Solution {
    unassigned.sort_unstable();
    let mut score = Score { unassigned: unassigned.len() as u32, ..Score::default() };
    for (route, car) in routes.iter().zip(&core.cars).filter(|(route, _)| !route.is_idle()) {
        score.vehicles += 1;
        score.cost += route.cost;
        let drives = |pair: &&[Pos]| pair[1].place != NOWHERE && !merged(core, &pair[0], &pair[1]);
        let legs = route.pos.windows(2).filter(drives);
        score.travel +=
            legs.map(|pair| core.travel.cost_at(car.slowness, pair[0].place, pair[1].place)).sum::<f64>();
    }
    score.cost += unassigned.iter().map(|r| core.requests[*r as usize].unassigned_cost).sum::<f64>();
    let routes = routes.iter().map(|route| route.nodes().map(stop_of).collect()).collect();
    Solution { routes, unassigned, score }
}
