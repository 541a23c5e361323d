//! Is the process alive, and is it ready to take work.

use crate::app::App;
use crate::http::problem::Problem;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// What.
    name: &'static str,
    /// Whether it is well.
    ok: bool,
    /// What was found.
    found: String,
}

/// All checks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Whether work is taken.
    ready: bool,
    /// Each check.
    checks: Vec<Check>,
}

/// The process is alive.
#[utoipa::path(tag = "health", responses((status = 200, description = "alive")))]
#[get("/health/live")]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"live": true}))
}

/// The service takes work: the database answers and keeps what it acknowledges.
#[utoipa::path(tag = "health", responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
#[get("/health/ready")]
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let checks = app.readiness().await;
    let checks: Vec<Check> = checks.into_iter().map(|(name, ok, found)| Check { name, ok, found }).collect();
    let ready = checks.iter().all(|check| check.ok);
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    Ok(response.json(Readiness { ready, checks }))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(live).service(ready);
}
