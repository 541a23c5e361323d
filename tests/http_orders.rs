//! Orders over a real socket: keys, races, bad input, versions, events.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod support;

use callahead::app::ports::Clock;
use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use support::{TestApp, Town};

async fn post_with_key(app: &TestApp, town: &Town, key: &str, body: &Value) -> support::Answer {
    app.send(Method::POST, "/v1/orders", &town.shop_key, &[("idempotency-key", key)], Some(body.clone()))
        .await
}

async fn count(app: &TestApp, town: &Town) -> usize {
    app.get("/v1/orders?limit=200", &town.shop_key).await.expect(200)["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_key_twice_is_one_order_and_the_same_answer() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let body = town.order();
        let first = post_with_key(&app, &town, "k1", &body).await;
        let again = post_with_key(&app, &town, "k1", &body).await;
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!(again.headers["idempotent-replayed"], "true");
        assert!(!first.headers.contains_key("idempotent-replayed"));
        assert_eq!(first.json, again.json);
        let mut other = body.clone();
        other["note"] = "ring twice".into();
        post_with_key(&app, &town, "k1", &other).await.expect_problem(422, "idempotency_key_reused");
        assert_eq!(count(&app, &town).await, 1);
        app.send(Method::POST, "/v1/orders", &town.shop_key, &[], Some(body))
            .await
            .expect_problem(400, "idempotency_key_required");
    }
}

#[tokio::test]
async fn fifty_requests_with_one_key_at_once_make_one_order() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let body = town.order();
        let answers = join_all((0..50).map(|_| post_with_key(&app, &town, "race", &body))).await;
        let ids: std::collections::BTreeSet<_> = answers
            .iter()
            .filter(|answer| answer.status == 201)
            .map(|answer| answer.json["id"].to_string())
            .collect();
        assert_eq!(ids.len(), 1);
        assert!(
            answers.iter().all(|answer| answer.status == 201),
            "{:?}",
            answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
        );
        assert_eq!(count(&app, &town).await, 1);
    }
}

#[tokio::test]
async fn a_known_external_id_names_the_order_it_belongs_to() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let mut body = town.order();
        body["external_id"] = "till-7".into();
        let order = post_with_key(&app, &town, "a", &body).await.expect(201);
        let problem = post_with_key(&app, &town, "b", &body).await.expect_problem(409, "duplicate_order");
        assert_eq!(problem["metadata"]["order_id"], order["id"]);
        let answers = join_all((0..20).map(|number| {
            let mut body = town.order();
            body["external_id"] = format!("till-{}", 100 + number % 4).into();
            let (app, town) = (&app, &town);
            async move { post_with_key(app, town, &format!("r{number}"), &body).await.status }
        }))
        .await;
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 4, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 409).count(), 16, "{answers:?}");
        let found = app.get("/v1/orders?external_id=till-7", &town.shop_key).await.expect(200);
        assert_eq!(found["data"][0]["id"], order["id"]);
    }
}

