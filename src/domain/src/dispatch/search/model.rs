//! The problem as the search wants it: requests, vehicles, and what counts as cost.

use thiserror::Error;

/// Work at one place.
///
/// A vehicle that arrives works `setup`, waits for `earliest` if it is not yet then, and *starts*: that is the moment
/// windows, `due` and `start_weight` look at. It leaves `service` later. (Half the service before and half after, as
/// in meal delivery, or all of it after, as in the classic benchmarks.)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// Where.
    pub place: u32,
    /// No start before this.
    pub earliest: f64,
    /// No start after this, except in a vehicle's prefix. Infinite for no limit.
    pub latest: f64,
    /// Time from the arrival to the start.
    pub setup: f64,
    /// Time from the start to the departure.
    pub service: f64,
    /// A start after this costs. Infinite for no promise.
    pub due: f64,
    /// Cost per time unit after `due`; see [`Terms::late_doubles_after`].
    pub late_weight: f64,
    /// Cost per time unit from `since` to the start: click-to-door at a drop-off, ready-to-pick-up at a pick-up.
    pub start_weight: f64,
    /// What `start_weight` counts from.
    pub since: f64,
    /// Nobody waits here for longer than this, except in a vehicle's prefix. Infinite for no limit.
    pub max_wait: f64,
    /// The start somebody was told.
    pub told: Option<f64>,
    /// Cost of a start more than [`Terms::told_slack`] away from `told`.
    pub moved_cost: f64,
}

impl Visit {
    /// A visit at any time that takes none and costs nothing but the way.
    #[must_use]
    pub const fn at(place: u32) -> Self {
        Self {
            place,
            earliest: 0.0,
            latest: f64::INFINITY,
            setup: 0.0,
            service: 0.0,
            due: f64::INFINITY,
            late_weight: 0.0,
            start_weight: 0.0,
            since: 0.0,
            max_wait: f64::INFINITY,
            told: None,
            moved_cost: 0.0,
        }
    }
}

/// Which vehicles may carry a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Any.
    All,
    /// These. In a large problem the few nearest: nobody else is tried.
    Only(Vec<u32>),
}

/// Something to carry. With both visits: from the one to the other, by one vehicle. With a drop-off alone: it is on
/// board already (and part of [`Vehicle::on_board`]), `allowed` names the vehicle. With a pick-up alone: it stays on
/// board to the end, which is also how customers served from a depot are put, since the sum of the loads is what counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Where it comes on board.
    pub pick_up: Option<Visit>,
    /// Where it leaves.
    pub drop_off: Option<Visit>,
    /// Units on board between the two.
    pub load: u32,
    /// Who may carry it.
    pub allowed: Allowed,
    /// Cost of leaving it out.
    pub unassigned_cost: f64,
    /// Who carries it by the plan already told.
    pub preferred: Option<u32>,
    /// Cost of giving it to anybody but `preferred`.
    pub change_cost: f64,
    /// Where it belongs.
    pub region: Option<u32>,
    /// Cost of giving it to a vehicle of another region than its own.
    pub away_cost: f64,
}

impl Request {
    /// A request with both visits that every vehicle may carry, dear to leave out.
    #[must_use]
    pub const fn pair(pick_up: Visit, drop_off: Visit, load: u32) -> Self {
        Self {
            pick_up: Some(pick_up),
            drop_off: Some(drop_off),
            load,
            allowed: Allowed::All,
            unassigned_cost: UNASSIGNED_COST,
            preferred: None,
            change_cost: 0.0,
            region: None,
            away_cost: 0.0,
        }
    }

    /// The visit of a part.
    #[must_use]
    pub const fn visit(&self, part: Part) -> Option<&Visit> {
        match part {
            Part::PickUp => self.pick_up.as_ref(),
            Part::DropOff => self.drop_off.as_ref(),
        }
    }
}

/// What leaving a request out costs where nothing else is said.
pub const UNASSIGNED_COST: f64 = 1e8;

/// Which visit of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The pick-up.
    PickUp,
    /// The drop-off.
    DropOff,
}

/// A stop of a route: a visit of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stop {
    /// Number of the request.
    pub request: u32,
    /// Which visit.
    pub part: Part,
}

/// Where a vehicle has to come back to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// The place.
    pub place: u32,
    /// It has to be there by this. Infinite for no limit.
    pub latest: f64,
}

