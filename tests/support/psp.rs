//! A card provider for tests: a real HTTP server on the loopback that speaks Stripe's dialect, with books of its own.
//!
//! It saves the answer to every key, errors too, and replays it until the key is a day old by its own clock. Tests plan
//! faults, one for each POST that is carried out, and read the books afterwards. What was delayed is carried out when the
//! test says so. Every change makes an event, for tests to deliver as they like: twice, late, in any order.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::{future, stream};
use serde_json::{Value, json};

/// What goes wrong with one POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    Clean,
    /// The connection breaks before anything is done.
    LostRequest,
    /// It is done, then the connection breaks.
    LostAnswer,
    /// The connection breaks; it is done when the test says so.
    Delayed,
    /// Status 500 without effect; saved.
    ErrorBefore,
    /// Status 500 after the effect; saved.
    ErrorAfter,
    /// Some status without effect; not saved.
    Status(u16),
    /// The card is refused, with this code; saved.
    Decline(&'static str),
    /// The customer has to agree first.
    Action,
    /// It is done; the answer names one unit more.
    WrongAmount,
}

/// One payment in the books.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intent {
    /// `requires_capture`, `succeeded`, `canceled`, `requires_action`.
    pub status: String,
    /// Asked for.
    pub amount: i64,
    /// Taken.
    pub received: i64,
    /// Lower-case code.
    pub currency: String,
    /// Our id.
    pub payment_id: String,
    /// Made, seconds.
    pub created: i64,
    /// How often money was taken.
    pub captures: u32,
}

#[derive(Debug, Clone)]
struct Refund {
    id: String,
    intent: String,
    amount: i64,
    refund_id: String,
}

#[derive(Debug, Default)]
struct Books {
    now_s: i64,
    intents: BTreeMap<String, Intent>,
    refunds: Vec<Refund>,
    saved: BTreeMap<String, (i64, u16, String)>,
    faults: VecDeque<Fault>,
    delayed: Vec<(String, String, BTreeMap<String, String>)>,
    read_statuses: VecDeque<u16>,
    events: Vec<Value>,
    keys: Vec<String>,
    reads: u32,
    accepts_second_capture: bool,
    made: u32,
}

/// The running provider; stops when dropped.
#[derive(Debug)]
pub struct Psp {
    address: std::net::SocketAddr,
    books: Arc<Mutex<Books>>,
    server: ServerHandle,
}

/// The secret key it wants.
pub const KEY: &str = "sk_test_standin";
/// What its webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_standin_secret_of_the_tests";
/// A key is remembered so long, in seconds.
pub const KEY_TTL_S: i64 = 24 * 3600;
/// A hold lasts so long, in seconds.
pub const HOLD_S: i64 = 7 * 24 * 3600;

