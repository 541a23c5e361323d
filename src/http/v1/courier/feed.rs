//! The feed.

use crate::app::auth::authenticate;
use crate::app::courier::feed::{self, FeedView};
use crate::app::courier::watch::Watching;
use crate::app::{App, Error};
use crate::http::auth::{CourierCaller, bearer};
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use std::time::Duration;
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

/// How long a silent stream waits before it shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// One phone's stream.
struct Stream {
    app: web::Data<App>,
    watching: Watching,
    token: String,
    /// Nothing was said yet.
    first: bool,
}

impl Stream {
    async fn next(&mut self) -> Result<Option<web::Bytes>, Error> {
        let changed = if std::mem::take(&mut self.first) {
            true
        } else {
            tokio::select! {
                changed = self.watching.version.changed() => changed.is_ok(),
                () = tokio::time::sleep(HEARTBEAT) => false,
                () = self.app.shutdown.wait() => return Ok(None),
            }
        };
        // A session that is over hears no further.
        if authenticate(&self.app, &self.token).await?.is_none() {
            return Ok(None);
        }
        if !changed {
            return Ok(Some(web::Bytes::from_static(b": still here\n\n")));
        }
        let version = self.watching.version.borrow_and_update().clone();
        let data = serde_json::json!({ "plan_version": version });
        Ok(Some(web::Bytes::from(format!("event: feed\ndata: {data}\n\n"))))
    }
}

/// Tells when the feed is worth reading again (`text/event-stream`): an event `feed` with its `plan_version` at once, and
/// after every change of the shift or a delivery within about a second, whichever replica made it.
#[utoipa::path(tag = "couriers", responses((status = 200, content_type = "text/event-stream", body = String), (status = 401, body = ProblemDocument)))]
#[get("/v1/courier/stream")]
pub async fn stream(
    app: web::Data<App>,
    caller: CourierCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let watching = app.watch_feed(caller.courier).await?;
    let token = bearer(&request).unwrap_or_default().to_owned();
    let stream = Stream { app, watching, token, first: true };
    let body = futures_util::stream::try_unfold(stream, |mut stream| async move {
        let next = stream.next().await?;
        Ok::<_, Error>(next.map(|bytes| (bytes, stream)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read).service(stream);
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
