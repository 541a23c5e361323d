//! Accounts of the ledger: what is owed to shops, statements, payouts, freezing and closing.

use super::checks;
use super::shared::{MoneyIn, check_text};
use crate::app::App;
use crate::app::wallet::{AccountChange, AccountView, Books, StatementLine, TransferView};
use crate::http::auth::{BooksCaller, OperatorCaller, ShopCaller};
use crate::http::body::Json;
use crate::http::extract::id;
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpResponse, get, post, web};
use callahead_domain::id::{AccountId, TransferId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// A shop's accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsView {
    /// Its own first, then those of its stalls.
    data: Vec<AccountView>,
}

/// List the shop's accounts: what is owed to it for its orders, and for what each stall sold.
#[utoipa::path(tag = "accounts", responses((status = 200, body = AccountsView)))]
#[get("/v1/accounts")]
pub async fn list(app: web::Data<App>, caller: ShopCaller) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(AccountsView { data: app.shop_accounts(caller.shop).await? }))
}

/// Read an account.
#[utoipa::path(tag = "accounts", params(("id" = String, Path)), responses((status = 200, body = AccountView), (status = 404, body = ProblemDocument)))]
#[get("/v1/accounts/{id}")]
pub async fn read(
    app: web::Data<App>,
    caller: BooksCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.account_view(caller.books, id::<AccountId>(&path)?).await?))
}

/// Read an account's statement, newest first.
#[utoipa::path(tag = "accounts", params(("id" = String, Path), PageQuery), responses((status = 200, body = Page<StatementLine>), (status = 404, body = ProblemDocument)))]
#[get("/v1/accounts/{id}/statement")]
pub async fn statement(
    app: web::Data<App>,
    caller: BooksCaller,
    path: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let account = app.account_in(caller.books, id::<AccountId>(&path)?).await?;
    query.page(|after, limit| app.statement(account.id, after, limit)).await
}

/// Money that leaves the service.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutIn {
    /// `trf_…`, made by the caller before it is sent, and sent again with the same.
    #[schema(value_type = String)]
    transfer_id: TransferId,
    /// How much.
    amount: MoneyIn,
    /// The bank's or the teller's receipt, 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    receipt: String,
}

/// Pay out what is on a shop's, a stall's or a customer's account.
#[utoipa::path(tag = "accounts", params(("id" = String, Path)), request_body = PayoutIn,
    responses((status = 200, body = TransferView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/accounts/{id}/payouts")]
pub async fn pay_out(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
    body: Json<PayoutIn>,
) -> Result<HttpResponse, Problem> {
    let account = app.account_in(Books::All, id::<AccountId>(&path)?).await?;
    let PayoutIn { transfer_id, amount, receipt } = body.value;
    let mut faults = Vec::new();
    check_text(&mut faults, "receipt", &receipt, 120);
    match amount.money(&mut faults, "amount", account.currency) {
        Some(amount) if faults.is_empty() => {
            let made = app.pay_out(account.id, transfer_id, amount, receipt.trim()).await?;
            Ok(HttpResponse::Ok().json(made))
        }
        _ => Err(checks::refused(faults)),
    }
}

async fn change(app: &App, path: &str, change: AccountChange) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(app.change_account(id::<AccountId>(path)?, change).await?))
}

/// Freeze an account: nothing new leaves it; what is held may still be taken.
#[utoipa::path(tag = "accounts", params(("id" = String, Path)), responses((status = 200, body = AccountView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/accounts/{id}/freeze")]
pub async fn freeze(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    change(&app, &path, AccountChange::Freeze).await
}

/// Undo a freeze.
#[utoipa::path(tag = "accounts", params(("id" = String, Path)), responses((status = 200, body = AccountView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/accounts/{id}/thaw")]
pub async fn thaw(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    change(&app, &path, AccountChange::Thaw).await
}

/// Close an account for good; nothing may be on it or held on it.
#[utoipa::path(tag = "accounts", params(("id" = String, Path)), responses((status = 200, body = AccountView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/accounts/{id}/close")]
pub async fn close(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    change(&app, &path, AccountChange::Close).await
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(read)
        .service(statement)
        .service(pay_out)
        .service(freeze)
        .service(thaw)
        .service(close);
}
