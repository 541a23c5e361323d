//! The dispatcher's desk over a real socket: the queue of exceptions page by page, a chain of events checked from
//! outside, whose word an answer is, and parameters nobody knows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::{TestApp, Town};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Every page of a list, with how many there were.
async fn all_pages(app: &TestApp, town: &Town, path: &str) -> (Vec<Value>, usize) {
    let (mut found, mut pages, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = app.get(&format!("{path}{after}"), &town.dispatcher).await.expect(200);
        found.extend(page["data"].as_array().unwrap().clone());
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return (found, pages),
        }
    }
}

async fn place_without_a_point(app: &TestApp, town: &Town) -> Value {
    let mut body = town.order();
    body["address"].as_object_mut().unwrap().remove("point");
    app.post("/v1/orders", &town.shop_key, body).await.expect(201)
}

#[tokio::test]
async fn a_matter_is_found_behind_any_number_of_others_and_pages_join_without_a_gap() {
    for app in TestApp::each().await {
        let town = app.town().await;
        // 520 orders nobody takes, and after them three whose address is not known.
        for _ in 0..26 {
            futures_util::future::join_all((0..20).map(|_| town.place(&app))).await;
        }
        let mut lost = BTreeSet::new();
        for _ in 0..3 {
            let order = place_without_a_point(&app, &town).await;
            lost.insert(order["delivery_id"].as_str().unwrap().to_owned());
        }
        app.advance(120).await;
        let ids = |found: &[Value]| -> BTreeSet<String> {
            found.iter().map(|matter| matter["delivery_id"].as_str().unwrap().to_owned()).collect()
        };
        let one = app.get("/v1/exceptions?kind=needs_address", &town.dispatcher).await.expect(200);
        assert_eq!(ids(one["data"].as_array().unwrap()), lost);
        let (by_two, pages) = all_pages(&app, &town, "/v1/exceptions?kind=needs_address&limit=2").await;
        assert_eq!((ids(&by_two), by_two.len(), pages), (lost.clone(), 3, 2));
        let (all, pages) = all_pages(&app, &town, "/v1/exceptions?limit=100").await;
        assert_eq!((all.len(), ids(&all).len(), pages), (523, 523, 6));
        let harm: Vec<&str> = all.iter().map(|matter| matter["harm_at"].as_str().unwrap()).collect();
        assert!(harm.is_sorted(), "the first harmed first, across pages");
        app.get("/v1/exceptions?kind=bad_weather", &town.dispatcher)
            .await
            .expect_problem(400, "invalid_query");
        app.get("/v1/exceptions?after=x", &town.dispatcher).await.expect_problem(400, "invalid_cursor");
    }
}

/// The 16 bytes that 26 letters of Crockford base32 spell.
fn id_bytes(id: &str) -> [u8; 16] {
    let letters = "0123456789abcdefghjkmnpqrstvwxyz";
    let body = id.strip_prefix("dlv_").unwrap();
    let value = body
        .chars()
        .fold(0_u128, |value, letter| value << 5 | u128::try_from(letters.find(letter).unwrap()).unwrap());
    value.to_be_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Checks a chain by nothing but what the API's description says; answers the first event that is wrong.
fn first_wrong(timeline: &Value) -> Option<i64> {
    let delivery = id_bytes(timeline["delivery_id"].as_str().unwrap());
    let mut before = "0".repeat(64);
    for (event, seq) in timeline["data"].as_array().unwrap().iter().zip(1_i64..) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let at: DateTime<Utc> = text(&event["at"]).parse().unwrap();
        let mut hash = Sha256::new();
        hash.update(bytes(&text(&event["prev_hash"])));
        hash.update(delivery);
        hash.update(event["seq"].as_i64().unwrap().to_be_bytes());
        hash.update(at.timestamp_micros().to_be_bytes());
        for part in [&event["event"], &event["hashed"]["actor"], &event["hashed"]["data"]] {
            let part = text(part);
            hash.update(u64::try_from(part.len()).unwrap().to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut data: Value = serde_json::from_str(&text(&event["hashed"]["data"])).unwrap();
        let named = data.as_object_mut().unwrap().remove("event").unwrap();
        let fits = event["seq"] == seq
            && event["prev_hash"] == before
            && event["hash"] == hex(&hash.finalize())
            && named == event["event"]
            && data == event["data"];
        if !fits {
            return Some(seq);
        }
        before = text(&event["hash"]);
    }
    None
}

#[tokio::test]
async fn the_chain_of_events_can_be_checked_from_outside_by_what_the_description_says() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = walk::to_the_door(&app, &town).await;
        walk::hand_over(&app, &town, &order).await;
        app.advance(60).await;
        let path = format!("/v1/orders/{}/timeline", order["id"].as_str().unwrap());
        let timeline = app.get(&path, &town.shop_key).await.expect(200);
        assert!(timeline["data"].as_array().unwrap().len() > 8);
        assert_eq!(first_wrong(&timeline), None);
        type Forge = fn(&mut Vec<Value>);
        let forged: [(&str, Forge); 4] = [
            ("another hour", |events| events[3]["at"] = json!("2026-05-04T02:00:00Z")),
            ("other facts", |events| events[3]["data"] = json!({"courier": "cou_somebody"})),
            ("taken out", |events| drop(events.remove(3))),
            ("another actor", |events| events[3]["hashed"]["actor"] = json!("{\"role\":\"system\"} ")),
        ];
        for (what, forge) in forged {
            let mut timeline = timeline.clone();
            forge(timeline["data"].as_array_mut().unwrap());
            assert_eq!(first_wrong(&timeline), Some(4), "{what}");
        }
        let api = app.get("/openapi.json", "").await.expect(200);
        let told = &api["components"]["schemas"]["TimelineEvent"]["properties"]["hash"]["description"];
        assert!(told.as_str().unwrap().contains("Crockford base32"), "{told}");
    }
}

