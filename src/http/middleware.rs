//! What every request passes through: its id, a log line, caught panics, problem documents with the id in them, and
//! the headers every answer carries.

use super::auth;
use super::catalogue as c;
use super::courier_page;
use super::docs;
use super::extract::is_text;
use super::last_words::{LastWords, is_open_ended, is_unread};
use super::limits::Connection;
use super::problem::Problem;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, as its handlers see it.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Takes the caller's id if it is short and harmless, else makes one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let harmless = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if (1..=64).contains(&given.len()) && given.chars().all(harmless) {
        return given.to_owned();
    }
    let app = request.app_data::<actix_web::web::Data<crate::app::App>>();
    app.map_or_else(String::new, |app| {
        callahead_domain::id::RequestId::from_parts(app.clock.now(), app.entropy.ten()).to_string()
    })
}

/// The middleware.
///
/// # Errors
/// None of its own: an error of the inner service, or its panic, is passed on with the response to give.
pub async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let crowded = request.conn_data::<Connection>().is_some_and(|connection| connection.refused);
    let (route, method) = (request.match_pattern(), request.method().clone());
    let span = tracing::info_span!("request", id, %method, route = route.as_deref().unwrap_or("-"));
    let (safety, open_ended) = (Safety::of(&request), is_open_ended(request.request()));
    let unread = |status| open_ended && is_unread(&method, status);
    let outcome = if crowded {
        let problem = Problem::new(c::TOO_MANY, "Too many connections from this address.").retry_after(5);
        Ok(request.into_response(problem.response(&id).map_into_right_body()))
    } else if request.path().starts_with("/v1/") && !is_text(request.query_string()) {
        let problem =
            Problem::new(c::INVALID_QUERY, "The query is no UTF-8 text without control characters.");
        Ok(request.into_response(problem.response(&id).map_into_right_body()))
    } else {
        if let Some(credential) = auth::look_up(request.request()).await {
            request.extensions_mut().insert(credential);
        }
        // The router needs the request for itself: nothing of it may be kept here.
        let called = AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span.clone()).await;
        let panicked =
            |_| Problem::new(c::INTERNAL, "Something went wrong on our side; nothing was half done.").into();
        called.unwrap_or_else(|panic| Err(panicked(panic))).map(|response| finish(response, &id))
    };
    let told = |status: u16| {
        span.in_scope(|| {
            if status >= 500 {
                tracing::warn!(status, "answered")
            } else {
                tracing::debug!(status, "answered")
            }
        });
    };
    match outcome {
        Ok(mut response) => {
            add_headers(response.headers_mut(), &id, &safety);
            told(response.status().as_u16());
            if unread(response.status()) {
                return Ok(response.map_body(|_, body| EitherBody::right(last_words(body))));
            }
            Ok(response)
        }
        Err(error) => {
            let mut response = as_response(&error, &id);
            add_headers(response.headers_mut(), &id, &safety);
            told(response.status().as_u16());
            if unread(response.status()) {
                response = response.map_body(|_, body| last_words(body));
            }
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn last_words(body: impl MessageBody + 'static) -> BoxBody {
    LastWords::new(body.boxed()).boxed()
}

/// A response that carries an error becomes its problem document, now with the request's id.
fn finish<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    id: &str,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let problem = response.response().error().map(|error| as_response(error, id));
    match problem {
        Some(problem) => response.into_response(problem.map_into_right_body()),
        None => response.map_into_left_body(),
    }
}

fn as_response(error: &Error, id: &str) -> HttpResponse {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.response(id);
    }
    let status = error.as_response_error().status_code().as_u16();
    let entry = c::ALL.iter().find(|entry| entry.status == status).copied().unwrap_or(match status {
        400..=499 => c::INVALID_QUERY,
        _ => c::INTERNAL,
    });
    Problem::new(entry, error.to_string()).response(id)
}

/// What the headers of an answer depend on.
struct Safety {
    content: &'static str,
    secret_address: bool,
    tls: bool,
}

impl Safety {
    fn of(request: &ServiceRequest) -> Safety {
        let path = request.path();
        let app = request.app_data::<actix_web::web::Data<crate::app::App>>();
        Safety {
            content: match path {
                docs::ERRORS => PAGE,
                _ if path.starts_with("/t/") => PAGE,
                _ if path == courier_page::PATH || path.starts_with("/courier/") => SCRIPTED,
                _ if path.starts_with("/docs/") => READER,
                _ => DATA,
            },
            secret_address: ["/t/", "/v1/c/", "/v1/w/"].iter().any(|start| path.starts_with(start)),
            tls: app.is_some_and(|app| app.config.server.public_url.starts_with("https://")),
        }
    }
}

/// For pages without script.
const PAGE: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// For the courier's page: script, workers and requests of our own, and nothing inline.
const SCRIPTED: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// For the page that reads the API's description; it sets styles of its own.
const READER: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";
/// For everything that is no page.
const DATA: &str = "default-src 'none'; frame-ancestors 'none'";

fn add_headers(headers: &mut HeaderMap, id: &str, safety: &Safety) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    let mut add = |name: &'static str, value: &'static str| {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    add("x-content-type-options", "nosniff");
    add("referrer-policy", "no-referrer");
    add("cache-control", "no-store");
    add("x-frame-options", "DENY");
    add("cross-origin-opener-policy", "same-origin");
    add("content-security-policy", safety.content);
    if safety.secret_address {
        add("x-robots-tag", "noindex, nofollow");
    }
    if safety.tls {
        add("strict-transport-security", "max-age=31536000");
    }
}
