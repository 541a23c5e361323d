//! A shop's payment endpoint for tests: a real HTTP server on the loopback with books of its own.
//!
//! It remembers the answer to every key (errors too) and replays it; it checks signatures with an outside library;
//! it takes a second capture under a new key without a word, because that is the shop that costs money. Tests plan
//! faults, one for each command that is carried out, and read the books afterwards.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use callahead::pay::ShopTarget;
use futures_util::{future, stream};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

/// What goes wrong with one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    Clean,
    /// The connection breaks before anything is done.
    LostRequest,
    /// It is done, then the connection breaks.
    LostAnswer,
    /// It is done, and no answer ever comes.
    Slow,
    /// Status 500 without effect; remembered.
    ErrorBefore,
    /// Status 500 after the effect; remembered.
    ErrorAfter,
    /// Some status without effect; not remembered.
    Status(u16),
    /// The shop says no, with this code; remembered.
    Refuse(&'static str),
    /// It is done; the answer arrives as something else.
    Garbage,
    /// It is done; the answer names one minor unit more.
    WrongAmount,
    /// It is done; the answer names another currency.
    WrongCurrency,
    /// It is done; the answer is longer than anybody should read.
    TooLong,
    /// Sent elsewhere, without effect.
    Redirect,
}

/// What stands in the books for one payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Held at first.
    pub authorized_minor: i64,
    /// Taken, all captures together.
    pub captured_minor: i64,
    /// Given back.
    pub released_minor: i64,
    /// The currency's code.
    pub currency: String,
    /// How often money was taken.
    pub captures: u32,
    /// How often money was given back.
    pub releases: u32,
    /// Refunds by their id, with their amounts.
    pub refunds: BTreeMap<String, i64>,
}

/// A command as it arrived with a good signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The key in the header.
    pub webhook_id: String,
    /// The timestamp in the header.
    pub timestamp: String,
    /// The raw body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Books {
    accounts: BTreeMap<String, Account>,
    saved: BTreeMap<String, (u16, String)>,
    faults: VecDeque<Fault>,
    question_statuses: VecDeque<u16>,
    seen: Vec<Seen>,
    questions: u32,
    bad_signatures: u32,
}

#[derive(Debug, Deserialize)]
struct Command {
    r#type: String,
    id: String,
    payment_id: String,
    refund_id: Option<String>,
    amount: Amount,
}

#[derive(Debug, Deserialize)]
struct Amount {
    amount: i64,
    currency: String,
}

/// The running endpoint; stops when dropped.
#[derive(Debug)]
pub struct PaymentEndpoint {
    address: std::net::SocketAddr,
    books: Arc<Mutex<Books>>,
    server: ServerHandle,
}

/// The signing secret of every endpoint here.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl PaymentEndpoint {
    /// Starts on a free port of the loopback. Needs a Tokio runtime.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let books = Arc::new(Mutex::new(Books::default()));
        let data = Data::from(books.clone());
        let app = move || {
            App::new()
                .app_data(data.clone())
                .route("/pay", get().to(question))
                .route("/pay", actix_web::web::post().to(command))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0);
        let server = server.listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, books, server: handle }
    }

    /// Where commands go.
    pub fn url(&self) -> String {
        format!("http://{}/pay", self.address)
    }

    /// Address and secret, as a provider wants them.
    pub fn target(&self) -> ShopTarget {
        ShopTarget { url: Some(self.url()), secret: Some(SecretString::from(SECRET)) }
    }

    /// Plans faults, one for each command carried out from now on; afterwards all goes well.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.books().faults.extend(faults);
    }

    /// Plans the statuses of the next questions for the books; afterwards they are answered.
    pub fn plan_questions(&self, statuses: impl IntoIterator<Item = u16>) {
        self.books().question_statuses.extend(statuses);
    }

    /// Holds an amount for a payment. A command for an unknown payment holds its own amount first.
    pub fn hold(&self, payment_id: &str, authorized_minor: i64, currency: &str) {
        let account = Account { authorized_minor, currency: currency.to_owned(), ..Account::default() };
        self.books().accounts.insert(payment_id.to_owned(), account);
    }

    /// The books are open again: statuses planned for questions are dropped.
    pub fn forget_questions(&self) {
        self.books().question_statuses.clear();
    }

    /// What stands in the books for a payment.
    pub fn account(&self, payment_id: &str) -> Option<Account> {
        self.books().accounts.get(payment_id).cloned()
    }

    /// Every command with a good signature so far, replays included.
    pub fn seen(&self) -> Vec<Seen> {
        self.books().seen.clone()
    }

    /// How often the books were asked for.
    pub fn questions(&self) -> u32 {
        self.books().questions
    }

    /// How many messages had no good signature; each got a 401.
    pub fn bad_signatures(&self) -> u32 {
        self.books().bad_signatures
    }

    /// Forgets every key, as after the end of their life.
    pub fn forget_keys(&self) {
        self.books().saved.clear();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl Drop for PaymentEndpoint {
    fn drop(&mut self) {
        // The order to stop goes out at once; nobody needs to wait for it.
        drop(self.server.stop(false));
    }
}

/// Checks a message with the outside library.
fn is_signed(request: &HttpRequest, body: &[u8]) -> bool {
    let mut headers = reqwest::header::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        headers.insert(name, value.parse().unwrap());
    }
    standardwebhooks::Webhook::new(SECRET).unwrap().verify(body, &headers).is_ok()
}

