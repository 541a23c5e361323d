//! The whole service on a real socket, with a database of its own, a clock moved by hand and workers driven by the
//! test. Dropping it asserts that no job was left behind.

#![allow(dead_code, clippy::disallowed_methods, clippy::expect_used, clippy::duplicated_attributes)] // each test file uses another part of it

#[path = "db.rs"]
pub mod db;

use callahead::app::ports::{Clock, SeededEntropy, SimClock};
use callahead::config::{Config, Sources};
use callahead::jobs;
use callahead::startup::{self, Built, Running, Workers, World};
use callahead::store::deliveries;
use chrono::{DateTime, TimeDelta, Utc};
use db::TestDb;
use reqwest::{Client, Method};
use sea_orm::{ConnectionTrait, Database, Statement};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The service under test.
pub struct TestApp {
    /// Where it answers.
    pub url: String,
    /// The operator's key.
    pub operator: String,
    /// Its clock.
    pub clock: Arc<SimClock>,
    /// What it is made of.
    pub built: Built,
    /// Talks to it.
    pub client: Client,
    /// Skips the check of the job queue.
    pub leave_jobs: bool,
    running: Option<Running>,
    database: Option<TestDb>,
    folder: PathBuf,
    keys: AtomicU64,
}

/// An answer, read.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, lower-case names.
    pub headers: std::collections::HashMap<String, String>,
    /// The body as JSON, or null.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body, if the status is the wanted one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// Asserts a problem with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.json["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.json["request_id"].as_str(), self.headers.get("x-request-id").map(String::as_str));
        self.json
    }
}

static STARTED: AtomicU64 = AtomicU64::new(1);

/// The instant at which every test begins: a Monday, 10:00 in Seoul.
pub fn beginning() -> DateTime<Utc> {
    "2026-05-04T01:00:00Z".parse().unwrap()
}

impl TestApp {
    /// On SQLite.
    pub async fn sqlite() -> TestApp {
        TestApp::on(TestDb::bare_sqlite().await, &[]).await
    }

    /// On SQLite, with settings.
    pub async fn with(settings: &[(&str, &str)]) -> TestApp {
        TestApp::on(TestDb::bare_sqlite().await, settings).await
    }

    /// On every database at hand.
    pub async fn each() -> Vec<TestApp> {
        let mut all = vec![TestApp::sqlite().await];
        if let Some(database) = TestDb::bare_postgres().await {
            all.push(TestApp::on(database, &[]).await);
        }
        all
    }

    /// On this database.
    pub async fn on(database: TestDb, settings: &[(&str, &str)]) -> TestApp {
        let url = database.url();
        let mut app = TestApp::at(&url, settings).await;
        app.database = Some(database);
        app
    }

    /// On the database at this address, which outlives it. A second one shares the first one's master key.
    pub async fn at(url: &str, settings: &[(&str, &str)]) -> TestApp {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("callahead-app-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut sources = Sources::defaults()
            .set("server.listen", "127.0.0.1:0")
            .set("database.url", url)
            .set("data.dir", folder.display().to_string())
            .set("secrets.master", "11".repeat(32))
            .set("server.workers", "1")
            .set("database.readers", "3");
        for name in [
            "requests_per_second_per_key",
            "burst_per_key",
            "requests_per_second_per_address",
            "burst_per_address",
        ] {
            sources = sources.set(&format!("server.{name}"), "1000000");
        }
        for (name, value) in settings {
            sources = sources.set(name, *value);
        }
        let config = Config::load(&sources).unwrap();
        let clock = Arc::new(SimClock::new(beginning()));
        let world = World { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(number)) };
        let built = startup::build(config.clone(), world).await.unwrap();
        let operator = built.operator_key.clone().unwrap_or_default();
        let listener = TcpListener::bind(config.server.listen).unwrap();
        let running = startup::start(built.clone(), listener, Workers::Driven).unwrap();
        TestApp {
            url: format!("http://{}", running.address),
            operator,
            clock,
            built,
            client: Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
            leave_jobs: false,
            running: Some(running),
            database: None,
            folder,
            keys: AtomicU64::new(1),
        }
    }

    /// Stops it and starts another on the same database.
    pub async fn restarted(mut self, settings: &[(&str, &str)]) -> TestApp {
        self.leave_jobs = true;
        self.running.take().unwrap().stop().await.unwrap();
        let (database, operator, now) =
            (self.database.take().unwrap(), self.operator.clone(), self.clock.now());
        drop(self);
        let mut again = TestApp::on(database, settings).await;
        again.clock.advance_to(now);
        again.operator = operator;
        again
    }