#[tokio::test]
async fn every_bad_body_has_its_own_problem_and_leaves_nothing() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let good = town.order().to_string();
    let with = |path: &[&str], value: Value| {
        let mut body = town.order();
        let mut place = &mut body;
        for step in path {
            place = &mut place[*step];
        }
        *place = value;
        body.to_string().into_bytes()
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("cut off", good.as_bytes()[..good.len() - 5].to_vec(), 400, "malformed_json"),
        ("two documents", format!("{good}{good}").into_bytes(), 400, "malformed_json"),
        ("nothing", Vec::new(), 400, "malformed_json"),
        (
            "twice the same field",
            good.replacen('{', "{\"total\":{\"amount\":1,\"currency\":\"KRW\"},", 1).into_bytes(),
            400,
            "malformed_json",
        ),
        ("invalid UTF-8", [good.as_bytes(), &[0xff, 0xfe]].concat(), 400, "invalid_utf8"),
        ("deep", deep.into_bytes(), 400, "too_deep"),
        ("an unknown field", with(&["delivered"], json!(true)), 400, "unknown_field"),
        ("an unknown field inside", with(&["customer", "vip"], json!(true)), 400, "unknown_field"),
        ("a wrong type", with(&["total", "amount"], json!("24000")), 400, "wrong_type"),
        ("a fraction", with(&["total", "amount"], json!(240.5)), 400, "wrong_type"),
        ("a missing field", good.replace("\"total\"", "\"toll\"").into_bytes(), 400, "unknown_field"),
        (
            "no customer",
            json!({"pickup_point_id": town.pickup}).to_string().into_bytes(),
            400,
            "missing_field",
        ),
        ("a date that is none", with(&["ready_at"], json!("2026-02-30T10:00:00Z")), 400, "wrong_type"),
        ("a date out of range", with(&["ready_at"], json!("9999-01-01T00:00:00Z")), 422, "invalid"),
        ("a year before people", with(&["ready_at"], json!("-262000-01-01T00:00:00Z")), 422, "invalid"),
        (
            "a window backwards",
            with(&["window"], json!({"from": "2026-05-04T12:00:00Z", "until": "2026-05-04T11:00:00Z"})),
            422,
            "invalid",
        ),
        ("off the earth", with(&["address", "point"], json!({"lat": 91.0, "lon": 0.0})), 422, "invalid"),
        ("too much money", with(&["total", "amount"], json!(9_007_199_254_740_992_i64)), 422, "invalid"),
        ("no money", with(&["total", "amount"], json!(0)), 422, "invalid"),
        ("another currency", with(&["total", "currency"], json!("USD")), 422, "invalid"),
        ("no currency of this earth", with(&["total", "currency"], json!("ZZZ")), 422, "invalid"),
        ("a number nobody has", with(&["customer", "phone"], json!("12")), 422, "invalid"),
        ("an address that is no mail", with(&["customer", "email"], json!("mira at home")), 422, "invalid"),
        ("a name of nothing", with(&["customer", "name"], json!("   ")), 422, "invalid"),
        ("control characters", with(&["customer", "name"], json!("Mira\u{0007}")), 422, "invalid"),
        ("no parcels", with(&["parcels"], json!([])), 422, "invalid"),
        (
            "one barcode twice",
            with(&["parcels"], json!([{"barcode": "A"}, {"barcode": "A"}])),
            422,
            "invalid",
        ),
        (
            "an id of another kind",
            with(&["pickup_point_id"], json!("ord_00000000000000000000000000")),
            400,
            "invalid_id",
        ),
        (
            "a pick-up point of nobody",
            with(&["pickup_point_id"], json!("pup_00000000000000000000000000")),
            422,
            "invalid",
        ),
    ];
    for (name, body, status, code) in cases {
        let headers = [("content-type", "application/json"), ("idempotency-key", name)];
        let headers =
            headers.map(|(header, value)| (header, if header == "idempotency-key" { "bad" } else { value }));
        let answer = app.post_bytes("/v1/orders", &town.shop_key, &headers, body).await;
        assert_eq!(
            (answer.status, answer.json["code"].as_str()),
            (status, Some(code)),
            "{name}: {}",
            answer.text
        );
        assert!(
            answer.json["detail"].as_str().is_some_and(|detail| detail.len() > 5),
            "{name}: {}",
            answer.text
        );
        if status == 422 {
            assert!(
                answer.json["errors"][0]["param"].as_str().is_some_and(|param| !param.is_empty()),
                "{name}: {}",
                answer.text
            );
        }
    }
    let text = [("content-type", "text/plain"), ("idempotency-key", "bad")];
    app.post_bytes("/v1/orders", &town.shop_key, &text, good.clone().into_bytes())
        .await
        .expect_problem(415, "unsupported_type");
    let big = [("content-type", "application/json"), ("idempotency-key", "bad")];
    app.post_bytes("/v1/orders", &town.shop_key, &big, vec![b' '; 1024 * 1024])
        .await
        .expect_problem(413, "too_large");
    assert_eq!(count(&app, &town).await, 0);
    post_with_key(&app, &town, "bad", &town.order()).await.expect(201);
}

