//! Input that is none, at every door: each has its own problem document, none is a 500, and nothing is half written.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod support;

use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::time::Duration;
use support::{Answer, TestApp, Town};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Who may come in at a door.
fn token<'a>(app: &'a TestApp, town: &'a Town, path: &str) -> &'a str {
    let starts = |start: &[&str]| start.iter().any(|start| path.starts_with(start));
    match path {
        _ if starts(&["/v1/courier/"]) => &town.session,
        _ if starts(&["/v1/orders", "/v1/events", "/v1/pickup_points", "/v1/stalls"]) => &town.shop_key,
        _ => &app.operator,
    }
}

/// Things that are there, for the doors to be tried at.
struct There {
    order: Value,
    wallet: String,
    /// The secret part of the wallet's link.
    wallet_link: String,
    stall: String,
}

impl There {
    async fn put(app: &TestApp, town: &Town) -> There {
        let order = town.place(app).await;
        let wallet = json!({"contact": {"phone": "+821030000001"}, "name": "Mira", "currency": "KRW"});
        let wallet = app.post("/v1/wallets", &app.operator, wallet).await.expect(201);
        let stall =
            json!({"name": "Fish", "city": "Seoul", "country": "KR", "point": {"lat": 37.55, "lon": 126.95}});
        let stall = app.post("/v1/stalls", &town.shop_key, stall).await.expect(201);
        app.settle().await;
        let text = |of: &Value, name: &str| of[name].as_str().unwrap().to_owned();
        There {
            order,
            wallet: text(&wallet, "id"),
            wallet_link: text(&wallet, "url").rsplit('/').next().unwrap().to_owned(),
            stall: text(&stall, "id"),
        }
    }

    /// Whether a part of a path names one of them.
    fn is_named_by(&self, part: &str) -> bool {
        part.contains('_') && part.len() == 30 || part == Town::token(&self.order) || part == self.wallet_link
    }
}

/// The operations of the description: method, path with ids of things that are there, description.
fn operations(there: &There, town: &Town) -> Vec<(Method, String, Value)> {
    let order = &there.order;
    let api = serde_json::to_value(callahead::http::description()).unwrap();
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let id = match path.split('/').nth(2).unwrap_or_default() {
            "shops" => town.shop.clone(),
            "couriers" => town.courier.clone(),
            "regions" => town.region.clone(),
            "wallets" => there.wallet.clone(),
            "stalls" => there.stall.clone(),
            "deliveries" => order["delivery_id"].as_str().unwrap().to_owned(),
            _ => order["id"].as_str().unwrap().to_owned(),
        };
        let link = if path.starts_with("/v1/w/") { there.wallet_link.clone() } else { Town::token(order) };
        let path = path
            .replace("{id}", &id)
            .replace("{delivery_id}", order["delivery_id"].as_str().unwrap())
            .replace("{key_id}", "key_00000000000000000000000000")
            .replace("{transfer_id}", "trf_00000000000000000000000000")
            .replace("{token}", &link);
        for (method, operation) in item.as_object().unwrap() {
            found.push((method.to_uppercase().parse().unwrap(), path.clone(), operation.clone()));
        }
    }
    found
}

/// Everything stored but leases and sessions last seen, as counts and newest versions: the same before and after means
/// that nothing was written.
async fn stored(app: &TestApp) -> Vec<(String, i64)> {
    let connection = app.built.app.db.read();
    let backend = connection.get_database_backend();
    let mut counts = Vec::new();
    for table in [
        "orders",
        "parcel",
        "delivery",
        "event",
        "payment",
        "job",
        "idempotency",
        "shop",
        "courier",
        "region",
        "region_version",
        "api_key",
        "pickup_point",
        "shift",
        "position",
        "photo",
        "invite",
        "hand_off",
        "wallet",
        "wallet_card",
        "stall",
        "stall_charge",
        "pay_device",
        "ledger_transfer",
        "refund",
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let row = connection.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
        counts.push((table.to_owned(), row.try_get_by_index::<i64>(0).unwrap()));
    }
    for table in ["delivery", "shop", "courier", "region"] {
        let sql = format!("SELECT CAST(SUM(version) AS BIGINT) FROM {table}");
        let row = connection.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
        counts.push((format!("versions of {table}"), row.try_get_by_index::<i64>(0).unwrap()));
    }
    counts
}

