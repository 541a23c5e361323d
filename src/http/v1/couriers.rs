//! Couriers, as operators keep them.

use super::checks;
use crate::app::App;
use crate::app::couriers::{CourierChange, CourierView, InviteView, NewCourier};
use crate::http::auth::{OperatorCaller, StaffCaller};
use crate::http::body::Json;
use crate::http::extract::{created, id, if_match, versioned};
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::v1::shared::PointIn;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use callahead_domain::courier::Vehicle;
use callahead_domain::id::{CourierId, RegionId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Parcels a courier may hold at once, at most.
const MOST_CAPACITY: i32 = 1000;
/// Regions of a courier at most.
const MOST_REGIONS: usize = 1000;
/// Grams a courier may carry at once, at most: ten tonnes.
const MOST_GRAMS: u32 = 10_000_000;

/// A new courier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourierIn {
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// With a plus and the country code; no other courier has it.
    phone: String,
    /// `en`, `ko`, `ru`, `zh` or `ar`; `en` if absent.
    language: Option<String>,
    /// `foot`, `bicycle`, `scooter` or `car`.
    vehicle: String,
    /// Parcels at once, 1 to 1000.
    #[schema(minimum = 1, maximum = 1000)]
    capacity: i32,
    /// `reg_…`, where they work.
    regions: Vec<String>,
    /// What they are fit for: `cash`, `cold`, `heavy`, `id`; nothing if absent.
    #[schema(max_items = 4)]
    skills: Option<Vec<String>>,
    /// Grams at once, 1 to 10000000; no limit if absent.
    #[schema(minimum = 1, maximum = 10_000_000)]
    max_weight_g: Option<u32>,
    /// Where they have to be when a shift ends; anywhere if absent.
    home: Option<PointIn>,
}

fn vehicle(faults: &mut Vec<Fault>, raw: &str) -> Option<Vehicle> {
    let known = Vehicle::parse(raw);
    if known.is_none() {
        faults.push(Fault::new("vehicle", "unknown", "one of foot, bicycle, scooter, car"));
    }
    known
}

fn capacity(faults: &mut Vec<Fault>, given: i32) -> i32 {
    if !(1..=MOST_CAPACITY).contains(&given) {
        faults.push(Fault::new("capacity", "out_of_range", format!("1 to {MOST_CAPACITY} parcels")));
    }
    given
}

fn weight(faults: &mut Vec<Fault>, given: u32) -> u32 {
    if !(1..=MOST_GRAMS).contains(&given) {
        faults.push(Fault::new("max_weight_g", "out_of_range", format!("1 to {MOST_GRAMS} grams")));
    }
    given
}

/// The regions, each once; one that is not there is a fault.
fn regions(faults: &mut Vec<Fault>, app: &App, given: &[String]) -> Vec<RegionId> {
    if given.len() > MOST_REGIONS {
        faults.push(Fault::new("regions", "out_of_range", format!("at most {MOST_REGIONS} regions")));
        return Vec::new();
    }
    let book = app.book.get();
    let mut found = Vec::with_capacity(given.len());
    for (place, raw) in given.iter().enumerate() {
        let param = format!("regions[{place}]");
        match checks::id::<RegionId>(faults, &param, raw) {
            Some(id) if !book.regions.contains_key(&id) => {
                faults.push(Fault::new(param, "unknown", "there is no such region"));
            }
            Some(id) if !found.contains(&id) => found.push(id),
            _ => {}
        }
    }
    found
}

fn check_new(app: &App, input: &CourierIn) -> Result<NewCourier, Problem> {
    let mut faults = Vec::new();
    let name = checks::name(&mut faults, "name", &input.name);
    let phone = checks::phone(&mut faults, "phone", &input.phone, None);
    let language = input.language.as_deref().and_then(|raw| checks::language(&mut faults, "language", raw));
    let vehicle = vehicle(&mut faults, &input.vehicle);
    let capacity = capacity(&mut faults, input.capacity);
    let regions = regions(&mut faults, app, &input.regions);
    let skills = checks::skills(&mut faults, "skills", input.skills.as_deref().unwrap_or_default());
    let max_weight_g = input.max_weight_g.map(|given| weight(&mut faults, given));
    let home = input.home.and_then(|point| point.check(&mut faults, "home"));
    match (name, phone, vehicle) {
        (Some(name), Some(phone), Some(vehicle)) if faults.is_empty() => {
            let language = language.unwrap_or_default();
            Ok(NewCourier { name, phone, language, vehicle, capacity, regions, skills, max_weight_g, home })
        }
        _ => Err(checks::refused(faults)),
    }
}

