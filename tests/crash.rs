//! The real binary, killed: at named points and at random under load. What was accepted is there afterwards, and every
//! book agrees. `CRASH_ROUNDS=200 cargo test --test crash -- --nocapture` runs the long version.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::duplicated_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout
)]

#[path = "support/db.rs"]
#[allow(dead_code)]
mod db;
#[path = "support/payment_endpoint.rs"]
#[allow(dead_code)]
mod payment_endpoint;

use db::TestDb;
use payment_endpoint::PaymentEndpoint;
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A service process on a database that outlives it.
struct Service {
    child: Child,
    url: String,
}

struct Place {
    database: String,
    folder: PathBuf,
}

impl Place {
    fn start(&self, crash_at: Option<&str>) -> Service {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callahead"));
        command
            .arg("serve")
            .current_dir(&self.folder)
            .env("CALLAHEAD_SERVER__LISTEN", "127.0.0.1:0")
            .env("CALLAHEAD_SERVER__WORKERS", "2")
            .env("CALLAHEAD_DATABASE__URL", &self.database)
            .env("CALLAHEAD_DATA__DIR", self.folder.join("data"))
            .env("CALLAHEAD_SECRETS__MASTER", "22".repeat(32))
            .env("CALLAHEAD_LOG__FILTER", "error")
            .env("CALLAHEAD_JOBS__POLL_MS", "50")
            .env("CALLAHEAD_JOBS__LEASE_S", "5")
            .env("CALLAHEAD_DISPATCH__EPOCH_S", "1")
            .env("CALLAHEAD_POLICY__REOPEN_S", "0")
            .env("CALLAHEAD_POLICY__GATE", "off")
            .env("CALLAHEAD_PAYMENTS__SHOP_TIMEOUT_MS", "2000")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        for limit in [
            "REQUESTS_PER_SECOND_PER_KEY",
            "BURST_PER_KEY",
            "REQUESTS_PER_SECOND_PER_ADDRESS",
            "BURST_PER_ADDRESS",
        ] {
            command.env(format!("CALLAHEAD_SERVER__{limit}"), "1000000");
        }
        if let Some(point) = crash_at {
            command.env("CALLAHEAD_CRASH_AT", point);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the service says where it listens").unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Service { child, url }
    }

    fn operator_key(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("data/operator.key")).unwrap();
        text.trim().to_owned()
    }
}

