//! A wallet for its owner: its link's token in the path is the only credential. What is unknown or malformed is answered
//! alike.

use super::checks;
use super::shared::{ContactIn, MoneyIn, check_text};
use crate::app::App;
use crate::app::wallet::{Payee, StatementLine, TransferView, Wallet, WalletView, is_pin};
use crate::http::auth::admission;
use crate::http::body::Json;
use crate::http::limits::check_address;
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use crate::http::query;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, post, web};
use callahead_domain::id::TransferId;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Whoever holds a wallet's link.
#[derive(Debug)]
pub struct WalletCaller {
    /// The wallet.
    pub wallet: Wallet,
}

impl FromRequest for WalletCaller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (request, admit) = (request.clone(), admission(request));
        Box::pin(async move {
            check_address(&request)?;
            let app = request.app_data::<web::Data<App>>().ok_or_else(Problem::not_found)?;
            let token = request.match_info().get("token").unwrap_or_default().to_owned();
            let wallet = app.wallet_by_link(&token).await?;
            query::check(&request)?;
            admit.send(()).ok();
            Ok(WalletCaller { wallet })
        })
    }
}

/// See the wallet.
#[utoipa::path(tag = "wallet", params(("token" = String, Path)), responses((status = 200, body = WalletView), (status = 404, body = ProblemDocument)))]
#[get("/v1/w/{token}")]
pub async fn read(app: web::Data<App>, caller: WalletCaller) -> HttpResponse {
    HttpResponse::Ok().json(app.wallet_view(&caller.wallet, None))
}

/// See the wallet's statement, newest first.
#[utoipa::path(tag = "wallet", params(("token" = String, Path), PageQuery), responses((status = 200, body = Page<StatementLine>), (status = 404, body = ProblemDocument)))]
#[get("/v1/w/{token}/statement")]
pub async fn statement(
    app: web::Data<App>,
    caller: WalletCaller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    query.page(|after, limit| app.statement(caller.wallet.account(), after, limit)).await
}

/// A new PIN.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PinIn {
    /// Four to eight digits.
    #[schema(pattern = "^[0-9]{4,8}$")]
    pin: String,
    /// The one before, where there is one.
    current_pin: Option<String>,
}

/// Set the wallet's PIN, or change it.
#[utoipa::path(tag = "wallet", params(("token" = String, Path)), request_body = PinIn,
    responses((status = 200, body = WalletView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/w/{token}/pin")]
pub async fn set_pin(
    app: web::Data<App>,
    caller: WalletCaller,
    body: Json<PinIn>,
) -> Result<HttpResponse, Problem> {
    let PinIn { pin, current_pin } = body.value;
    if !is_pin(&pin) {
        return Err(checks::refused(vec![Fault::new("pin", "invalid_pin", "four to eight digits")]));
    }
    app.set_pin(&caller.wallet, &pin, current_pin.as_deref()).await?;
    Ok(HttpResponse::Ok().json(app.wallet_view(&app.wallet(caller.wallet.id()).await?, None)))
}

/// A prepaid card.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardIn {
    /// `trf_…`, made by the caller before it is sent, and sent again with the same.
    #[schema(value_type = String)]
    transfer_id: TransferId,
    /// 16 digits; blanks and hyphens between them do not count.
    number: String,
}

/// Top the wallet up with a prepaid card. Five unknown numbers an hour are allowed; a number with a wrong digit is no
/// try.
#[utoipa::path(tag = "wallet", params(("token" = String, Path)), request_body = CardIn,
    responses((status = 200, body = TransferView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
#[post("/v1/w/{token}/cards")]
pub async fn use_card(
    app: web::Data<App>,
    caller: WalletCaller,
    body: Json<CardIn>,
) -> Result<HttpResponse, Problem> {
    let CardIn { transfer_id, number } = body.value;
    Ok(HttpResponse::Ok().json(app.use_card(&caller.wallet, transfer_id, &number).await?))
}

/// A payment to somebody with a wallet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferIn {
    /// `trf_…`, made by the caller before it is sent, and sent again with the same.
    #[schema(value_type = String)]
    transfer_id: TransferId,
    /// Whose wallet.
    to: ContactIn,
    /// How much.
    amount: MoneyIn,
    /// Up to 140 characters, for both statements.
    #[schema(max_length = 140)]
    note: Option<String>,
    /// The PIN, above the limit.
    pin: Option<String>,
}

/// Pay into somebody else's wallet.
#[utoipa::path(tag = "wallet", params(("token" = String, Path)), request_body = TransferIn,
    responses((status = 200, body = TransferView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
#[post("/v1/w/{token}/transfers")]
pub async fn transfer(
    app: web::Data<App>,
    caller: WalletCaller,
    body: Json<TransferIn>,
) -> Result<HttpResponse, Problem> {
    let TransferIn { transfer_id, to, amount, note, pin } = body.value;
    let mut faults = Vec::new();
    let contact = to.check(&mut faults, "to");
    if let Some(note) = &note {
        check_text(&mut faults, "note", note, 140);
    }
    let amount = amount.money(&mut faults, "amount", caller.wallet.currency());
    match (contact, amount) {
        (Some(contact), Some(amount)) if faults.is_empty() => {
            let payee = Payee { contact, note: note.unwrap_or_default() };
            let made = app.pay_wallet(&caller.wallet, transfer_id, amount, &payee, pin.as_deref()).await?;
            Ok(HttpResponse::Ok().json(made))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(statement).service(set_pin).service(use_card).service(transfer).service(read);
}