fn header(request: &HttpRequest, name: &str) -> String {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned()
}

fn answer(status: u16, body: String) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).content_type("application/json").body(body)
}

/// A head, then a broken connection.
fn broken() -> HttpResponse {
    let failure = actix_web::error::ErrorInternalServerError("broken");
    HttpResponse::Ok().streaming(stream::once(future::ready(Err::<Bytes, _>(failure))))
}

async fn question(
    request: HttpRequest,
    query: Query<BTreeMap<String, String>>,
    books: Data<Mutex<Books>>,
) -> HttpResponse {
    let mut books = books.lock().unwrap();
    books.questions += 1;
    if !is_signed(&request, b"") {
        books.bad_signatures += 1;
        return answer(401, "{}".to_owned());
    }
    if let Some(status) = books.question_statuses.pop_front() {
        return answer(status, "{}".to_owned());
    }
    let payment_id = query.get("payment_id").cloned().unwrap_or_default();
    let Some(account) = books.accounts.get(&payment_id) else {
        return answer(404, json!({ "status": "none" }).to_string());
    };
    let body = json!({
        "payment_id": payment_id,
        "reference": format!("ref-{payment_id}"),
        "authorized": account.authorized_minor,
        "captured": account.captured_minor,
        "released": account.released_minor,
        "refunds": account.refunds.iter().map(|(id, amount)| json!({"refund_id": id, "amount": amount})).collect::<Vec<_>>(),
        "currency": account.currency,
    });
    answer(200, body.to_string())
}

async fn command(request: HttpRequest, body: Bytes, books: Data<Mutex<Books>>) -> HttpResponse {
    let (fault, response) = carry_out(&request, &body, &books);
    if fault == Fault::Slow {
        future::pending::<()>().await;
    }
    response
}

/// Everything but the waiting, under one lock.
fn carry_out(request: &HttpRequest, body: &[u8], books: &Mutex<Books>) -> (Fault, HttpResponse) {
    let mut books = books.lock().unwrap();
    if !is_signed(request, body) {
        books.bad_signatures += 1;
        return (Fault::Clean, answer(401, "{}".to_owned()));
    }
    let webhook_id = header(request, "webhook-id");
    let seen = Seen {
        webhook_id: webhook_id.clone(),
        timestamp: header(request, "webhook-timestamp"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    books.seen.push(seen);
    let Some(command) =
        serde_json::from_slice::<Command>(body).ok().filter(|command| command.id == webhook_id)
    else {
        return (Fault::Clean, answer(400, "{}".to_owned()));
    };
    if let Some((status, body)) = books.saved.get(&webhook_id) {
        return (Fault::Clean, answer(*status, body.clone()));
    }
    let fault = books.faults.pop_front().unwrap_or(Fault::Clean);
    (fault, books.apply(fault, &command))
}

impl Books {
    fn apply(&mut self, fault: Fault, command: &Command) -> HttpResponse {
        match fault {
            Fault::LostRequest => return broken(),
            Fault::Status(status) => return answer(status, "{}".to_owned()),
            Fault::Redirect => return HttpResponse::Found().insert_header(("location", "/pay")).finish(),
            Fault::ErrorBefore => return self.remember(command, 500, "{}".to_owned()),
            Fault::Refuse(code) => {
                let body = json!({ "status": "refused", "code": code, "message": "no" });
                return self.remember(command, 422, body.to_string());
            }
            _ => {}
        }
        let good = self.settle(command);
        if fault == Fault::ErrorAfter {
            return self.remember(command, 500, "{}".to_owned());
        }
        let response = self.remember(command, 200, good.to_string());
        let mut wrong = good;
        match fault {
            Fault::LostAnswer | Fault::Slow => return broken(),
            Fault::Garbage => return answer(200, "<html>welcome</html>".to_owned()),
            Fault::WrongAmount => wrong["amount"] = json!(command.amount.amount + 1),
            Fault::WrongCurrency => wrong["currency"] = json!("XXX"),
            Fault::TooLong => wrong["more"] = json!("x".repeat(80 * 1024)),
            _ => return response,
        }
        answer(200, wrong.to_string())
    }

    /// Moves the money; the answer that says so.
    fn settle(&mut self, command: &Command) -> Value {
        let Amount { amount, currency } = &command.amount;
        let fresh =
            || Account { authorized_minor: *amount, currency: currency.clone(), ..Account::default() };
        let account = self.accounts.entry(command.payment_id.clone()).or_insert_with(fresh);
        let status = match command.r#type.as_str() {
            "payment.capture" => {
                account.captures += 1;
                account.captured_minor += amount;
                account.released_minor = (account.authorized_minor - account.captured_minor).max(0);
                "captured"
            }
            "payment.refund" => {
                *account.refunds.entry(command.refund_id.clone().unwrap()).or_default() += amount;
                "refunded"
            }
            "payment.authorise" => "authorised",
            _ => {
                account.releases += 1;
                account.released_minor += amount;
                "released"
            }
        };
        let reference = format!("ref-{}", command.payment_id);
        json!({ "status": status, "amount": amount, "currency": currency, "reference": reference })
    }

    fn remember(&mut self, command: &Command, status: u16, body: String) -> HttpResponse {
        self.saved.insert(command.id.clone(), (status, body.clone()));
        answer(status, body)
    }
}