impl Service {
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the outside was told.
#[derive(Default)]
struct Ledger {
    /// Orders answered 201, by key.
    accepted: BTreeMap<String, Value>,
    /// Deliveries whose hand-off was answered `applied` or `duplicate`.
    handed_over: BTreeSet<String>,
}

struct World {
    client: Client,
    url: Mutex<String>,
    shop_key: String,
    session: String,
    pickup: String,
    next: AtomicU64,
    ledger: Mutex<Ledger>,
}

impl World {
    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        let url = self.url.lock().await.clone();
        let mut request =
            self.client.request(method, format!("{url}{path}")).timeout(Duration::from_secs(10));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// The same request until it is answered: what a careful caller does.
    async fn insist(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> (u16, Value) {
        let began = Instant::now();
        loop {
            match self.send(method.clone(), path, token, key, body.clone()).await {
                Some((status, answer)) if status != 503 && status != 500 => return (status, answer),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{path} is not answered any more");
        }
    }

    async fn action(&self, delivery: &str, kind: &str, payload: Value) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let action = json!({"action_id": format!("act-{number}"), "type": kind, "delivery_id": delivery, "occurred_at": now(), "device_seq": number, "payload": payload});
        let body = json!({"actions": [action]});
        let (status, answer) =
            self.insist(reqwest::Method::POST, "/v1/courier/actions", &self.session, None, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        let result = &answer["results"][0];
        let verdict = result["verdict"].as_str().unwrap();
        if verdict == "duplicate" {
            result["first"].as_str().unwrap_or("applied").to_owned()
        } else {
            verdict.to_owned()
        }
    }

    /// One order from acceptance to hand-off.
    async fn life(&self, endpoint: &PaymentEndpoint) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let key = format!("order-{number}");
        let body = json!({
            "external_id": key, "pickup_point_id": self.pickup,
            "customer": {"name": "Mira Tolvane", "language": "en"},
            "address": {"text": "14 Tidegate Lane", "point": {"lat": 37.5501, "lon": 126.9501}},
            "total": {"amount": 1000 + number, "currency": "KRW"}
        });
        let (status, order) =
            self.insist(reqwest::Method::POST, "/v1/orders", &self.shop_key, Some(&key), Some(body)).await;
        assert_eq!(status, 201, "{order}");
        endpoint.hold(
            order["payment"]["id"].as_str().unwrap(),
            order["payment"]["authorised"]["amount"].as_i64().unwrap(),
            "KRW",
        );
        self.ledger.lock().await.accepted.insert(key, order.clone());
        let delivery = order["delivery_id"].as_str().unwrap().to_owned();
        if !self.until_assigned(&order).await {
            return;
        }
        for kind in ["collect", "set_off", "arrive"] {
            let verdict = self.action(&delivery, kind, Value::Null).await;
            assert_eq!(verdict, "applied", "{kind}");
        }
        let token = order["tracking_url"].as_str().unwrap().rsplit('/').next().unwrap();
        let (_, page) = self.insist(reqwest::Method::GET, &format!("/v1/c/{token}"), "", None, None).await;
        let verdict = self.action(&delivery, "hand_over", json!({"code": page["code"]})).await;
        assert_eq!(verdict, "applied");
        self.ledger.lock().await.handed_over.insert(order["id"].as_str().unwrap().to_owned());
    }

    async fn until_assigned(&self, order: &Value) -> bool {
        let began = Instant::now();
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        while began.elapsed() < Duration::from_secs(60) {
            let (_, shown) = self.insist(reqwest::Method::GET, &path, &self.shop_key, None, None).await;
            if shown["status"] == "assigned" {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        false
    }
}

fn now() -> String {
    use callahead::app::ports::Clock;
    callahead::app::ports::SystemClock.now().to_rfc3339()
}

async fn setting_up(place: &Place, url: &str, endpoint: &PaymentEndpoint) -> Arc<World> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().build().unwrap();
    let operator = place.operator_key();
    let post = async |path: &str, token: &str, body: Value| -> Value {
        let mut request = client.post(format!("{url}{path}")).json(&body);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert!(status < 300, "{path}: {body}");
        body
    };
    let ring = json!([[126.9, 37.5], [127.0, 37.5], [127.0, 37.6], [126.9, 37.6], [126.9, 37.5]]);
    let regions = json!({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Tidegate", "time_zone": "Asia/Seoul"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]});
    let answer =
        client.put(format!("{url}/v1/regions")).bearer_auth(&operator).json(&regions).send().await.unwrap();
    let region =
        answer.json::<Value>().await.unwrap()["data"][0]["region"]["id"].as_str().unwrap().to_owned();
    let payment = json!({"provider": "shop", "url": endpoint.url(), "secret": payment_endpoint::SECRET});
    let shop = post(
        "/v1/shops",
        &operator,
        json!({"name": "Saltmarket", "currency": "KRW", "time_zone": "Asia/Seoul", "payment": payment}),
    )
    .await;
    let shop = shop["id"].as_str().unwrap();
    let key = post(&format!("/v1/shops/{shop}/keys"), &operator, json!({"name": "till"})).await["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let pickup = post(
        "/v1/pickup_points",
        &key,
        json!({"name": "Counter", "address": "1 Market Square", "point": {"lat": 37.55, "lon": 126.95}}),
    )
    .await;
    let courier = post("/v1/couriers", &operator, json!({"name": "Odo", "phone": "+82 10-2000-0001", "vehicle": "scooter", "capacity": 500, "regions": [region]})).await;
    let invite =
        post(&format!("/v1/couriers/{}/invite", courier["id"].as_str().unwrap()), &operator, json!({})).await;
    let session = post("/v1/courier/sign_in/invite", "", json!({"token": invite["token"]})).await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let ends =
        (chrono::DateTime::parse_from_rfc3339(&now()).unwrap() + chrono::TimeDelta::hours(8)).to_rfc3339();
    post(
        "/v1/courier/shift",
        &session,
        json!({"ends_at": ends, "point": {"lat": 37.55, "lon": 126.95}, "capacity": 500}),
    )
    .await;
    Arc::new(World {
        client,
        url: Mutex::new(url.to_owned()),
        shop_key: key,
        session,
        pickup: pickup["id"].as_str().unwrap().to_owned(),
        next: AtomicU64::new(1),
        ledger: Mutex::default(),
    })
}

/// Every accepted order exists; every one handed over is captured exactly once, for its amount, at the endpoint that
/// holds the money; nothing else is.
async fn check_books(world: &World, endpoint: &PaymentEndpoint) {
    let ledger = world.ledger.lock().await;
    let began = Instant::now();
    for order in ledger.accepted.values() {
        let id = order["id"].as_str().unwrap();
        let path = format!("/v1/orders/{id}");
        loop {
            let (status, shown) =
                world.insist(reqwest::Method::GET, &path, &world.shop_key, None, None).await;
            assert_eq!(status, 200, "an accepted order is lost: {order}");
            let account = endpoint.account(shown["payment"]["id"].as_str().unwrap()).unwrap();
            assert!(account.captures <= 1, "captured {} times: {shown}", account.captures);
            let handed_over = shown["status"] == "handed_over";
            assert!(handed_over || account.captures == 0, "captured without a hand-off: {shown}");
            assert!(handed_over || !ledger.handed_over.contains(id), "a confirmed hand-off is lost: {shown}");
            if !handed_over {
                break;
            }
            if shown["payment"]["state"] == "captured" {
                assert_eq!(
                    account.captured_minor,
                    order["payment"]["authorised"]["amount"].as_i64().unwrap()
                );
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "a capture is missing: {shown}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    println!(
        "{} orders accepted, {} handed over, every book agrees",
        ledger.accepted.len(),
        ledger.handed_over.len()
    );
}

/// What the service's own audit finds in the database once nobody runs on it.
async fn audit(place: &Place) -> Vec<String> {
    let sources = callahead::config::Sources::defaults()
        .set("database.url", place.database.clone())
        .set("data.dir", place.folder.join("data").display().to_string())
        .set("secrets.master", "22".repeat(32));
    let config = callahead::config::Config::load(&sources).unwrap();
    let built = callahead::startup::build(config, callahead::startup::World::default()).await.unwrap();
    let found = built.app.audit().await.unwrap();
    built.app.lanes.drain().await;
    found
}

/// Lives one after another until told to stop.
async fn keep_living(
    world: Arc<World>,
    endpoint: Arc<PaymentEndpoint>,
    stop: Arc<std::sync::atomic::AtomicBool>,
) {
    while !stop.load(Ordering::Relaxed) {
        world.life(&endpoint).await;
    }
}

/// Runs lives while `interrupt` does its worst, then lets them end and checks every book.
async fn survive(database: TestDb, crash_at: &[&str], random_kills: u32) {
    let number = std::process::id();
    let folder = std::env::temp_dir().join(format!("callahead-crash-{number}-{}", crash_at.len()));
    let folder = folder.join(format!("{:?}", database.kind()));
    std::fs::create_dir_all(&folder).unwrap();
    let place = Place { database: database.url(), folder: folder.clone() };
    database.db.close().await.unwrap();
    let endpoint = Arc::new(PaymentEndpoint::start());
    let mut service = place.start(None);
    let world = setting_up(&place, &service.url, &endpoint).await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let lives: Vec<_> =
        (0..6).map(|_| tokio::spawn(keep_living(world.clone(), endpoint.clone(), stop.clone()))).collect();
    let mut dice: u64 = 0x9E37_79B9_7F4A_7C15;
    for _ in 0..random_kills {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(100 + (dice >> 33) % 500)).await;
        service.kill();
        service = place.start(None);
        *world.url.lock().await = service.url.clone();
    }
    for point in crash_at {
        service.kill();
        service = place.start(Some(point));
        *world.url.lock().await = service.url.clone();
        let began = Instant::now();
        while service.child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "{point} was never passed");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        service = place.start(None);
        *world.url.lock().await = service.url.clone();
    }
    stop.store(true, Ordering::Relaxed);
    for life in lives {
        life.await.unwrap();
    }
    check_books(&world, &endpoint).await;
    assert_eq!(endpoint.bad_signatures(), 0);
    service.kill();
    assert_eq!(audit(&place).await, Vec::<String>::new());
    let _ = std::fs::remove_dir_all(&folder);
}

fn rounds(usual: u32) -> u32 {
    std::env::var("CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Where the process dies in the named-point test; each point is passed by every life.
const POINTS: [&str; 7] = [
    "lane.before_commit:40",
    "lane.after_commit:40",
    "job.claimed:5",
    "capture.before_send:3",
    "capture.after_send:3",
    "capture.before_record:3",
    "notice.after_send:3",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_survives_kills_at_random() {
    for database in TestDb::each().await {
        survive(database, &[], rounds(8)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_survives_death_at_every_named_point() {
    for database in TestDb::each().await {
        survive(database, &POINTS, 0).await;
    }
}