#[tokio::test]
async fn every_fault_of_a_body_is_named_at_once() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let mut body = town.order();
    body["customer"]["name"] = "".into();
    body["customer"]["phone"] = "x".into();
    body["total"]["amount"] = (-5).into();
    body["address"]["point"]["lat"] = 200.0.into();
    let problem = post_with_key(&app, &town, "k", &body).await.expect_problem(422, "invalid");
    let params: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["param"].as_str().unwrap()).collect();
    assert_eq!(params, ["customer.name", "customer.phone", "address.point", "total.amount"]);
}

#[tokio::test]
async fn a_stale_version_is_refused_and_the_current_one_is_taken() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = town.place(&app).await;
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let patch = |version: &'static str, note: &'static str| {
            let (app, path, key) = (&app, path.clone(), town.shop_key.clone());
            async move {
                app.send(Method::PATCH, &path, &key, &[("if-match", version)], Some(json!({"note": note})))
                    .await
            }
        };
        let changed = patch("\"1\"", "ring").await;
        assert_eq!(changed.headers["etag"], "\"2\"");
        changed.expect(200);
        let stale = patch("\"1\"", "knock").await.expect_problem(412, "stale_version");
        assert_eq!(stale["current_version"], 2);
        patch("\"2\"", "knock").await.expect(200);
        patch("x", "knock").await.expect_problem(400, "invalid_header");
        let empty = app.send(Method::PATCH, &path, &town.shop_key, &[], Some(json!({}))).await;
        empty.expect_problem(422, "nothing_to_change");
        let raised = json!({"total": {"amount": 25000, "currency": "KRW"}});
        app.send(Method::PATCH, &path, &town.shop_key, &[], Some(raised))
            .await
            .expect_problem(422, "amount_raised");
    }
}

#[tokio::test]
async fn cancelled_before_collection_is_dropped_and_the_hold_released() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = town.place(&app).await;
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        app.post(&format!("{path}/cancel"), &town.shop_key, json!({"reason": "sold out"})).await.expect(200);
        let refused = app
            .post(&format!("{path}/cancel"), &town.shop_key, json!({"reason": "again"}))
            .await
            .expect_problem(409, "illegal_transition");
        assert_eq!(refused["current_state"]["stage"], "cancelled");
        assert!(refused["allowed"].is_array());
        app.advance(5).await;
        assert_eq!(app.get(&path, &town.shop_key).await.expect(200)["payment"]["state"], "released");
    }
}

#[tokio::test]
async fn outside_every_region_waits_for_a_pin_and_is_in_the_queue() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let mut body = town.order();
    body["address"]["point"] = json!({"lat": 35.0, "lon": 129.0});
    let order = post_with_key(&app, &town, "far", &body).await.expect(201);
    assert_eq!(order["status"], "needs_address");
    let queue = app.get("/v1/exceptions?kind=needs_address", &town.dispatcher).await.expect(200);
    assert_eq!(queue["data"][0]["delivery_id"], order["delivery_id"]);
    assert_eq!(queue["data"][0]["fixes"][0], "locate");
    let path = format!("/v1/deliveries/{}/commands", order["delivery_id"].as_str().unwrap());
    let nowhere = json!({"command": "locate", "point": {"lat": 35.0, "lon": 129.0}});
    app.post(&path, &town.dispatcher, nowhere).await.expect_problem(422, "outside_every_region");
    let here = json!({"command": "locate", "point": {"lat": 37.55, "lon": 126.95}});
    assert_eq!(app.post(&path, &town.dispatcher, here).await.expect(200)["stage"]["stage"], "received");
}

