//! A small client for the HTTP API, one method per thing a robot does. What is asked for is typed; of an answer only
//! what robots use is read, so that the service may say more.

use std::time::Duration;

use callahead_domain::geo::point::Point;
use chrono::{DateTime, Utc};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thiserror::Error;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is repeated when the service asks to come back later.
const REPEATS: u32 = 20;
/// The longest wait before such a repetition.
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Why a request brought nothing.
#[derive(Debug, Error)]
pub enum ApiError {
    /// The service was not reached, or did not answer in time.
    #[error("{path}: {source}")]
    Transport {
        /// Which request.
        path: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The service refused, with a problem document.
    #[error("{} {}: {} ({})", .0.status, .0.path, .0.detail, .0.code)]
    Refused(Problem),
    /// The answer is not what the contract says.
    #[error("{path}: the answer cannot be read: {why}")]
    Unreadable {
        /// Which request.
        path: String,
        /// What is missing.
        why: String,
    },
}

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which request.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// The stable code; `status_…` where the answer was no problem document.
    pub code: String,
    /// What happened.
    pub detail: String,
    /// The whole document.
    pub document: Value,
}

impl ApiError {
    /// The problem's code, or `transport` or `unreadable`.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            ApiError::Transport { .. } => "transport",
            ApiError::Refused(problem) => &problem.code,
            ApiError::Unreadable { .. } => "unreadable",
        }
    }

    /// Whether the service answered, and said no to what was asked.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, ApiError::Refused(problem) if problem.status < 500)
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    method: Method,
    path: String,
    token: Option<&'a str>,
    key: Option<String>,
    body: Option<Value>,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: impl Into<String>) -> Call<'a> {
        Call { method, path: path.into(), token: None, key: None, body: None }
    }

    /// A reading request.
    pub fn get(path: impl Into<String>) -> Call<'a> {
        Call::new(Method::GET, path)
    }

    /// A changing request with a body.
    pub fn post(path: impl Into<String>, body: Value) -> Call<'a> {
        Call { body: Some(body), ..Call::new(Method::POST, path) }
    }

    /// A replacing request with a body.
    pub fn put(path: impl Into<String>, body: Value) -> Call<'a> {
        Call { body: Some(body), ..Call::new(Method::PUT, path) }
    }

    /// Signed by this bearer token.
    #[must_use]
    pub fn by(self, token: &'a str) -> Call<'a> {
        Call { token: Some(token), ..self }
    }

    /// With this idempotency key.
    #[must_use]
    pub fn keyed(self, key: impl Into<String>) -> Call<'a> {
        Call { key: Some(key.into()), ..self }
    }
}

/// The service, seen by its users.
#[derive(Debug, Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
}

/// A courier's feed.
#[derive(Debug, Clone, Deserialize)]
pub struct Feed {
    /// Deliveries offered.
    #[serde(default)]
    pub offers: Vec<Offer>,
    /// The run, next stop first.
    #[serde(default)]
    pub stops: Vec<Stop>,
}

/// A delivery offered.
#[derive(Debug, Clone, Deserialize)]
pub struct Offer {
    /// Which.
    pub delivery_id: String,
}

/// One stop of a run.
#[derive(Debug, Clone, Deserialize)]
pub struct Stop {
    /// `pick_up`, `drop_off` or `return`.
    pub kind: String,
    /// Which delivery.
    pub delivery_id: String,
    /// Its stage.
    pub stage: String,
    /// Where to go.
    pub point: Option<Point>,
    /// Ready for collection.
    #[serde(default)]
    pub ready_at: Option<DateTime<Utc>>,
    /// The customer, as far as the courier needs them.
    #[serde(default)]
    pub customer: Option<Value>,
    /// Since when a call is due.
    #[serde(default)]
    pub call_due_at: Option<DateTime<Utc>>,
    /// What to do next.
    pub next_action: NextAction,
}

/// The next action the server names.
#[derive(Debug, Clone, Deserialize)]
pub struct NextAction {
    /// `collect`, `set_off`, `arrive`, `hand_over`, `call`, `wait`, `return` or `fail_attempt`.
    pub kind: String,
    /// Not before.
    #[serde(default)]
    pub enabled_at: Option<DateTime<Utc>>,
}

/// What the server made of a courier's action.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Verdict {
    /// The action's id.
    pub action_id: String,
    /// `applied`, `duplicate`, `conflict` or `rejected`.
    pub verdict: String,
    /// Why not, as a code.
    #[serde(default)]
    pub code: Option<String>,
    /// Why not, in words.
    #[serde(default)]
    pub detail: Option<String>,
    /// The state after it.
    #[serde(default)]
    pub state: Option<Value>,
}

