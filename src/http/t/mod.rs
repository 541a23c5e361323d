//! The customer's pages at `/t/{token}`: plain HTML and plain forms, complete without script.
//!
//! Whoever holds the link is the customer. A link that is malformed, unknown or closed shows the same page with the
//! same status, in a language that follows from the visitor and not from the delivery. The token is a secret in an
//! address: it is never logged, the pages ask for nothing outside and tell no other site where they were opened from
//! (headers: `http::middleware`).

mod form;
mod screen;
#[cfg(test)]
mod tests;

pub use form::Form;
pub use screen::{Wanted, page_for};

use crate::app::customer::Visit;
use crate::app::{App, Error};
use crate::http::body::{BodyLimits, read_within};
use crate::http::catalogue as c;
use crate::http::limits::check_address;
use crate::http::middleware::RequestId;
use crate::http::pages::view::{ErrorKind, ErrorView, GoneReason, GoneView};
use crate::http::pages::{CSS, Page, css_path, render};
use crate::http::problem::Problem;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use callahead_domain::contact::Language;
use form::Outcomes;
use serde::Deserialize;
use std::time::Duration;

/// Most bytes of a form.
const FORM_BYTES: usize = 8 * 1024;

/// A form is here within this, unless the settings say otherwise.
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// The cookie that remembers a chosen language, and nothing else.
const LANGUAGE_COOKIE: &str = "lang";

/// What an address may ask for; anything else in it is passed over.
#[derive(Debug, Default, Deserialize)]
struct Query {
    lang: Option<String>,
    step: Option<String>,
    view: Option<String>,
    change: Option<String>,
    code: Option<String>,
    still: Option<String>,
    kept: Option<String>,
}

impl Query {
    fn of(request: &HttpRequest) -> Query {
        web::Query::<Query>::from_query(request.query_string())
            .map(web::Query::into_inner)
            .unwrap_or_default()
    }

    fn language(&self) -> Option<Language> {
        self.lang.as_deref().and_then(Language::parse)
    }

    fn wanted(&self) -> Wanted {
        let set = |value: &Option<String>| value.as_deref() == Some("1");
        match self.step.as_deref().or(self.view.as_deref()) {
            Some("later") => Wanted::Later,
            Some("not_today") => Wanted::NotToday,
            Some("receiver_named" | "other") => Wanted::Other,
            Some("refused" | "cancel") => Wanted::Cancel,
            Some("change") => Wanted::Question,
            Some("code") => Wanted::Code,
            _ if set(&self.change) => Wanted::Question,
            _ if set(&self.code) => Wanted::Code,
            _ if set(&self.still) => Wanted::Still,
            _ if set(&self.kept) => Wanted::NoteKept,
            _ => Wanted::Standing,
        }
    }
}

/// The path of a delivery's page.
fn link(token: &str) -> String {
    format!("/t/{token}")
}

/// One request to the pages.
struct Door<'a> {
    app: &'a App,
    request: &'a HttpRequest,
    token: String,
    query: Query,
}

