//! A shop's events: after a cursor, and as a stream that continues where the last connection ended.

use crate::app::auth::authenticate;
use crate::app::timeline::{Cursor, StreamEvent, cursor_text, parse_cursor};
use crate::app::{App, Error};
use crate::http::auth::{ShopCaller, bearer};
use crate::http::catalogue as c;
use crate::http::problem::{Problem, ProblemDocument};
use actix_web::{HttpRequest, HttpResponse, get, web};
use callahead_domain::id::ShopId;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// From where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// The cursor read last; from the beginning if absent.
    after: Option<String>,
    /// Rows wanted, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// A page of events. `next_cursor` always says where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events.
    data: Vec<StreamEvent>,
    /// Where to go on.
    next_cursor: String,
}

fn start(text: Option<&str>) -> Result<Cursor, Problem> {
    let Some(text) = text else { return Ok(Cursor { tx: 0, position: 0 }) };
    parse_cursor(text).ok_or_else(|| Problem::new(c::INVALID_CURSOR, "The cursor was not made by this list."))
}

/// Events after a cursor, oldest first, none skipped.
#[utoipa::path(tag = "events", params(EventQuery), responses((status = 200, body = EventPage), (status = 400, body = ProblemDocument)))]
#[get("/v1/events")]
pub async fn list(
    app: web::Data<App>,
    caller: ShopCaller,
    query: web::Query<EventQuery>,
) -> Result<HttpResponse, Problem> {
    let after = start(query.after.as_deref())?;
    let limit = crate::http::page::PageQuery { limit: query.limit, after: None }.rows()?;
    let data = app.events_after(caller.shop, after, limit).await?;
    let next_cursor = data.last().map_or_else(|| cursor_text(after), |last| last.cursor.clone());
    Ok(HttpResponse::Ok().json(EventPage { data, next_cursor }))
}

/// How long a silent stream waits before it shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often another replica's events are looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

struct Feed {
    app: web::Data<App>,
    shop: ShopId,
    cursor: Cursor,
    waiting: VecDeque<StreamEvent>,
    silent: Duration,
    bell: tokio::sync::watch::Receiver<u64>,
    token: String,
}

impl Feed {
    async fn next(&mut self) -> Result<Option<web::Bytes>, Error> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.silent = Duration::ZERO;
                if let Some(cursor) = parse_cursor(&event.cursor) {
                    self.cursor = cursor;
                }
                let data = serde_json::to_string(&event).map_err(Error::internal)?;
                let text = format!("id: {}\nevent: {}\ndata: {data}\n\n", event.cursor, event.kind);
                return Ok(Some(web::Bytes::from(text)));
            }
            // A key that was revoked or is over reads no further.
            if authenticate(&self.app, &self.token).await?.is_none() {
                return Ok(None);
            }
            self.waiting.extend(self.app.events_after(self.shop, self.cursor, 100).await?);
            if !self.waiting.is_empty() {
                continue;
            }
            if self.app.shutdown.is_triggered() {
                return Ok(None);
            }
            if self.silent >= HEARTBEAT {
                self.silent = Duration::ZERO;
                return Ok(Some(web::Bytes::from_static(b": still here\n\n")));
            }
            tokio::select! {
                _ = self.bell.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => self.silent += LOOK_AGAIN,
                () = self.app.shutdown.wait() => return Ok(None),
            }
        }
    }
}

/// Events as they happen (`text/event-stream`); `Last-Event-ID` or `after` says where to go on.
#[utoipa::path(tag = "events", params(EventQuery, ("Last-Event-ID" = Option<String>, Header)), responses((status = 200, content_type = "text/event-stream", body = String), (status = 400, body = ProblemDocument)))]
#[get("/v1/events/stream")]
pub async fn follow(
    app: web::Data<App>,
    caller: ShopCaller,
    request: HttpRequest,
    query: web::Query<EventQuery>,
) -> Result<HttpResponse, Problem> {
    let header = request.headers().get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
    let cursor = start(header.or(query.after.as_deref()))?;
    let bell = app.bells.events.subscribe();
    let token = bearer(&request).unwrap_or_default().to_owned();
    // The head of an answer leaves with its first bytes: where nothing is new, a sign of life goes at once.
    let silent = HEARTBEAT;
    let feed = Feed { app, shop: caller.shop, cursor, waiting: VecDeque::new(), silent, bell, token };
    let body = futures_util::stream::try_unfold(feed, |mut feed| async move {
        let next = feed.next().await?;
        Ok::<_, Error>(next.map(|bytes| (bytes, feed)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body))
}

/// The routes of this resource.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(follow).service(list);
}
