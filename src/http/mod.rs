//! The HTTP door: every route of the service, who may come in, and what is said when something is wrong.
//!
//! Handlers read, ask one use case of `app`, and show what came of it; they hold no rule of their own.

pub mod auth;
pub mod body;
pub mod catalogue;
pub mod courier_page;
pub mod docs;
pub mod extract;
pub mod health;
pub mod last_words;
pub mod limits;
pub mod middleware;
pub mod nowhere;
pub mod once;
pub mod openapi;
pub mod page;
pub mod pages;
pub mod problem;
pub mod query;
pub mod t;
pub mod v1;

use crate::app::App;
use actix_web::dev::{Server, ServerHandle};
use actix_web::{HttpServer, web};
use body::BodyLimits;
use limits::Limits;
use nowhere::Addresses;
use problem::Problem;
use std::net::TcpListener;
use std::time::Duration;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

/// Every route of the API.
pub fn routes(config: &mut ServiceConfig<'_>) {
    health::routes(config);
    v1::shops::routes(config);
    v1::keys::routes(config);
    v1::couriers::routes(config);
    v1::regions::routes(config);
    v1::pickup_points::routes(config);
    v1::orders::routes(config);
    v1::payments::routes(config);
    v1::webhooks::routes(config);
    v1::events::routes(config);
    v1::courier::routes(config);
    v1::customer::routes(config);
    v1::deliveries::routes(config);
    v1::dispatch::routes(config);
    v1::shifts::routes(config);
    v1::wallets::routes(config);
    v1::wallet_link::routes(config);
    v1::accounts::routes(config);
    v1::stalls::routes(config);
    v1::wallet_pay::routes(config);
    v1::reports::routes(config);
}

/// The description of every route.
pub fn description() -> OpenApi {
    let (_, mut api) =
        actix_web::App::new().into_utoipa_app().openapi(openapi::base()).configure(routes).split_for_parts();
    openapi::name_idempotency_keys(&mut api, once::honours);
    openapi::complete(&mut api);
    api
}

fn wrong_query(error: actix_web::error::QueryPayloadError, _: &actix_web::HttpRequest) -> actix_web::Error {
    let said = error.to_string();
    let entry =
        if said.contains("unknown field") { catalogue::UNKNOWN_PARAMETER } else { catalogue::INVALID_QUERY };
    Problem::new(entry, said).into()
}

/// Starts to answer on a bound socket.
///
/// # Errors
/// When the socket cannot be listened on.
pub fn serve(app: web::Data<App>, listener: TcpListener) -> std::io::Result<(Server, ServerHandle)> {
    let settings = app.config.server.clone();
    let limits = web::Data::new(Limits::new(&app.config));
    let per_connection = limits.clone();
    let body = BodyLimits {
        bytes: settings.body_limit_bytes,
        within: Duration::from_millis(settings.body_timeout_ms),
    };
    let mut api = description();
    let addresses = web::Data::new(Addresses::new(openapi::addresses(&mut api)));
    let known = web::Data::new(query::Known::of(&api));
    let text = web::Data::new(openapi::text(&api).map_err(std::io::Error::other)?);
    let workers =
        if settings.workers == 0 { std::thread::available_parallelism()?.get() } else { settings.workers };
    let server = HttpServer::new(move || {
        let (inner, _) = actix_web::App::new()
            .into_utoipa_app()
            .app_data(app.clone())
            .app_data(limits.clone())
            .app_data(body)
            .app_data(text.clone())
            .app_data(addresses.clone())
            .app_data(known.clone())
            .app_data(web::QueryConfig::default().error_handler(wrong_query))
            .configure(routes)
            .split_for_parts();
        inner
            .configure(t::routes)
            .configure(courier_page::routes)
            .configure(docs::routes)
            .default_service(web::to(nowhere::nowhere))
            .wrap(actix_web::middleware::from_fn(once::once))
            .wrap(actix_web::middleware::from_fn(middleware::around))
    })
    .workers(workers)
    .shutdown_timeout(settings.shutdown_s)
    .disable_signals()
    .client_request_timeout(Duration::from_secs(5))
    .on_connect(move |connection, data| {
        if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>()
            && let Ok(peer) = stream.peer_addr()
        {
            data.insert(per_connection.connect(peer.ip()));
        }
    })
    .listen(listener)?
    .run();
    let handle = server.handle();
    Ok((server, handle))
}