async fn send(app: &TestApp, method: &Method, path: &str, token: &str, kind: &str, body: Vec<u8>) -> Answer {
    let request = app.client.request(method.clone(), format!("{}{path}", app.url));
    let request = request.bearer_auth(token).header("content-type", kind).header("idempotency-key", "bad");
    support::read(request.body(body).send().await.unwrap()).await
}

/// A list of two numbers is no point: with GeoJSON the longitude is first. A missing field is named, wherever it is.
#[tokio::test]
async fn a_value_of_another_shape_or_range_is_told_by_its_name() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = town.place(&app).await;
    let commands = format!("/v1/deliveries/{}/commands", order["delivery_id"].as_str().unwrap());
    let mut list = town.order();
    list["address"]["point"] = json!([37.558, 126.957]);
    let mut nameless = town.order();
    nameless["customer"] = json!({});
    for (path, token, body, status, code, param) in [
        ("/v1/orders", &town.shop_key, list, 400, "wrong_type", "address.point"),
        ("/v1/orders", &town.shop_key, nameless, 400, "missing_field", "customer.name"),
        ("/v1/orders", &town.shop_key, json!({}), 400, "missing_field", "pickup_point_id"),
        (&commands, &town.dispatcher, json!({"command": "assign"}), 400, "missing_field", "courier_id"),
        (
            &commands,
            &town.dispatcher,
            json!({"command": "locate", "point": [37.5, 126.9]}),
            400,
            "wrong_type",
            "",
        ),
        (
            &commands,
            &town.dispatcher,
            json!({"command": "override", "reason": "x", "valid_s": 59}),
            422,
            "invalid",
            "valid_s",
        ),
        (
            &commands,
            &town.dispatcher,
            json!({"command": "override", "reason": "x", "valid_s": i64::MAX}),
            422,
            "invalid",
            "valid_s",
        ),
    ] {
        let told = app.post(path, token, body).await.expect_problem(status, code);
        assert_eq!(told["param"], param, "{told}");
        assert!(!told["detail"].as_str().unwrap().contains("line 0"), "{told}");
    }
}

#[tokio::test]
async fn every_door_that_takes_json_refuses_what_is_none_by_its_kind() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let there = There::put(&app, &town).await;
        let before = stored(&app).await;
        let mut doors = 0;
        for (method, path, operation) in operations(&there, &town) {
            let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
            // What a provider sends is told by its signature on the raw bytes, before anything is read of it.
            if !content.keys().any(|kind| kind.ends_with("json")) || path.starts_with("/v1/webhooks/") {
                continue;
            }
            doors += 1;
            let token = token(&app, &town, &path);
            let cases: [(&str, &[u8], u16, &str); 8] = [
                ("cut off", b"{\"nam", 400, "malformed_json"),
                ("no number", b"NaN", 400, "malformed_json"),
                ("too large a number", b"1e999", 400, "malformed_json"),
                ("two documents", b"{}{}", 400, ""),
                ("a lone surrogate", b"\"\\ud800\"", 400, "malformed_json"),
                ("no UTF-8", b"{\"name\":\"\xff\"}", 400, "invalid_utf8"),
                ("an unknown field", b"{\"frobnicate\":1}", 400, ""),
                ("a number", b"7", 400, ""),
            ];
            let regions = path == "/v1/regions";
            for (name, body, status, code) in cases {
                let answer = send(&app, &method, &path, token, "application/json", body.to_vec()).await;
                let told = answer.json["code"].as_str().unwrap_or_default().to_owned();
                let mut fits = answer.status == status && (code.is_empty() || told == code);
                // A feature collection has no fields of ours: what is JSON and no drawing is an invalid shape.
                fits |= regions && answer.status == 422 && told == "invalid_shape";
                assert!(fits, "{name}: {method} {path}: {} {}", answer.status, answer.text);
                let told = &operation["responses"][answer.status.to_string()]["content"];
                assert!(
                    told.get("application/problem+json").is_some(),
                    "{name}: {method} {path}: not described"
                );
                assert_eq!(
                    answer.headers["content-type"], "application/problem+json",
                    "{name}: {method} {path}"
                );
            }
            let deep = "[".repeat(100_000).into_bytes();
            send(&app, &method, &path, token, "application/json", deep).await.expect_problem(400, "too_deep");
            for kind in ["text/plain", "application/x-www-form-urlencoded"] {
                let answer = send(&app, &method, &path, token, kind, b"{}".to_vec()).await;
                answer.expect_problem(415, "unsupported_type");
            }
        }
        assert!(doors > 20, "{doors}");
        assert_eq!(stored(&app).await, before);
    }
}

