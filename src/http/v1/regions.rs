//! Regions: drawn by operators as GeoJSON, read by dispatchers too.

use super::checks;
use crate::app::App;
use crate::app::region_file::ImportedView;
use crate::app::regions::{
    AffectedView, LocatedView, RegionChange, RegionFeature, RegionVersionView, RegionView,
};
use crate::app::speeds::SpeedsView;
use crate::app::wrong::Wrong;
use crate::http::auth::{OperatorCaller, StaffCaller};
use crate::http::body::{self, BodyLimits, Json};
use crate::http::catalogue as c;
use crate::http::extract::{etag, id, if_match, versioned};
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use actix_web::{HttpRequest, HttpResponse, get, patch, put, web};
use callahead_domain::geo::point::Point;
use callahead_domain::id::RegionId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The drawings of a whole city are large.
const FILE_LIMITS: BodyLimits = BodyLimits { bytes: 32 * 1024 * 1024, within: Duration::from_secs(60) };
/// The media type of GeoJSON (RFC 7946).
const GEOJSON: &str = "application/geo+json";

/// What became of a file of regions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedRegions {
    /// A row for each feature, in the order of the file.
    data: Vec<ImportedView>,
}

/// The refusal of a file: all of its faults.
fn refused(wrong: Vec<Wrong>) -> Problem {
    if let [only] = wrong.as_slice()
        && only.code == "not_json"
    {
        let entry = if only.detail.contains("recursion limit") { c::TOO_DEEP } else { c::MALFORMED_JSON };
        return Problem::new(entry, only.detail.clone());
    }
    let count = wrong.len();
    let detail = format!("Nothing was changed; faults in the file: {count}.");
    Problem::new(c::INVALID_SHAPE, detail).with_faults(wrong.into_iter().map(Fault::from).collect())
}

/// Import regions.
///
/// The body is a GeoJSON FeatureCollection of Polygons and MultiPolygons. A feature is a new drawing of the region its
/// property `id` (`reg_…`) names, else of the region with its exact `name`, else a new region. `priority`, `time_zone`
/// and `policy` are set where given; other properties are passed over. One bad feature refuses the whole file. Open
/// deliveries keep the drawing they were accepted under. The limit is 32 MiB.
#[utoipa::path(tag = "regions", request_body(content = Object, content_type = "application/geo+json"),
    responses((status = 200, body = ImportedRegions), (status = 400, body = ProblemDocument), (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[put("/v1/regions")]
pub async fn import(
    app: web::Data<App>,
    _caller: OperatorCaller,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    body::check_type(&request)?;
    let bytes = body::read_within(&request, payload.into_inner(), FILE_LIMITS).await?;
    let text = body::utf8(&bytes)?.to_owned();
    drop(bytes);
    let drawings = app.read_regions(text).await?.map_err(refused)?;
    let data = app.import_regions(drawings).await?.map_err(refused)?;
    Ok(HttpResponse::Ok().json(ImportedRegions { data }))
}

/// List regions without their drawings, oldest first.
#[utoipa::path(tag = "regions", params(PageQuery), responses((status = 200, body = Page<RegionView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/regions")]
pub async fn list(
    app: web::Data<App>,
    _caller: StaffCaller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    query.page(|after, limit| app.regions(after, limit)).await
}

/// Where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LocateQuery {
    /// Degrees north.
    #[param(minimum = -90, maximum = 90)]
    lat: f64,
    /// Degrees east.
    #[param(minimum = -180, maximum = 180)]
    lon: f64,
}

/// Which region takes an order at a point.
#[utoipa::path(tag = "regions", params(LocateQuery), responses((status = 200, body = LocatedView), (status = 400, body = ProblemDocument)))]
#[get("/v1/regions/locate")]
pub async fn locate(
    app: web::Data<App>,
    _caller: StaffCaller,
    query: web::Query<LocateQuery>,
) -> Result<HttpResponse, Problem> {
    let point = Point::new(query.lat, query.lon)
        .map_err(|error| Problem::new(c::INVALID_QUERY, format!("lat, lon: {error}.")))?;
    Ok(HttpResponse::Ok().json(app.locate(point)))
}

/// Which drawing.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DrawingQuery {
    /// Its number; the one in force if absent.
    version: Option<i32>,
}

