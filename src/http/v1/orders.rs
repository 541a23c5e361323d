//! Orders: what a shop hands over, sees, amends and cancels.

use crate::app::ingest::{NewOrder, NewParcel, RequestKey};
use crate::app::orders::OrderFilter;
use crate::app::view::OrderView;
use crate::app::{App, Error};
use crate::http::auth::ShopCaller;
use crate::http::body::Json;
use crate::http::catalogue as c;
use crate::http::extract::{created, id, id_in, idempotency_key, if_match, versioned};
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::v1::checks;
use crate::http::v1::payments::PaymentIn;
use crate::http::v1::shared::{MoneyIn, PointIn, WindowIn, check_text, in_reach};
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use callahead_domain::contact::{Email, Language, PersonName, Phone};
use callahead_domain::delivery::Command;
use callahead_domain::delivery::command::Amendment;
use callahead_domain::id::{OrderId, PickupPointId};
use callahead_domain::order::{Customer, Item};
use callahead_domain::payment::MOST_AUTHORISED_DAYS;
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// Who gets it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerIn {
    /// Name, 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Telephone, with country code or in the shop's country.
    phone: Option<String>,
    /// E-mail.
    email: Option<String>,
    /// Language tag; the shop's if absent.
    language: Option<String>,
}

/// Where it goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressIn {
    /// In words, 1 to 300 characters.
    #[schema(min_length = 1, max_length = 300)]
    text: String,
    /// On the map; without it the order waits for a dispatcher or for the customer's pin.
    point: Option<PointIn>,
}

/// One piece.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParcelIn {
    /// What the courier scans; made up if absent.
    #[schema(min_length = 1, max_length = 64)]
    barcode: Option<String>,
    /// Its share of the total in minor units; needed for a partial hand-off.
    #[schema(minimum = 0)]
    value: Option<i64>,
    /// Grams.
    #[schema(minimum = 0, maximum = 1_000_000)]
    weight_g: Option<i64>,
}

/// A line of the basket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemIn {
    /// What.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// How many.
    #[schema(minimum = 1)]
    quantity: u32,
}

/// A paid order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderIn {
    /// The shop's own id, unique within the shop.
    #[schema(min_length = 1, max_length = 128)]
    external_id: Option<String>,
    /// `pup_…`
    pickup_point_id: String,
    /// Who gets it.
    customer: CustomerIn,
    /// Where it goes.
    address: AddressIn,
    /// The pieces; one if absent.
    #[schema(min_items = 1, max_items = 100)]
    parcels: Option<Vec<ParcelIn>>,
    /// What is authorised and will be captured.
    total: MoneyIn,
    /// The basket.
    #[schema(max_items = 500)]
    items: Option<Vec<ItemIn>>,
    /// Ready for collection; now if absent.
    ready_at: Option<DateTime<Utc>>,
    /// The promised window.
    window: Option<WindowIn>,
    /// When the authorisation ends.
    authorised_until: Option<DateTime<Utc>>,
    /// The payment provider's reference.
    #[schema(min_length = 1, max_length = 128)]
    provider_ref: Option<String>,
    /// How it is paid; the shop's own way if absent.
    payment: Option<PaymentIn>,
    /// For the courier, up to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    note: Option<String>,
    /// What its courier has to be fit for: `cash`, `cold`, `heavy`, `id`; nothing if absent.
    #[schema(max_items = 4)]
    needs: Option<Vec<String>>,
}

/// Most pieces of an order.
const MOST_PARCELS: usize = 100;
/// Most lines of a basket.
const MOST_ITEMS: usize = 500;
fn check_customer(
    faults: &mut Vec<Fault>,
    input: &CustomerIn,
    country: Option<&str>,
    language: Language,
) -> Option<Customer> {
    let before = faults.len();
    if PersonName::parse(&input.name).is_err() {
        faults.push(Fault::new("customer.name", "bad_text", "1 to 120 characters, no control characters"));
    }
    let phone = input.phone.as_deref().map(|raw| Phone::parse(raw, country));
    if let Some(Err(error)) = &phone {
        faults.push(Fault::new("customer.phone", "invalid_phone", error.to_string()));
    }
    let email = input.email.as_deref().map(Email::parse);
    if let Some(Err(error)) = &email {
        faults.push(Fault::new("customer.email", "invalid_email", error.to_string()));
    }
    (faults.len() == before).then(|| Customer {
        name: input.name.trim().to_owned(),
        phone: phone.and_then(Result::ok),
        email: email.and_then(Result::ok),
        language: input.language.as_deref().map_or(language, Language::negotiate),
    })
}

