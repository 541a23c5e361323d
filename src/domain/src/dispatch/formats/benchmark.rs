//! A published instance as a model.

use crate::dispatch::search::{End, Model, Plane, Solution, Vehicle};

/// Fewer vehicles are worth any distance, as the published tables rank.
pub const VEHICLE_COST: f64 = 1e6;
/// And a request that is carried is worth any number of vehicles.
pub const REQUEST_COST: f64 = 1e9;

/// An instance: everybody starts at the depot, place 0, and comes back to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// The requests and vehicles. A vehicle costs [`VEHICLE_COST`], a request left out [`REQUEST_COST`].
    pub model: Model,
    /// The places: number 0 is the depot.
    pub plane: Plane,
    /// By place, the number the file gives it.
    pub tasks: Vec<u32>,
}

impl Benchmark {
    /// The routes of a plan as the numbers of the file's tasks, unused vehicles left out.
    #[must_use]
    pub fn routes(&self, solution: &Solution) -> Vec<Vec<u32>> {
        let task = |stop: &crate::dispatch::search::Stop| {
            let request = self.model.requests.get(usize::try_from(stop.request).ok()?)?;
            let place = request.visit(stop.part)?.place;
            self.tasks.get(usize::try_from(place).ok()?).copied()
        };
        let routes = solution.routes.iter().filter(|route| !route.is_empty());
        routes.map(|route| route.iter().filter_map(task).collect()).collect()
    }

    /// Vehicles of a depot that is open for a while.
    pub(super) fn fleet(count: u32, capacity: u32, opens: f64, closes: f64) -> Vec<Vehicle> {
        let vehicle = Vehicle {
            start_time: opens,
            end: Some(End { place: 0, latest: closes }),
            fixed_cost: VEHICLE_COST,
            ..Vehicle::at(0, capacity)
        };
        (0..count).map(|_| vehicle.clone()).collect()
    }
}
