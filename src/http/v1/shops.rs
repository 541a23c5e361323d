//! Shops, as operators keep them.

use super::checks;
use crate::app::App;
use crate::app::shops::{NewShop, PaymentWish, ShopChange, ShopView, wrong_payment};
use crate::app::wrong::wrong_wishes;
use crate::http::auth::{OperatorCaller, StaffCaller};
use crate::http::body::Json;
use crate::http::extract::{created, id, if_match, versioned};
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use callahead_domain::id::ShopId;
use callahead_domain::money::Currency;
use callahead_domain::policy::Tightening;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// How a shop's payments are taken.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShopPaymentIn {
    /// `record` marks captures for shops that settle elsewhere; `shop` asks the shop's own endpoint.
    provider: String,
    /// The endpoint, http or https; for `shop`.
    url: Option<String>,
    /// How requests there are signed: `whsec_` and base64 of 24 to 64 bytes; made up if absent.
    secret: Option<String>,
}

impl ShopPaymentIn {
    fn wish(self) -> PaymentWish {
        PaymentWish { provider: self.provider, url: self.url, secret: self.secret }
    }
}

/// A new shop.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShopIn {
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// ISO 4217, such as KRW.
    currency: String,
    /// IANA zone, such as Asia/Seoul.
    time_zone: String,
    /// `en`, `ko`, `ru`, `zh` or `ar`; `en` if absent.
    language: Option<String>,
    /// Its number, for its customers.
    phone: Option<String>,
    /// ISO 3166 code, for numbers without a country.
    country: Option<String>,
    /// How its payments are taken; `record` if absent.
    payment: Option<ShopPaymentIn>,
    /// Its stricter wishes, such as `{"max_attempts": 1}`.
    #[schema(value_type = Option<Object>)]
    policy: Option<Tightening>,
}

fn check_new(app: &App, input: ShopIn) -> Result<NewShop, Problem> {
    let mut faults = Vec::new();
    let name = checks::name(&mut faults, "name", &input.name);
    let time_zone = checks::zone(&mut faults, "time_zone", &input.time_zone);
    let currency = Currency::parse(&input.currency)
        .map_err(|error| faults.push(Fault::new("currency", "unknown", error.to_string())))
        .ok();
    let language = input.language.as_deref().map(|raw| checks::language(&mut faults, "language", raw));
    let country = input.country.as_deref().and_then(|raw| checks::country(&mut faults, "country", raw));
    let phone =
        input.phone.as_deref().and_then(|raw| checks::phone(&mut faults, "phone", raw, country.as_deref()));
    let payment = input.payment.map(ShopPaymentIn::wish);
    if let Some(wish) = &payment {
        faults.extend(wrong_payment(wish, &app.config.payments, false).into_iter().map(Fault::from));
    }
    let wishes = input.policy.unwrap_or_default();
    faults.extend(wrong_wishes(&wishes, &app.default_policy, "policy").into_iter().map(Fault::from));
    match (name, currency, time_zone) {
        (Some(name), Some(currency), Some(time_zone)) if faults.is_empty() => Ok(NewShop {
            name,
            currency,
            time_zone,
            language: language.flatten().unwrap_or_default(),
            phone,
            country,
            payment,
            wishes,
        }),
        _ => Err(checks::refused(faults)),
    }
}

/// Make a shop.
///
/// A signing secret that is made up is in this answer and never again.
#[utoipa::path(tag = "shops", request_body = ShopIn,
    responses((status = 201, body = ShopView), (status = 400, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/shops")]
pub async fn create(
    app: web::Data<App>,
    _caller: OperatorCaller,
    body: Json<ShopIn>,
) -> Result<HttpResponse, Problem> {
    let view = app.create_shop(check_new(&app, body.value)?).await?;
    Ok(created(format!("/v1/shops/{}", view.id), view.version, view))
}

/// List shops, oldest first.
#[utoipa::path(tag = "shops", params(PageQuery), responses((status = 200, body = Page<ShopView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/shops")]
pub async fn list(
    app: web::Data<App>,
    _caller: StaffCaller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    query.page(|after, limit| app.shops(after, limit)).await
}

/// Read a shop.
#[utoipa::path(tag = "shops", params(("id" = String, Path)), responses((status = 200, body = ShopView), (status = 404, body = ProblemDocument)))]
#[get("/v1/shops/{id}")]
pub async fn read(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = app.shop(id::<ShopId>(&path)?).await?;
    Ok(versioned(view.version, view))
}

/// What is to change of a shop; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShopPatch {
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: Option<String>,
    /// IANA zone.
    time_zone: Option<String>,
    /// `en`, `ko`, `ru`, `zh` or `ar`.
    language: Option<String>,
    /// Its number; null takes it away.
    #[serde(default, deserialize_with = "checks::nullable")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    /// ISO 3166 code; null takes it away.
    #[serde(default, deserialize_with = "checks::nullable")]
    #[schema(value_type = Option<String>)]
    country: Option<Option<String>>,
    /// How its payments are taken from now on. An absent `url` or `secret` stays as it is.
    payment: Option<ShopPaymentIn>,
    /// Its stricter wishes, all of them: those that are absent are taken back.
    #[schema(value_type = Option<Object>)]
    policy: Option<Tightening>,
}

/// Checks what can be checked without the shop; `known` is the country it has.
fn check_patch(app: &App, input: ShopPatch, known: Option<&str>) -> Result<ShopChange, Problem> {
    let mut faults = Vec::new();
    let name = input.name.as_deref().and_then(|raw| checks::name(&mut faults, "name", raw));
    let time_zone = input.time_zone.as_deref().and_then(|raw| checks::zone(&mut faults, "time_zone", raw));
    let language = input.language.as_deref().and_then(|raw| checks::language(&mut faults, "language", raw));
    let mut read_country = |raw: String| checks::country(&mut faults, "country", &raw);
    let country = input.country.map(|given| given.and_then(&mut read_country));
    let in_country = country.as_ref().map_or(known, |given| given.as_deref());
    let mut read_phone = |raw: String| checks::phone(&mut faults, "phone", &raw, in_country);
    let phone = input.phone.map(|given| given.and_then(&mut read_phone));
    let payment = input.payment.map(ShopPaymentIn::wish);
    if let Some(wish) = &payment {
        // Whether the shop has an address already is seen where it is changed.
        faults.extend(wrong_payment(wish, &app.config.payments, true).into_iter().map(Fault::from));
    }
    if let Some(wishes) = &input.policy {
        faults.extend(wrong_wishes(wishes, &app.default_policy, "policy").into_iter().map(Fault::from));
    }
    checks::refuse(faults)?;
    Ok(ShopChange { name, time_zone, language, phone, country, payment, wishes: input.policy })
}

/// Change a shop.
#[utoipa::path(tag = "shops", params(("id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = ShopPatch,
    responses((status = 200, body = ShopView), (status = 404, body = ProblemDocument), (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[patch("/v1/shops/{id}")]
pub async fn alter(
    app: web::Data<App>,
    _caller: OperatorCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<ShopPatch>,
) -> Result<HttpResponse, Problem> {
    let shop = id::<ShopId>(&path)?;
    let known = app.book.get().shops.get(&shop).and_then(|entry| entry.country.clone());
    let change = check_patch(&app, body.value, known.as_deref())?;
    let view = app.change_shop(shop, change, if_match(&request)?).await?;
    Ok(versioned(view.version, view))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list).service(read).service(alter);
}