impl<'a> Door<'a> {
    fn new(app: &'a App, request: &'a HttpRequest) -> Door<'a> {
        let token = request.match_info().get("token").unwrap_or_default().to_owned();
        Door { app, request, token, query: Query::of(request) }
    }

    /// The language of this visitor: asked for now, remembered, the customer's own, the browser's.
    fn language(&self, visit: Option<&Visit>) -> Language {
        let remembered =
            || self.request.cookie(LANGUAGE_COOKIE).and_then(|cookie| Language::parse(cookie.value()));
        let browser = || {
            let header = self.request.headers().get(header::ACCEPT_LANGUAGE);
            Language::negotiate(header.and_then(|value| value.to_str().ok()).unwrap_or_default())
        };
        let own = || visit.map_or_else(browser, Visit::language);
        self.query.language().or_else(remembered).unwrap_or_else(own)
    }

    fn show(&self, page: &Page, status: u16, visit: Option<&Visit>) -> HttpResponse {
        let language = self.language(visit);
        let Ok(html) = render(page, language) else {
            tracing::error!("a page could not be drawn");
            return HttpResponse::InternalServerError().finish();
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.content_type("text/html; charset=utf-8");
        response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
        if self.query.language().is_some() {
            response.cookie(self.remember(language));
        }
        response.body(html)
    }

    fn remember(&self, language: Language) -> Cookie<'static> {
        Cookie::build(LANGUAGE_COOKIE, language.tag())
            .path("/t/")
            .same_site(SameSite::Lax)
            .http_only(true)
            .secure(self.app.config.server.public_url.starts_with("https://"))
            .max_age(time::Duration::days(365))
            .finish()
    }

    fn see(&self, tail: &str) -> HttpResponse {
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, format!("{}{tail}", link(&self.token))))
            .finish()
    }

    /// U12 for whatever opens nothing: unknown, malformed, closed, all alike.
    fn nothing_here(&self) -> HttpResponse {
        self.show(
            &Page::Gone(GoneView { frame: None, reason: GoneReason::Unknown, money: Vec::new() }),
            404,
            None,
        )
    }

    fn failed(&self, error: Error) -> HttpResponse {
        if matches!(error, Error::Missing) {
            self.nothing_here()
        } else {
            self.problem(&Problem::from(error), None)
        }
    }

    /// A problem as a page; its status and Retry-After stay.
    fn problem(&self, problem: &Problem, visit: Option<&Visit>) -> HttpResponse {
        let kind = match problem.status() {
            429 => ErrorKind::TooMany,
            400..=499 => ErrorKind::BadRequest,
            _ => ErrorKind::Internal,
        };
        let request_id = self.request.extensions().get::<RequestId>().map(|id| id.0.clone());
        let view = ErrorView { kind, request_id, link: visit.map(|_| link(&self.token)) };
        let mut response = self.show(&Page::Error(view), problem.status(), visit);
        if let Some(value) = problem.error_response().headers().get(header::RETRY_AFTER) {
            response.headers_mut().insert(header::RETRY_AFTER, value.clone());
        }
        response
    }

    /// Whether a form comes from a page of ours, as far as the browser tells.
    fn same_site(&self) -> bool {
        let header = |name: &str| self.request.headers().get(name).and_then(|value| value.to_str().ok());
        if header("sec-fetch-site").is_some_and(|site| site.eq_ignore_ascii_case("cross-site")) {
            return false;
        }
        // Some browsers send `null` from pages that tell no referrer: the form's token decides then.
        let Some(origin) = header("origin").filter(|origin| *origin != "null") else { return true };
        let named = origin.split_once("://").map(|(_, host)| host);
        named == header("host") || origin == self.app.config.server.public_url
    }

    async fn read_form(&self, payload: web::Payload) -> Result<Form, Problem> {
        let stated = self.request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = stated.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::new(c::UNSUPPORTED_TYPE, "A form is application/x-www-form-urlencoded."));
        }
        let within = self.request.app_data::<BodyLimits>().map_or(FORM_WITHIN, |limits| limits.within);
        let limits = BodyLimits { bytes: FORM_BYTES, within };
        let bytes = read_within(self.request, payload.into_inner(), limits).await?;
        Form::parse(&bytes).ok_or_else(|| Problem::new(c::INVALID_UTF8, "The form is not UTF-8."))
    }

    async fn take(&self, visit: &Visit, form: &Form) -> HttpResponse {
        if !form.is_ours(visit) {
            let problem = Problem::new(c::FORBIDDEN, "The form is not from this page.");
            return self.problem(&problem, Some(visit));
        }
        match form::take(self.app, visit, &self.token, form).await {
            Ok(Outcomes::See(tail)) => self.see(tail),
            Ok(Outcomes::Show(page, status)) => self.show(&page, status, Some(visit)),
            Err(error) => self.failed(error),
        }
    }
}

/// The page of a delivery.
async fn page(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let door = Door::new(&app, &request);
    if let Err(problem) = check_address(&request) {
        return door.problem(&problem, None);
    }
    match app.visit(&door.token).await {
        Ok(visit) => door.show(&page_for(&visit, door.query.wanted(), &link(&door.token)), 200, Some(&visit)),
        Err(error) => door.failed(error),
    }
}

async fn posted(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
    answer: Option<&str>,
) -> HttpResponse {
    let door = Door::new(app, request);
    if let Err(problem) = check_address(request) {
        return door.problem(&problem, None);
    }
    let visit = match app.visit(&door.token).await {
        Ok(visit) => visit,
        Err(error) => return door.failed(error),
    };
    if !door.same_site() {
        return door.problem(&Problem::new(c::FORBIDDEN, "The form comes from another site."), Some(&visit));
    }
    match door.read_form(payload).await {
        Ok(form) => door.take(&visit, &form.with_answer(answer)).await,
        Err(problem) => door.problem(&problem, Some(&visit)),
    }
}

/// A form of that page.
async fn press(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    posted(&app, &request, payload, None).await
}

/// The note's form.
async fn keep_note(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    posted(&app, &request, payload, Some("note")).await
}

/// The style sheet; its name changes with its content.
async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(CSS)
}

/// The routes of the pages. They stand beside the described API, not in it.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/t/{token}", web::get().to(page))
        .route("/t/{token}", web::post().to(press))
        .route("/t/{token}/note", web::post().to(keep_note))
        .route(css_path(), web::get().to(style));
}
