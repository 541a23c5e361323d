//! Reports, for dispatchers and operators.

use crate::app::App;
use crate::app::stall::RegionReport;
use crate::http::auth::StaffCaller;
use crate::http::catalogue as c;
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

/// Of which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SpanQuery {
    /// From this instant.
    from: DateTime<Utc>,
    /// To before this one.
    until: DateTime<Utc>,
}

/// How many buy by phone and how many pay by QR, region by region.
#[utoipa::path(tag = "reports", params(SpanQuery), responses((status = 200, body = RegionReport), (status = 400, body = ProblemDocument)))]
#[get("/v1/reports/regions")]
pub async fn regions(
    app: web::Data<App>,
    _caller: StaffCaller,
    query: web::Query<SpanQuery>,
) -> Result<HttpResponse, Problem> {
    if query.until <= query.from {
        return Err(Problem::new(c::INVALID_QUERY, "until must be after from."));
    }
    Ok(HttpResponse::Ok().json(app.region_report(query.from, query.until).await?))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(regions);
}
