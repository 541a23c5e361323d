//! Wallets as operators keep them.

use super::checks;
use super::shared::{ContactIn, MoneyIn, check_text};
use crate::app::App;
use crate::app::wallet::{CardView, NewCards, NewWallet, TransferView, WalletView};
use crate::http::auth::OperatorCaller;
use crate::http::body::Json;
use crate::http::extract::{created, id};
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use actix_web::{HttpResponse, get, post, web};
use callahead_domain::id::{TransferId, WalletId};
use callahead_domain::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// A new wallet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WalletIn {
    /// How its owner is found by others.
    contact: ContactIn,
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// ISO 4217.
    currency: String,
    /// `en` or `ko`; `en` if absent.
    language: Option<String>,
}

/// A currency of a body.
fn currency(faults: &mut Vec<Fault>, param: &str, raw: &str) -> Option<Currency> {
    Currency::parse(raw).map_err(|error| faults.push(Fault::new(param, "unknown", error.to_string()))).ok()
}

/// Open a wallet. One contact has one wallet in each currency.
///
/// The wallet's secret address is in this answer and never again.
#[utoipa::path(tag = "wallets", request_body = WalletIn,
    responses((status = 201, body = WalletView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/wallets")]
pub async fn create(
    app: web::Data<App>,
    _caller: OperatorCaller,
    body: Json<WalletIn>,
) -> Result<HttpResponse, Problem> {
    let input = body.value;
    let mut faults = Vec::new();
    let contact = input.contact.check(&mut faults, "contact");
    let name = checks::name(&mut faults, "name", &input.name);
    let currency = currency(&mut faults, "currency", &input.currency);
    let language = input.language.as_deref().map(|raw| checks::language(&mut faults, "language", raw));
    match (contact, name, currency) {
        (Some(contact), Some(name), Some(currency)) if faults.is_empty() => {
            let language = language.flatten().unwrap_or_default();
            let view = app.create_wallet(NewWallet { contact, name, currency, language }).await?;
            Ok(created(format!("/v1/wallets/{}", view.id), view.version, view))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// Which wallets.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct WalletQuery {
    /// Of this telephone number.
    phone: Option<String>,
    /// Of this e-mail address.
    email: Option<String>,
    /// Rows wanted, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// List wallets, oldest first, or find those of a contact.
#[utoipa::path(tag = "wallets", params(WalletQuery), responses((status = 200, body = Page<WalletView>), (status = 400, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[get("/v1/wallets")]
pub async fn list(
    app: web::Data<App>,
    _caller: OperatorCaller,
    query: web::Query<WalletQuery>,
) -> Result<HttpResponse, Problem> {
    let WalletQuery { phone, email, limit, after } = query.into_inner();
    let contact = match (&phone, &email) {
        (None, None) => None,
        _ => {
            let mut faults = Vec::new();
            let contact = ContactIn { phone, email }.check(&mut faults, "contact");
            checks::refuse(faults)?;
            contact
        }
    };
    let page = PageQuery { limit, after };
    page.page(|after, limit| async move { app.wallets(contact.as_deref(), after, limit).await }).await
}

/// Read a wallet.
#[utoipa::path(tag = "wallets", params(("id" = String, Path)), responses((status = 200, body = WalletView), (status = 404, body = ProblemDocument)))]
#[get("/v1/wallets/{id}")]
pub async fn read(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let wallet = app.wallet(id::<WalletId>(&path)?).await?;
    Ok(HttpResponse::Ok().json(app.wallet_view(&wallet, None)))
}

/// Money that came in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopUpIn {
    /// `trf_…`, made by the caller before it is sent, and sent again with the same.
    #[schema(value_type = String)]
    transfer_id: TransferId,
    /// How much.
    amount: MoneyIn,
    /// The teller's or the bank's receipt, 1 to 120 characters; each counts once.
    #[schema(min_length = 1, max_length = 120)]
    receipt: String,
}

/// Top a wallet up with money that came in elsewhere.
#[utoipa::path(tag = "wallets", params(("id" = String, Path)), request_body = TopUpIn,
    responses((status = 200, body = TransferView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/wallets/{id}/top_ups")]
pub async fn top_up(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
    body: Json<TopUpIn>,
) -> Result<HttpResponse, Problem> {
    let wallet = app.wallet(id::<WalletId>(&path)?).await?;
    let TopUpIn { transfer_id, amount, receipt } = body.value;
    let mut faults = Vec::new();
    check_text(&mut faults, "receipt", &receipt, 120);
    match amount.money(&mut faults, "amount", wallet.currency()) {
        Some(amount) if faults.is_empty() => {
            Ok(HttpResponse::Ok().json(app.top_up(&wallet, transfer_id, amount, receipt.trim()).await?))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// Make a new secret address of a wallet; the old one opens nothing any more.
#[utoipa::path(tag = "wallets", params(("id" = String, Path)), responses((status = 200, body = WalletView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/wallets/{id}/link")]
pub async fn renew_link(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.renew_wallet_link(id::<WalletId>(&path)?).await?))
}

/// Take a wallet's PIN away, for a customer who forgot it.
#[utoipa::path(tag = "wallets", params(("id" = String, Path)), responses((status = 200, body = WalletView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/wallets/{id}/pin/reset")]
pub async fn reset_pin(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let wallet = app.wallet(id::<WalletId>(&path)?).await?;
    app.reset_pin(&wallet).await?;
    Ok(HttpResponse::Ok().json(app.wallet_view(&app.wallet(wallet.id()).await?, None)))
}

/// Prepaid cards to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardsIn {
    /// What each is worth.
    amount: MoneyIn,
    /// How many, 1 to 500.
    #[schema(minimum = 1, maximum = 500)]
    count: u32,
}

/// Prepaid cards that were made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CardsView {
    /// Each with its number.
    data: Vec<CardView>,
}

/// Make prepaid cards. Their numbers are in this answer and never again.
#[utoipa::path(tag = "wallets", request_body = CardsIn,
    responses((status = 201, body = CardsView), (status = 422, body = ProblemDocument)))]
#[post("/v1/wallet_cards")]
pub async fn make_cards(
    app: web::Data<App>,
    _caller: OperatorCaller,
    body: Json<CardsIn>,
) -> Result<HttpResponse, Problem> {
    let CardsIn { amount, count } = body.value;
    let mut faults = Vec::new();
    if !(1..=500).contains(&count) {
        faults.push(Fault::new("count", "out_of_range", "1 to 500"));
    }
    let currency = currency(&mut faults, "amount.currency", &amount.currency);
    let amount = currency.and_then(|currency| amount.money(&mut faults, "amount", currency));
    match amount {
        Some(amount) if faults.is_empty() => {
            let data = app.make_cards(NewCards { amount, count }).await?;
            Ok(HttpResponse::Created().json(CardsView { data }))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(list)
        .service(read)
        .service(top_up)
        .service(renew_link)
        .service(reset_pin)
        .service(make_cards);
}
