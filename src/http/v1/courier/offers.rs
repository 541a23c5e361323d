//! Answering an offer.

use crate::app::App;
use crate::app::courier::feed::StopView;
use crate::app::courier::offers;
use crate::http::auth::CourierCaller;
use crate::http::body;
use crate::http::extract::id;
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::v1::shared::check_text;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Take an offer. Exactly one answer counts.
///
/// What is offered together is taken as a whole, whichever of its deliveries is named; the answer is that one's first stop.
#[utoipa::path(tag = "couriers", params(("delivery_id" = String, Path)), responses((status = 200, body = StopView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/courier/offers/{delivery_id}/accept")]
pub async fn accept(
    app: web::Data<App>,
    caller: CourierCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    Ok(HttpResponse::Ok().json(offers::accept(&app, caller.courier, id(&path)?).await?))
}

/// Why not.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineIn {
    /// In words, up to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// Say no to an offer, as a whole; there is no penalty. The body may be left out.
#[utoipa::path(tag = "couriers", params(("delivery_id" = String, Path)), request_body = Option<DeclineIn>, responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/courier/offers/{delivery_id}/decline")]
pub async fn decline(
    app: web::Data<App>,
    caller: CourierCaller,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let caller = caller.acting()?;
    let bytes = body::read(&request, payload.into_inner()).await?;
    if !bytes.is_empty() {
        body::check_type(&request)?;
    }
    let said: DeclineIn = if bytes.is_empty() { DeclineIn::default() } else { body::parse(&bytes)? };
    let mut faults: Vec<Fault> = Vec::new();
    if let Some(reason) = &said.reason {
        check_text(&mut faults, "reason", reason, 500);
    }
    if let Some(fault) = faults.pop() {
        return Err(Problem::invalid(&fault.param, &fault.code, fault.detail));
    }
    offers::decline(&app, caller.courier, id(&path)?, said.reason.unwrap_or_default()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(accept).service(decline);
}
