//! Stalls, for their shops: registration, the picture to print, personal codes, what was taken and given back.

use super::checks;
use super::shared::{MoneyIn, PointIn, check_text};
use crate::app::App;
use crate::app::stall::charge::{Asked, ChargeView};
use crate::app::stall::{NewStall, Stall, StallFound, StallPayments, StallView};
use crate::app::wallet::TransferView;
use crate::http::auth::{OperatorCaller, ShopCaller};
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::extract::{created, id, if_match, versioned};
use crate::http::limits::check_address;
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::query;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use callahead_domain::geo::point::Point;
use callahead_domain::id::{StallId, TransferId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// A stall's name in the language of the place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalNameIn {
    /// ISO 639-1, such as ko.
    #[schema(pattern = "^[a-z]{2}$")]
    language: String,
    /// 1 to 25 characters.
    #[schema(min_length = 1, max_length = 25)]
    name: String,
}

/// A new stall.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StallIn {
    /// 1 to 25 characters, as printed.
    #[schema(min_length = 1, max_length = 25)]
    name: String,
    /// 1 to 15 characters, as printed.
    #[schema(min_length = 1, max_length = 15)]
    city: String,
    /// Its name in the language of the place.
    local: Option<LocalNameIn>,
    /// Merchant category code of ISO 18245, four digits; 5411 (grocers) if absent.
    #[schema(pattern = "^[0-9]{4}$")]
    category: Option<String>,
    /// ISO 3166 code.
    country: String,
    /// Where it stands.
    point: PointIn,
}

fn check_new(input: StallIn) -> Result<NewStall, Problem> {
    let mut faults = Vec::new();
    check_text(&mut faults, "name", &input.name, 25);
    check_text(&mut faults, "city", &input.city, 15);
    let local = input.local.map(|local| {
        let two = local.language.len() == 2 && local.language.bytes().all(|byte| byte.is_ascii_lowercase());
        if !two {
            faults.push(Fault::new(
                "local.language",
                "unknown",
                "two small letters of ISO 639-1, such as ko",
            ));
        }
        check_text(&mut faults, "local.name", &local.name, 25);
        (local.language, local.name.trim().to_owned())
    });
    let category = input.category.unwrap_or_else(|| "5411".to_owned());
    if category.len() != 4 || !category.bytes().all(|byte| byte.is_ascii_digit()) {
        faults.push(Fault::new("category", "out_of_range", "four digits of ISO 18245"));
    }
    let country = checks::country(&mut faults, "country", &input.country);
    let point = input.point.check(&mut faults, "point");
    match (country, point) {
        (Some(country), Some(point)) if faults.is_empty() => Ok(NewStall {
            name: input.name.trim().to_owned(),
            city: input.city.trim().to_owned(),
            local,
            category,
            country,
            point,
        }),
        _ => Err(checks::refused(faults)),
    }
}

/// Register a stall of the shop. Its money is the shop's.
#[utoipa::path(tag = "stalls", request_body = StallIn,
    responses((status = 201, body = StallView), (status = 422, body = ProblemDocument)))]
#[post("/v1/stalls")]
pub async fn create(
    app: web::Data<App>,
    caller: ShopCaller,
    body: Json<StallIn>,
) -> Result<HttpResponse, Problem> {
    let view = app.create_stall(caller.shop, check_new(body.value)?).await?;
    Ok(created(format!("/v1/stalls/{}", view.id), view.version, view))
}

/// List the shop's stalls, oldest first.
#[utoipa::path(tag = "stalls", params(PageQuery), responses((status = 200, body = Page<StallView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/stalls")]
pub async fn list(
    app: web::Data<App>,
    caller: ShopCaller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    query.page(|after, limit| app.stalls(caller.shop, after, limit)).await
}

async fn own(app: &App, caller: ShopCaller, path: &str) -> Result<Stall, Problem> {
    Ok(app.stall(caller.shop, id::<StallId>(path)?).await?)
}

/// Read a stall.
#[utoipa::path(tag = "stalls", params(("id" = String, Path)), responses((status = 200, body = StallView), (status = 404, body = ProblemDocument)))]
#[get("/v1/stalls/{id}")]
pub async fn read(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = app.stall_view(&own(&app, caller, &path).await?)?;
    Ok(versioned(view.version, view))
}

/// What is to change of a stall.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StallPatch {
    /// Whether it takes payments.
    open: bool,
}

/// Open or close a stall.
#[utoipa::path(tag = "stalls", params(("id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = StallPatch,
    responses((status = 200, body = StallView), (status = 404, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
#[patch("/v1/stalls/{id}")]
pub async fn alter(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<StallPatch>,
) -> Result<HttpResponse, Problem> {
    let stall = id::<StallId>(&path)?;
    let view = app.set_stall_open(caller.shop, stall, body.value.open, if_match(&request)?).await?;
    Ok(versioned(view.version, view))
}

/// The picture to print: EMVCo's static merchant-presented code, without an amount, as SVG.
#[utoipa::path(tag = "stalls", params(("id" = String, Path)), responses((status = 200, content_type = "image/svg+xml", body = String), (status = 404, body = ProblemDocument)))]
#[get("/v1/stalls/{id}/qr.svg")]
pub async fn picture(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let svg = app.stall_picture(&own(&app, caller, &path).await?)?;
    Ok(HttpResponse::Ok().content_type("image/svg+xml").body(svg))
}

/// See what the stall took and gave back lately, with the words that stand on the customers' screens, and today's sums.
#[utoipa::path(tag = "stalls", params(("id" = String, Path)), responses((status = 200, body = StallPayments), (status = 404, body = ProblemDocument)))]
#[get("/v1/stalls/{id}/payments")]
pub async fn payments(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.stall_payments(&own(&app, caller, &path).await?).await?))
}