impl Psp {
    /// Starts on a free port of the loopback. Needs a Tokio runtime.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let books = Arc::new(Mutex::new(Books::default()));
        let data = Data::from(books.clone());
        let app = move || App::new().app_data(data.clone()).default_service(actix_web::web::to(answer));
        let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0);
        let server = server.listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, books, server: handle }
    }

    /// Where the API is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The settings of a service that uses it.
    pub fn settings(&self) -> [(&'static str, String); 4] {
        [
            ("payments.stripe.secret", KEY.to_owned()),
            ("payments.stripe.url", self.url()),
            ("payments.stripe.webhook_secret", WEBHOOK_SECRET.to_owned()),
            ("payments.stripe.timeout_ms", "2000".to_owned()),
        ]
    }

    /// Plans faults, one for each POST carried out from now on; afterwards all goes well.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.books().faults.extend(faults);
    }

    /// Plans the statuses of the next reads; afterwards they are answered.
    pub fn plan_reads(&self, statuses: impl IntoIterator<Item = u16>) {
        self.books().read_statuses.extend(statuses);
    }

    /// The time by its own clock; holds that are over end.
    pub fn set_clock(&self, now_s: i64) {
        let mut books = self.books();
        books.now_s = now_s;
        books.expire();
    }

    /// Carries out what was delayed.
    pub fn run_delayed(&self) {
        let mut books = self.books();
        for (key, path, form) in std::mem::take(&mut books.delayed) {
            // A key that was carried out meanwhile only brings its answer back, and nobody hears it.
            let now_s = books.now_s;
            let known = books.saved.get(&key).is_some_and(|(at, _, _)| now_s - at < KEY_TTL_S);
            if !known {
                books.carry_out(Fault::Clean, &key, &path, &form);
            }
        }
    }

    /// Takes a second capture without a word.
    pub fn accept_second_captures(&self) {
        self.books().accepts_second_capture = true;
    }

    /// A payment made by somebody else, held.
    pub fn hold(&self, amount: i64, currency: &str) -> String {
        let mut books = self.books();
        let id = books.next_id("pi");
        let (status, currency, created) = ("requires_capture".to_owned(), currency.to_owned(), books.now_s);
        books.intents.insert(id.clone(), Intent { status, amount, currency, created, ..Intent::default() });
        id
    }

    /// The customer agrees to what waits for them.
    pub fn agree(&self, id: &str) {
        let mut books = self.books();
        books.intents.get_mut(id).unwrap().status = "requires_capture".to_owned();
        books.tell("payment_intent.amount_capturable_updated", id);
    }

    /// The provider ends a hold by itself.
    pub fn cancel(&self, id: &str) {
        let mut books = self.books();
        books.intents.get_mut(id).unwrap().status = "canceled".to_owned();
        books.tell("payment_intent.canceled", id);
    }

    /// Every payment, by its id.
    pub fn intents(&self) -> BTreeMap<String, Intent> {
        self.books().intents.clone()
    }

    /// The payments of one of our ids.
    pub fn of(&self, payment_id: &str) -> Vec<(String, Intent)> {
        let all = self.intents().into_iter();
        all.filter(|(_, intent)| intent.payment_id == payment_id).collect()
    }

    /// Amounts refunded, by our id of the refund.
    pub fn refunds(&self) -> Vec<(String, i64)> {
        self.books().refunds.iter().map(|refund| (refund.refund_id.clone(), refund.amount)).collect()
    }

    /// Keys of the POSTs so far, replays included.
    pub fn keys(&self) -> Vec<String> {
        self.books().keys.clone()
    }

    /// How often something was read.
    pub fn reads(&self) -> u32 {
        self.books().reads
    }

    /// Every event so far, as it would be delivered.
    pub fn events(&self) -> Vec<Value> {
        self.books().events.clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl Drop for Psp {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

/// `Stripe-Signature` of a body at a time.
pub fn signature(secret: &str, at_s: i64, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at_s}.").as_bytes());
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={hex}")
}

fn said(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(body)
}

fn broken() -> HttpResponse {
    let failure = actix_web::error::ErrorInternalServerError("broken");
    HttpResponse::Ok().streaming(stream::once(future::ready(Err::<Bytes, _>(failure))))
}

fn error(kind: &str, code: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": "no"}})
}

fn fields(text: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://form/?{text}")).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

async fn answer(request: HttpRequest, body: Bytes, books: Data<Mutex<Books>>) -> HttpResponse {
    let mut books = books.lock().unwrap();
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    if header("authorization") != format!("Bearer {KEY}") {
        return said(401, &error("invalid_request_error", "api_key_invalid"));
    }
    if request.method() == actix_web::http::Method::GET {
        return books.read(request.path(), &fields(request.query_string()));
    }
    let key = header("idempotency-key");
    books.keys.push(key.clone());
    let now_s = books.now_s;
    books.saved.retain(|_, (at, _, _)| now_s - *at < KEY_TTL_S);
    if let Some((_, status, text)) = books.saved.get(&key) {
        return said(*status, &serde_json::from_str(text).unwrap());
    }
    let form = fields(std::str::from_utf8(&body).unwrap());
    let fault = books.faults.pop_front().unwrap_or(Fault::Clean);
    match fault {
        Fault::LostRequest => return broken(),
        Fault::Delayed => {
            books.delayed.push((key, request.path().to_owned(), form));
            return broken();
        }
        Fault::Status(status) => return said(status, &json!({})),
        _ => {}
    }
    let (status, answer) = books.carry_out(fault, &key, request.path(), &form);
    match fault {
        Fault::LostAnswer => broken(),
        Fault::WrongAmount => {
            let mut wrong = answer;
            for name in ["amount", "amount_capturable", "amount_received"] {
                wrong[name] = json!(wrong[name].as_i64().unwrap_or(0) + 1);
            }
            said(status, &wrong)
        }
        _ => said(status, &answer),
    }
}

impl Books {
    fn next_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{:06}", self.made)
    }

    fn tell(&mut self, kind: &str, id: &str) {
        let event_id = self.next_id("evt");
        let object = self.shown(id);
        self.events
            .push(json!({"id": event_id, "object": "event", "type": kind, "data": {"object": object}}));
    }

    fn expire(&mut self) {
        let over: Vec<String> = self
            .intents
            .iter()
            .filter(|(_, intent)| {
                intent.status == "requires_capture" && intent.created + HOLD_S <= self.now_s
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            self.intents.get_mut(&id).unwrap().status = "canceled".to_owned();
            self.tell("payment_intent.canceled", &id);
        }
    }

    fn shown(&self, id: &str) -> Value {
        let intent = &self.intents[id];
        let capturable = if intent.status == "requires_capture" { intent.amount } else { 0 };
        json!({
            "id": id, "object": "payment_intent", "status": intent.status, "amount": intent.amount,
            "amount_capturable": capturable, "amount_received": intent.received,
            "currency": intent.currency, "created": intent.created,
            "metadata": {"payment_id": intent.payment_id},
            "latest_charge": {"id": format!("ch_{id}"), "payment_method_details":
                {"card": {"capture_before": intent.created + HOLD_S}}},
            "next_action": (intent.status == "requires_action").then(
                || json!({"redirect_to_url": {"url": format!("https://bank.example/{id}")}})),
        })
    }

    /// Does it, saves the answer under its key, and answers.
    fn carry_out(
        &mut self,
        fault: Fault,
        key: &str,
        path: &str,
        form: &BTreeMap<String, String>,
    ) -> (u16, Value) {
        let done = match fault {
            Fault::ErrorBefore => (500, error("api_error", "")),
            Fault::Decline(code) => (402, error("card_error", code)),
            _ => self.effect(fault, path, form),
        };
        let (status, answer) = match fault {
            Fault::ErrorAfter => (500, error("api_error", "")),
            _ => done,
        };
        self.saved.insert(key.to_owned(), (self.now_s, status, answer.to_string()));
        (status, answer)
    }

    fn effect(&mut self, fault: Fault, path: &str, form: &BTreeMap<String, String>) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let number = |name: &str| form.get(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        match parts.as_slice() {
            ["v1", "payment_intents"] => {
                let id = self.next_id("pi");
                let status = if fault == Fault::Action { "requires_action" } else { "requires_capture" };
                let intent = Intent {
                    status: status.to_owned(),
                    amount: number("amount"),
                    currency: form["currency"].clone(),
                    payment_id: form["metadata[payment_id]"].clone(),
                    created: self.now_s,
                    ..Intent::default()
                };
                self.intents.insert(id.clone(), intent);
                self.tell("payment_intent.amount_capturable_updated", &id);
                (200, self.shown(&id))
            }
            ["v1", "payment_intents", id, "capture"] => self.capture(id, number("amount_to_capture")),
            ["v1", "payment_intents", id, "cancel"] => {
                let intent = self.intents.get_mut(*id).unwrap();
                if !["requires_capture", "requires_action"].contains(&intent.status.as_str()) {
                    return (400, error("invalid_request_error", "payment_intent_unexpected_state"));
                }
                intent.status = "canceled".to_owned();
                self.tell("payment_intent.canceled", id);
                (200, self.shown(id))
            }
            ["v1", "refunds"] => {
                let refund = Refund {
                    id: self.next_id("re"),
                    intent: form["payment_intent"].clone(),
                    amount: number("amount"),
                    refund_id: form["metadata[refund_id]"].clone(),
                };
                self.refunds.push(refund.clone());
                (200, shown_refund(&refund))
            }
            _ => (404, error("invalid_request_error", "resource_missing")),
        }
    }

    fn capture(&mut self, id: &str, amount: i64) -> (u16, Value) {
        let second = self.accepts_second_capture;
        let Some(intent) = self.intents.get_mut(id) else {
            return (404, error("invalid_request_error", "resource_missing"));
        };
        let open = intent.status == "requires_capture" || (second && intent.status == "succeeded");
        if !open {
            return (400, error("invalid_request_error", "payment_intent_unexpected_state"));
        }
        intent.status = "succeeded".to_owned();
        intent.received = amount;
        intent.captures += 1;
        self.tell("payment_intent.succeeded", id);
        (200, self.shown(id))
    }

    fn read(&mut self, path: &str, query: &BTreeMap<String, String>) -> HttpResponse {
        self.reads += 1;
        if let Some(status) = self.read_statuses.pop_front() {
            return said(status, &json!({}));
        }
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["v1", "payment_intents", id] if self.intents.contains_key(*id) => said(200, &self.shown(id)),
            ["v1", "payment_intents"] => {
                let bound =
                    |name: &str, default| query.get(name).map_or(default, |text| text.parse().unwrap());
                let (from, to) = (bound("created[gte]", i64::MIN), bound("created[lte]", i64::MAX));
                let mut ids: Vec<String> = self
                    .intents
                    .iter()
                    .filter(|(_, intent)| (from..=to).contains(&intent.created))
                    .map(|(id, _)| id.clone())
                    .collect();
                if let Some(after) = query.get("starting_after") {
                    ids.retain(|id| id > after);
                }
                // Small pages, so that there are several.
                let has_more = ids.len() > 2;
                let data: Vec<Value> = ids.iter().take(2).map(|id| self.shown(id)).collect();
                said(200, &json!({"object": "list", "data": data, "has_more": has_more}))
            }
            ["v1", "refunds"] => {
                let wanted = query.get("payment_intent").cloned().unwrap_or_default();
                let of = self.refunds.iter().filter(|refund| refund.intent == wanted);
                said(200, &json!({"data": of.map(shown_refund).collect::<Vec<_>>(), "has_more": false}))
            }
            _ => said(404, &error("invalid_request_error", "resource_missing")),
        }
    }
}

fn shown_refund(refund: &Refund) -> Value {
    json!({"id": refund.id, "object": "refund", "amount": refund.amount, "status": "succeeded",
        "payment_intent": refund.intent, "metadata": {"refund_id": refund.refund_id}})
}
