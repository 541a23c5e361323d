//! Paying at stalls, for a wallet's owner: the stall's picture, the personal code's devices, charges to agree to.

use super::checks;
use super::shared::MoneyIn;
use super::wallet_link::WalletCaller;
use crate::app::App;
use crate::app::stall::Scan;
use crate::app::stall::charge::ChargeView;
use crate::app::stall::device::DeviceView;
use crate::app::wallet::TransferView;
use crate::http::body::Json;
use crate::http::extract::id;
use crate::http::problem::{Fault, Problem, ProblemDocument};
use actix_web::{HttpResponse, delete, get, post, web};
use callahead_domain::id::TransferId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// A payment to a stall.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StallPaymentIn {
    /// `trf_…`, made by the caller before it is sent, and sent again with the same.
    #[schema(value_type = String)]
    transfer_id: TransferId,
    /// The stall's reference, or
    stall: Option<String>,
    /// the text of its picture.
    #[schema(max_length = 512)]
    qr: Option<String>,
    /// How much.
    amount: MoneyIn,
    /// The PIN, above the limit.
    pin: Option<String>,
    /// Yes, the same amount once more within a minute.
    #[serde(default)]
    again: bool,
}

/// Pay a stall.
#[utoipa::path(tag = "wallet", params(("token" = String, Path)), request_body = StallPaymentIn,
    responses((status = 200, body = TransferView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/w/{token}/stall_payments")]
pub async fn pay(
    app: web::Data<App>,
    caller: WalletCaller,
    body: Json<StallPaymentIn>,
) -> Result<HttpResponse, Problem> {
    let StallPaymentIn { transfer_id, stall, qr, amount, pin, again } = body.value;
    let wallet = caller.wallet;
    let mut faults = Vec::new();
    let scan = match (stall, qr) {
        (Some(reference), None) => Some(Scan::Reference(reference)),
        (None, Some(picture)) => Some(Scan::Picture(picture)),
        _ => {
            faults.push(Fault::new("stall", "missing", "stall or qr, one of them"));
            None
        }
    };
    let amount = amount.money(&mut faults, "amount", wallet.currency());
    match (scan, amount) {
        (Some(scan), Some(amount)) if faults.is_empty() => {
            let stall = app.scanned(&scan, amount.minor()).await?;
            let made = app.pay_stall(&wallet, &stall, transfer_id, amount, pin.as_deref(), again).await?;
            Ok(HttpResponse::Ok().json(made))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// Register a device that makes personal codes. Its key is in this answer and never again.
#[utoipa::path(tag = "wallet", params(("token" = String, Path)),
    responses((status = 201, body = DeviceView), (status = 404, body = ProblemDocument)))]
#[post("/v1/w/{token}/devices")]
pub async fn register(app: web::Data<App>, caller: WalletCaller) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Created().json(app.register_device(&caller.wallet).await?))
}

/// What a device's clock shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnlineIn {
    /// Now, by the device's clock.
    at: DateTime<Utc>,
}

/// Until when a device's codes pay.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnlineView {
    /// It must be online again before this.
    online_before: DateTime<Utc>,
    /// Now, by the server's clock.
    now: DateTime<Utc>,
}

/// A device is online: how far its clock is off is learned, and its codes pay for three more days.
#[utoipa::path(tag = "wallet", params(("token" = String, Path), ("alias" = String, Path)), request_body = OnlineIn,
    responses((status = 200, body = OnlineView), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/w/{token}/devices/{alias}/online")]
pub async fn online(
    app: web::Data<App>,
    caller: WalletCaller,
    path: web::Path<(String, String)>,
    body: Json<OnlineIn>,
) -> Result<HttpResponse, Problem> {
    let online_before = app.device_online(&caller.wallet, &path.1, body.value.at).await?;
    Ok(HttpResponse::Ok().json(OnlineView { online_before, now: app.clock.now() }))
}

/// End a device: its codes pay nothing any more.
#[utoipa::path(tag = "wallet", params(("token" = String, Path), ("alias" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
#[delete("/v1/w/{token}/devices/{alias}")]
pub async fn revoke(
    app: web::Data<App>,
    caller: WalletCaller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    app.revoke_device(&caller.wallet, &path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What stalls ask for.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChargesView {
    /// The most urgent first.
    data: Vec<ChargeView>,
}

/// See what stalls ask this customer to agree to.
#[utoipa::path(tag = "wallet", params(("token" = String, Path)), responses((status = 200, body = ChargesView), (status = 404, body = ProblemDocument)))]
#[get("/v1/w/{token}/charges")]
pub async fn charges(app: web::Data<App>, caller: WalletCaller) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(ChargesView { data: app.waiting_charges(&caller.wallet).await? }))
}

/// Yes to a charge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreeIn {
    /// The PIN, above the limit.
    pin: Option<String>,
}

/// Agree to a charge.
#[utoipa::path(tag = "wallet", params(("token" = String, Path), ("transfer_id" = String, Path)), request_body = AgreeIn,
    responses((status = 200, body = ChargeView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/w/{token}/charges/{transfer_id}/agree")]
pub async fn agree(
    app: web::Data<App>,
    caller: WalletCaller,
    path: web::Path<(String, String)>,
    body: Json<AgreeIn>,
) -> Result<HttpResponse, Problem> {
    let charge = id::<TransferId>(&path.1)?;
    let view = app.agree_to_charge(&caller.wallet, charge, body.value.pin.as_deref()).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Decline a charge.
#[utoipa::path(tag = "wallet", params(("token" = String, Path), ("transfer_id" = String, Path)),
    responses((status = 200, body = ChargeView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/v1/w/{token}/charges/{transfer_id}/decline")]
pub async fn decline(
    app: web::Data<App>,
    caller: WalletCaller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let charge = id::<TransferId>(&path.1)?;
    Ok(HttpResponse::Ok().json(app.decline_charge(&caller.wallet, charge).await?))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(pay)
        .service(register)
        .service(online)
        .service(revoke)
        .service(charges)
        .service(agree)
        .service(decline);
}