/// What the customer sees behind their link.
#[derive(Debug, Clone, Deserialize)]
pub struct CustomerView {
    /// Where the parcel is.
    pub stage: String,
    /// What they have said.
    pub gate: String,
    /// The hand-off code, once it is shown.
    #[serde(default)]
    pub code: Option<String>,
}

/// One entry of a shop's events.
#[derive(Debug, Clone, Deserialize)]
pub struct ShopEvent {
    /// The dotted name.
    #[serde(rename = "type")]
    pub kind: String,
    /// About which delivery.
    pub delivery_id: String,
    /// What it says.
    #[serde(default)]
    pub data: Value,
}

/// A page of a shop's events.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// In order.
    pub events: Vec<ShopEvent>,
    /// Where to read on.
    pub cursor: Option<String>,
}

/// Most events of one page.
pub const EVENTS_PAGE: usize = 100;

impl Api {
    /// A client for the service at this address.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(base: &str) -> Result<Api, ApiError> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|source| ApiError::Transport { path: base.to_owned(), source })?;
        Ok(Api { client, base: base.trim_end_matches('/').to_owned() })
    }

    /// Sends a request and reads its answer as JSON (`null` for an empty one). Comes back as often as the service
    /// asks with 429 or 503.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn send(&self, call: Call<'_>) -> Result<Value, ApiError> {
        for _ in 0..REPEATS {
            let answer = self.request(&call).send().await.map_err(|source| transport(&call, source))?;
            match wait_asked(&answer) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return read(&call, answer).await,
            }
        }
        let answer = self.request(&call).send().await.map_err(|source| transport(&call, source))?;
        read(&call, answer).await
    }

    fn request(&self, call: &Call<'_>) -> reqwest::RequestBuilder {
        let mut request = self.client.request(call.method.clone(), format!("{}{}", self.base, call.path));
        if let Some(token) = call.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = &call.key {
            request = request.header("Idempotency-Key", key);
        }
        match &call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// Sends a request and reads its answer as what is wanted.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, ApiError> {
        let path = call.path.clone();
        let answer = self.send(call).await?;
        serde_json::from_value(answer).map_err(|error| ApiError::Unreadable { path, why: error.to_string() })
    }

    /// Sends a request and reads one text of its answer, by its place (`/region/id`).
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn ask_text(&self, call: Call<'_>, place: &str) -> Result<String, ApiError> {
        let path = call.path.clone();
        let answer = self.send(call).await?;
        let text = answer.pointer(place).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| ApiError::Unreadable { path, why: format!("no text at {place}") })
    }

    /// Reads a list to its end, page by page.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn list(&self, path: &str, token: &str) -> Result<Vec<Value>, ApiError> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let tail = after.as_deref().map_or(String::new(), |cursor| format!("{joint}after={cursor}"));
            let page = self.send(Call::get(format!("{path}{tail}")).by(token)).await?;
            let data = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
            let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            let ended = data.is_empty() || next.is_none() || next == after;
            found.extend(data);
            if ended {
                return Ok(found);
            }
            after = next;
        }
    }

    /// A shop's events after a cursor, at most [`EVENTS_PAGE`].
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn events(&self, key: &str, after: Option<&str>) -> Result<EventPage, ApiError> {
        let tail = after.map_or(String::new(), |cursor| format!("&after={cursor}"));
        let call = Call::get(format!("/v1/events?limit={EVENTS_PAGE}{tail}")).by(key);
        let path = call.path.clone();
        let page = self.send(call).await?;
        let cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        let data = page.get("data").cloned().unwrap_or_default();
        let events = serde_json::from_value(data)
            .map_err(|error| ApiError::Unreadable { path, why: error.to_string() })?;
        Ok(EventPage { events, cursor })
    }

    /// Signs a courier in by invite. Answers the session's token.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn sign_in(&self, invite: &str) -> Result<String, ApiError> {
        self.ask_text(Call::post("/v1/courier/sign_in/invite", json!({"token": invite})), "/token").await
    }

    /// Starts a shift.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn start_shift(
        &self,
        session: &str,
        ends_at: DateTime<Utc>,
        from: Point,
        capacity: u32,
    ) -> Result<(), ApiError> {
        let body = json!({"ends_at": ends_at, "point": from, "capacity": capacity});
        self.send(Call::post("/v1/courier/shift", body).by(session)).await.map(drop)
    }

    /// Ends a shift; refused while parcels are held.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn end_shift(&self, session: &str) -> Result<(), ApiError> {
        self.send(Call::post("/v1/courier/shift/end", json!({})).by(session)).await.map(drop)
    }

    /// Tells where a courier is.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn position(&self, session: &str, at: DateTime<Utc>, point: Point) -> Result<(), ApiError> {
        let body = json!({"positions": [{"at": at, "point": point}]});
        self.send(Call::post("/v1/courier/positions", body).by(session)).await.map(drop)
    }

    /// What a courier has to do.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn feed(&self, session: &str) -> Result<Feed, ApiError> {
        self.ask(Call::get("/v1/courier/feed").by(session)).await
    }

    /// Takes an offer, or says no to it.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn reply_to_offer(&self, session: &str, delivery: &str, takes: bool) -> Result<(), ApiError> {
        let word = if takes { "accept" } else { "decline" };
        let path = format!("/v1/courier/offers/{delivery}/{word}");
        self.send(Call::post(path, json!({})).by(session)).await.map(drop)
    }

    /// Sends one action of a courier.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn act(&self, session: &str, action: Value) -> Result<Verdict, ApiError> {
        let call = Call::post("/v1/courier/actions", json!({"actions": [action]})).by(session);
        let path = call.path.clone();
        let mut answer = self.send(call).await?;
        let verdict = answer.pointer_mut("/results/0").map(Value::take).unwrap_or_default();
        serde_json::from_value(verdict)
            .map_err(|error| ApiError::Unreadable { path, why: format!("results[0]: {error}") })
    }

    /// What a customer sees.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn customer(&self, link: &str, with_code: bool) -> Result<CustomerView, ApiError> {
        let tail = if with_code { "?show_code=1" } else { "" };
        self.ask(Call::get(format!("/v1/c/{link}{tail}"))).await
    }

    /// A customer answers.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn answer(&self, link: &str, answer: Value) -> Result<(), ApiError> {
        self.send(Call::post(format!("/v1/c/{link}/answers"), answer)).await.map(drop)
    }

    /// A dispatcher's command.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn command(&self, key: &str, delivery: &str, command: Value) -> Result<(), ApiError> {
        self.send(Call::post(format!("/v1/deliveries/{delivery}/commands"), command).by(key)).await.map(drop)
    }
}

