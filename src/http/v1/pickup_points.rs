//! Pick-up points: where a shop hands parcels to couriers.

use super::checks;
use super::shared::{PointIn, check_text};
use crate::app::App;
use crate::app::pickup_points::{NewPickupPoint, PickupPointView};
use crate::http::auth::ShopCaller;
use crate::http::body::Json;
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// A new pick-up point.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PickupPointIn {
    /// The shop's own id, unique within the shop, up to 128 characters.
    #[schema(min_length = 1, max_length = 128)]
    external_id: Option<String>,
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// In words, 1 to 300 characters.
    #[schema(min_length = 1, max_length = 300)]
    address: String,
    /// On the map.
    point: PointIn,
}

/// Make a pick-up point.
///
/// An `external_id` that is known is answered 409 `duplicate`; `metadata.pickup_point_id` names the point.
#[utoipa::path(tag = "pickup points", request_body = PickupPointIn,
    responses((status = 201, body = PickupPointView), (status = 400, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/pickup_points")]
pub async fn create(
    app: web::Data<App>,
    caller: ShopCaller,
    body: Json<PickupPointIn>,
) -> Result<HttpResponse, Problem> {
    let input = body.value;
    let mut faults = Vec::new();
    let name = checks::name(&mut faults, "name", &input.name);
    check_text(&mut faults, "address", &input.address, 300);
    if let Some(external) = &input.external_id {
        check_text(&mut faults, "external_id", external, 128);
    }
    let point = input.point.check(&mut faults, "point");
    match (name, point) {
        (Some(name), Some(point)) if faults.is_empty() => {
            let address = input.address.trim().to_owned();
            let new = NewPickupPoint { external_id: input.external_id, name, address, point };
            Ok(HttpResponse::Created().json(app.create_pickup_point(caller.shop, new).await?))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// List pick-up points, oldest first.
#[utoipa::path(tag = "pickup points", params(PageQuery), responses((status = 200, body = Page<PickupPointView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/pickup_points")]
pub async fn list(
    app: web::Data<App>,
    caller: ShopCaller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    query.page(|after, limit| app.pickup_points(caller.shop, after, limit)).await
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list);
}