fn check_parcels(faults: &mut Vec<Fault>, input: Option<&[ParcelIn]>, total: i64) -> Vec<NewParcel> {
    let one = [ParcelIn::default()];
    let pieces = input.unwrap_or(&one);
    if pieces.is_empty() || pieces.len() > MOST_PARCELS {
        faults.push(Fault::new("parcels", "out_of_range", format!("1 to {MOST_PARCELS} parcels")));
    }
    let mut barcodes = std::collections::HashSet::new();
    let mut sum: i64 = 0;
    for (place, piece) in pieces.iter().enumerate() {
        if let Some(code) = &piece.barcode {
            check_text(faults, &format!("parcels[{place}].barcode"), code, 64);
            if !barcodes.insert(code) {
                faults.push(Fault::new(
                    format!("parcels[{place}].barcode"),
                    "duplicate",
                    "each parcel has its own barcode",
                ));
            }
        }
        if piece.value.is_some_and(|value| value < 0)
            || piece.weight_g.is_some_and(|weight| !(0..=1_000_000).contains(&weight))
        {
            faults.push(Fault::new(
                format!("parcels[{place}]"),
                "out_of_range",
                "value from 0, weight 0 to 1000000 g",
            ));
        }
        sum = sum.saturating_add(piece.value.unwrap_or(0));
    }
    if sum > total {
        faults.push(Fault::new(
            "parcels",
            "out_of_range",
            "the parcels' values add up to more than the total",
        ));
    }
    let new = |piece: &ParcelIn| NewParcel {
        barcode: piece.barcode.clone(),
        value_minor: piece.value,
        weight_g: piece.weight_g,
    };
    pieces.iter().map(new).collect()
}

fn check_items(faults: &mut Vec<Fault>, input: Option<&[ItemIn]>) -> Vec<Item> {
    let items = input.unwrap_or_default();
    if items.len() > MOST_ITEMS {
        faults.push(Fault::new("items", "out_of_range", format!("at most {MOST_ITEMS} lines")));
    }
    for (place, item) in items.iter().enumerate() {
        check_text(faults, &format!("items[{place}].name"), &item.name, 200);
        if item.quantity == 0 {
            faults.push(Fault::new(format!("items[{place}].quantity"), "out_of_range", "at least 1"));
        }
    }
    items.iter().map(|item| Item { name: item.name.clone(), quantity: item.quantity }).collect()
}

/// Checks everything at once, so that the shop mends its body in one go.
fn check(app: &App, caller: ShopCaller, input: &OrderIn) -> Result<NewOrder, Problem> {
    let book = app.book.get();
    let shop = book.shops.get(&caller.shop).ok_or_else(Problem::not_found)?;
    let now = app.clock.now();
    let mut faults = Vec::new();
    let pickup_point = id_in::<PickupPointId>("pickup_point_id", &input.pickup_point_id)?;
    if book.pickup_points.get(&pickup_point).is_none_or(|point| point.shop != caller.shop) {
        faults.push(Fault::new("pickup_point_id", "unknown", "this shop has no such pick-up point"));
    }
    let customer = check_customer(&mut faults, &input.customer, shop.country.as_deref(), shop.language);
    check_text(&mut faults, "address.text", &input.address.text, 300);
    let point = input.address.point.as_ref().and_then(|point| point.check(&mut faults, "address.point"));
    let total = input.total.check(&mut faults, "total", shop.currency);
    let parcels = check_parcels(&mut faults, input.parcels.as_deref(), total);
    let items = check_items(&mut faults, input.items.as_deref());
    let needs = checks::skills(&mut faults, "needs", input.needs.as_deref().unwrap_or_default());
    let window =
        input.window.as_ref().and_then(|window| window.check(&mut faults, "window", shop.time_zone, now));
    in_reach(&mut faults, "ready_at", input.ready_at, now);
    let longest = Duration::days(MOST_AUTHORISED_DAYS);
    if input.authorised_until.is_some_and(|until| until <= now || until > now + longest) {
        let detail = format!("must lie in the future, {MOST_AUTHORISED_DAYS} days ahead at most");
        faults.push(Fault::new("authorised_until", "out_of_range", detail));
    }
    for (param, value, most) in [
        ("external_id", &input.external_id, 128),
        ("provider_ref", &input.provider_ref, 128),
        ("note", &input.note, 500),
    ] {
        if let Some(value) = value {
            check_text(&mut faults, param, value, most);
        }
    }
    let mut pay = input.payment.clone().unwrap_or_default().check(app, caller.shop, &mut faults, "payment");
    if input.provider_ref.is_some() && pay.reference.is_some() {
        let detail = "the same as payment.reference: name one of them";
        faults.push(Fault::new("provider_ref", "not_allowed", detail));
    }
    match customer {
        Some(customer) if faults.is_empty() => Ok(NewOrder {
            shop: caller.shop,
            external_id: input.external_id.clone(),
            pickup_point,
            customer,
            address: input.address.text.trim().to_owned(),
            point,
            parcels,
            total_minor: total,
            currency: shop.currency,
            items,
            ready_at: input.ready_at,
            window,
            authorised_until: input.authorised_until,
            provider: pay.provider.take(),
            method: pay.method.take(),
            provider_ref: pay.reference.take().or_else(|| input.provider_ref.clone()),
            note: input.note.clone(),
            needs,
        }),
        _ => Err(Problem::new(c::INVALID, "The order has values that are not allowed.").with_faults(faults)),
    }
}

