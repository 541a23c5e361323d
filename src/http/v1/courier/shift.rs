//! Shifts and positions.

use crate::app::App;
use crate::app::courier::shift::{self, CourierShiftView, NewShift, Reported};
use crate::app::courier::{breaks, shift_end};
use crate::http::auth::CourierCaller;
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::v1::shared::PointIn;
use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Positions of one request at most.
const MOST_POSITIONS: usize = 200;

/// A shift to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartIn {
    /// Its end, 5 minutes to 16 hours from now.
    ends_at: DateTime<Utc>,
    /// Where the courier is.
    point: Option<PointIn>,
    /// Parcels at most; the courier's own if absent.
    capacity: Option<i32>,
}

fn refuse(faults: Vec<Fault>) -> Result<(), Problem> {
    let problem = || Problem::new(c::INVALID, "A value is not allowed.");
    if faults.is_empty() { Ok(()) } else { Err(problem().with_faults(faults)) }
}

/// Start a shift. A courier has one open shift at most.
#[utoipa::path(tag = "couriers", request_body = StartIn, responses((status = 201, body = CourierShiftView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/courier/shift")]
pub async fn start(
    app: web::Data<App>,
    caller: CourierCaller,
    body: Json<StartIn>,
) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    let mut faults = Vec::new();
    let point = body.value.point.and_then(|point| point.check(&mut faults, "point"));
    refuse(faults)?;
    let new = NewShift { ends_at: body.value.ends_at, point, capacity: body.value.capacity };
    Ok(HttpResponse::Created().json(shift::start(&app, caller.courier, new).await?))
}

/// The open shift.
#[utoipa::path(tag = "couriers", responses((status = 200, body = CourierShiftView), (status = 409, body = ProblemDocument)))]
#[get("/v1/courier/shift")]
pub async fn current(app: web::Data<App>, caller: CourierCaller) -> Result<HttpResponse, Problem> {
    match shift::current(&app, caller.courier).await? {
        Some(view) => Ok(HttpResponse::Ok().json(view)),
        None => Err(Problem::new(c::NO_SHIFT, "No shift is open.")),
    }
}

/// End the shift. What was only assigned or offered goes to somebody else.
///
/// While parcels are held the shift stays open (409 `holding_parcels`) until they are handed over, returned or
/// transferred; nothing new is given to this courier then. A shift whose time is over ends by itself in the same way.
#[utoipa::path(tag = "couriers", responses((status = 200, body = CourierShiftView), (status = 409, body = ProblemDocument)))]
#[post("/v1/courier/shift/end")]
pub async fn end(app: web::Data<App>, caller: CourierCaller) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    Ok(HttpResponse::Ok().json(shift_end::end(&app, caller.courier).await?))
}

/// A break to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakIn {
    /// How long from now, 1 to 120.
    #[schema(minimum = 1, maximum = 120)]
    minutes: i64,
}

/// Take a break. Nothing new is given to the courier before it is over; what is theirs waits, and its customers are told.
///
/// A break that runs gets the new end. Whoever is on the way to a door, or at it, finishes there first (422 `on_the_way`).
#[utoipa::path(tag = "couriers", request_body = BreakIn, responses((status = 200, body = CourierShiftView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/courier/shift/break")]
pub async fn begin_break(
    app: web::Data<App>,
    caller: CourierCaller,
    body: Json<BreakIn>,
) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    Ok(HttpResponse::Ok().json(breaks::begin(&app, caller.courier, body.value.minutes).await?))
}

/// End the break, if there is one.
#[utoipa::path(tag = "couriers", responses((status = 200, body = CourierShiftView), (status = 409, body = ProblemDocument)))]
#[post("/v1/courier/shift/break/end")]
pub async fn end_break(app: web::Data<App>, caller: CourierCaller) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    Ok(HttpResponse::Ok().json(breaks::end(&app, caller.courier).await?))
}

/// One position.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionIn {
    /// When, by the phone's clock.
    at: DateTime<Utc>,
    /// Where.
    point: PointIn,
    /// Metres, 0 to 100,000.
    #[schema(minimum = 0, maximum = 100_000)]
    accuracy_m: Option<f64>,
}

/// Positions, in any order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionsIn {
    /// At most 200.
    #[schema(max_items = 200)]
    positions: Vec<PositionIn>,
}

/// How many were taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcceptedView {
    /// Those that lie within the shift; others are passed over.
    accepted: usize,
    /// Of these, where nobody can have come to in the time: kept and marked, and nothing is planned from them.
    implausible: usize,
}

fn check(positions: &[PositionIn]) -> Result<Vec<Reported>, Problem> {
    let mut faults = Vec::new();
    if positions.len() > MOST_POSITIONS {
        faults.push(Fault::new("positions", "out_of_range", format!("at most {MOST_POSITIONS} positions")));
    }
    let mut reported = Vec::with_capacity(positions.len().min(MOST_POSITIONS));
    for (place, position) in positions.iter().take(MOST_POSITIONS).enumerate() {
        if position.accuracy_m.is_some_and(|metres| !(0.0..=100_000.0).contains(&metres)) {
            faults.push(Fault::new(
                format!("positions[{place}].accuracy_m"),
                "out_of_range",
                "0 to 100000 metres",
            ));
        }
        let at = DateTime::from_timestamp_micros(position.at.timestamp_micros()).unwrap_or(position.at);
        let point = position.point.check(&mut faults, &format!("positions[{place}].point"));
        reported.extend(point.map(|point| Reported { at, point, accuracy_m: position.accuracy_m }));
    }
    refuse(faults)?;
    Ok(reported)
}

/// Tell where the courier is and was. Sending again does no harm.
#[utoipa::path(tag = "couriers", request_body = PositionsIn, responses((status = 202, body = AcceptedView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/courier/positions")]
pub async fn report(
    app: web::Data<App>,
    caller: CourierCaller,
    body: Json<PositionsIn>,
) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    let taken = shift::report(&app, caller.courier, check(&body.value.positions)?).await?;
    let (accepted, implausible) = (taken.accepted, taken.implausible);
    Ok(HttpResponse::Accepted().json(AcceptedView { accepted, implausible }))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(start).service(current).service(end).service(report);
    config.service(begin_break).service(end_break);
}