    /// Time passes, and whatever happens by itself meanwhile happens at its own instant: alarms, jobs, and rounds of
    /// assignment while anybody is on duty.
    pub async fn advance(&self, seconds: i64) {
        let end = self.clock.now() + TimeDelta::seconds(seconds);
        loop {
            self.settle().await;
            let next = [self.built.app.next_due().await.unwrap(), self.next_round().await];
            match next.into_iter().flatten().min() {
                Some(at) if at <= end => drop(self.clock.advance_to(at)),
                _ => break,
            }
        }
        self.clock.advance_to(end);
        self.settle().await;
    }

    /// When assignment looks again. It has nothing to do unless somebody is on duty and carries something or could.
    async fn next_round(&self) -> Option<DateTime<Utc>> {
        let (dispatch, now) = (&self.built.app.config.dispatch, self.clock.now());
        let mut on_duty = self.built.app.shifts_on_duty().await.unwrap();
        on_duty.retain(|shift| shift.ends_at > now);
        let carried = on_duty.iter().any(|shift| !shift.deliveries.is_empty());
        let waits = async || !deliveries::waiting(self.built.app.db.read(), 1).await.unwrap().is_empty();
        let busy = dispatch.enabled && !on_duty.is_empty() && (carried || waits().await);
        busy.then(|| now + TimeDelta::seconds(i64::try_from(dispatch.epoch_s).unwrap()))
    }

    /// Time passes until no hand-off can be taken back any more: what was handed over is paid.
    pub async fn past_the_grace(&self) {
        self.advance(self.built.app.default_policy.reopen_s).await;
    }

    /// What is due now happens.
    pub async fn settle(&self) {
        jobs::settle(&self.built.app, &self.built.tools).await.unwrap();
    }

    /// One request.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    /// A GET.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Method::GET, path, token, &[], None).await
    }

    /// A POST of JSON, with an idempotency key of its own.
    pub async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        self.send(Method::POST, path, token, &[("idempotency-key", &key)], Some(body)).await
    }

    /// A body of bytes.
    pub async fn post_bytes(
        &self,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.url)).bearer_auth(token).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send().await.unwrap()).await
    }

    /// A form, as a page without script sends it.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
            let one =
                |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
            text.bytes().map(one).collect::<String>()
        };
        let body: Vec<_> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = self.client.post(format!("{}{path}", self.url));
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
        read(request.send().await.unwrap()).await
    }

    /// A region, a shop with a key and a pick-up point, a courier with a session and a shift.
    pub async fn town(&self) -> Town {
        Town::build(self).await
    }

    /// What an audit of the database finds wrong.
    pub async fn audit(&self) -> Vec<String> {
        self.built.app.audit().await.unwrap()
    }
}

/// Reads an answer.
pub async fn read(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let headers = headers.collect();
    let text = response.text().await.unwrap_or_default();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, json, text }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let url = self.built.app.config.database.url.expose_secret().to_owned();
        let check = !self.leave_jobs && !std::thread::panicking();
        // A runtime and a connection of its own: the test's runtime stands still while this waits.
        let left = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move { if check { jobs_left(&url).await } else { Vec::new() } })
        });
        let left = left.join().unwrap();
        drop(self.running.take());
        let _ = std::fs::remove_dir_all(&self.folder);
        assert!(left.is_empty(), "jobs left behind: {left:?}");
    }
}

async fn jobs_left(url: &str) -> Vec<String> {
    let connection = Database::connect(url).await.unwrap();
    let sql = "SELECT kind FROM job WHERE parked_at IS NULL";
    let rows = connection
        .query_all_raw(Statement::from_string(connection.get_database_backend(), sql))
        .await
        .unwrap();
    let kinds = rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect();
    connection.close().await.unwrap();
    kinds
}

/// A small town to act in.
pub struct Town {
    /// `reg_…`
    pub region: String,
    /// `shp_…`
    pub shop: String,
    /// The shop's key.
    pub shop_key: String,
    /// `pup_…`
    pub pickup: String,
    /// `cou_…`
    pub courier: String,
    /// The courier's session.
    pub session: String,
    /// A dispatcher's key.
    pub dispatcher: String,
}

/// A square region in Seoul, 0.1 degrees wide.
pub fn square(name: &str, policy: Value) -> Value {
    let ring = json!([[126.9, 37.5], [127.0, 37.5], [127.0, 37.6], [126.9, 37.6], [126.9, 37.5]]);
    json!({"type": "FeatureCollection", "features": [{
        "type": "Feature",
        "properties": {"name": name, "time_zone": "Asia/Seoul", "policy": policy},
        "geometry": {"type": "Polygon", "coordinates": [ring]}
    }]})
}

