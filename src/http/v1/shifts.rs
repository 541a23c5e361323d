//! Who is on duty, where, and with how much.

use crate::app::App;
use crate::app::duty::ShiftView;
use crate::http::auth::StaffCaller;
use crate::http::problem::Problem;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Open shifts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShiftList {
    /// By courier.
    data: Vec<ShiftView>,
}

/// Couriers on duty, with position and load.
#[utoipa::path(tag = "dispatch", responses((status = 200, body = ShiftList)))]
#[get("/v1/shifts")]
pub async fn list(app: web::Data<App>, _caller: StaffCaller) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(ShiftList { data: app.shifts_on_duty().await? }))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list);
}