/// Make a courier.
///
/// A number that another courier has is answered 409 `duplicate`; `metadata.courier_id` names them.
#[utoipa::path(tag = "couriers", request_body = CourierIn,
    responses((status = 201, body = CourierView), (status = 400, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/couriers")]
pub async fn create(
    app: web::Data<App>,
    _caller: OperatorCaller,
    body: Json<CourierIn>,
) -> Result<HttpResponse, Problem> {
    let view = app.create_courier(check_new(&app, &body.value)?).await?;
    Ok(created(format!("/v1/couriers/{}", view.id), view.version, view))
}

/// List couriers, oldest first.
#[utoipa::path(tag = "couriers", params(PageQuery), responses((status = 200, body = Page<CourierView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/couriers")]
pub async fn list(
    app: web::Data<App>,
    _caller: StaffCaller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    query.page(|after, limit| app.couriers(after, limit)).await
}

/// Read a courier.
#[utoipa::path(tag = "couriers", params(("id" = String, Path)), responses((status = 200, body = CourierView), (status = 404, body = ProblemDocument)))]
#[get("/v1/couriers/{id}")]
pub async fn read(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = app.courier(id::<CourierId>(&path)?).await?;
    Ok(versioned(view.version, view))
}

/// What is to change of a courier; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourierPatch {
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: Option<String>,
    /// With a plus and the country code.
    phone: Option<String>,
    /// `en`, `ko`, `ru`, `zh` or `ar`.
    language: Option<String>,
    /// `foot`, `bicycle`, `scooter` or `car`.
    vehicle: Option<String>,
    /// Parcels at once, 1 to 1000; for shifts that begin after this.
    #[schema(minimum = 1, maximum = 1000)]
    capacity: Option<i32>,
    /// `reg_…`, where they work, all of it.
    regions: Option<Vec<String>>,
    /// What they are fit for, all of it: `cash`, `cold`, `heavy`, `id`.
    #[schema(max_items = 4)]
    skills: Option<Vec<String>>,
    /// Grams at once, 1 to 10000000; null for no limit.
    #[serde(default, deserialize_with = "checks::nullable")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10_000_000)]
    max_weight_g: Option<Option<u32>>,
    /// Where they have to be when a shift ends; null for anywhere.
    #[serde(default, deserialize_with = "checks::nullable")]
    #[schema(value_type = Option<PointIn>)]
    home: Option<Option<PointIn>>,
    /// False signs the courier out and ends the shift.
    active: Option<bool>,
}

fn check_patch(app: &App, input: &CourierPatch) -> Result<CourierChange, Problem> {
    let mut faults = Vec::new();
    let change = CourierChange {
        name: input.name.as_deref().and_then(|raw| checks::name(&mut faults, "name", raw)),
        phone: input.phone.as_deref().and_then(|raw| checks::phone(&mut faults, "phone", raw, None)),
        language: input.language.as_deref().and_then(|raw| checks::language(&mut faults, "language", raw)),
        vehicle: input.vehicle.as_deref().and_then(|raw| vehicle(&mut faults, raw)),
        capacity: input.capacity.map(|given| capacity(&mut faults, given)),
        regions: input.regions.as_deref().map(|given| regions(&mut faults, app, given)),
        skills: input.skills.as_deref().map(|given| checks::skills(&mut faults, "skills", given)),
        max_weight_g: input.max_weight_g.map(|given| given.map(|given| weight(&mut faults, given))),
        home: input.home.map(|home| home.and_then(|point| point.check(&mut faults, "home"))),
        active: input.active,
    };
    checks::refuse(faults)?;
    Ok(change)
}

/// Change a courier.
///
/// One with deliveries cannot stop working (409 `holding_parcels`): reassign or finish them first.
#[utoipa::path(tag = "couriers", params(("id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = CourierPatch,
    responses((status = 200, body = CourierView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[patch("/v1/couriers/{id}")]
pub async fn alter(
    app: web::Data<App>,
    _caller: OperatorCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<CourierPatch>,
) -> Result<HttpResponse, Problem> {
    let courier = id::<CourierId>(&path)?;
    let change = check_patch(&app, &body.value)?;
    let view = app.change_courier(courier, change, if_match(&request)?).await?;
    Ok(versioned(view.version, view))
}

/// Invite a courier's phone.
///
/// The token signs in once, within 24 hours. Earlier invites of the courier end.
#[utoipa::path(tag = "couriers", params(("id" = String, Path)),
    responses((status = 201, body = InviteView), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/couriers/{id}/invite")]
pub async fn invite(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = app.invite_courier(id::<CourierId>(&path)?).await?;
    Ok(HttpResponse::Created().json(view))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list).service(read).service(alter).service(invite);
}
