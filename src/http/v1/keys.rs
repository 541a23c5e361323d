//! Keys of shops, dispatchers and operators. A key is in the answer that makes it and never again.

use super::checks;
use crate::app::App;
use crate::app::auth::TokenKind;
use crate::app::keys::{KeyView, NewKeyView};
use crate::http::auth::OperatorCaller;
use crate::http::body::Json;
use crate::http::extract::id;
use crate::http::page::{Page, PageQuery};
use crate::http::problem::{Fault, Problem, ProblemDocument};
use actix_web::{HttpResponse, delete, get, post, web};
use callahead_domain::id::{KeyId, ShopId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// A new key of a shop.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShopKeyIn {
    /// What it is for, 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Until when; for ever if absent.
    expires_at: Option<DateTime<Utc>>,
}

/// Make a key of a shop.
#[utoipa::path(tag = "keys", params(("id" = String, Path)), request_body = ShopKeyIn,
    responses((status = 201, body = NewKeyView), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/v1/shops/{id}/keys")]
pub async fn create_for_shop(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
    body: Json<ShopKeyIn>,
) -> Result<HttpResponse, Problem> {
    let shop = id::<ShopId>(&path)?;
    let mut faults = Vec::new();
    let name = checks::name(&mut faults, "name", &body.value.name);
    if body.value.expires_at.is_some_and(|end| end <= app.clock.now()) {
        faults.push(Fault::new("expires_at", "out_of_range", "must lie in the future"));
    }
    checks::refuse(faults)?;
    let expires_at = body.value.expires_at;
    let made = app.create_key(TokenKind::Shop, Some(shop), name.unwrap_or_default(), expires_at).await?;
    Ok(HttpResponse::Created().json(made))
}

/// List the keys of a shop, ended ones included.
#[utoipa::path(tag = "keys", params(("id" = String, Path), PageQuery), responses((status = 200, body = Page<KeyView>), (status = 404, body = ProblemDocument)))]
#[get("/v1/shops/{id}/keys")]
pub async fn list_of_shop(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let shop = id::<ShopId>(&path)?;
    query.page(|after, limit| app.keys(Some(shop), after, limit)).await
}

/// End a key of a shop: refused everywhere within a second.
#[utoipa::path(tag = "keys", params(("id" = String, Path), ("key_id" = String, Path)), responses((status = 204), (status = 404, body = ProblemDocument)))]
#[delete("/v1/shops/{id}/keys/{key_id}")]
pub async fn revoke_of_shop(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (shop, key) = path.into_inner();
    app.revoke_key(Some(id::<ShopId>(&shop)?), id::<KeyId>(&key)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A new key of a dispatcher or an operator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffKeyIn {
    /// `dispatcher` or `operator`.
    role: String,
    /// Whose it is, 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
}

/// Make a key of a dispatcher or an operator.
#[utoipa::path(tag = "keys", request_body = StaffKeyIn, responses((status = 201, body = NewKeyView), (status = 422, body = ProblemDocument)))]
#[post("/v1/keys")]
pub async fn create(
    app: web::Data<App>,
    _caller: OperatorCaller,
    body: Json<StaffKeyIn>,
) -> Result<HttpResponse, Problem> {
    let mut faults = Vec::new();
    let name = checks::name(&mut faults, "name", &body.value.name);
    let kinds = [TokenKind::Dispatcher, TokenKind::Operator];
    let kind = kinds.into_iter().find(|kind| kind.role() == body.value.role);
    if kind.is_none() {
        faults.push(Fault::new("role", "unknown", "one of dispatcher, operator"));
    }
    match (name, kind) {
        (Some(name), Some(kind)) => {
            let made = app.create_key(kind, None, name, None).await?;
            Ok(HttpResponse::Created().json(made))
        }
        _ => Err(checks::refused(faults)),
    }
}

/// List the keys of dispatchers and operators, ended ones included.
#[utoipa::path(tag = "keys", params(PageQuery), responses((status = 200, body = Page<KeyView>), (status = 400, body = ProblemDocument)))]
#[get("/v1/keys")]
pub async fn list(
    app: web::Data<App>,
    _caller: OperatorCaller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    query.page(|after, limit| app.keys(None, after, limit)).await
}

/// End a key of a dispatcher or an operator: refused everywhere within a second.
#[utoipa::path(tag = "keys", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[delete("/v1/keys/{id}")]
pub async fn revoke(
    app: web::Data<App>,
    _caller: OperatorCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    app.revoke_key(None, id::<KeyId>(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_for_shop)
        .service(list_of_shop)
        .service(revoke_of_shop)
        .service(create)
        .service(list)
        .service(revoke);
}
