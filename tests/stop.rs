//! The real binary, asked to stop under load: it ends by itself, whoever was let in is answered, and what was written
//! is what was answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods)]

#[path = "support/db.rs"]
mod db;

use db::TestDb;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Callers at once.
const CALLERS: usize = 32;
/// Orders accepted before the stop is asked for.
const ENOUGH: usize = 100;

/// A running service; killed when the test ends before it.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(database: &str, folder: &Path) -> (Service, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callahead"));
    command.arg("serve").current_dir(folder).env("CALLAHEAD_SERVER__LISTEN", "127.0.0.1:0");
    command.env("CALLAHEAD_DATABASE__URL", database).env("CALLAHEAD_DATA__DIR", folder.join("data"));
    command.env("CALLAHEAD_LOG__FILTER", "error").env_remove("DATABASE_URL");
    for limit in ["REQUESTS_PER_SECOND_PER_KEY", "BURST_PER_KEY"] {
        command.env(format!("CALLAHEAD_SERVER__{limit}"), "1000000");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().expect("it says where it listens").unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    std::thread::spawn(move || lines.for_each(drop));
    (Service(child), url)
}

async fn call(client: &Client, method: Method, url: &str, token: &str, body: Option<Value>) -> Value {
    let mut request = client.request(method, url).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

/// A shop's key and its pick-up point.
async fn shop(client: &Client, url: &str, operator: &str) -> (String, String) {
    let post = async |path: &str, token: &str, body: Value| {
        call(client, Method::POST, &format!("{url}{path}"), token, Some(body)).await
    };
    let body = json!({"name": "Saltmarket", "currency": "KRW", "time_zone": "Asia/Seoul"});
    let shop = post("/v1/shops", operator, body).await;
    let keys = format!("/v1/shops/{}/keys", shop["id"].as_str().unwrap());
    let key = post(&keys, operator, json!({"name": "till"})).await["key"].as_str().unwrap().to_owned();
    let body = json!({"name": "Counter", "address": "1 Square", "point": {"lat": 37.55, "lon": 126.95}});
    let pickup = post("/v1/pickup_points", &key, body).await["id"].as_str().unwrap().to_owned();
    (key, pickup)
}

/// Hands orders over until nobody answers any more; the orders that were answered 201.
async fn caller(number: usize, url: &str, key: &str, pickup: &str, accepted: &AtomicUsize) -> Vec<String> {
    let (client, mut mine) = (Client::new(), Vec::new());
    for turn in 0.. {
        let body = json!({
            "pickup_point_id": pickup, "customer": {"name": "Mira"}, "total": {"amount": 1000, "currency": "KRW"},
            "address": {"text": "14 Tidegate Lane", "point": {"lat": 37.56, "lon": 126.96}}
        });
        let request = client.post(format!("{url}/v1/orders")).bearer_auth(key).json(&body);
        let Ok(answer) = request.header("idempotency-key", format!("{number}-{turn}")).send().await else {
            break;
        };
        let status = answer.status().as_u16();
        let told: Value = answer.json().await.expect("an answer that began is whole");
        if status == 503 {
            break;
        }
        assert_eq!(status, 201, "{told}");
        mine.push(told["id"].as_str().unwrap().to_owned());
        accepted.fetch_add(1, Ordering::Relaxed);
    }
    mine
}

async fn orders(client: &Client, url: &str, key: &str) -> BTreeSet<String> {
    let (mut found, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = format!("{url}/v1/orders?limit=200{after}");
        let page = call(client, Method::GET, &page, key, None).await;
        found.extend(
            page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return found,
        }
    }
}

fn scratch(kind: usize) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("callahead-stop-{}-{kind}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_whoever_was_let_in_and_loses_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for (kind, database) in TestDb::each().await.into_iter().enumerate() {
        let folder = scratch(kind);
        let (mut service, url) = start(&database.url(), &folder);
        let operator = std::fs::read_to_string(folder.join("data/operator.key")).unwrap().trim().to_owned();
        let client = Client::new();
        let (key, pickup) = shop(&client, &url, &operator).await;
        let accepted = AtomicUsize::new(0);
        let callers = futures_util::future::join_all(
            (0..CALLERS).map(|number| caller(number, &url, &key, &pickup, &accepted)),
        );
        let stop = async {
            while accepted.load(Ordering::Relaxed) < ENOUGH {
                tokio::task::yield_now().await;
            }
            Command::new("kill").args(["-TERM", &service.0.id().to_string()]).status().unwrap()
        };
        let (answered, asked) = tokio::join!(callers, stop);
        assert!(asked.success());
        assert_eq!(service.0.wait().unwrap().code(), Some(0), "it ends by itself");
        let answered: BTreeSet<String> = answered.into_iter().flatten().collect();
        assert!(answered.len() >= ENOUGH);

        let (again, url) = start(&database.url(), &folder);
        let kept = orders(&client, &url, &key).await;
        assert_eq!(kept, answered, "what is kept is what was answered");
        drop(again);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