/// Somebody who carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Vehicle {
    /// Where it is, or will be at `start_time`.
    pub start: u32,
    /// From when it can move.
    pub start_time: f64,
    /// Travel takes it this many times as long, above zero.
    pub slowness: f64,
    /// Most units on board.
    pub capacity: u32,
    /// Units on board at the start.
    pub on_board: u32,
    /// No pick-up starts after this (the end of the shift); drop-offs may. Infinite for no limit.
    pub latest_pick_up: f64,
    /// Where it has to come back to; `None` if it is free where its last stop is.
    pub end: Option<End>,
    /// Stops that are promised or under way, in order: they come first, stay in place, and happen however late they
    /// are. A request picked up here and not dropped off here is dropped off later by the same vehicle.
    pub prefix: Vec<Stop>,
    /// Cost of using it at all.
    pub fixed_cost: f64,
    /// So many requests cost nothing extra: what a guaranteed pay covers.
    pub included_requests: u32,
    /// Cost of each further request.
    pub extra_request_cost: f64,
    /// Where it belongs.
    pub region: Option<u32>,
}

impl Vehicle {
    /// A vehicle that is free at a place from time 0, has room and no end of shift.
    #[must_use]
    pub const fn at(start: u32, capacity: u32) -> Self {
        Self {
            start,
            start_time: 0.0,
            slowness: 1.0,
            capacity,
            on_board: 0,
            latest_pick_up: f64::INFINITY,
            end: None,
            prefix: Vec::new(),
            fixed_cost: 0.0,
            included_requests: u32::MAX,
            extra_request_cost: 0.0,
            region: None,
        }
    }
}

/// What pick-ups at one place in a row cost in time. A visit's place has to be the same, and both are pick-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SamePlace {
    /// Each its own setup and service.
    #[default]
    Each,
    /// One service, the longest, counted from the first start: a later one starts when the one before is done and it is
    /// time, and adds only what its service is longer.
    Once,
    /// One setup and one service, the service after the last start: all are taken when the last is ready.
    Together,
}

/// What counts, for the whole problem. Costs are zero or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Per unit of travel cost.
    pub driving: f64,
    /// Per time unit a vehicle waits for a visit's `earliest`.
    pub waiting: f64,
    /// A stop late by this costs twice `late_weight` per time unit, by twice this three times, and so on. Infinite:
    /// lateness counts evenly.
    pub late_doubles_after: f64,
    /// A start may be so far from the one that was told before that counts as moved.
    pub told_slack: f64,
    /// Pick-ups at one place in a row.
    pub same_place: SamePlace,
    /// While anything is on board, nothing is picked up but in a row with the pick-up just done, at the same place:
    /// a bundle is of one shop. Loads have to be 1 or more for this.
    pub one_place_a_bundle: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            driving: 1.0,
            waiting: 0.0,
            late_doubles_after: f64::INFINITY,
            told_slack: 0.0,
            same_place: SamePlace::Each,
            one_place_a_bundle: false,
        }
    }
}

/// Everything the search knows, but for the travel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// By number.
    pub requests: Vec<Request>,
    /// By number.
    pub vehicles: Vec<Vehicle>,
    /// What counts.
    pub terms: Terms,
}

/// What is wrong with a model or with a plan to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ModelFault {
    /// A request has no visit.
    #[error("request {0} has neither a pick-up nor a drop-off")]
    NoVisit(u32),
    /// A place of a request is not one of the travel table.
    #[error("request {0} is at a place that does not exist")]
    RequestPlace(u32),
    /// A time or cost of a request is not a number, or is below zero where that makes no sense.
    #[error("request {0} has a time or cost that is not a number or below zero")]
    RequestNumber(u32),
    /// `allowed` or `preferred` names a vehicle that does not exist.
    #[error("request {0} names a vehicle that does not exist")]
    RequestVehicle(u32),
    /// A place of a vehicle is not one of the travel table.
    #[error("vehicle {0} is at a place that does not exist")]
    VehiclePlace(u32),
    /// A time or cost of a vehicle is not a number, or is below zero where that makes no sense.
    #[error("vehicle {0} has a time or cost that is not a number or below zero")]
    VehicleNumber(u32),
    /// A prefix has an unknown or a repeated stop, or a drop-off without its pick-up before it.
    #[error("the prefix of vehicle {0} has a stop that cannot stand there")]
    Prefix(u32),
    /// A weight is not a number or below zero.
    #[error("a weight is not a number or below zero")]
    Weight,
    /// More requests or vehicles than the search can number, or loads beyond 2³¹.
    #[error("the problem is too large")]
    TooLarge,
}