impl Town {
    async fn build(app: &TestApp) -> Town {
        Town::with_policy(app, json!({})).await
    }

    /// A town whose region has these knobs.
    pub async fn with_policy(app: &TestApp, policy: Value) -> Town {
        let operator = app.operator.clone();
        let put = app
            .send(Method::PUT, "/v1/regions", &operator, &[], Some(square("Tidegate", policy)))
            .await
            .expect(200);
        let region = put["data"][0]["region"]["id"].as_str().unwrap().to_owned();
        let (shop, shop_key, pickup) = Town::shop(app, "Saltmarket Grocer").await;
        let (courier, session) = Town::courier(app, "Odo Brandt", "+82 10-2000-0001", &region).await;
        let key =
            app.post("/v1/keys", &operator, json!({"role": "dispatcher", "name": "desk"})).await.expect(201);
        Town {
            region,
            shop,
            shop_key,
            pickup,
            courier,
            session,
            dispatcher: key["key"].as_str().unwrap().to_owned(),
        }
    }

    /// A shop with a key and a pick-up point.
    pub async fn shop(app: &TestApp, name: &str) -> (String, String, String) {
        let operator = app.operator.clone();
        let body = json!({"name": name, "currency": "KRW", "time_zone": "Asia/Seoul", "phone": "+82 2-700-0001", "country": "KR"});
        let shop =
            app.post("/v1/shops", &operator, body).await.expect(201)["id"].as_str().unwrap().to_owned();
        let key =
            app.post(&format!("/v1/shops/{shop}/keys"), &operator, json!({"name": "till"})).await.expect(201);
        let key = key["key"].as_str().unwrap().to_owned();
        let body =
            json!({"name": "Counter", "address": "1 Market Square", "point": {"lat": 37.55, "lon": 126.95}});
        let pickup =
            app.post("/v1/pickup_points", &key, body).await.expect(201)["id"].as_str().unwrap().to_owned();
        (shop, key, pickup)
    }

    /// A courier, signed in by invite, not yet on duty.
    pub async fn courier(app: &TestApp, name: &str, phone: &str, region: &str) -> (String, String) {
        let body =
            json!({"name": name, "phone": phone, "vehicle": "bicycle", "capacity": 8, "regions": [region]});
        let courier = app.post("/v1/couriers", &app.operator, body).await.expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let invite =
            app.post(&format!("/v1/couriers/{courier}/invite"), &app.operator, json!({})).await.expect(201);
        let signed =
            app.post("/v1/courier/sign_in/invite", "", json!({"token": invite["token"]})).await.expect(200);
        (courier, signed["token"].as_str().unwrap().to_owned())
    }

    /// Starts a shift of eight hours for a session.
    pub async fn on_duty(app: &TestApp, session: &str) {
        let ends = app.clock.now() + TimeDelta::hours(8);
        let body = json!({"ends_at": ends, "point": {"lat": 37.551, "lon": 126.951}});
        app.post("/v1/courier/shift", session, body).await.expect(201);
    }

    /// An order as a body; the address lies about a kilometre from the counter.
    pub fn order(&self) -> Value {
        json!({
            "pickup_point_id": self.pickup,
            "customer": {"name": "Mira Tolvane", "phone": "+82 10-3000-0001", "email": "mira@example.org", "language": "en"},
            "address": {"text": "14 Tidegate Lane, flat 9", "point": {"lat": 37.558, "lon": 126.957}},
            "total": {"amount": 24000, "currency": "KRW"}
        })
    }

    /// Hands an order over; the answer's body.
    pub async fn place(&self, app: &TestApp) -> Value {
        app.post("/v1/orders", &self.shop_key, self.order()).await.expect(201)
    }

    /// One courier action done now.
    pub async fn act(&self, app: &TestApp, delivery: &str, kind: &str, payload: Value) -> Value {
        act(app, &self.session, delivery, kind, payload).await
    }

    /// The customer's link token of an order.
    pub fn token(order: &Value) -> String {
        order["tracking_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

/// One courier action done now, by this session.
pub async fn act(app: &TestApp, session: &str, delivery: &str, kind: &str, payload: Value) -> Value {
    static SEQUENCE: AtomicU64 = AtomicU64::new(1);
    let number = SEQUENCE.fetch_add(1, Ordering::Relaxed);
    let mut action = json!({
        "action_id": format!("act-{number}"), "type": kind, "delivery_id": delivery,
        "occurred_at": app.clock.now(), "device_seq": number
    });
    if !payload.is_null() {
        action["payload"] = payload;
    }
    let answer = app.post("/v1/courier/actions", session, json!({"actions": [action]})).await.expect(200);
    answer["results"][0].clone()
}