/// Hand an order over.
///
/// The same `Idempotency-Key` with the same body gets the stored answer with `Idempotent-Replayed: true`; with another
/// body it is refused. What is answered 201 survives a crash of the service.
#[utoipa::path(tag = "orders", request_body = OrderIn, params(("Idempotency-Key" = String, Header, description = "1 to 255 visible characters, one per order")),
    responses((status = 201, body = OrderView), (status = 400, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
#[post("/v1/orders")]
pub async fn create(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    body: Json<OrderIn>,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(&request)?;
    let key = key
        .ok_or_else(|| Problem::new(c::IDEMPOTENCY_KEY_REQUIRED, "The Idempotency-Key header is missing."))?;
    let request_key =
        RequestKey { scope: caller.shop.to_string(), key, fingerprint: Sha256::digest(&body.bytes).to_vec() };
    if let Some(answer) = replay(&app, &request_key).await? {
        return Ok(answer);
    }
    let order = check(&app, caller, &body.value)?;
    let external_id = order.external_id.clone();
    match app.ingest(order, request_key.clone()).await {
        Ok(view) => Ok(created(format!("/v1/orders/{}", view.id), view.shared.version, view)),
        Err(Error::Conflict { .. }) => after_conflict(&app, caller, &request_key, external_id).await,
        Err(error) => Err(error.into()),
    }
}

async fn replay(app: &App, key: &RequestKey) -> Result<Option<HttpResponse>, Problem> {
    let Some(stored) = app.stored_answer(&key.scope, &key.key).await? else { return Ok(None) };
    if stored.fingerprint != key.fingerprint {
        return Err(Problem::new(
            c::IDEMPOTENCY_KEY_REUSED,
            "This key was used for a request with another body.",
        ));
    }
    let status = u16::try_from(stored.status)
        .ok()
        .and_then(|status| actix_web::http::StatusCode::from_u16(status).ok());
    let mut response = HttpResponse::build(status.unwrap_or(actix_web::http::StatusCode::CREATED));
    response.insert_header(("idempotent-replayed", "true")).content_type("application/json");
    Ok(Some(response.body(stored.body)))
}

/// A constraint refused the order: the key is known by now, or the shop's own id is, or a barcode is used twice.
async fn after_conflict(
    app: &App,
    caller: ShopCaller,
    key: &RequestKey,
    external_id: Option<String>,
) -> Result<HttpResponse, Problem> {
    if let Some(answer) = replay(app, key).await? {
        return Ok(answer);
    }
    let known = match &external_id {
        Some(external) => app.order_by_external_id(caller.shop, external).await?,
        None => None,
    };
    match known {
        Some(order) => Err(Problem::new(c::DUPLICATE_ORDER, "An order with this external_id exists.")
            .with("metadata", serde_json::json!({"order_id": order.to_string()}))),
        None => Err(Problem::new(c::DUPLICATE, "Such an order exists already.")),
    }
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    /// Rows wanted, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// The cursor of the page before.
    after: Option<String>,
    /// Only in this stage.
    status: Option<String>,
    /// Only the order with this id of the shop's own.
    external_id: Option<String>,
}

/// List orders, oldest first.
#[utoipa::path(tag = "orders", params(OrderQuery), responses((status = 200, body = Page<OrderView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/orders")]
pub async fn list(
    app: web::Data<App>,
    caller: ShopCaller,
    query: web::Query<OrderQuery>,
) -> Result<HttpResponse, Problem> {
    let OrderQuery { limit, after, status, external_id } = query.into_inner();
    if let Some(status) = &status
        && callahead_domain::delivery::StageKind::parse(status).is_none()
    {
        return Err(Problem::new(c::INVALID_QUERY, format!("'{status}' is no stage.")));
    }
    let filter = |after, limit| OrderFilter { status, external_id, after, limit };
    PageQuery { limit, after }.page(|after, limit| app.orders_of(caller.shop, filter(after, limit))).await
}

/// Read an order.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), responses((status = 200, body = OrderView), (status = 404, body = ProblemDocument)))]
#[get("/v1/orders/{id}")]
pub async fn read(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = app.order_of(caller.shop, id::<OrderId>(&path)?).await?;
    Ok(versioned(view.shared.version, view))
}

/// What may still be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendIn {
    /// New ready time, before collection.
    ready_at: Option<DateTime<Utc>>,
    /// New window, before collection.
    window: Option<WindowIn>,
    /// A lower total.
    total: Option<MoneyIn>,
    /// A new note.
    #[schema(min_length = 1, max_length = 500)]
    note: Option<String>,
}

/// Amend an order.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), request_body = AmendIn, responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[patch("/v1/orders/{id}")]
pub async fn amend(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<AmendIn>,
) -> Result<HttpResponse, Problem> {
    let book = app.book.get();
    let shop = book.shops.get(&caller.shop).ok_or_else(Problem::not_found)?;
    let (mut faults, now) = (Vec::new(), app.clock.now());
    let window = body
        .value
        .window
        .as_ref()
        .and_then(|window| window.check(&mut faults, "window", shop.time_zone, now));
    in_reach(&mut faults, "ready_at", body.value.ready_at, now);
    let total = body.value.total.as_ref().map(|total| total.check(&mut faults, "total", shop.currency));
    if let Some(note) = &body.value.note {
        check_text(&mut faults, "note", note, 500);
    }
    if !faults.is_empty() {
        return Err(
            Problem::new(c::INVALID, "The amendment has values that are not allowed.").with_faults(faults)
        );
    }
    let amendment = Amendment {
        ready_at: body.value.ready_at,
        window,
        amount_minor: total,
        note: body.value.note.clone(),
    };
    command(&app, caller, &request, &path, Command::Amend { amendment }).await
}

async fn command(
    app: &App,
    caller: ShopCaller,
    request: &HttpRequest,
    path: &str,
    command: Command,
) -> Result<HttpResponse, Problem> {
    let order = id::<OrderId>(path)?;
    let view = app.command_order(caller.shop, order, command, if_match(request)?).await?;
    Ok(versioned(view.shared.version, view))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonIn {
    /// In words, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Cancel an order: dropped before collection, brought back after.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), request_body = ReasonIn, responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument)))]
#[post("/v1/orders/{id}/cancel")]
pub async fn cancel(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<ReasonIn>,
) -> Result<HttpResponse, Problem> {
    command(&app, caller, &request, &path, Command::Cancel { reason: body.value.reason.clone() }).await
}

/// Agree to a hand-off without a code: the payment is taken.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument)))]
#[post("/v1/orders/{id}/hand_off/confirm")]
pub async fn confirm_hand_off(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    command(&app, caller, &request, &path, Command::ConfirmHandOff).await
}

/// Object to a hand-off without a code.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), request_body = ReasonIn, responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument)))]
#[post("/v1/orders/{id}/hand_off/dispute")]
pub async fn dispute_hand_off(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<ReasonIn>,
) -> Result<HttpResponse, Problem> {
    command(&app, caller, &request, &path, Command::DisputeHandOff { reason: body.value.reason.clone() })
        .await
}

/// Take a returned parcel in.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument)))]
#[post("/v1/orders/{id}/return/receive")]
pub async fn receive_return(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    command(&app, caller, &request, &path, Command::ReceiveReturn).await
}

/// A new authorisation for the same amount.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewIn {
    /// Its end; absent: none.
    authorised_until: Option<DateTime<Utc>>,
}

/// Tell that the shop holds a new authorisation.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), request_body = RenewIn, responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument)))]
#[post("/v1/orders/{id}/payment/renew")]
pub async fn renew(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Json<RenewIn>,
) -> Result<HttpResponse, Problem> {
    command(&app, caller, &request, &path, Command::RenewAuthorisation { until: body.value.authorised_until })
        .await
}

/// Try a failed capture again.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), responses((status = 200, body = OrderView), (status = 409, body = ProblemDocument)))]
#[post("/v1/orders/{id}/payment/retry")]
pub async fn retry_capture(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    command(&app, caller, &request, &path, Command::RetryCapture).await
}

/// Everything that happened to an order, with who and when.
#[utoipa::path(tag = "orders", params(("id" = String, Path)), responses((status = 200, body = crate::app::timeline::TimelineView), (status = 404, body = ProblemDocument)))]
#[get("/v1/orders/{id}/timeline")]
pub async fn timeline(
    app: web::Data<App>,
    caller: ShopCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = app.timeline_of_order(caller.shop, id::<OrderId>(&path)?).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(list)
        .service(timeline)
        .service(read)
        .service(amend)
        .service(cancel)
        .service(confirm_hand_off)
        .service(dispute_hand_off)
        .service(receive_return)
        .service(renew)
        .service(retry_capture);
}