impl Model {
    /// Checks everything the search relies on; `places` is how many places the travel table knows.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self, places: usize) -> Result<(), ModelFault> {
        let most = (i32::MAX / 8) as usize;
        if self.requests.len() > most || self.vehicles.len() > most {
            return Err(ModelFault::TooLarge);
        }
        let terms = [self.terms.driving, self.terms.waiting, self.terms.told_slack];
        if terms.iter().any(|x| !cost(*x))
            || self.terms.late_doubles_after.is_nan()
            || self.terms.late_doubles_after <= 0.0
        {
            return Err(ModelFault::Weight);
        }
        for (request, number) in self.requests.iter().zip(0_u32..) {
            self.check_request(request, number, places)?;
        }
        for (vehicle, number) in self.vehicles.iter().zip(0_u32..) {
            check_vehicle(vehicle, number, places)?;
        }
        let loads: u64 = self.requests.iter().map(|request| u64::from(request.load)).sum();
        let on_board = self.vehicles.iter().map(|vehicle| vehicle.on_board).max().unwrap_or(0);
        if loads + u64::from(on_board) > i32::MAX as u64 {
            return Err(ModelFault::TooLarge);
        }
        self.check_prefixes()
    }

    fn check_request(&self, request: &Request, number: u32, places: usize) -> Result<(), ModelFault> {
        let visits = || request.pick_up.iter().chain(&request.drop_off);
        if visits().next().is_none() {
            return Err(ModelFault::NoVisit(number));
        }
        if visits().any(|visit| visit.place as usize >= places) {
            return Err(ModelFault::RequestPlace(number));
        }
        let good = |visit: &Visit| {
            let plain = [visit.earliest, visit.since].iter().chain(&visit.told).all(|x| x.is_finite());
            let limits = [visit.latest, visit.due, visit.max_wait].iter().all(|x| !x.is_nan());
            let times = [visit.setup, visit.service];
            let costs = [visit.late_weight, visit.start_weight, visit.moved_cost];
            plain && limits && times.iter().all(|x| cost(*x)) && costs.iter().all(|x| cost(*x))
        };
        let prices = [request.unassigned_cost, request.change_cost, request.away_cost];
        if !visits().all(good) || !prices.iter().all(|x| cost(*x)) {
            return Err(ModelFault::RequestNumber(number));
        }
        let exists = |vehicle: &u32| (*vehicle as usize) < self.vehicles.len();
        let allowed = match &request.allowed {
            Allowed::All => true,
            Allowed::Only(vehicles) => vehicles.iter().all(exists),
        };
        if !allowed || !request.preferred.iter().all(exists) {
            return Err(ModelFault::RequestVehicle(number));
        }
        Ok(())
    }

    fn check_prefixes(&self) -> Result<(), ModelFault> {
        let mut seen = vec![[false; 2]; self.requests.len()];
        for (vehicle, number) in self.vehicles.iter().zip(0_u32..) {
            let fault = ModelFault::Prefix(number);
            for (at, stop) in vehicle.prefix.iter().enumerate() {
                let request = self.requests.get(stop.request as usize).ok_or(fault)?;
                request.visit(stop.part).ok_or(fault)?;
                let part = usize::from(stop.part == Part::DropOff);
                let taken = &mut seen[stop.request as usize][part];
                let picked = || vehicle.prefix[..at].contains(&Stop { part: Part::PickUp, ..*stop });
                let early = part == 1 && request.pick_up.is_some() && !picked();
                if std::mem::replace(taken, true) || early {
                    return Err(fault);
                }
            }
        }
        Ok(())
    }
}

fn cost(x: f64) -> bool {
    x.is_finite() && x >= 0.0
}

fn check_vehicle(vehicle: &Vehicle, number: u32, places: usize) -> Result<(), ModelFault> {
    let end = vehicle.end.iter().map(|end| end.place);
    if std::iter::once(vehicle.start).chain(end).any(|place| place as usize >= places) {
        return Err(ModelFault::VehiclePlace(number));
    }
    let limits = [Some(vehicle.latest_pick_up), vehicle.end.map(|end| end.latest)];
    let good = limits.iter().flatten().all(|x| !x.is_nan())
        && cost(vehicle.fixed_cost)
        && cost(vehicle.extra_request_cost)
        && vehicle.start_time.is_finite()
        && vehicle.slowness.is_finite()
        && vehicle.slowness > 0.0
        && vehicle.capacity <= i32::MAX as u32
        && vehicle.on_board <= i32::MAX as u32;
    if good { Ok(()) } else { Err(ModelFault::VehicleNumber(number)) }
}
