//! Our own form of a problem, in JSON, and of the plan for it.
//!
//! ```json
//! {
//!   "points": [[0, 0], [3, 4]],
//!   "requests": [{ "id": "a", "pick_up": { "place": 0 }, "drop_off": { "place": 1, "latest": 60 } }],
//!   "vehicles": [{ "id": "v", "start": 0, "capacity": 4 }]
//! }
//! ```
//!
//! Instead of `points`, `times` (and `costs`) may hold a table: a row for each origin. Fields are those of
//! [`Model`](crate::dispatch::search::Model) and what it holds, by the same names; those left out have the values
//! [`Visit::at`], [`Request::pair`], [`Vehicle::at`] and [`Terms::default`] give. Requests name vehicles by id.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::dispatch::search::{
    Allowed, End, Matrix, Model, ModelFault, Part, Plane, Request, SamePlace, Solution, Stop, Terms, Travel,
    UNASSIGNED_COST, Vehicle, Visit, timetable,
};

/// Why a text is not a problem.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonFault {
    /// Not JSON, or not of this form: the field and what was expected.
    #[error("line {line}, column {column}: {problem}")]
    Form {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Not exactly one of `points` and `times`, or `costs` without `times`.
    #[error("there should be either `points` or `times`, and `costs` only with `times`")]
    Places,
    /// A point or an entry of a table is not a finite number, or a table is not square or has an entry below zero.
    #[error("`{0}` should hold finite numbers; a table as many columns as rows, and nothing below zero")]
    Table(&'static str),
    /// The same id twice.
    #[error("the id `{0}` is there twice")]
    Twice(String),
    /// An id nobody has.
    #[error("`{0}` is nobody's id")]
    Unknown(String),
    /// A window that ends before it starts, of this request.
    #[error("a window of `{0}` ends before it starts")]
    Window(String),
    /// The numbers of this request or vehicle do not fit the others; the fault counts them from 0.
    #[error("{fault}: `{id}`")]
    Part {
        /// Whose numbers.
        id: String,
        /// What is wrong.
        fault: ModelFault,
    },
    /// The numbers of the whole do not fit together.
    #[error(transparent)]
    Model(#[from] ModelFault),
}

/// Travel as it was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Ways {
    /// By points.
    Plane(Plane),
    /// By a table.
    Matrix(Matrix),
}

/// A problem with the names its parts have.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The problem, checked.
    pub model: Model,
    /// Its travel.
    pub ways: Ways,
    /// Ids of the requests, by number.
    pub requests: Vec<String>,
    /// Ids of the vehicles, by number.
    pub vehicles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a problem: `points` or `times`, `requests`, `vehicles`")]
struct Text {
    points: Option<Vec<(f64, f64)>>,
    times: Option<Vec<Vec<f64>>>,
    costs: Option<Vec<Vec<f64>>>,
    requests: Vec<RequestText>,
    vehicles: Vec<VehicleText>,
    #[serde(default)]
    terms: TermsText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VisitText {
    place: u32,
    #[serde(default)]
    earliest: f64,
    latest: Option<f64>,
    #[serde(default)]
    setup: f64,
    #[serde(default)]
    service: f64,
    due: Option<f64>,
    #[serde(default)]
    late_weight: f64,
    #[serde(default)]
    start_weight: f64,
    #[serde(default)]
    since: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestText {
    id: String,
    pick_up: Option<VisitText>,
    drop_off: Option<VisitText>,
    #[serde(default = "one")]
    load: u32,
    allowed: Option<Vec<String>>,
    unassigned_cost: Option<f64>,
    preferred: Option<String>,
    #[serde(default)]
    change_cost: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StopText {
    request: String,
    part: PartText,
}

/// Which visit of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartText {
    /// The pick-up.
    PickUp,
    /// The drop-off.
    DropOff,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndText {
    place: u32,
    latest: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VehicleText {
    id: String,
    start: u32,
    #[serde(default)]
    start_time: f64,
    capacity: u32,
    #[serde(default)]
    on_board: u32,
    latest_pick_up: Option<f64>,
    end: Option<EndText>,
    #[serde(default)]
    prefix: Vec<StopText>,
    #[serde(default)]
    fixed_cost: f64,
    included_requests: Option<u32>,
    #[serde(default)]
    extra_request_cost: f64,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum SamePlaceText {
    Each,
    Once,
    Together,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct TermsText {
    driving: Option<f64>,
    #[serde(default)]
    waiting: f64,
    late_doubles_after: Option<f64>,
    same_place: Option<SamePlaceText>,
    #[serde(default)]
    one_place_a_bundle: bool,
}

const fn one() -> u32 {
    1
}

/// Numbers by id.
struct Ids(HashMap<String, u32>);

impl Ids {
    fn new<'a>(ids: impl Iterator<Item = &'a String>) -> Result<Self, JsonFault> {
        let mut numbers = HashMap::new();
        for (id, number) in ids.zip(0..) {
            if numbers.insert(id.clone(), number).is_some() {
                return Err(JsonFault::Twice(id.clone()));
            }
        }
        Ok(Self(numbers))
    }

    fn number(&self, id: &str) -> Result<u32, JsonFault> {
        self.0.get(id).copied().ok_or_else(|| JsonFault::Unknown(id.to_owned()))
    }
}

/// Reads a problem.
///
/// # Errors
/// The first fault found.
pub fn read(text: &str) -> Result<Named, JsonFault> {
    let text: Text = serde_json::from_str(text).map_err(|error| JsonFault::Form {
        line: error.line(),
        column: error.column(),
        problem: message(&error),
    })?;
    let request_ids = Ids::new(text.requests.iter().map(|request| &request.id))?;
    let vehicle_ids = Ids::new(text.vehicles.iter().map(|vehicle| &vehicle.id))?;
    let requests = text.requests.iter().map(|request| request.read(&vehicle_ids));
    let vehicles = text.vehicles.iter().map(|vehicle| vehicle.read(&request_ids));
    let model = Model {
        requests: requests.collect::<Result<_, _>>()?,
        vehicles: vehicles.collect::<Result<_, _>>()?,
        terms: text.terms.read(),
    };
    let ways = ways(text.points, text.times, text.costs)?;
    let places = match &ways {
        Ways::Plane(plane) => plane.places(),
        Ways::Matrix(matrix) => matrix.places(),
    };
    model.check(places).map_err(|fault| named(fault, &text.requests, &text.vehicles))?;
    Ok(Named {
        model,
        ways,
        requests: text.requests.into_iter().map(|request| request.id).collect(),
        vehicles: text.vehicles.into_iter().map(|vehicle| vehicle.id).collect(),
    })
}

/// A fault of the model, with the id of the request or vehicle it is about.
fn named(fault: ModelFault, requests: &[RequestText], vehicles: &[VehicleText]) -> JsonFault {
    let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let id = match fault {
        ModelFault::NoVisit(number)
        | ModelFault::RequestPlace(number)
        | ModelFault::RequestNumber(number)
        | ModelFault::RequestVehicle(number) => requests.get(at(number)).map(|request| &request.id),
        ModelFault::VehiclePlace(number) | ModelFault::VehicleNumber(number) | ModelFault::Prefix(number) => {
            vehicles.get(at(number)).map(|vehicle| &vehicle.id)
        }
        ModelFault::Weight | ModelFault::TooLarge => None,
    };
    id.map_or(JsonFault::Model(fault), |id| JsonFault::Part { id: id.clone(), fault })
}

/// The message without the place, which is told beside it.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

type Table = Vec<Vec<f64>>;

fn ways(
    points: Option<Vec<(f64, f64)>>,
    times: Option<Table>,
    costs: Option<Table>,
) -> Result<Ways, JsonFault> {
    match (points, times) {
        (Some(points), None) if costs.is_none() => {
            let finite = points.iter().all(|(x, y)| x.is_finite() && y.is_finite());
            finite.then(|| Ways::Plane(Plane::new(points))).ok_or(JsonFault::Table("points"))
        }
        (None, Some(times)) => {
            let places = times.len();
            let flat = |table: Table, name: &'static str| {
                let square = table.len() == places && table.iter().all(|row| row.len() == places);
                let flat: Vec<f64> = table.into_iter().flatten().collect();
                let good = square && Matrix::new(places, flat.clone(), None).is_some();
                good.then_some(flat).ok_or(JsonFault::Table(name))
            };
            let times = flat(times, "times")?;
            let costs = costs.map(|costs| flat(costs, "costs")).transpose()?;
            Matrix::new(places, times, costs).map(Ways::Matrix).ok_or(JsonFault::Table("times"))
        }
        _ => Err(JsonFault::Places),
    }
}

impl VisitText {
    fn read(&self) -> Visit {
        Visit {
            earliest: self.earliest,
            latest: self.latest.unwrap_or(f64::INFINITY),
            setup: self.setup,
            service: self.service,
            due: self.due.unwrap_or(f64::INFINITY),
            late_weight: self.late_weight,
            start_weight: self.start_weight,
            since: self.since,
            ..Visit::at(self.place)
        }
    }
}

impl RequestText {
    fn read(&self, vehicles: &Ids) -> Result<Request, JsonFault> {
        let mut visits = [&self.pick_up, &self.drop_off].into_iter().flatten();
        if visits.any(|visit| visit.latest.is_some_and(|latest| latest < visit.earliest)) {
            return Err(JsonFault::Window(self.id.clone()));
        }
        let only = self.allowed.as_ref().map(|ids| ids.iter().map(|id| vehicles.number(id)).collect());
        Ok(Request {
            pick_up: self.pick_up.as_ref().map(VisitText::read),
            drop_off: self.drop_off.as_ref().map(VisitText::read),
            allowed: only.transpose()?.map_or(Allowed::All, Allowed::Only),
            unassigned_cost: self.unassigned_cost.unwrap_or(UNASSIGNED_COST),
            preferred: self.preferred.as_ref().map(|id| vehicles.number(id)).transpose()?,
            change_cost: self.change_cost,
            ..Request::pair(Visit::at(0), Visit::at(0), self.load)
        })
    }
}

impl VehicleText {
    fn read(&self, requests: &Ids) -> Result<Vehicle, JsonFault> {
        let stop = |stop: &StopText| {
            let part = match stop.part {
                PartText::PickUp => Part::PickUp,
                PartText::DropOff => Part::DropOff,
            };
            Ok(Stop { request: requests.number(&stop.request)?, part })
        };
        let latest = |end: &EndText| end.latest.unwrap_or(f64::INFINITY);
        Ok(Vehicle {
            start_time: self.start_time,
            on_board: self.on_board,
            latest_pick_up: self.latest_pick_up.unwrap_or(f64::INFINITY),
            end: self.end.as_ref().map(|end| End { place: end.place, latest: latest(end) }),
            prefix: self.prefix.iter().map(stop).collect::<Result<_, JsonFault>>()?,
            fixed_cost: self.fixed_cost,
            included_requests: self.included_requests.unwrap_or(u32::MAX),
            extra_request_cost: self.extra_request_cost,
            ..Vehicle::at(self.start, self.capacity)
        })
    }
}

impl TermsText {
    fn read(&self) -> Terms {
        let plain = Terms::default();
        let same_place = match self.same_place {
            None | Some(SamePlaceText::Each) => SamePlace::Each,
            Some(SamePlaceText::Once) => SamePlace::Once,
            Some(SamePlaceText::Together) => SamePlace::Together,
        };
        Terms {
            driving: self.driving.unwrap_or(plain.driving),
            waiting: self.waiting,
            late_doubles_after: self.late_doubles_after.unwrap_or(plain.late_doubles_after),
            same_place,
            one_place_a_bundle: self.one_place_a_bundle,
            ..plain
        }
    }
}

/// A plan with names and times, to be written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanText {
    /// Vehicles that stop somewhere, in their order.
    pub routes: Vec<RouteText>,
    /// Ids of requests nobody carries.
    pub unassigned: Vec<String>,
    /// Vehicles in use.
    pub vehicles: u32,
    /// Travel cost of all legs, not weighted.
    pub travel: f64,
    /// What was made small.
    pub cost: f64,
}

/// A vehicle's part of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteText {
    /// Its id.
    pub vehicle: String,
    /// Its stops in order.
    pub stops: Vec<PlannedText>,
}

/// A stop with its times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedText {
    /// Id of the request.
    pub request: String,
    /// Which visit.
    pub part: PartText,
    /// The vehicle is there.
    pub arrive: f64,
    /// The visit starts.
    pub start: f64,
    /// The vehicle moves on.
    pub depart: f64,
    /// Units on board after it.
    pub load: i32,
}

impl Named {
    /// The plan of a solution of this problem.
    ///
    /// # Errors
    /// The model was changed and is not right any more.
    pub fn plan(&self, solution: &Solution) -> Result<PlanText, ModelFault> {
        let name = |ids: &[String], number: u32| -> String {
            let id = usize::try_from(number).ok().and_then(|number| ids.get(number));
            id.cloned().unwrap_or_default()
        };
        let mut routes = Vec::new();
        for (stops, vehicle) in solution.routes.iter().zip(0_u32..).filter(|(stops, _)| !stops.is_empty()) {
            let (timings, _) = match &self.ways {
                Ways::Plane(plane) => timetable(&self.model, plane, vehicle, stops)?,
                Ways::Matrix(matrix) => timetable(&self.model, matrix, vehicle, stops)?,
            };
            let planned = timings.iter().map(|timing| PlannedText {
                request: name(&self.requests, timing.stop.request),
                part: if timing.stop.part == Part::PickUp { PartText::PickUp } else { PartText::DropOff },
                arrive: timing.arrive,
                start: timing.start,
                depart: timing.depart,
                load: timing.load,
            });
            routes.push(RouteText { vehicle: name(&self.vehicles, vehicle), stops: planned.collect() });
        }
        Ok(PlanText {
            routes,
            unassigned: solution.unassigned.iter().map(|request| name(&self.requests, *request)).collect(),
            vehicles: solution.score.vehicles,
            travel: solution.score.travel,
            cost: solution.score.cost,
        })
    }
}
