//! Signing in and out, and who one is.

use crate::app::App;
use crate::app::courier::sign_in::{self, CodeRequestView, MeView, SignedInView};
use crate::http::auth::CourierCaller;
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::limits;
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use callahead_domain::contact::Phone;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// An invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteIn {
    /// `chi_…`
    token: String,
}

/// Sign in with an invite. An invite works once; every other phone of this courier can only read from here on.
#[utoipa::path(tag = "couriers", request_body = InviteIn, responses((status = 200, body = SignedInView), (status = 404, body = ProblemDocument), (status = 410, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
#[post("/v1/courier/sign_in/invite")]
pub async fn by_invite(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<InviteIn>,
) -> Result<HttpResponse, Problem> {
    limits::check_address(&request)?;
    Ok(HttpResponse::Ok().json(sign_in::by_invite(&app, &body.value.token).await?))
}

/// A phone number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneIn {
    /// With country code.
    phone: String,
}

/// Ask for a six-digit code. The answer is the same whether or not the number is a courier's; at most five codes an hour
/// and twenty a day leave for one number.
#[utoipa::path(tag = "couriers", request_body = PhoneIn, responses((status = 202, body = CodeRequestView), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
#[post("/v1/courier/sign_in/code")]
pub async fn request_code(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<PhoneIn>,
) -> Result<HttpResponse, Problem> {
    limits::check_address(&request)?;
    let phone = Phone::parse(&body.value.phone, None);
    let phone = phone.map_err(|error| Problem::invalid("phone", "invalid_phone", error.to_string()))?;
    Ok(HttpResponse::Accepted().json(sign_in::request_code(&app, phone).await?))
}

/// A code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyIn {
    /// `otp_…`
    request_id: String,
    /// Six digits.
    code: String,
}

/// Sign in with a code. Five tries each; then ask for a new one.
#[utoipa::path(tag = "couriers", request_body = VerifyIn, responses((status = 200, body = SignedInView), (status = 401, body = ProblemDocument), (status = 410, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
#[post("/v1/courier/sign_in/verify")]
pub async fn verify(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<VerifyIn>,
) -> Result<HttpResponse, Problem> {
    limits::check_address(&request)?;
    // What cannot be a request's id is answered like one nobody made.
    let wrong = || Problem::new(c::WRONG_CODE, "That code did not match. Check the newest message.");
    let id = body.value.request_id.parse().map_err(|_| wrong())?;
    Ok(HttpResponse::Ok().json(sign_in::verify(&app, id, body.value.code.trim()).await?))
}

/// Who one is.
#[utoipa::path(tag = "couriers", responses((status = 200, body = MeView), (status = 401, body = ProblemDocument)))]
#[get("/v1/courier/me")]
pub async fn me(app: web::Data<App>, caller: CourierCaller) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(sign_in::me(&app, caller.courier).await?))
}

/// End this session.
#[utoipa::path(tag = "couriers", responses((status = 204), (status = 401, body = ProblemDocument)))]
#[post("/v1/courier/sign_out")]
pub async fn sign_out(app: web::Data<App>, caller: CourierCaller) -> Result<HttpResponse, Problem> {
    sign_in::sign_out(&app, caller.courier, caller.session).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(by_invite).service(request_code).service(verify).service(me).service(sign_out);
}