fn transport(call: &Call<'_>, source: reqwest::Error) -> ApiError {
    ApiError::Transport { path: call.path.clone(), source: source.without_url() }
}

/// How long the service asks to wait before the same request is sent again.
fn wait_asked(answer: &reqwest::Response) -> Option<Duration> {
    let later = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status());
    let header = answer.headers().get(reqwest::header::RETRY_AFTER);
    let seconds = header.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    later.then(|| seconds.map_or(Duration::from_millis(200), Duration::from_secs).min(LONGEST_RETRY))
}

async fn read(call: &Call<'_>, answer: reqwest::Response) -> Result<Value, ApiError> {
    let status = answer.status();
    let bytes = answer.bytes().await.map_err(|source| transport(call, source))?;
    if !status.is_success() {
        return Err(ApiError::Refused(problem(call, status.as_u16(), &bytes)));
    }
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::Unreadable { path: call.path.clone(), why: error.to_string() })
}

fn problem(call: &Call<'_>, status: u16, bytes: &[u8]) -> Problem {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    let faults = document.get("errors").map_or(String::new(), |errors| format!(" {errors}"));
    Problem {
        path: format!("{} {}", call.method, call.path),
        status,
        code: text("code").unwrap_or_else(|| format!("status_{status}")),
        detail: format!("{}{faults}", text("detail").unwrap_or_default()),
        document,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_becomes_its_code_and_words() {
        let call = Call::get("/v1/orders/x");
        let found =
            problem(&call, 409, br#"{"code":"illegal_transition","detail":"no","allowed":["cancel"]}"#);
        assert_eq!((found.code.as_str(), found.detail.as_str()), ("illegal_transition", "no"));
        assert!(ApiError::Refused(found).is_refusal());
        let found = problem(&call, 502, b"<html>");
        assert_eq!(found.code, "status_502");
        assert!(!ApiError::Refused(found).is_refusal());
    }

    #[test]
    fn a_stop_is_read_whatever_else_the_service_says() {
        let stop = serde_json::from_value::<Stop>(json!({
            "kind": "drop_off", "delivery_id": "dlv_1", "order_id": "ord_1", "stage": "collected", "gate": "cleared",
            "point": {"lat": 1.0, "lon": 2.0}, "ready_at": "2026-05-04T00:00:00Z", "more": {"x": 1},
            "next_action": {"kind": "set_off", "enabled_at": null, "label": "Go"}
        }));
        assert!(stop.is_ok_and(|stop| stop.next_action.kind == "set_off" && stop.next_action.enabled_at.is_none()));
    }
}