#[tokio::test]
async fn pages_of_orders_and_events_miss_nothing_and_repeat_nothing() {
    for app in TestApp::each().await {
        let town = app.town().await;
        for number in 0..7 {
            post_with_key(&app, &town, &format!("p{number}"), &town.order()).await.expect(201);
        }
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("/v1/orders?limit=3{after}"), &town.shop_key).await.expect(200);
            seen.extend(
                page["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()),
            );
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            after = format!("&after={cursor}");
        }
        assert_eq!(seen.len(), 7);
        assert!(seen.is_sorted());
        // On PostgreSQL an event is shown once no older transaction of the server runs any more: ask until all are there.
        let (mut events, mut cursor) = (Vec::new(), String::new());
        let accepted =
            |events: &[Value]| events.iter().filter(|event| event["type"] == "order.accepted").count();
        let began = std::time::Instant::now();
        while accepted(&events) < 7 && began.elapsed().as_secs() < 30 {
            let page = app.get(&format!("/v1/events?limit=2{cursor}"), &town.shop_key).await.expect(200);
            events.extend(page["data"].as_array().unwrap().clone());
            cursor = format!("&after={}", page["next_cursor"].as_str().unwrap());
        }
        let ids: std::collections::BTreeSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
        assert_eq!((accepted(&events), ids.len()), (7, events.len()));
        let text = serde_json::to_string(&events).unwrap();
        for secret in ["Tolvane", "Tidegate Lane", "3000", "example.org", "126.957"] {
            assert!(!text.contains(secret), "{secret}");
        }
        app.get("/v1/orders?limit=0", &town.shop_key).await.expect_problem(400, "invalid_query");
        app.get("/v1/orders?limit=x", &town.shop_key).await.expect_problem(400, "invalid_query");
        app.get("/v1/orders?after=zzz", &town.shop_key).await.expect_problem(400, "invalid_cursor");
        app.get("/v1/events?after=zzz", &town.shop_key).await.expect_problem(400, "invalid_cursor");
        app.get("/v1/orders?colour=red", &town.shop_key).await.expect_problem(400, "unknown_parameter");
    }
}

/// What the shop changes is what the shop and the courier read afterwards.
#[tokio::test]
async fn edge_54_an_amendment_reaches_the_courier_and_impossible_times_are_refused() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let order = town.place(&app).await;
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let amend = async |body: Value| app.send(Method::PATCH, &path, &town.shop_key, &[], Some(body)).await;
        let now = app.clock.now();
        let (from, until) = (now + TimeDelta::minutes(10), now + TimeDelta::hours(2));
        let changed = amend(json!({"note": "ring twice", "ready_at": now + TimeDelta::minutes(5),
            "window": {"from": from, "until": until}, "total": {"amount": 20000, "currency": "KRW"}}))
        .await
        .expect(200);
        assert_eq!(changed["note"], "ring twice");
        assert_eq!(changed["window"]["until"], json!(until));
        assert_eq!(
            (&changed["promised_by"], &changed["ready_at"]),
            (&json!(until), &json!(now + TimeDelta::minutes(5)))
        );
        assert_eq!(changed["payment"]["authorised"]["amount"], 20000);
        app.advance(60).await;
        let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
        assert_eq!(feed["stops"][0]["note"], "ring twice");
        let far = "+262142-12-31T23:59:59Z";
        for (body, param) in [
            (json!({"ready_at": far}), "ready_at"),
            (json!({"window": {"from": now, "until": far}}), "window.until"),
            (json!({"window": {"from": "-262143-01-01T00:00:00Z", "until": until}}), "window.from"),
        ] {
            assert_eq!(amend(body).await.expect_problem(422, "invalid")["param"], param);
        }
        let mut other = town.order();
        other["authorised_until"] = far.into();
        let refused = app.post("/v1/orders", &town.shop_key, other).await.expect_problem(422, "invalid");
        assert_eq!(refused["param"], "authorised_until");
        app.post(&format!("{path}/payment/renew"), &town.shop_key, json!({"authorised_until": far}))
            .await
            .expect_problem(422, "too_far_ahead");
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