#[tokio::test]
async fn every_door_refuses_ids_and_queries_that_are_none() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let there = There::put(&app, &town).await;
        for (method, path, operation) in operations(&there, &town) {
            let token = token(&app, &town, &path);
            let first = path.split('/').skip(1).position(|part| there.is_named_by(part));
            if let Some(place) = first {
                for odd in
                    ["%FF%FE", "%00", "..%2F..%2Fetc", "x", "ord_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "%F0%9F%92%A9"]
                {
                    let mut parts: Vec<&str> = path.split('/').collect();
                    parts[place + 1] = odd;
                    let body = if method == Method::GET {
                        Vec::new()
                    } else {
                        b"{\"reason\":\"x\",\"name\":\"x\",\"command\":\"ask_again\",\"outcome\":\"home_now\"}".to_vec()
                    };
                    let answer = send(&app, &method, &parts.join("/"), token, "application/json", body).await;
                    assert!(
                        [404, 400].contains(&answer.status),
                        "{method} {parts:?}: {} {}",
                        answer.status,
                        answer.text
                    );
                    assert_eq!(
                        answer.headers["content-type"], "application/problem+json",
                        "{method} {parts:?}"
                    );
                }
            }
            if method != Method::GET || path.ends_with("/stream") {
                continue;
            }
            let names = operation["parameters"].as_array().cloned().unwrap_or_default();
            for name in
                names.iter().filter(|one| one["in"] == "query").map(|one| one["name"].as_str().unwrap())
            {
                for odd in
                    ["%FF", "%00", "%C3%28", "-1", "1e9", "99999999999999999999999", "NaN", "%E2%80%AE"]
                {
                    let answer = app.get(&format!("{path}?{name}={odd}"), token).await;
                    let taken = answer.status == 200 && !odd.starts_with('%');
                    let refused = [400, 404, 422].contains(&answer.status)
                        && answer.headers["content-type"] == "application/problem+json";
                    let text = ["external_id", "kind", "show_code"].contains(&name);
                    assert!(
                        refused || taken || (text && answer.status == 200 && odd == "%E2%80%AE"),
                        "{path}?{name}={odd}: {} {}",
                        answer.status,
                        answer.text
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn headers_that_are_none_are_told_by_name() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = town.place(&app).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let odd = reqwest::header::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    let request = |method: Method, path: &str| {
        app.client.request(method, format!("{}{path}", app.url)).bearer_auth(&town.shop_key)
    };
    let cases = [
        (
            request(Method::POST, "/v1/orders").header("idempotency-key", &odd).json(&town.order()),
            400,
            "invalid_header",
        ),
        (
            request(Method::POST, "/v1/orders").header("idempotency-key", "").json(&town.order()),
            400,
            "invalid_header",
        ),
        (
            request(Method::PATCH, &path).header("if-match", &odd).json(&json!({"note": "x"})),
            400,
            "invalid_header",
        ),
        (
            request(Method::PATCH, &path).header("if-match", "\"1\", \"2\"").json(&json!({"note": "x"})),
            400,
            "invalid_header",
        ),
        (request(Method::PATCH, &path).header("content-type", &odd).body("{}"), 415, "unsupported_type"),
        (request(Method::GET, "/v1/events/stream").header("last-event-id", &odd), 400, "invalid_cursor"),
    ];
    for (request, status, code) in cases {
        support::read(request.send().await.unwrap()).await.expect_problem(status, code);
    }
    let nobody = app.client.get(format!("{}{path}", app.url)).header("authorization", &odd);
    support::read(nobody.send().await.unwrap()).await.expect_problem(401, "unauthenticated");
    app.settle().await;
}

#[tokio::test]
async fn another_method_is_told_which_ones_are_taken() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/orders", "GET, POST"),
        (Method::TRACE, "/v1/shops", "GET, POST"),
        (Method::PUT, "/v1/orders/ord_00000000000000000000000000/cancel", "POST"),
        (Method::POST, "/health/live", "GET"),
    ] {
        let answer = app.send(method, path, &town.shop_key, &[], None).await;
        assert_eq!(answer.headers["allow"], allowed, "{path}");
        answer.expect_problem(405, "method_not_allowed");
    }
    app.send(Method::DELETE, "/v1/nowhere", &town.shop_key, &[], None).await.expect_problem(404, "not_found");
}

/// Opens a request for an order whose body is to follow.
async fn begin(app: &TestApp, town: &Town, length: &str) -> TcpStream {
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         idempotency-key: huge\r\n{length}\r\n\r\n",
        town.shop_key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn answer_of(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = Vec::new();
    let mut piece = [0_u8; 4096];
    while !answer.windows(2).any(|pair| pair == b"}\r" || pair == b"\"}") {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut piece)).await.unwrap();
        match read {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
        }
    }
    String::from_utf8(answer).unwrap()
}

/// Memory of this process, service included; 0 where nobody tells.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).map_or(0, |kib: u64| kib / 1024)
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_refused_long_before_its_end() {
    const GIGABYTE: usize = 1 << 30;
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let mut stream = begin(&app, &town, &format!("content-length: {GIGABYTE}")).await;
    let answer = answer_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"too_large\""), "{answer}");

    // In pieces, without saying how long: cut off soon after the answer, and kept nowhere.
    let before = resident_mib();
    let (mut reading, mut writing) = begin(&app, &town, "transfer-encoding: chunked").await.into_split();
    let sender = tokio::spawn(async move {
        let mut chunk = b"10000\r\n".to_vec();
        chunk.extend(std::iter::repeat_n(b' ', 0x10000));
        chunk.extend(b"\r\n");
        while writing.write_all(&chunk).await.is_ok() {}
    });
    let answer = answer_of(&mut reading).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"too_large\""), "{answer}");
    tokio::time::timeout(Duration::from_secs(10), sender).await.unwrap().unwrap();
    assert!(resident_mib() < before + 64, "{} MiB, {before} before", resident_mib());
    assert_eq!(app.get("/v1/orders", &town.shop_key).await.expect(200)["data"], json!([]));
    town.place(&app).await;
    app.settle().await;
}

/// How many pieces of a body a caller gets rid of at this door, one every 20 ms; 1,000 at most. Counted and not timed,
/// so that a machine that stands still in between does no harm.
async fn pieces_taken(app: &TestApp, start: &str) -> usize {
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{start} HTTP/1.1\r\nhost: {address}\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for piece in 0..1000 {
        if stream.write_all(b"1\r\n \r\n").await.is_err() {
            return piece;
        }
        pace.tick().await;
    }
    1000
}

#[tokio::test]
async fn nobody_holds_a_connection_with_a_body_that_nobody_reads() {
    let app = TestApp::sqlite().await;
    for start in
        ["POST /v1/orders", "GET /health/live", "POST /v1/c/x/code/rotate", "GET /t/x", "DELETE /nowhere"]
    {
        let taken = pieces_taken(&app, start).await;
        assert!(taken < 500, "{start}: {taken}");
    }
}