/// A personal code that was scanned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargeIn {
    /// `trf_…`, made by the stall before it is sent, and sent again with the same.
    #[schema(value_type = String)]
    transfer_id: TransferId,
    /// The text of the picture (`PP1:…`) or its 18 digits.
    #[schema(max_length = 64)]
    code: String,
    /// How much.
    amount: MoneyIn,
    /// The wallet's PIN, typed by the customer, for what is above the limits.
    pin: Option<String>,
}

/// Charge a customer by their personal code. Each code pays once; five bad ones in ten minutes are allowed.
///
/// Above the limits, and where the customer's device was not online for long, the charge is `waiting` until the customer
/// agrees on their phone, or the PIN is typed here under the same `transfer_id`.
#[utoipa::path(tag = "stalls", params(("id" = String, Path)), request_body = ChargeIn,
    responses((status = 200, body = ChargeView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
#[post("/v1/stalls/{id}/charges")]
pub async fn charge(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
    body: Json<ChargeIn>,
) -> Result<HttpResponse, Problem> {
    let stall = own(&app, caller, &path).await?;
    let ChargeIn { transfer_id, code, amount, pin } = body.value;
    let mut faults = Vec::new();
    match amount.money(&mut faults, "amount", stall.currency()?) {
        Some(amount) if faults.is_empty() => {
            let asked = Asked { id: transfer_id, code, amount, pin };
            Ok(HttpResponse::Ok().json(app.charge(&stall, &asked).await?))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// See a charge.
#[utoipa::path(tag = "stalls", params(("id" = String, Path), ("transfer_id" = String, Path)), responses((status = 200, body = ChargeView), (status = 404, body = ProblemDocument)))]
#[get("/v1/stalls/{id}/charges/{transfer_id}")]
pub async fn read_charge(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let stall = own(&app, caller, &path.0).await?;
    Ok(HttpResponse::Ok().json(app.charge_of_stall(&stall, id::<TransferId>(&path.1)?).await?))
}

/// Money to be given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StallRefundIn {
    /// `trf_…`, made by the caller before it is sent, and sent again with the same.
    #[schema(value_type = String)]
    transfer_id: TransferId,
    /// `trf_…`, the payment.
    #[schema(value_type = String)]
    of: TransferId,
    /// Minor units, a whole number above 0; all refunds of a payment together are at most the payment.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    amount: i64,
}

impl StallRefundIn {
    fn check(&self) -> Result<(), Problem> {
        if (1..=callahead_domain::money::MAX_MINOR).contains(&self.amount) {
            return Ok(());
        }
        Err(checks::refused(vec![Fault::new("amount", "out_of_range", "above 0, in minor units")]))
    }
}

/// Give back a part of what the stall took today.
#[utoipa::path(tag = "stalls", params(("id" = String, Path)), request_body = StallRefundIn,
    responses((status = 200, body = TransferView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/stalls/{id}/refunds")]
pub async fn give_back(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
    body: Json<StallRefundIn>,
) -> Result<HttpResponse, Problem> {
    let stall = own(&app, caller, &path).await?;
    body.value.check()?;
    let StallRefundIn { transfer_id, of, amount } = body.value;
    Ok(HttpResponse::Ok().json(app.give_back(&stall, transfer_id, of, amount).await?))
}

/// Give back a part of what a stall took, on whatever day.
#[utoipa::path(tag = "accounts", request_body = StallRefundIn,
    responses((status = 200, body = TransferView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/refunds")]
pub async fn refund(
    app: web::Data<App>,
    _caller: OperatorCaller,
    body: Json<StallRefundIn>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let StallRefundIn { transfer_id, of, amount } = body.value;
    Ok(HttpResponse::Ok().json(app.refund_transfer(transfer_id, of, amount).await?))
}

/// Where the payer is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HereQuery {
    /// Degrees north.
    #[param(minimum = -90, maximum = 90)]
    lat: Option<f64>,
    /// Degrees east.
    #[param(minimum = -180, maximum = 180)]
    lon: Option<f64>,
}

/// See which stall a picture names, before paying: its name, place and whether it takes payments. With the payer's place
/// also how far that is; `far` warns of a picture that hangs where it does not belong.
#[utoipa::path(tag = "wallet", params(("reference" = String, Path), HereQuery), responses((status = 200, body = StallFound), (status = 404, body = ProblemDocument)))]
#[get("/v1/pay/{reference}")]
pub async fn resolve(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<String>,
    here: web::Query<HereQuery>,
) -> Result<HttpResponse, Problem> {
    check_address(&request)?;
    query::check(&request)?;
    let here = match (here.lat, here.lon) {
        (Some(lat), Some(lon)) => {
            let point = Point::new(lat, lon);
            Some(point.map_err(|error| Problem::new(c::INVALID_QUERY, format!("lat, lon: {error}.")))?)
        }
        (None, None) => None,
        _ => return Err(Problem::new(c::INVALID_QUERY, "lat and lon belong together.")),
    };
    let stall = app.stall_by_reference(&path).await?;
    Ok(HttpResponse::Ok().json(app.stall_found(&stall, here)?))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(list)
        .service(read)
        .service(alter)
        .service(picture)
        .service(payments)
        .service(charge)
        .service(read_charge)
        .service(give_back)
        .service(refund)
        .service(resolve);
}