/// A caller need not wait for the first event to learn that the stream is open, and a key that ends, ends it.
#[tokio::test]
async fn a_stream_with_nothing_new_opens_at_once_and_ends_with_its_key() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let keys = format!("/v1/shops/{}/keys", town.shop);
        let key = app.post(&keys, &app.operator, json!({"name": "second"})).await.expect(201);
        let stream = app.client.get(format!("{}/v1/events/stream", app.url));
        let stream = stream.bearer_auth(key["key"].as_str().unwrap()).send();
        let mut response = within(stream).await.unwrap();
        assert_eq!(within(response.chunk()).await.unwrap().unwrap(), ": still here\n\n");
        let ended = format!("{keys}/{}", key["id"].as_str().unwrap());
        app.send(Method::DELETE, &ended, &app.operator, &[], None).await.expect(204);
        town.place(&app).await;
        assert_eq!(within(response.chunk()).await.unwrap(), None, "nothing is read with a key that is over");
    }
}

/// Less than the time after which a silent stream shows that it lives.
async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(10), what).await.unwrap()
}

#[tokio::test]
async fn the_stream_goes_on_where_the_last_connection_ended() {
    for app in TestApp::each().await {
        let town = app.town().await;
        town.place(&app).await;
        let first = read_stream(&app, &town, None, 1).await;
        town.place(&app).await;
        let rest = read_stream(&app, &town, Some(&first[0].0), 1).await;
        assert_ne!(first[0].0, rest[0].0);
        assert_eq!((first[0].1.as_str(), rest[0].1.as_str()), ("order.accepted", "order.accepted"));
    }
}

async fn read_stream(app: &TestApp, town: &Town, last: Option<&str>, wanted: usize) -> Vec<(String, String)> {
    let mut request = app.client.get(format!("{}/v1/events/stream", app.url)).bearer_auth(&town.shop_key);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let mut response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    loop {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(10), response.chunk())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        let blocks: Vec<_> = text.split("\n\n").filter(|block| block.contains("data: ")).collect();
        if blocks.len() >= wanted {
            let field = |block: &str, name: &str| {
                block.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned)).unwrap()
            };
            return blocks
                .iter()
                .take(wanted)
                .map(|block| (field(block, "id: "), field(block, "event: ")))
                .collect();
        }
    }
}

#[tokio::test]
async fn request_ids_come_back_and_unknown_addresses_are_problems() {
    let app = TestApp::sqlite().await;
    let answer = app.send(Method::GET, "/v1/nothing", "", &[("x-request-id", "till-42")], None).await;
    assert_eq!(answer.headers["x-request-id"], "till-42");
    answer.expect_problem(404, "not_found");
    let odd = app.send(Method::GET, "/v1/orders", "", &[("x-request-id", "a b<c>")], None).await;
    assert!(odd.headers["x-request-id"].starts_with("req_"));
    odd.expect_problem(401, "unauthenticated");
    let live = app.get("/health/live", "").await;
    assert_eq!(live.headers["x-content-type-options"], "nosniff");
    let ready = app.get("/health/ready", "").await.expect(200);
    assert_eq!(ready["ready"], true);
    assert_eq!(app.get("/openapi.json", "").await.expect(200)["openapi"], "3.1.0");
    assert!(app.get("/docs/", "").await.text.contains("swagger"));
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off_with_a_problem() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::with(&[("server.body_timeout_ms", "200")]).await;
    let town = app.town().await;
    let mut stream = tokio::net::TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: slow\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{",
        town.shop_key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("body_timeout"), "{text}");
}

#[tokio::test]
async fn a_busy_key_is_told_to_wait() {
    let app =
        TestApp::with(&[("server.requests_per_second_per_key", "1"), ("server.burst_per_key", "60")]).await;
    let town = app.town().await;
    let answers = join_all((0..80).map(|_| app.get("/v1/orders", &town.shop_key))).await;
    let refused: Vec<_> = answers.into_iter().filter(|answer| answer.status == 429).collect();
    assert!(!refused.is_empty());
    assert!(refused[0].headers["retry-after"].parse::<u64>().unwrap() >= 1);
    refused[0].clone().expect_problem(429, "too_many_requests");
}
