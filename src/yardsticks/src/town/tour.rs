//! The order of the stops, by the optimiser: all parcels over the couriers before the day, and one courier's rest of the day
//! whenever they are about to leave. The weights are here, once, for all three ways.

use callahead_domain::dispatch::search::{
    Acceptance, End, Model, ModelFault, Part, Plane, Request, Rounds, Ruin, Settings, Solution, Stop, Terms,
    Vehicle, Visit, solve, timetable,
};

use super::people::Spot;
use super::scene::{ENDS_MIN, STARTS_MIN, Scene};

/// What a stop is worth in minutes of driving and waiting: any detour. The engine never gives up a stop in hand either.
const WORTH: f64 = 1000.0;
/// Cost of a minute a courier waits.
const WAITING: f64 = 1.0;
/// Cost of a minute a told time is missed by, and after how many it doubles.
const LATE: (f64, f64) = (2.0, 10.0);

/// A stop that is still to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call {
    /// The door.
    pub door: Spot,
    /// No sooner than this.
    pub earliest_min: f64,
    /// Dearer after this; infinite if nobody was told a time.
    pub due_min: f64,
    /// Expected minutes at the door.
    pub service_min: f64,
    /// Nobody waits at the door for longer.
    pub max_wait_min: f64,
}

/// A place on a plane whose unit is a minute of driving.
fn minutes(scene: &Scene, spot: Spot) -> (f64, f64) {
    let factor = scene.detour / scene.metres_per_min;
    (spot.0 * factor, spot.1 * factor)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn request(call: &Call, place: usize) -> Request {
    let visit = Visit {
        earliest: call.earliest_min,
        due: call.due_min,
        late_weight: if call.due_min.is_finite() { LATE.0 } else { 0.0 },
        service: call.service_min,
        max_wait: call.max_wait_min,
        ..Visit::at(number(place))
    };
    Request { pick_up: Some(visit), drop_off: None, unassigned_cost: WORTH, ..Request::pair(visit, visit, 1) }
}

fn terms() -> Terms {
    Terms { waiting: WAITING, late_doubles_after: LATE.1, ..Terms::default() }
}

fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        ruin: Ruin { average_stops: 6.0, ..Ruin::default() },
        acceptance: Acceptance::Steady(0.1),
        ..Settings::default()
    }
}

/// Which doors each courier gets and in what order, by number. Nobody gets more than a tenth above an even share.
///
/// # Errors
/// The optimiser refuses the scene's numbers.
pub fn share(scene: &Scene, doors: &[Spot], seed: u64) -> Result<Vec<Vec<usize>>, ModelFault> {
    let mut points = vec![(0.0, 0.0)];
    points.extend(doors.iter().map(|door| minutes(scene, *door)));
    let call = |door: &Spot| Call {
        door: *door,
        earliest_min: STARTS_MIN,
        due_min: f64::INFINITY,
        service_min: scene.door_min(true),
        max_wait_min: f64::INFINITY,
    };
    let vehicle = Vehicle {
        start_time: STARTS_MIN,
        end: Some(End { place: 0, latest: ENDS_MIN }),
        ..Vehicle::at(0, number((doors.len() * 11).div_ceil(scene.couriers * 10)))
    };
    let model = Model {
        requests: doors.iter().enumerate().map(|(at, door)| request(&call(door), at + 1)).collect(),
        vehicles: vec![vehicle; scene.couriers],
        terms: Terms::default(),
    };
    let annealed = Settings { seed, ..Settings::default() };
    let solution = solve(&model, &Plane::new(points), None, &annealed, &mut Rounds::new(scene.share_rounds))?;
    let numbers = |route: &Vec<Stop>| route.iter().map(|stop| index(stop.request)).collect();
    Ok(solution.routes.iter().map(numbers).collect())
}

/// A stop of a tour: its place in the list asked about, and when the optimiser thinks it starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// In the list asked about.
    pub call: usize,
    /// Minute of the arrival at the door.
    pub arrive_min: f64,
    /// Minute the visit starts.
    pub start_min: f64,
}

/// The best order found for one courier from here and now back to the shop, from an earlier order of the same stops.
///
/// # Errors
/// The optimiser refuses the numbers.
pub fn tour(
    scene: &Scene,
    (at, now_min): (Spot, f64),
    calls: &[Call],
    before: &[usize],
    seed: u64,
) -> Result<Vec<Planned>, ModelFault> {
    let mut points = vec![(0.0, 0.0), minutes(scene, at)];
    points.extend(calls.iter().map(|call| minutes(scene, call.door)));
    let plane = Plane::new(points);
    let vehicle = Vehicle {
        start_time: now_min,
        end: Some(End { place: 0, latest: ENDS_MIN }),
        ..Vehicle::at(1, number(calls.len()))
    };
    let requests = calls.iter().enumerate().map(|(at, call)| request(call, at + 2)).collect();
    let model = Model { requests, vehicles: vec![vehicle], terms: terms() };
    let stop = |call: &usize| Stop { request: number(*call), part: Part::PickUp };
    let warm = Solution { routes: vec![before.iter().map(stop).collect()], ..Solution::default() };
    let found = solve(&model, &plane, Some(&warm), &settings(seed), &mut Rounds::new(scene.rounds))?;
    let route = found.routes.first().map(Vec::as_slice).unwrap_or_default();
    let (timings, _) = timetable(&model, &plane, 0, route)?;
    Ok(timings
        .iter()
        .map(|timing| Planned {
            call: index(timing.stop.request),
            arrive_min: timing.arrive,
            start_min: timing.start,
        })
        .collect())
}
