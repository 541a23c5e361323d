//! The feed.

use crate::app::App;
use crate::app::courier::feed::{self, FeedView};
use crate::http::auth::CourierCaller;
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

/// Whether the phone has this tag already.
fn known(request: &HttpRequest, tag: &str) -> bool {
    let values = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// Offers and stops in their order. 304 with `If-None-Match` while nothing but the clock has changed.
#[utoipa::path(tag = "couriers", params(("If-None-Match" = Option<String>, Header, description = "The ETag of the feed the phone has.")),
    responses((status = 200, body = FeedView), (status = 304), (status = 401, body = ProblemDocument)))]
#[get("/v1/courier/feed")]
pub async fn read(
    app: web::Data<App>,
    caller: CourierCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (view, tag) = feed::feed(&app, caller.courier).await?;
    let tag = format!("\"{tag}\"");
    if known(&request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read);
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_tag_is_found_in_any_form_of_the_header() {
        let asked = |value: &str| {
            TestRequest::default().insert_header(("if-none-match", value.to_owned())).to_http_request()
        };
        assert!(known(&asked("\"ab\""), "\"ab\""));
        assert!(known(&asked("\"x\", W/\"ab\""), "\"ab\""));
        assert!(known(&asked("*"), "\"ab\""));
        assert!(!known(&asked("\"abc\""), "\"ab\""));
        assert!(!known(&TestRequest::default().to_http_request(), "\"ab\""));
    }
}
