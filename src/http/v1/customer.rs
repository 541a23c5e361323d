//! A delivery for its customer's own program: the same use cases as the page, as JSON. The link's token in the path is
//! the only credential; what is unknown, malformed or closed is answered alike.

use super::answer::AnswerIn;
use super::checks;
use super::shared::{PointIn, check_text};
use crate::app::App;
use crate::app::customer::{LinkView, Visit};
use crate::http::auth::admission;
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::limits::check_address;
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::query;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, post, web};
use callahead_domain::call_ahead::answer::Source;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// A customer with a link that opens a delivery.
#[derive(Debug)]
pub struct LinkCaller {
    /// What the link opened.
    pub visit: Visit,
    token: String,
}

impl LinkCaller {
    /// The delivery as it stands after a change.
    async fn now(&self, app: &App) -> Result<HttpResponse, Problem> {
        Ok(HttpResponse::Ok().json(app.visit(&self.token).await?.view(false)))
    }
}

impl FromRequest for LinkCaller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (request, admit) = (request.clone(), admission(request));
        Box::pin(async move {
            check_address(&request)?;
            let app = request.app_data::<web::Data<App>>().ok_or_else(Problem::not_found)?;
            let token = request.match_info().get("token").unwrap_or_default().to_owned();
            let visit = app.visit(&token).await?;
            query::check(&request)?;
            admit.send(()).ok();
            Ok(LinkCaller { visit, token })
        })
    }
}

/// How much is shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LinkQuery {
    /// `1`: the courier stands in front of the customer; while the courier is on the way the code is shown then.
    show_code: Option<String>,
}

/// See a delivery.
#[utoipa::path(tag = "customers", params(("token" = String, Path), LinkQuery), responses((status = 200, body = LinkView), (status = 404, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
#[get("/v1/c/{token}")]
pub async fn read(caller: LinkCaller, query: web::Query<LinkQuery>) -> HttpResponse {
    let show_code = query.show_code.as_deref() == Some("1");
    HttpResponse::Ok().json(caller.visit.view(show_code))
}

/// Answer, or change the answer: the latest counts. What the same courier brings to the same door is answered with it.
#[utoipa::path(tag = "customers", params(("token" = String, Path)), request_body = AnswerIn, responses((status = 200, body = LinkView), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/c/{token}/answers")]
pub async fn answer(
    app: web::Data<App>,
    caller: LinkCaller,
    body: Json<AnswerIn>,
) -> Result<HttpResponse, Problem> {
    let reply = body.value.reply_in(&app, Source::Link, caller.visit.shop.country.as_deref())?;
    app.answer_by_link(&caller.visit, reply).await?;
    caller.now(&app).await
}

/// Why, if the customer wants to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelIn {
    /// In their words, up to 500 characters.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Cancel the order: at once before collection, by way of the shop after.
#[utoipa::path(tag = "customers", params(("token" = String, Path)), request_body = CancelIn, responses((status = 200, body = LinkView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/c/{token}/cancel")]
pub async fn cancel(
    app: web::Data<App>,
    caller: LinkCaller,
    body: Json<CancelIn>,
) -> Result<HttpResponse, Problem> {
    let mut faults = Vec::new();
    if let Some(reason) = body.value.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        check_text(&mut faults, "reason", reason, 500);
    }
    checks::refuse(faults)?;
    app.cancel_by_link(&caller.visit, body.value.reason.as_deref()).await?;
    caller.now(&app).await
}

/// Where an address lies that could not be placed: in words, as a pin, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressTold {
    /// In words, 1 to 300 characters, for the dispatcher who places it.
    text: Option<String>,
    /// On the map: inside a region the address is placed, and the order goes on.
    point: Option<PointIn>,
}

/// Say where the address is, for an order that waits because nobody knows. Words go to a dispatcher with the exception;
/// a pin in a region places the address at once.
#[utoipa::path(tag = "customers", params(("token" = String, Path)), request_body = AddressTold, responses((status = 200, body = LinkView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/c/{token}/address")]
pub async fn correct_address(
    app: web::Data<App>,
    caller: LinkCaller,
    body: Json<AddressTold>,
) -> Result<HttpResponse, Problem> {
    let AddressTold { text, point } = body.value;
    let mut faults = Vec::new();
    if let Some(text) = &text {
        check_text(&mut faults, "text", text, 300);
    }
    let point = point.and_then(|point| point.check(&mut faults, "point"));
    if faults.is_empty() && text.is_none() && point.is_none() {
        faults.push(Fault::new("text", "missing", "text or point"));
    }
    if !faults.is_empty() {
        return Err(Problem::new(c::INVALID, "A value is not allowed.").with_faults(faults));
    }
    // Words first: they are kept even where the pin lies in no region.
    if let Some(text) = text {
        app.correct_address_by_link(&caller.visit, &text).await?;
    }
    if let Some(point) = point {
        app.locate_by_link(&caller.visit, point).await?;
    }
    caller.now(&app).await
}

/// Make a new hand-off code; the old one is void.
#[utoipa::path(tag = "customers", params(("token" = String, Path)), responses((status = 200, body = LinkView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/c/{token}/code/rotate")]
pub async fn rotate_code(app: web::Data<App>, caller: LinkCaller) -> Result<HttpResponse, Problem> {
    app.rotate_code_by_link(&caller.visit).await?;
    caller.now(&app).await
}

/// Forget whether somebody was home when couriers came to this customer before, and count nothing of what they ordered
/// until now.
#[utoipa::path(tag = "customers", params(("token" = String, Path)), responses((status = 200, body = LinkView), (status = 404, body = ProblemDocument)))]
#[post("/v1/c/{token}/forget")]
pub async fn forget(app: web::Data<App>, caller: LinkCaller) -> Result<HttpResponse, Problem> {
    app.forget_customer(caller.visit.delivery.id).await?;
    caller.now(&app).await
}

/// Why the customer objects.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionIn {
    /// In their words, up to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Object to a hand-off without a code: nothing is captured until somebody has decided.
#[utoipa::path(tag = "customers", params(("token" = String, Path)), request_body = ObjectionIn, responses((status = 200, body = LinkView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/c/{token}/hand_off/dispute")]
pub async fn dispute(
    app: web::Data<App>,
    caller: LinkCaller,
    body: Json<ObjectionIn>,
) -> Result<HttpResponse, Problem> {
    app.dispute_by_link(&caller.visit, &body.value.reason).await?;
    caller.now(&app).await
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(answer)
        .service(cancel)
        .service(correct_address)
        .service(rotate_code)
        .service(forget)
        .service(dispute)
        .service(read);
}