#[tokio::test]
async fn what_a_dispatcher_was_told_is_recorded_as_the_dispatchers_report() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true;
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let order = town.place(&app).await;
        app.settle().await;
        let id = order["delivery_id"].as_str().unwrap();
        let answer = json!({"command": "answer", "outcome": "home_now"});
        app.post(&format!("/v1/deliveries/{id}/commands"), &town.dispatcher, answer).await.expect(200);
        let told = app.get(&format!("/v1/deliveries/{id}/call_aheads"), &town.dispatcher).await.expect(200);
        let said = told["data"].as_array().unwrap().iter().find(|row| row["outcome"] == "home_now").unwrap();
        assert_eq!((&said["channel"], &said["recorded_by"]), (&json!("dispatcher"), &json!("dispatcher")));
        let timeline = app.get(&format!("/v1/deliveries/{id}/timeline"), &town.dispatcher).await.expect(200);
        let events = timeline["data"].as_array().unwrap();
        let answered = events.iter().find(|event| event["event"] == "call_ahead.answered").unwrap();
        assert_eq!(answered["data"]["answer"]["source"], "dispatcher");
    }
}

#[tokio::test]
async fn a_parameter_nobody_knows_is_refused_with_its_own_code_on_every_route() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let lists = ["shops", "couriers", "regions", "keys"].map(|list| format!("/v1/{list}?lmit=5"));
    for path in lists.iter().map(String::as_str).chain(["/v1/couriers?limit=5&offset=10"]) {
        let problem = app.get(path, &app.operator).await.expect_problem(400, "unknown_parameter");
        let param = problem["param"].as_str().unwrap();
        assert!(path.contains(&format!("{param}=")), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("after, limit"), "{problem}");
    }
    for path in ["/v1/deliveries?state=received", "/v1/exceptions?sort=harm", "/v1/shifts?limit=3"] {
        app.get(path, &town.dispatcher).await.expect_problem(400, "unknown_parameter");
    }
    for path in ["/v1/pickup_points?page=2", "/v1/orders?status=received&page=2", "/v1/events?since=1"] {
        app.get(path, &town.shop_key).await.expect_problem(400, "unknown_parameter");
    }
    // A wish that was passed over would be carried out in earnest.
    let body = json!({"name": "Nobody's", "currency": "KRW", "time_zone": "Asia/Seoul", "country": "KR"});
    app.post("/v1/shops?dry_run=1", &app.operator, body).await.expect_problem(400, "unknown_parameter");
    let shops = app.get("/v1/shops", &app.operator).await.expect(200);
    assert_eq!(shops["data"].as_array().unwrap().len(), 1);
    // A stranger learns nothing about what an address takes.
    app.get("/v1/shops?lmit=5", "").await.expect_problem(401, "unauthenticated");
    app.get("/v1/shops?lmit=5", &town.shop_key).await.expect_problem(403, "forbidden");
    app.get("/v1/shops?limit=5", &app.operator).await.expect(200);
}
