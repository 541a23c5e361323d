//! The courier's page at `/courier`: one shell that works without signal, its files under names that change with what
//! is in them, the service worker that keeps them on the phone, and the manifest that puts it on a home screen.
//!
//! Everything is made once from the files in `web/courier` and embedded; nothing is fetched from elsewhere. The page
//! itself asks the couriers' API for everything it shows.

mod files;
mod join;

use crate::app::App;
use crate::http::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use files::{File, shelf};

/// Where the page is.
pub const PATH: &str = "/courier";

#[derive(Template)]
#[template(path = "courier/shell.html")]
struct Shell<'a> {
    assets: &'a str,
    help: &'a str,
}

/// Whether the browser takes gzip.
fn takes_gzip(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(',')).map(|kind| kind.replace(' ', ""));
    kinds.any(|kind| {
        kind == "gzip" || (kind.starts_with("gzip;q=") && !kind.trim_end_matches(['0', '.']).ends_with('='))
    })
}

fn answer(request: &HttpRequest, file: &File, cache: &'static str) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type(file.content_type).insert_header((header::CACHE_CONTROL, cache));
    let zipped = file.zipped.as_ref().filter(|_| takes_gzip(request));
    if file.zipped.is_some() {
        response.insert_header((header::VARY, "accept-encoding"));
    }
    match zipped {
        Some(bytes) => response.insert_header((header::CONTENT_ENCODING, "gzip")).body(bytes.clone()),
        None => response.body(file.bytes.clone()),
    }
}

async fn shell(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    let page = Shell { assets: &shelf().folder, help: &app.config.courier_page.dispatch_phone };
    match page.render() {
        Ok(html) => answer(&request, &File::text("text/html; charset=utf-8", html), "no-cache"),
        Err(error) => {
            tracing::error!(%error, "the courier's page could not be drawn");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Named by the hash of everything: kept for ever.
async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let file = shelf().files.get(path.as_str()).ok_or_else(Problem::not_found)?;
    Ok(answer(&request, file, "public, max-age=31536000, immutable"))
}

async fn worker(request: HttpRequest) -> HttpResponse {
    let mut response = answer(&request, &shelf().worker, "no-cache");
    let allowed = header::HeaderName::from_static("service-worker-allowed");
    response.headers_mut().insert(allowed, header::HeaderValue::from_static(PATH));
    response
}

async fn manifest(request: HttpRequest) -> HttpResponse {
    answer(&request, &shelf().manifest, "no-cache")
}

async fn to_the_page() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, PATH)).finish()
}

/// The routes of the page. They stand beside the described API, not in it.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route(PATH, web::get().to(shell))
        .route("/courier/", web::get().to(to_the_page))
        .route("/courier/sw.js", web::get().to(worker))
        .route("/courier/manifest.webmanifest", web::get().to(manifest))
        .route(&format!("{}{{name}}", shelf().folder), web::get().to(asset));
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn gzip_is_for_those_who_take_it() {
        let takes = |value: &str| {
            takes_gzip(
                &TestRequest::default()
                    .insert_header(("accept-encoding", value.to_owned()))
                    .to_http_request(),
            )
        };
        assert!(takes("gzip") && takes("br, gzip;q=0.8") && takes("deflate,gzip"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("identity, gzip;q=0.0"));
        assert!(!takes_gzip(&TestRequest::default().to_http_request()));
    }
}
