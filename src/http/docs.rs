//! The reference pages for developers: the routes (Swagger UI) and the errors, to whose lines a problem's `type` leads.
//! Everything comes out of the binary.

use super::catalogue::{ALL, Entry, REFUSALS};
use super::openapi;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where the errors are told; [`super::problem`] adds the code.
pub const ERRORS: &str = "/docs/errors";
const STYLE: &str = "/static/docs.css";

#[derive(Template)]
#[template(path = "docs/errors.html")]
struct ErrorsPage {
    css: &'static str,
    entries: &'static [Entry],
    refusals: &'static [(&'static str, &'static str)],
}

async fn errors() -> HttpResponse {
    match (ErrorsPage { css: STYLE, entries: ALL, refusals: REFUSALS }).render() {
        Ok(html) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "the error reference could not be drawn");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../../web/static/docs.css"))
}

async fn to_the_routes() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn description(text: web::Data<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(text.get_ref().clone())
}

/// The routes of these pages. They stand beside the described API, not in it; the text of the description is
/// application data.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route(openapi::PATH, web::get().to(description))
        .route(ERRORS, web::get().to(errors))
        .route(STYLE, web::get().to(style))
        .route("/docs", web::get().to(to_the_routes))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from(openapi::PATH)));
}