/// Read a region with its drawing, as a GeoJSON feature.
///
/// The feature can be changed and imported again.
#[utoipa::path(tag = "regions", params(("id" = String, Path), DrawingQuery),
    responses((status = 200, body = RegionFeature, content_type = "application/geo+json"), (status = 404, body = ProblemDocument)))]
#[get("/v1/regions/{id}")]
pub async fn read(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
    query: web::Query<DrawingQuery>,
) -> Result<HttpResponse, Problem> {
    let (text, version) = app.region_feature(id::<RegionId>(&path)?, query.version).await?;
    Ok(HttpResponse::Ok().insert_header(etag(version)).content_type(GEOJSON).body(text))
}

/// List the drawings of a region, oldest first.
#[utoipa::path(tag = "regions", params(("id" = String, Path), PageQuery), responses((status = 200, body = Page<RegionVersionView>), (status = 404, body = ProblemDocument)))]
#[get("/v1/regions/{id}/versions")]
pub async fn versions(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let region = id::<RegionId>(&path)?;
    let wanted = query.rows()?;
    let after = query.after_id()?.map_or(0, |cursor| i32::try_from(cursor.as_u128()).unwrap_or(i32::MAX));
    let rows = app.region_versions(region, after, wanted + 1).await?;
    let number = |row: &RegionVersionView| Uuid::from_u128(u128::from(row.version.unsigned_abs()));
    Ok(HttpResponse::Ok().json(Page::of(rows, wanted, number, |row| row)))
}

/// List open deliveries that keep an older drawing of a region.
#[utoipa::path(tag = "regions", params(("id" = String, Path), PageQuery), responses((status = 200, body = Page<AffectedView>), (status = 404, body = ProblemDocument)))]
#[get("/v1/regions/{id}/affected")]
pub async fn affected(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let region = id::<RegionId>(&path)?;
    query.page(|after, limit| app.affected_by_region(region, after, limit)).await
}

/// Read the speeds learned in a region.
///
/// They come from legs couriers finished there: from setting off to arriving at a door, on the great circle. The last
/// eight weeks count, each fortnight half of the one after it.
#[utoipa::path(tag = "regions", params(("id" = String, Path)), responses((status = 200, body = SpeedsView), (status = 404, body = ProblemDocument)))]
#[get("/v1/regions/{id}/speeds")]
pub async fn speeds(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.region_speeds(id::<RegionId>(&path)?).await?))
}

/// What is to change of a region beside its drawing; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionPatch {
    /// False: no new orders; open deliveries go on.
    active: Option<bool>,
    /// The lower, the more it owns where regions overlap or touch.
    priority: Option<i32>,
    /// The rules it sets for itself, all of them: those that are absent are the service's.
    #[schema(value_type = Option<Object>)]
    policy: Option<Map<String, Value>>,
    /// IANA zone.
    time_zone: Option<String>,
}

/// Change a region beside its drawing.
#[utoipa::path(tag = "regions", params(("id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = RegionPatch,
    responses((status = 200, body = RegionView), (status = 404, body = ProblemDocument), (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[patch("/v1/regions/{id}")]
pub async fn alter(
    app: web::Data<App>,
    _caller: OperatorCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<RegionPatch>,
) -> Result<HttpResponse, Problem> {
    let region = id::<RegionId>(&path)?;
    let RegionPatch { active, priority, policy, time_zone } = body.value;
    let mut faults = Vec::new();
    let time_zone = time_zone.as_deref().and_then(|raw| checks::zone(&mut faults, "time_zone", raw));
    if let Some(own) = &policy {
        faults.extend(app.wrong_region_policy(own).into_iter().map(Fault::from));
    }
    checks::refuse(faults)?;
    let change = RegionChange { active, priority, time_zone, policy };
    let (view, version) = app.change_region(region, change, if_match(&request)?).await?;
    Ok(versioned(version, view))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(import)
        .service(list)
        .service(locate)
        .service(versions)
        .service(affected)
        .service(speeds)
        .service(read)
        .service(alter);
}
