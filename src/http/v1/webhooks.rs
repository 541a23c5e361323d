//! What payment providers tell by themselves. Nothing is believed here: the message is checked on its raw bytes, stored,
//! and makes somebody look at the provider's books.

use crate::app::App;
use crate::app::provider_events::NotTaken;
use crate::http::body;
use crate::http::catalogue as c;
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenView {
    /// It was stored now, or before.
    received: bool,
}

/// Take a message of Stripe's in. It carries `Stripe-Signature`; the same message may come any number of times.
#[utoipa::path(tag = "payments", request_body(content = Object, content_type = "application/json"), params(("Stripe-Signature" = String, Header, description = "t=<unix seconds>,v1=<hex>")),
    responses((status = 200, body = TakenView), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)), security(()))]
#[post("/v1/webhooks/stripe")]
pub async fn stripe(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = body::read(&request, payload.into_inner()).await?;
    let header = request.headers().get(crate::app::provider_events::STRIPE_HEADER);
    let signature = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    match app.take_stripe_event(signature, &bytes).await {
        Ok(_) => Ok(HttpResponse::Ok().json(TakenView { received: true })),
        Err(NotTaken::NotOffered) => Err(Problem::not_found()),
        Err(NotTaken::Failed(error)) => Err(error.into()),
        Err(other) => Err(Problem::new(c::WEBHOOK_REJECTED, format!("The message was not taken: {other}."))),
    }
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(stripe);
}
