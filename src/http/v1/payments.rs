//! An order's payments: all of them, another way to pay, money given up, refunds.

use crate::app::App;
use crate::app::payments::{PayWish, PaymentsView, RefundList, RefundView};
use crate::app::view::OrderView;
use crate::http::auth::{ShopCaller, StaffCaller};
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::extract::{id, if_match, versioned};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::v1::orders::ReasonIn;
use crate::http::v1::shared::{MoneyIn, check_text};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use callahead_domain::delivery::Command;
use callahead_domain::id::{DeliveryId, OrderId, ShopId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// How an order is paid.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentIn {
    /// Who holds the money: `record`, `shop`, `cash`, `stripe` or `wallet`; the shop's own choice if absent.
    provider: Option<String>,
    /// What it is taken from, in the provider's words: a payment method's token, a wallet's id.
    #[schema(min_length = 1, max_length = 128)]
    method: Option<String>,
    /// The provider's reference of a hold made before.
    #[schema(min_length = 1, max_length = 128)]
    reference: Option<String>,
}

impl PaymentIn {
    /// The wish, its faults noted with places that begin with `at`.
    pub fn check(self, app: &App, shop: ShopId, faults: &mut Vec<Fault>, at: &str) -> PayWish {
        let place = |field: &str| if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") };
        for (field, value) in [("method", &self.method), ("reference", &self.reference)] {
            if let Some(value) = value {
                check_text(faults, &place(field), value, 128);
            }
        }
        let wish = PayWish { provider: self.provider, method: self.method, reference: self.reference };
        faults.extend(app.wrong_wish(shop, &wish, at).into_iter().map(Fault::from));
        wish
    }
}

/// A refund.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundIn {
    /// How much of what was captured; never more than is left of it.
    amount: MoneyIn,
    /// Why, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

fn amount(app: &App, shop: ShopId, input: &RefundIn) -> Result<i64, Problem> {
    let book = app.book.get();
    let shop = book.shops.get(&shop).ok_or_else(Problem::not_found)?;
    let mut faults = Vec::new();
    let amount = input.amount.check(&mut faults, "amount", shop.currency);
    if faults.is_empty() {
        return Ok(amount);
    }
    Err(Problem::new(c::INVALID, "The refund has values that are not allowed.").with_faults(faults))
}

/// Every payment and refund of an order.
#[utoipa::path(tag = "payments", params(("id" = String, Path)), responses((status = 200, body = PaymentsView), (status = 404, body = ProblemDocument)))]
#[get("/v1/orders/{id}/payments")]
pub async fn of_order(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.payments_of_order(caller.shop, id::<OrderId>(&path)?).await?))
}

/// Ask for another hold: instead of one that was declined or ended, beside one that ends soon, or for money that is owed.
#[utoipa::path(tag = "payments", params(("id" = String, Path)), request_body = PaymentIn, responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/orders/{id}/payment/authorise")]
pub async fn authorise(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<PaymentIn>,
) -> Result<HttpResponse, Problem> {
    let order = id::<OrderId>(&path)?;
    let mut faults = Vec::new();
    let wish = body.value.check(&app, caller.shop, &mut faults, "");
    if !faults.is_empty() {
        return Err(Problem::new(c::INVALID, "A value is not allowed.").with_faults(faults));
    }
    let command = app.another_payment(caller.shop, wish)?;
    let view = app.command_order(caller.shop, order, command, if_match(&request)?).await?;
    Ok(versioned(view.shared.version, view))
}

/// Give up money that is owed.
#[utoipa::path(tag = "payments", params(("id" = String, Path)), request_body = ReasonIn, responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument)))]
#[post("/v1/orders/{id}/payment/write_off")]
pub async fn write_off(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<ReasonIn>,
) -> Result<HttpResponse, Problem> {
    let command = Command::WriteOff { reason: body.value.reason };
    let view = app.command_order(caller.shop, id::<OrderId>(&path)?, command, if_match(&request)?).await?;
    Ok(versioned(view.shared.version, view))
}

/// Give captured money back, whole or in part. The same `Idempotency-Key` is one refund.
#[utoipa::path(tag = "payments", params(("id" = String, Path)), request_body = RefundIn, responses((status = 201, body = RefundView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/orders/{id}/refunds")]
pub async fn refund_order(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
    body: Json<RefundIn>,
) -> Result<HttpResponse, Problem> {
    let order = id::<OrderId>(&path)?;
    let amount = amount(&app, caller.shop, &body.value)?;
    let view = app.refund_order(caller.shop, order, amount, body.value.reason).await?;
    Ok(HttpResponse::Created().json(view))
}

/// The refunds of an order.
#[utoipa::path(tag = "payments", params(("id" = String, Path)), responses((status = 200, body = RefundList), (status = 404, body = ProblemDocument)))]
#[get("/v1/orders/{id}/refunds")]
pub async fn refunds_of_order(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let all = app.payments_of_order(caller.shop, id::<OrderId>(&path)?).await?;
    Ok(HttpResponse::Ok().json(RefundList { data: all.refunds }))
}

/// Every payment and refund of a delivery.
#[utoipa::path(tag = "payments", params(("id" = String, Path)), responses((status = 200, body = PaymentsView), (status = 404, body = ProblemDocument)))]
#[get("/v1/deliveries/{id}/payments")]
pub async fn of_delivery(
    app: web::Data<App>,
    _caller: StaffCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.payments_of_delivery(id::<DeliveryId>(&path)?).await?))
}

/// Give captured money of a delivery back, in your own name.
#[utoipa::path(tag = "payments", params(("id" = String, Path)), request_body = RefundIn, responses((status = 201, body = RefundView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/deliveries/{id}/refunds")]
pub async fn refund_delivery(
    app: web::Data<App>,
    caller: StaffCaller,
    path: web::Path<String>,
    body: Json<RefundIn>,
) -> Result<HttpResponse, Problem> {
    let delivery = id::<DeliveryId>(&path)?;
    let amount = amount(&app, app.shop_of_delivery(delivery).await?, &body.value)?;
    let view = app.refund(delivery, caller.actor, amount, body.value.reason).await?;
    Ok(HttpResponse::Created().json(view))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(of_order)
        .service(authorise)
        .service(write_off)
        .service(refund_order)
        .service(refunds_of_order)
        .service(of_delivery)
        .service(refund_delivery);
}
